package runtime

import (
	"errors"
	"log/slog"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// embeddings finds textual inversions in the embeddings folders and everything below them. It implements tokenizer.Embeddings.
type embeddings struct {
	rt    *Runtime
	width int
}

// Find looks for the exact name, then for the name with an extension, folder by folder. Vectors of another width belong to another text
// encoder: they are left out, with a warning.
func (e embeddings) Find(name string, encoder tokenizer.Encoder) (*tokenizer.Embedding, error) {
	path, ok := e.rt.Folders.FindEmbedding(name)
	if !ok {
		return nil, nil
	}
	vectors, err := weights.OpenEmbedding(path, encoder.Key(), e.width)
	if errors.Is(err, tensor.ErrShape) {
		slog.Warn("embedding left out of the prompt", "file", path, "reason", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &tokenizer.Embedding{Source: name}
	for i := range vectors.Dim(0) {
		out.Vectors = append(out.Vectors, vectors.Rows(i, i+1).Data)
	}
	return out, nil
}

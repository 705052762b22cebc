package runtime

import (
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// embeddings finds textual inversions in the embeddings folders and everything below them. It implements tokenizer.Embeddings.
type embeddings struct {
	rt    *Runtime
	width int
}

// Find looks for the exact name, then for the name with an extension, folder by folder. The error wraps tensor.ErrShape for vectors of
// another width, which belong to another text encoder.
func (e embeddings) Find(name string, encoder tokenizer.Encoder) (*tokenizer.Embedding, error) {
	path, ok := e.rt.Folders.FindEmbedding(name)
	if !ok {
		return nil, nil
	}
	vectors, err := weights.OpenEmbedding(path, encoder.Key(), e.width)
	if err != nil {
		return nil, err
	}
	out := &tokenizer.Embedding{Source: name}
	for i := range vectors.Dim(0) {
		out.Vectors = append(out.Vectors, vectors.Rows(i, i+1).Data)
	}
	return out, nil
}

package runtime

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

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
	path := e.path(name)
	if path == "" {
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

// path is the file of an embedding, "" where there is none. A name cannot lead out of a folder.
func (e embeddings) path(name string) string {
	name = filepath.FromSlash(strings.ReplaceAll(name, "\\", "/"))
	if !filepath.IsLocal(name) {
		return ""
	}
	dirs, err := e.rt.Folders.Dirs("embeddings")
	if err != nil {
		return ""
	}
	for _, root := range dirs {
		found := ""
		// Folders that cannot be read hold nothing; WalkDir visits the root first, then sub-folders in order.
		_ = filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil
			}
			for _, extension := range []string{"", ".safetensors", ".pt", ".bin"} {
				path := filepath.Join(dir, name+extension)
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					found = path
					return filepath.SkipAll
				}
			}
			return nil
		})
		if found != "" {
			return found
		}
	}
	return ""
}

package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

func TestEmbeddings(t *testing.T) {
	rt := emptyRuntime(t)
	folder := filepath.Join(rt.Folders.Base(), "models", "embeddings")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	save := func(name string, shape ...int) {
		t.Helper()
		entries := []weights.Entry{weights.Float32Entry("emb_params", tensor.Full(2, shape...))}
		if err := weights.Save(t.Context(), filepath.Join(folder, name), nil, entries); err != nil {
			t.Fatal(err)
		}
	}
	save("fits.safetensors", 2, 4)
	save("wide.safetensors", 1, 6)

	find := embeddings{rt, 4}
	if e, err := find.Find("fits", tokenizer.EncoderL); err != nil || len(e.Vectors) != 2 || len(e.Vectors[1]) != 4 {
		t.Errorf("fits: %+v, %v; want 2 vectors of 4", e, err)
	}
	if e, err := find.Find("absent", tokenizer.EncoderL); e != nil || err != nil {
		t.Errorf("absent: %+v, %v; want nothing", e, err)
	}
	if _, err := find.Find("wide", tokenizer.EncoderL); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("wide: %v; want one that wraps tensor.ErrShape", err)
	}

	// The prompt goes on without it and says why, not that the file is missing.
	p, err := tokenizer.Tokenize("a cat embedding:wide, sleeping", tokenizer.Options{Embeddings: find})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "width 4") {
		t.Errorf("warnings %q; want one about the width", p.Warnings)
	}
}

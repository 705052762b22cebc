package weights

import (
	"archive/zip"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestOpenEmbedding(t *testing.T) {
	type entries map[string]*tensor.Tensor
	save := func(e entries) []byte { // in the order of their names
		var list []Entry
		for name, v := range e {
			list = append(list, Float32Entry(name, v))
		}
		path := filepath.Join(t.TempDir(), "x")
		if err := Save(t.Context(), path, nil, list); err != nil {
			t.Fatal(err)
		}
		return read(t, path)
	}
	full := func(v float32, shape ...int) *tensor.Tensor { return tensor.Full(v, shape...) }
	half := func(first, n int) string {
		return rebuilt(storage("HalfStorage", "0", 4), first, wholesTuple(n, 2), wholesTuple(2, 1))
	}
	pickled := func(object string) []byte {
		return torchZip(t, zip.Store, [2]string{"x/data.pkl", object + "."}, [2]string{"x/data/0", halves})
	}
	tests := map[string]struct {
		file  []byte
		key   string
		shape []int
		first float32
		want  error
	}{
		"one tensor":           {save(entries{"emb_params": full(1, 3, 2)}), "clip_l", []int{3, 2}, 1, nil},
		"one vector":           {save(entries{"emb_params": full(1, 2)}), "clip_l", []int{1, 2}, 1, nil},
		"by key":               {save(entries{"clip_g": full(1, 3, 2), "clip_l": full(2, 4, 2)}), "clip_l", []int{4, 2}, 2, nil},
		"by key, other width":  {save(entries{"clip_g": full(1, 3, 5), "clip_l": full(2, 4, 2)}), "clip_g", nil, 0, tensor.ErrShape},
		"other key: first":     {save(entries{"a": full(1, 3, 2), "b": full(2, 4, 2)}), "clip_l", []int{3, 2}, 1, nil},
		"bundle":               {save(entries{"bundle_emb.a.string_to_param.*": full(1, 1, 2), "bundle_emb.b.string_to_param.*": full(2, 2, 2), "x": full(9, 2)}), "clip_l", []int{3, 2}, 1, nil},
		"bundle by key":        {save(entries{"bundle_emb.a.clip_g": full(1, 1, 2), "bundle_emb.a.clip_l": full(2, 2, 2)}), "clip_l", []int{2, 2}, 2, nil},
		"string_to_param wins": {save(entries{"clip_l": full(1, 1, 2), "string_to_param.*": full(2, 2, 2)}), "clip_l", []int{2, 2}, 2, nil},
		"three axes":           {save(entries{"a": full(1, 2, 3, 2)}), "clip_l", []int{6, 2}, 1, nil},
		"other width":          {save(entries{"a": full(1, 3, 3)}), "clip_l", nil, 0, tensor.ErrShape},
		"scalar":               {save(entries{"a": full(1)}), "clip_l", nil, 0, tensor.ErrShape},
		"nothing":              {save(nil), "clip_l", nil, 0, ErrFormat},
		"pickle":               {pickled("}" + short("string_to_param") + "}" + short("*") + half(2, 1) + "ss"), "clip_l", []int{1, 2}, 3, nil},
		"parameter dict": {pickled("}" + short("string_to_param") + global("torch.nn.modules.container", "ParameterDict") + ")\x81}" +
			short("_parameters") + "}" + short("*") + half(0, 2) + "ssbs"), "clip_l", []int{2, 2}, 1, nil},
		"list": {pickled("](}" + short("a") + half(0, 1) + "s}" + short("b") + half(2, 1) + "s}" + short("wide") +
			rebuilt(storage("HalfStorage", "0", 4), 0, wholesTuple(1, 4), wholesTuple(4, 1)) + "se"), "clip_l", []int{2, 2}, 1, nil},
		"code": {pickled("}" + short("string_to_param") + global("os", "system") + "s"), "clip_l", nil, 0, ErrFormat},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := OpenEmbedding(written(t, "x.pt", tt.file), tt.key, 2)
			if tt.want != nil {
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Shape, tt.shape) || got.Data[0] != tt.first {
				t.Errorf("got %v beginning with %v, want %v beginning with %v", got.Shape, got.Data[0], tt.shape, tt.first)
			}
		})
	}
}

// TestGoldenEmbedding reads every embedding of the fixtures; all are for text encoders of width 64.
func TestGoldenEmbedding(t *testing.T) {
	folder := filepath.Join(goldentest.Models(t), "embeddings")
	files, err := filepath.Glob(filepath.Join(folder, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob(filepath.Join(folder, "*", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, below...); len(files) == 0 {
		t.Skip("the fixtures hold no embeddings")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got, err := OpenEmbedding(file, "clip_l", 64)
			if err != nil {
				t.Fatal(err)
			}
			f, err := Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			name := f.Names()[0]
			if strings.Contains(file, "xl") {
				name = "clip_l"
			}
			want, err := f.Float32(name)
			if err != nil || len(got.Shape) != 2 || !slices.Equal(got.Data, want.Data) {
				t.Errorf("got %v, want %v of %s (%v)", got.Shape, want.Shape, name, err)
			}
		})
	}
}

package tokenizer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// goldenCase is one prompt: per model and encoder ("sd1": {"l": …}) the chunks. Models that were not recorded are absent.
type goldenCase struct {
	Text string                   `json:"text"`
	SD1  map[string][]goldenChunk `json:"sd1"`
	SD2  map[string][]goldenChunk `json:"sd2"`
	SDXL map[string][]goldenChunk `json:"sdxl"`
}

// goldenChunk has 77 ids, each a number or "file#key#row", and weights, each a number, "nan" or "inf"; absent means all 1.
type goldenChunk struct {
	IDs     []any `json:"ids"`
	Weights []any `json:"weights"`
}

// ComfyUI 0.3.64 with transformers 4.57.1 without ftfy; exact.
func TestGoldenTokens(t *testing.T) {
	emb := openEmbeddings(t, 64) // the width of every tiny text encoder
	for _, file := range goldentest.Files(t, "unit", "tokens*.json") {
		var cases []goldenCase
		goldentest.JSON(t, file, &cases)
		checkCases(t, cases, emb)
		t.Logf("%s: %d prompts", filepath.Base(file), len(cases))
	}
}

// TestTokens runs a part of the recorded prompts, those without embeddings, on any machine.
func TestTokens(t *testing.T) {
	var cases []goldenCase
	goldentest.JSON(t, "testdata/tokens.json", &cases)
	checkCases(t, cases, nil)
}

func checkCases(t *testing.T, cases []goldenCase, emb Embeddings) {
	t.Helper()
	encoders := map[string]Encoder{"l": EncoderL, "g": EncoderG, "h": EncoderH}
	for _, c := range cases {
		compared := 0
		for _, model := range []map[string][]goldenChunk{c.SD1, c.SD2, c.SDXL} {
			for name, want := range model {
				e, known := encoders[name]
				if !known {
					goldentest.Waiting(t, fmt.Sprintf("%.40q", c.Text), "text encoder "+name)
					continue
				}
				compared++
				p, err := Tokenize(c.Text, Options{Encoder: e, Embeddings: emb})
				if err != nil {
					t.Errorf("%.60q, %s: %v", c.Text, e, err)
					continue
				}
				if len(p.Chunks) != len(want) {
					t.Errorf("%.60q, %s: %d chunks, want %d", c.Text, e, len(p.Chunks), len(want))
					continue
				}
				for i, chunk := range p.Chunks {
					if diff := compareChunk(t, chunk, want[i]); diff != "" {
						t.Errorf("%.60q, %s, chunk %d: %s", c.Text, e, i, diff)
					}
				}
			}
		}
		if compared == 0 {
			t.Errorf("%.60q: nothing recorded", c.Text)
		}
	}
}

func compareChunk(t *testing.T, got []Token, want goldenChunk) string {
	if len(got) != len(want.IDs) {
		return fmt.Sprintf("%d tokens, want %d", len(got), len(want.IDs))
	}
	for i, tok := range got {
		switch id := want.IDs[i].(type) {
		case float64:
			if tok.ID != int(id) {
				return fmt.Sprintf("token %d is %d %q, want %d %q", i, tok.ID, Decode(tok.ID), int(id), Decode(int(id)))
			}
		case string:
			file, rest, _ := strings.Cut(id, "#")
			key, row, _ := strings.Cut(rest, "#")
			if tok.Embedding == nil || tok.Embedding.Source != file || fmt.Sprint(tok.Row) != row {
				return fmt.Sprintf("token %d is %+v, want %s", i, tok, id)
			}
			if filepath.Ext(file) == ".safetensors" {
				stored := goldentest.Load(t, filepath.Join(goldentest.Models(t), "embeddings", file)).Get(t, key)
				if n := len(tok.Vector()); !slices.Equal(tok.Vector(), stored.Data[tok.Row*n:(tok.Row+1)*n]) {
					return fmt.Sprintf("token %d has not the values of %s", i, id)
				}
			}
		}
		weight := any(1.0)
		if want.Weights != nil {
			weight = want.Weights[i]
		}
		if !sameWeight(tok.Weight, weight) {
			return fmt.Sprintf("weight %d is %v, want %v", i, tok.Weight, weight)
		}
	}
	return ""
}

func sameWeight(got float64, want any) bool {
	switch want {
	case "nan":
		return math.IsNaN(got)
	case "inf":
		return math.IsInf(got, 1)
	case "-inf":
		return math.IsInf(got, -1)
	}
	return got == want
}

// fileEmbeddings are those of the golden models.
type fileEmbeddings struct {
	dir   string
	files *folder.Layout
	width int
}

func openEmbeddings(t *testing.T, width int) *fileEmbeddings {
	t.Helper()
	base := goldentest.Base(t)
	files, err := folder.New(folder.Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	return &fileEmbeddings{filepath.Join(base, "models", "embeddings"), files, width}
}

func (f *fileEmbeddings) Find(name string, e Encoder) (*Embedding, error) {
	path, ok := f.files.FindEmbedding(name)
	if !ok {
		return nil, nil
	}
	v, err := weights.OpenEmbedding(path, e.Key(), f.width)
	if err != nil {
		return nil, err
	}
	source, err := filepath.Rel(f.dir, path)
	out := &Embedding{Source: source}
	for row := range v.Dim(0) {
		out.Vectors = append(out.Vectors, v.Data[row*f.width:(row+1)*f.width])
	}
	return out, err
}

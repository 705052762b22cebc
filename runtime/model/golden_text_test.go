package model_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// endToken ends a prompt.
const endToken = 49407

// prompt is one entry of the metadata of a text fixture.
type prompt struct {
	Key  string
	Text string
	Skip *int  `json:"clip_skip"`
	Rows []int // start, stop, step of the stored token rows
}

// tokens maps texts to the token chunks of SD 1.x in tokens.json; a text with weights or embeddings is left out.
func tokens(t *testing.T) map[string][][]int64 {
	var entries []struct {
		Text string
		SD1  map[string][]struct {
			IDs     []any
			Weights []any
		}
	}
	goldentest.JSON(t, filepath.Join(goldentest.Dir(t), "unit", "tokens.json"), &entries)
	known := map[string][][]int64{}
	for _, e := range entries {
		var chunks [][]int64
		plain := true
		for _, c := range e.SD1["l"] {
			var ids []int64
			for _, id := range c.IDs {
				n, ok := id.(float64)
				plain = plain && ok && c.Weights == nil
				ids = append(ids, int64(n))
			}
			chunks = append(chunks, ids)
		}
		if plain && len(chunks) > 0 {
			known[e.Text] = chunks
		}
	}
	return known
}

// TestGoldenText runs the encoder on those prompts of the fixtures whose tokens are given as well. Weights, embeddings and long
// prompts are put together by the caller of the encoder and tested there.
func TestGoldenText(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "unit", "text_*.safetensors") {
			t.Run(subject(path, "text"), func(t *testing.T) { goldenText(t, r, path) })
		}
	})
}

func goldenText(t *testing.T, r runner, path string) {
	name := subject(path, "text")
	file := goldentest.Load(t, path)
	source := modelName(t, file, name)
	if source == "" {
		goldentest.Waiting(t, name, "more than one text encoder: SDXL is not supported yet")
		return
	}
	set, kind, err := weights.OpenTextEncoder(modelFile(t, source, "checkpoints", "text_encoders"))
	if err != nil {
		waitFor(t, name, err)
		return
	}
	both, err := weights.OpenCheckpoint(modelFile(t, source, "checkpoints", "text_encoders"))
	if kind != weights.CLIPL || (err == nil && both.TextG != nil) {
		goldentest.Waiting(t, name, "the text encoders of SD 2 and SDXL are not supported yet")
		return
	}
	var prompts []prompt
	if err := json.Unmarshal([]byte(file.Metadata()["prompts"]), &prompts); err != nil {
		t.Fatal(err)
	}
	known, ran := tokens(t), 0
	for _, p := range prompts {
		chunks, ok := known[p.Text]
		if !ok || len(chunks) != 1 {
			continue
		}
		ran++
		o := model.CLIPOptions{}
		if p.Skip != nil {
			o.Layer = *p.Skip
		}
		hidden, pooled := encode(t, r, set, o, chunks, nil)
		goldentest.Close(t, p.Key+".cond", rows(t, hidden, p.Rows), file.Get(t, p.Key+".cond"), goldentest.Tolerance(t, path, network))
		goldentest.Close(t, p.Key+".pooled", pooled, file.Get(t, p.Key+".pooled"), goldentest.Tolerance(t, path, network))
	}
	t.Logf("%d of %d prompts have their tokens in tokens.json and no weights", ran, len(prompts))
}

// modelName is the model of a text fixture: its metadata names the file, or else the fixture's own name does.
func modelName(t *testing.T, file *goldentest.File, name string) string {
	text, ok := file.Metadata()["files"]
	if !ok {
		return name
	}
	var files []string
	if err := json.Unmarshal([]byte(text), &files); err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		return ""
	}
	return files[0][:len(files[0])-len(".safetensors")]
}

// encode runs a text encoder on chunks of tokens.
func encode(t *testing.T, r runner, set *weights.Set, o model.CLIPOptions, chunks [][]int64, extra *tensor.Tensor) (hidden, pooled *tensor.Tensor) {
	t.Helper()
	var ends []int64
	for _, c := range chunks {
		ends = append(ends, int64(slices.Index(c, endToken)))
	}
	inputs := map[string]ort.Value{
		"tokens": ort.FromInt64(slices.Concat(chunks...), len(chunks), len(chunks[0])),
		"end":    ort.FromInt64(ends, len(ends)),
	}
	if extra != nil {
		o.Extra = true
		inputs["extra"] = ort.FromTensor(extra)
	}
	g, err := model.CLIP(set, o)
	if err != nil {
		t.Fatal(err)
	}
	out := r.run(t, g, inputs, "hidden", "pooled")
	return out[0], out[1]
}

// rows takes token rows [start:stop:step] of [1,T,D].
func rows(t *testing.T, x *tensor.Tensor, bounds []int) *tensor.Tensor {
	d := x.Dim(2)
	var data []float32
	count := 0
	for i := bounds[0]; i < bounds[1]; i += bounds[2] {
		data = append(data, x.Data[i*d:(i+1)*d]...)
		count++
	}
	y, err := tensor.From(data, 1, count, d)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

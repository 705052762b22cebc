package model_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// textEncoder is one encoder of a model and how the model uses it.
type textEncoder struct {
	set     *weights.Set
	tokens  tokenizer.Encoder
	options model.CLIPOptions
}

// openTextEncoders opens the encoders that a text fixture is about, with the layer each model family takes (contract 7.10).
func openTextEncoders(t *testing.T, file *goldentest.File, name string) ([]textEncoder, error) {
	names := []string{name}
	if list, ok := file.Metadata()["files"]; ok {
		if err := json.Unmarshal([]byte(list), &names); err != nil {
			t.Fatal(err)
		}
	}
	var encoders []textEncoder
	for _, n := range names {
		path := modelFile(t, strings.TrimSuffix(n, ".safetensors"), "checkpoints", "text_encoders")
		switch c, err := weights.OpenCheckpoint(path); {
		case err != nil: // a text encoder alone
		case c.TextG != nil:
			return []textEncoder{encoderOf(c.Text, weights.CLIPL), encoderOf(c.TextG, weights.CLIPG)}, nil
		case c.Family == weights.SD2:
			return []textEncoder{encoderOf(c.Text, weights.CLIPH)}, nil
		}
		set, kind, err := weights.OpenTextEncoder(path)
		if err != nil {
			return nil, err
		}
		encoders = append(encoders, encoderOf(set, kind))
	}
	return encoders, nil
}

func encoderOf(set *weights.Set, kind weights.TextKind) textEncoder {
	switch kind {
	case weights.CLIPH:
		return textEncoder{set, tokenizer.EncoderH, model.CLIPOptions{Layer: -2, Activation: model.GELU, Project: true}}
	case weights.CLIPG:
		return textEncoder{set, tokenizer.EncoderG, model.CLIPOptions{Layer: -2, Activation: model.GELU, Project: true, Raw: true}}
	}
	return textEncoder{set, tokenizer.EncoderL, model.CLIPOptions{}}
}

// TestGoldenText runs the encoders on the prompts of the fixtures that have neither weights nor textual inversions. Those are put
// together by the caller of the encoder and tested there.
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
	encoders, err := openTextEncoders(t, file, name)
	if err != nil {
		waitFor(t, name, err)
		return
	}
	if len(encoders) == 2 { // SDXL takes the layer before the last of CLIP-L too, and does not normalise it
		encoders[0].options = model.CLIPOptions{Layer: -2, Raw: true}
	}
	var prompts []struct {
		Key, Text string
		Skip      *int  `json:"clip_skip"`
		Rows      []int // start, stop, step of the stored token rows
	}
	if err := json.Unmarshal([]byte(file.Metadata()["prompts"]), &prompts); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, p := range prompts {
		if strings.Contains(p.Text, "embedding:") {
			continue
		}
		var cond, pooled *tensor.Tensor
		for _, e := range encoders {
			prompt, err := tokenizer.Tokenize(p.Text, tokenizer.Options{Encoder: e.tokens})
			if err != nil {
				t.Fatal(err)
			}
			if prompt.Weighted() {
				break
			}
			if p.Skip != nil {
				e.options.Layer = *p.Skip
			}
			hidden, last := encode(t, r, e, prompt)
			if cond != nil {
				if hidden, err = tensor.Concat(2, cond, hidden); err != nil {
					t.Fatal(err)
				}
			}
			cond, pooled = hidden, last
		}
		if cond == nil {
			continue
		}
		ran++
		goldentest.Close(t, p.Key+".cond", rows(t, cond, p.Rows), file.Get(t, p.Key+".cond"), goldentest.Tolerance(t, path, network))
		goldentest.Close(t, p.Key+".pooled", pooled, file.Get(t, p.Key+".pooled"), goldentest.Tolerance(t, path, network))
	}
	if ran == 0 {
		t.Error("no prompt without weights")
	}
}

// encode runs a text encoder on all chunks of a prompt and joins their rows; the pooled row is the first chunk's.
func encode(t *testing.T, r runner, e textEncoder, p *tokenizer.Prompt) (hidden, pooled *tensor.Tensor) {
	t.Helper()
	var ids, ends []int64
	for _, chunk := range p.Chunks {
		ends = append(ends, int64(slices.IndexFunc(chunk, func(t tokenizer.Token) bool { return t.ID == tokenizer.EOS })))
		for _, token := range chunk {
			ids = append(ids, int64(token.ID))
		}
	}
	g, err := model.CLIP(e.set, e.options)
	if err != nil {
		t.Fatal(err)
	}
	out := r.run(t, g, map[string]ort.Value{
		"tokens": ort.FromInt64(ids, len(ends), len(ids)/len(ends)),
		"end":    ort.FromInt64(ends, len(ends)),
	}, "hidden", "pooled")
	hidden, err = out[0].Reshape(1, -1, out[0].Dim(2))
	if err != nil {
		t.Fatal(err)
	}
	return hidden, out[1].Rows(0, 1)
}

// TestGoldenTextExtraRows checks textual inversion at the encoder: rows of the token table given as extra rows do the same.
func TestGoldenTextExtraRows(t *testing.T) {
	r := runner{ortest.Setup(t), ort.Mapped}
	set, kind, err := weights.OpenTextEncoder(modelFile(t, "tiny-sd15", "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	e := encoderOf(set, kind)
	p, err := tokenizer.Tokenize("a cat and a dog", tokenizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := encode(t, r, e, p)
	ref, _ := set.Ref("text_model.embeddings.token_embedding.weight")
	table, err := ref.Float32()
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int64, len(p.Chunks[0]))
	extra := tensor.New(len(ids), table.Dim(1))
	for i, token := range p.Chunks[0] {
		ids[i] = int64(token.ID)
		if i%2 == 1 { // every other token by its row
			ids[i] = int64(table.Dim(0) + i)
			copy(extra.Rows(i, i+1).Data, table.Rows(token.ID, token.ID+1).Data)
		}
	}
	e.options.Extra = true
	g, err := model.CLIP(e.set, e.options)
	if err != nil {
		t.Fatal(err)
	}
	got := r.run(t, g, map[string]ort.Value{
		"tokens": ort.FromInt64(ids, 1, len(ids)), "end": ort.FromInt64([]int64{6}, 1), "extra": ort.FromTensor(extra),
	}, "hidden")[0]
	goldentest.Close(t, "hidden", got, want, 1e-6)
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

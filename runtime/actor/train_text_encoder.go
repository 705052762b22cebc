package actor

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// learner is a text encoder that vectors are trained for.
type learner struct {
	runtime.Encoder
	prompts [][]int64      // of every template, with the vectors in place of the word
	ends    []int64        // place of the end token in each
	vectors *tensor.Tensor // [n,D], trained in place
}

// learner makes the prompts of an encoder, and the vectors to begin with: those of the word's tokens.
func (t TextInversion) learner(e runtime.Encoder) (learner, error) {
	l := learner{Encoder: e}
	l.Options.Extra = true
	l.Options.Prefix = l.name("")
	templates := t.Concept.Prompts(t.Word)
	if len(templates) == 0 {
		return l, fmt.Errorf("concept %q: use one of %q", t.Concept, t.Concept.Choices())
	}
	var ids []int
	for _, text := range templates {
		p, err := tokenizer.Tokenize(text, tokenizer.Options{Encoder: e.Tokens})
		if err != nil {
			return l, err
		}
		rows, err := WordRows(p, t.Word)
		if err != nil {
			return l, err
		}
		chunk := p.Chunks[0]
		if len(p.Chunks) > 1 || rows[len(rows)-1]-rows[0] != len(rows)-1 {
			return l, fmt.Errorf("the word %q is too long, or stands twice in %q", t.Word, text)
		}
		tokens := tokenIDs(chunk[:rows[0]])
		for i := range t.Vectors {
			tokens = append(tokens, int64(e.Config.Vocabulary+i))
		}
		tokens = append(tokens, tokenIDs(chunk[rows[len(rows)-1]+1:])...)
		for len(tokens) < e.Config.Tokens {
			tokens = append(tokens, int64(e.Tokens.Pad()))
		}
		tokens = tokens[:e.Config.Tokens]
		end := slices.Index(tokens, tokenizer.EOS)
		if end < 0 {
			return l, fmt.Errorf("%d vectors leave no room for the words of %q: train fewer", t.Vectors, text)
		}
		l.prompts, l.ends = append(l.prompts, tokens), append(l.ends, int64(end))
		if ids == nil {
			for i := range t.Vectors {
				ids = append(ids, chunk[rows[i%len(rows)]].ID)
			}
		}
	}
	var err error
	l.vectors, err = model.TokenVectors(e.Set, ids)
	return l, err
}

func tokenIDs(tokens []tokenizer.Token) []int64 {
	var out []int64
	for _, t := range tokens {
		out = append(out, int64(t.ID))
	}
	return out
}

// name is that of one of the encoder's inputs in a graph that may have two encoders.
func (l learner) name(input string) string { return l.Tokens.Key() + "." + input }

// inputs are those that hold what patches changed.
func (l learner) inputs() map[string]ort.Value {
	out := map[string]ort.Value{}
	for name, v := range l.Inputs {
		out[l.Options.Prefix+name] = v
	}
	return out
}

// add writes the encoder into a graph; extra is the vectors.
func (l learner) add(b *onnx.Builder, rows, vectors int) (extra *onnx.Value, out model.CLIPOutputs) {
	defer b.Scope(l.Tokens.Key())()
	extra = b.Input(l.name("extra"), onnx.Float32, vectors, l.Config.Width)
	return extra, model.AddCLIP(b, l.Set, l.Config, l.Options, model.CLIPInputs{
		Tokens: b.Input(l.name("tokens"), onnx.Int64, rows, l.Config.Tokens), End: b.Input(l.name("end"), onnx.Int64, rows), Extra: extra,
	})
}

// fill writes the tokens of the chosen templates into the inputs of a step.
func (l learner) fill(inputs map[string]ort.Value, texts []int) {
	var tokens, ends []int64
	for _, i := range texts {
		tokens, ends = append(tokens, l.prompts[i]...), append(ends, l.ends[i])
	}
	inputs[l.name("tokens")] = ort.FromInt64(tokens, len(texts), l.Config.Tokens)
	inputs[l.name("end")] = ort.FromInt64(ends, len(texts))
}

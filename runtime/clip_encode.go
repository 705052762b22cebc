package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// EncodeText turns a prompt into one conditioning entry: every encoder reads it, and their features are joined.
func (rt *Runtime) EncodeText(ctx context.Context, c CLIP, text string) (Conditioning, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	prompts, err := rt.tokenize(c, func(textEncoder) string { return text })
	if err != nil {
		return nil, err
	}
	return rt.encodePrompts(ctx, c, prompts)
}

// EncodeTextPair is EncodeText for SDXL with a text for each encoder: l for CLIP-L, g for OpenCLIP-G. The shorter one is filled up with
// empty chunks.
func (rt *Runtime) EncodeTextPair(ctx context.Context, c CLIP, l, g string) (Conditioning, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if len(c.encoders) != 2 {
		return nil, fmt.Errorf("two texts need the two text encoders of SDXL, and this is %s alone: use the node CLIPTextEncode, or connect the text encoders of an SDXL checkpoint",
			c.encoders[0].kind)
	}
	prompts, err := rt.tokenize(c, func(e textEncoder) string {
		if e.kind == weights.CLIPG {
			return g
		}
		return l
	})
	if err != nil {
		return nil, err
	}
	for i, p := range prompts {
		for len(p.Chunks) < len(prompts[1-i].Chunks) {
			p.Chunks = append(p.Chunks, c.encoders[i].tokens().Empty())
		}
	}
	return rt.encodePrompts(ctx, c, prompts)
}

// tokenize cuts the text of every encoder into its tokens.
func (rt *Runtime) tokenize(c CLIP, text func(textEncoder) string) ([]*tokenizer.Prompt, error) {
	var out []*tokenizer.Prompt
	var warned []string
	for _, e := range c.encoders {
		p, err := tokenizer.Tokenize(text(e), tokenizer.Options{Encoder: e.tokens(), Embeddings: embeddings{rt, e.config.Width}})
		if err != nil {
			return nil, err
		}
		for _, w := range p.Warnings {
			if !slices.Contains(warned, w) {
				slog.Warn("prompt: " + w)
			}
		}
		warned = append(warned, p.Warnings...)
		out = append(out, p)
	}
	return out, nil
}

// encodePrompts runs each encoder on its prompt and joins the features, cut to the shorter prompt; the pooled part is that of the last
// encoder.
func (rt *Runtime) encodePrompts(ctx context.Context, c CLIP, prompts []*tokenizer.Prompt) (Conditioning, error) {
	var features []*tensor.Tensor
	var pooled *tensor.Tensor
	for i, e := range c.encoders {
		rows, p, err := rt.encodePrompt(ctx, e, c.layer, prompts[i])
		if err != nil {
			return nil, fmt.Errorf("text encoder: %w", err)
		}
		features, pooled = append(features, rows), p
	}
	shortest := features[0].Dim(1)
	for _, f := range features {
		shortest = min(shortest, f.Dim(1))
	}
	for i, f := range features {
		features[i] = &tensor.Tensor{Shape: []int{1, shortest, f.Dim(2)}, Data: f.Data[:shortest*f.Dim(2)]}
	}
	joined, err := tensor.Concat(2, features...)
	if err != nil {
		return nil, err
	}
	return Conditioning{NewCond(joined, pooled, c.place(prompts))}, nil
}

// place says which rows and columns of the joined features belong to which words: one prompt for all columns where every encoder has its
// words in the same rows, else one for the columns of each.
func (c CLIP) place(prompts []*tokenizer.Prompt) []PlacedPrompt {
	same := true
	for _, p := range prompts[1:] {
		same = same && prompts[0].SameWords(p)
	}
	if same {
		return []PlacedPrompt{{Prompt: prompts[0]}}
	}
	var out []PlacedPrompt
	from := 0
	for i, p := range prompts {
		to := from + c.encoders[i].config.Width
		out = append(out, PlacedPrompt{Prompt: p, Columns: Columns{from, to}})
		from = to
	}
	return out
}

// encodePrompt runs one encoder: rows [1,T,D] and pooled [1,P]. Chunks of 77 tokens are encoded in one batch and joined, and weights move
// each row away from or towards that of the empty prompt.
func (rt *Runtime) encodePrompt(ctx context.Context, e textEncoder, layer int, prompt *tokenizer.Prompt) (rows, pooled *tensor.Tensor, err error) {
	chunks := prompt.Chunks
	if prompt.Weighted() {
		chunks = append(slices.Clone(chunks), e.tokens().Empty())
	}
	hidden, pooled, err := rt.encodeChunks(ctx, e, layer, chunks)
	if err != nil {
		return nil, nil, err
	}
	if prompt.Weighted() {
		weigh(hidden, prompt.Chunks)
	}
	rows, err = hidden.Rows(0, len(prompt.Chunks)).Reshape(1, -1, e.config.Width)
	if pooled != nil { // exports may lack it
		pooled = pooled.Rows(0, 1)
	}
	return rows, pooled, err
}

// weigh moves row j of every chunk: z = (z - e_j)·w + e_j, where e is the empty prompt, the last item of hidden [chunks+1,T,D].
func weigh(hidden *tensor.Tensor, chunks [][]tokenizer.Token) {
	length, width := hidden.Dim(1), hidden.Dim(2)
	empty := hidden.Rows(len(chunks), len(chunks)+1).Data
	for i, chunk := range chunks {
		for j, t := range chunk {
			if t.Weight == 1 {
				continue
			}
			w := float32(t.Weight)
			row := hidden.Data[(i*length+j)*width:][:width]
			for k, e := range empty[j*width:][:width] {
				row[k] = (row[k]-e)*w + e
			}
		}
	}
}

// encodeChunks runs an encoder on chunks of tokens: hidden [chunks,T,D] and pooled [chunks,P].
func (rt *Runtime) encodeChunks(ctx context.Context, e textEncoder, layer int, chunks [][]tokenizer.Token) (hidden, pooled *tensor.Tensor, err error) {
	batch := newTokenBatch(chunks, e.config.Vocabulary)
	if e.exported != nil {
		return rt.encodeExported(ctx, e, layer, batch)
	}
	o := e.options(layer)
	o.Extra = len(batch.extra) > 0
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Key:   GraphKey("clip", e.set, o),
		Runs:  1,
		Work:  2 * float64(len(batch.tokens)),
		Rare:  true,
		Build: func() (*onnx.Graph, error) { return model.CLIP(e.set, o) },
	})
	if err != nil {
		return nil, nil, err
	}
	defer release()
	inputs, err := rt.weightInputs(ctx, e.patched())
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(inputs, batch.inputs(e.config.Width))
	out, err := session.Run(ctx, inputs, "hidden", "pooled")
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// tokenBatch is chunks of tokens as the encoder's graph takes them: vectors of textual inversions follow the vocabulary.
type tokenBatch struct {
	tokens []int64 // [chunks·T]
	ends   []int64 // place of the first end token in each chunk
	extra  []float32
}

func newTokenBatch(chunks [][]tokenizer.Token, vocabulary int) tokenBatch {
	var b tokenBatch
	added := 0
	for _, chunk := range chunks {
		end := int64(len(chunk) - 1)
		for j, t := range slices.Backward(chunk) {
			if t.ID == tokenizer.EOS {
				end = int64(j)
			}
		}
		b.ends = append(b.ends, end)
		for _, t := range chunk {
			id := int64(t.ID)
			if v := t.Vector(); v != nil {
				id = int64(vocabulary + added)
				b.extra = append(b.extra, v...)
				added++
			}
			b.tokens = append(b.tokens, id)
		}
	}
	return b
}

func (b tokenBatch) inputs(width int) map[string]ort.Value {
	n := len(b.ends)
	in := map[string]ort.Value{
		"tokens": ort.FromInt64(b.tokens, n, len(b.tokens)/n),
		"end":    ort.FromInt64(b.ends, n),
	}
	if len(b.extra) > 0 {
		in["extra"] = ort.FromFloat32(b.extra, len(b.extra)/width, width)
	}
	return in
}

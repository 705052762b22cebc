package runtime

import (
	"context"
	"errors"
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

// CLIP is a text encoder and the patches on it. It is a description; nothing is loaded until a prompt is encoded. The zero value is the
// missing text encoder of a checkpoint without one.
type CLIP struct {
	set     *weights.Set
	config  model.CLIPConfig
	layer   int           // hidden state that conditions, -1 (or 0) the last
	changes []weightPatch // of the weights
}

// Socket is the wire type.
func (CLIP) Socket() string { return "CLIP" }

// Bytes is the memory held by patches; weights stay in their file.
func (c CLIP) Bytes() int64 { return patchBytes(c.changes) }

// ErrNoCLIP is returned when a checkpoint without text encoder is asked to encode a prompt.
var ErrNoCLIP = errors.New("this checkpoint has no text encoder: load one with the node CLIPLoader and connect it instead")

// LoadCLIP opens a text encoder by its name in models/text_encoders. kind is the pairing that the node names; only the families that
// run here are taken.
func (rt *Runtime) LoadCLIP(name, kind string) (CLIP, error) {
	if kind != "stable_diffusion" {
		return CLIP{}, fmt.Errorf("text encoders of type %q do not run here yet: use stable_diffusion for SD 1.x", kind)
	}
	path, err := rt.Folders.Find("text_encoders", name)
	if err != nil {
		return CLIP{}, err
	}
	set, err := opened(&rt.files, "text encoder", path, openCLIPL, (*weights.Set).Files)
	if err != nil {
		return CLIP{}, err
	}
	c, err := newCLIP(set)
	if err != nil {
		return CLIP{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// openCLIPL refuses text encoders of other families than SD 1.x.
func openCLIPL(path string) (*weights.Set, error) {
	set, kind, err := weights.OpenTextEncoder(path)
	if err == nil && kind != weights.CLIPL {
		err = fmt.Errorf("%s is a text encoder of the kind %s; oneactor runs %s: %w", path, kind, weights.CLIPL, weights.ErrFamily)
	}
	return set, err
}

func newCLIP(set *weights.Set) (CLIP, error) {
	config, err := model.ReadCLIP(set)
	return CLIP{set: set, config: config}, err
}

// WithLastLayer is the encoder with the output of another layer: -1 is the last, -2 the one before ("clip skip 2").
func (c CLIP) WithLastLayer(layer int) CLIP {
	c.layer = layer
	return c
}

// EncodeText turns a prompt into one conditioning entry: chunks of 77 tokens are encoded in one batch and joined, and weights move each
// row away from or towards that of the empty prompt.
func (rt *Runtime) EncodeText(ctx context.Context, c CLIP, text string) (Conditioning, error) {
	if c.set == nil {
		return nil, ErrNoCLIP
	}
	prompt, err := tokenizer.Tokenize(text, tokenizer.Options{
		Encoder: tokenizer.EncoderL, Embeddings: embeddings{rt, c.config.Width},
	})
	if err != nil {
		return nil, err
	}
	for _, w := range prompt.Warnings {
		slog.Warn("prompt: " + w)
	}
	chunks := prompt.Chunks
	if prompt.Weighted() {
		chunks = append(slices.Clone(chunks), tokenizer.EncoderL.Empty())
	}
	hidden, pooled, err := rt.encodeChunks(ctx, c, chunks)
	if err != nil {
		return nil, fmt.Errorf("text encoder: %w", err)
	}
	if prompt.Weighted() {
		weigh(hidden, prompt.Chunks)
	}
	rows, err := hidden.Rows(0, len(prompt.Chunks)).Reshape(1, -1, c.config.Width)
	if err != nil {
		return nil, err
	}
	return Conditioning{NewCond(rows, pooled.Rows(0, 1), []PlacedPrompt{{Prompt: prompt}})}, nil
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

// encodeChunks runs the encoder on chunks of tokens: hidden [chunks,T,D] and pooled [chunks,D].
func (rt *Runtime) encodeChunks(ctx context.Context, c CLIP, chunks [][]tokenizer.Token) (hidden, pooled *tensor.Tensor, err error) {
	batch := newTokenBatch(chunks, c.config.Vocabulary)
	o := model.CLIPOptions{Layer: c.layer, Extra: len(batch.extra) > 0, Patches: c.patched().graphPatches()}
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Key:   GraphKey("clip", c.set, o),
		Runs:  1,
		Work:  2 * float64(len(batch.tokens)),
		Rare:  true,
		Build: func() (*onnx.Graph, error) { return model.CLIP(c.set, o) },
	})
	if err != nil {
		return nil, nil, err
	}
	defer release()
	inputs, err := rt.weightInputs(ctx, c.patched())
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(inputs, batch.inputs(c.config.Width))
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

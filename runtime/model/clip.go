package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// CLIPConfig is what the shapes of a text encoder's weights say about it.
type CLIPConfig struct {
	Vocabulary int // rows of the token table
	Tokens     int // length of a prompt with begin and end, 77
	Width      int
	Layers     int
	Heads      int // heads are 64 wide
	Projection int // width of the projected pooled row; 0 without text_projection
}

// clipHeadDim is the width of an attention head in every CLIP text encoder of the Stable Diffusion family.
const clipHeadDim = 64

// Activation is the nonlinearity of a CLIP tower's feed-forward layers. The weights do not show it.
type Activation uint8

const (
	QuickGELU Activation = iota // x·sigmoid(1.702 x): OpenAI's CLIP-L
	GELU                        // x·Φ(x): OpenCLIP's H and G
)

// CLIPOptions choose a variant of the graph. The zero value is SD 1.x: the last layer, normalised, pooled row not projected.
type CLIPOptions struct {
	// Layer is the hidden state to return: -1 (or 0) the last layer's, -2 the one before, and so on; below the first layer means
	// the last.
	Layer int
	// Raw leaves out the final layer normalisation of "hidden" (SDXL); the pooled row always has it.
	Raw bool
	// Project multiplies the pooled row by the text projection, if the weights have one.
	Project bool
	// Extra adds the input "extra" [N,D] with N >= 1: token Vocabulary+i is its row i (textual inversion).
	Extra      bool
	Activation Activation
	// Batch fixes the size of the inputs, if it is not 0.
	Batch int
	Patches
}

const (
	tokenTable    = "text_model.embeddings.token_embedding.weight"
	positionTable = "text_model.embeddings.position_embedding.weight"
	projection    = "text_projection"
)

// ReadCLIP works out the structure of a text encoder from weights under Hugging Face names. The error wraps ErrUnsupported.
func ReadCLIP(set *weights.Set) (CLIPConfig, error) {
	c := CLIPConfig{
		Vocabulary: int(size(set, tokenTable, 0)), Width: int(size(set, tokenTable, 1)), Tokens: int(size(set, positionTable, 0)),
		Projection: int(max(size(set, projection+".weight", 0), size(set, projection, 1))),
	}
	for set.Has(clipLayer(c.Layers) + ".layer_norm1.weight") {
		c.Layers++
	}
	c.Heads = c.Width / clipHeadDim
	switch {
	case c.Vocabulary == 0 || c.Tokens == 0:
		return c, fmt.Errorf("text encoder: weight %s or %s is missing: %w", tokenTable, positionTable, ErrUnsupported)
	case c.Layers == 0:
		return c, fmt.Errorf("text encoder: weights %s.* are missing: %w", clipLayer(0), ErrUnsupported)
	case c.Width%clipHeadDim != 0:
		return c, fmt.Errorf("text encoder: width %d is not a multiple of %d: %w", c.Width, clipHeadDim, ErrUnsupported)
	}
	return c, nil
}

func clipLayer(i int) string { return fmt.Sprintf("text_model.encoder.layers.%d", i) }

// CLIP is the graph of a text encoder. Inputs: "tokens" int64 [B,77], "end" int64 [B], the place of the end token in each row, and
// "extra" with that option. Outputs: "hidden" [B,77,D], and "pooled" [B,D] (or [B,Projection]), the end token's row after all layers
// and the final normalisation.
func CLIP(set *weights.Set, o CLIPOptions) (*onnx.Graph, error) {
	c, err := ReadCLIP(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("CLIP")
	batch := fixed(o.Batch, "batch")
	in := CLIPInputs{Tokens: b.Input("tokens", onnx.Int64, batch, c.Tokens), End: b.Input("end", onnx.Int64, batch)}
	if o.Extra {
		in.Extra = b.Input("extra", onnx.Float32, "extra rows", c.Width)
	}
	out := AddCLIP(b, set, c, o, in)
	b.Output("hidden", out.Hidden)
	b.Output("pooled", out.Pooled)
	return finish(b, "text encoder")
}

// CLIPInputs are the values a text encoder reads; Extra is nil where there are no extra rows.
type CLIPInputs struct{ Tokens, End, Extra *onnx.Value }

// CLIPOutputs are the values a text encoder yields.
type CLIPOutputs struct{ Hidden, Pooled *onnx.Value }

// AddCLIP writes a text encoder into a graph that already has its inputs; of the options, Extra and Batch mean nothing here.
func AddCLIP(b *onnx.Builder, set *weights.Set, c CLIPConfig, o CLIPOptions, in CLIPInputs) CLIPOutputs {
	n := newNet(b, set, o.Patches)
	width, length := int64(c.Width), int64(c.Tokens)
	x := b.Add(n.tokenRows(in.Tokens, in.Extra, int64(c.Vocabulary)), n.weight(positionTable)) // [B,77,D]
	sizes := b.Sizes(x, 0, 3)
	x = b.Reshape(x, onnx.Unknown, width) // [B·77,D]
	keep := c.Layers + o.Layer + 1        // layers behind the wanted hidden state
	if o.Layer == 0 || keep < 1 || keep > c.Layers {
		keep = c.Layers
	}
	hidden := x
	layer := towerLayer{heads: int64(c.Heads), activation: o.Activation, causal: true, eps: clipEps}
	for i := range c.Layers {
		x = n.towerLayer(x, b.Sizes(in.Tokens, 0, 1), clipLayer(i), layer)
		if i+1 == keep {
			hidden = x
		}
	}
	last := n.layerNorm(x, "text_model.final_layer_norm")
	switch {
	case o.Raw:
	case keep == c.Layers:
		hidden = last
	default:
		hidden = n.layerNorm(hidden, "text_model.final_layer_norm")
	}
	out := CLIPOutputs{Hidden: b.ReshapeTo(hidden, sizes), Pooled: n.pool(last, in.End, length, o.Project)}
	n.checkPatches()
	return out
}

// TokenVectors is the rows [n,D] of a text encoder's token table.
func TokenVectors(set *weights.Set, ids []int) (*tensor.Tensor, error) {
	table, ok := set.Ref(tokenTable)
	if !ok {
		return nil, fmt.Errorf("weight %s is missing: %w", tokenTable, ErrUnsupported)
	}
	var rows []*tensor.Tensor
	for _, id := range ids {
		r, err := table.Rows(int64(id), int64(id)+1)
		if err != nil {
			return nil, err
		}
		row, err := r.Float32()
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return tensor.Concat(0, rows...)
}

// tokenRows looks tokens up in the table, or, from the vocabulary's size on, in the extra rows. The table is not converted as a
// whole where its rows can be gathered in its own type.
func (n *net) tokenRows(tokens, extra *onnx.Value, vocabulary int64) *onnx.Value {
	r, ok := n.set.Ref(tokenTable)
	if !ok {
		return n.missing(tokenTable)
	}
	table := func() *onnx.Value {
		switch {
		case n.replaced[tokenTable]:
			return n.replacement(tokenTable, r)
		case r.DType == weights.F8E4M3 || r.DType == weights.F8E5M2:
			return n.weight(tokenTable) // there is no Gather for float8
		default:
			return n.stored(tokenTable, r)
		}
	}()
	if extra == nil {
		return n.Cast(n.Gather(table, tokens, 0), onnx.Float32)
	}
	known := n.Cast(n.Gather(table, n.Op("Min", tokens, n.Int(vocabulary-1)), 0), onnx.Float32)
	added := n.Gather(extra, n.Op("Max", n.Sub(tokens, n.Int(vocabulary)), n.Int(0)), 0)
	return n.Op("Where", n.Unsqueeze(n.Op("Less", tokens, n.Int(vocabulary)), 2), known, added)
}

// pool takes row end[b] of prompt b out of rows [B·length,D] and projects it if wanted and possible.
func (n *net) pool(rows, end *onnx.Value, length int64, project bool) *onnx.Value {
	d := n.columns(rows)
	all := n.Reshape(rows, onnx.Unknown, length, d) // [B,length,D]
	index := n.Unsqueeze(end, 1, 2)                 // [B,1,1]
	places := n.Const("places", counting(length), 1, length, 1)
	// One row of each prompt by a mask: a gather along two axes at once would need the batch's numbers.
	mask := n.Cast(n.Op("Equal", n.Cast(index, onnx.Float32), places), onnx.Float32)
	pooled := n.Op("ReduceSum", n.Mul(all, mask), n.Ints(1), onnx.Int("keepdims", 0)) // [B,D]
	switch {
	case project && n.set.Has(projection+".weight"):
		return n.linear(pooled, projection)
	case project && n.set.Has(projection): // OpenCLIP keeps it as [D,out], a linear layer as [out,D]
		return n.Gemm(pooled, n.weight(projection), nil, false)
	}
	return pooled
}

func counting(count int64) []float32 {
	data := make([]float32, count)
	for i := range data {
		data[i] = float32(i)
	}
	return data
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// StyleConfig is what the shapes of a T2I style adapter's weights say about it.
type StyleConfig struct {
	Width   int // of the vision model's tokens, 1024
	Layers  int
	Tokens  int // rows that it adds to a prompt, 8
	Context int // width of these rows, that of the prompt's
}

// styleHeads is the number of attention heads of every style adapter.
const styleHeads = 8

// ReadStyle works out the structure of a style adapter (weights.OpenStyleModel). The error wraps ErrUnsupported.
func ReadStyle(set *weights.Set) (StyleConfig, error) {
	c := StyleConfig{
		Width: int(size(set, "style_embedding", 2)), Tokens: int(size(set, "style_embedding", 1)), Context: int(size(set, "proj", 1)),
	}
	for set.Has(styleLayer(c.Layers) + ".layer_norm1.weight") {
		c.Layers++
	}
	if c.Width == 0 || c.Tokens == 0 || c.Context == 0 || c.Layers == 0 || c.Width%styleHeads != 0 {
		return c, fmt.Errorf("style model: style_embedding %v, proj %v and %d layers are no style adapter: %w",
			shapeOf(set, "style_embedding"), shapeOf(set, "proj"), c.Layers, ErrUnsupported)
	}
	return c, nil
}

func styleLayer(i int) string { return fmt.Sprintf("layers.%d", i) }

// Style is the graph of a T2I style adapter. Input: "picture" [B,T,D], the last hidden state of a vision model. Output: "style"
// [B,tokens,context], rows for a prompt. Mou et al. 2023 (arXiv:2302.08453).
func Style(set *weights.Set) (*onnx.Graph, error) {
	c, err := ReadStyle(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("style adapter")
	n := newNet(b, set, Patches{})
	picture := b.Input("picture", onnx.Float32, "batch", "tokens", c.Width)
	batch, width := n.Sizes(picture, 0, 1), int64(c.Width)
	x := n.Concat(1, picture, n.repeated(n.weight("style_embedding"), batch)) // [B,T+tokens,D]
	sizes := n.Sizes(x, 0, 3)
	rows := n.layerNorm(n.Reshape(x, onnx.Unknown, width), "ln_pre")
	for i := range c.Layers {
		rows = n.towerLayer(rows, batch, styleLayer(i), towerLayer{heads: styleHeads, eps: clipEps})
	}
	last := n.Slice(n.ReshapeTo(rows, sizes), 1, -int64(c.Tokens), 1<<31-1)
	last = n.layerNorm(n.Reshape(last, onnx.Unknown, width), "ln_post")
	style := n.Gemm(last, n.weight("proj"), nil, false)
	b.Output("style", n.ReshapeTo(style, n.Concat(0, batch, n.Ints(int64(c.Tokens), int64(c.Context)))))
	return finish(b, "style adapter")
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ControlNetConfig is what the shapes of a ControlNet's weights say about it: the encoder half of a UNet, and a small stack of
// convolutions for the hint picture.
type ControlNetConfig struct {
	UNetConfig
	HintChannels int // 3
	HintScale    int // pixels of the hint per latent cell, 8
	Types        int // kinds of hints that a union tells apart; 0 for other nets
	hint         []string
}

// ReadControlNet works out the structure of a ControlNet from weights under latent diffusion names. The weights of a control-LoRA
// are those of its file over those of a UNet (weights.Set.Over).
func ReadControlNet(set *weights.Set) (ControlNetConfig, error) {
	u, err := readEncoder(set)
	c := ControlNetConfig{UNetConfig: u, HintScale: 1}
	if err != nil {
		return c, fmt.Errorf("ControlNet: %w", err)
	}
	if len(c.middle) == 0 {
		return c, fmt.Errorf("ControlNet: weights middle_block.* are missing: %w", ErrUnsupported)
	}
	c.HintChannels = int(size(set, "input_hint_block.0.weight", 1))
	if c.HintChannels == 0 {
		return c, fmt.Errorf("ControlNet: weight input_hint_block.0.weight is missing: %w", ErrUnsupported)
	}
	for i := 0; set.Has(fmt.Sprintf("input_hint_block.%d.weight", i)); i += 2 { // odd places are activations
		c.hint = append(c.hint, fmt.Sprintf("input_hint_block.%d", i))
		if hintWindow(len(c.hint)-1).stride == 2 {
			c.HintScale *= 2
		}
	}
	if set.Has(unionTypes) {
		c.Types = int(size(set, unionTasks, 0))
		if width := size(set, unionTypes, 1); c.Types == 0 || width != int64(c.Types)*typeWidth {
			return c, fmt.Errorf("ControlNet union: %d task embeddings and an embedding of types of width %d; %d for each is wanted: %w",
				c.Types, width, typeWidth, ErrUnsupported)
		}
	}
	return c, nil
}

// hintWindow is the window of hint convolution i: the third and every other one after it halve the picture.
func hintWindow(i int) window {
	if i > 0 && i%2 == 0 {
		return half
	}
	return same(3)
}

// ControlHint is the graph of the part of a ControlNet that sees the picture and nothing else, so that a run needs it once. Input
// "hint" [B,HintChannels,8H,8W] with values 0…1, and for a union "types" [Types], 1 for the kind of the hint and 0 for others (all 0 where
// the kind is left open); output "features" [B,ModelChannels,H,W].
func ControlHint(set *weights.Set) (*onnx.Graph, error) {
	c, err := ReadControlNet(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("ControlNet hint")
	hint := b.Input("hint", onnx.Float32, "batch", c.HintChannels, "hint height", "hint width")
	b.Output("features", AddControlHint(b, set, c, hint, typesInput(b, c)))
	return finish(b, "ControlNet hint")
}

func typesInput(b *onnx.Builder, c ControlNetConfig) *onnx.Value {
	if c.Types == 0 {
		return nil
	}
	return b.Input("types", onnx.Float32, c.Types)
}

// AddControlHint writes the part of a ControlNet that sees the picture into a graph that has its inputs; types is nil but for unions.
func AddControlHint(b *onnx.Builder, set *weights.Set, c ControlNetConfig, hint, types *onnx.Value) *onnx.Value {
	defer b.Scope("hint")()
	n := newNet(b, set, Patches{})
	for i, path := range c.hint {
		if i > 0 {
			hint = n.silu(hint)
		}
		hint = n.conv(hint, path, hintWindow(i))
	}
	if types != nil {
		hint = n.unionHint(hint, types)
	}
	return hint
}

// ControlNet is the graph of a control network but for the picture. Inputs are those of UNet, "hint" [B or 1,ModelChannels,H,W], which
// ControlHint yields, and "types" as there; outputs are "output.<i>", one residual per input block, and "middle.0". Of the options,
// Features, Control, Adapted and Even mean nothing here.
func ControlNet(set *weights.Set, o UNetOptions) (*onnx.Graph, error) {
	c, err := ReadControlNet(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("ControlNet")
	in := unetInputs(b, c.UNetConfig, o)
	in.Types = typesInput(b, c)
	hint := b.Input("hint", onnx.Float32, "hint batch", c.ModelChannels, fixed(o.Height, "height"), fixed(o.Width, "width"))
	residuals, middle := AddControlNet(b, set, c, o, in, hint)
	for i, r := range residuals {
		b.Output(fmt.Sprint("output.", i), r)
	}
	b.Output("middle.0", middle)
	return finish(b, "ControlNet")
}

// AddControlNet writes a ControlNet into a graph that already has its inputs and the features of its hint. It returns the residuals that
// UNetInputs takes.
func AddControlNet(b *onnx.Builder, set *weights.Set, c ControlNetConfig, o UNetOptions, in UNetInputs, hint *onnx.Value) (residuals []*onnx.Value, middle *onnx.Value) {
	defer b.Scope("control")()
	u := newUNet(b, set, c.UNetConfig, o, in)
	x, skips := u.encode(in.X, map[int]*onnx.Value{0: hint})
	for i, s := range skips {
		residuals = append(residuals, u.convSame(s, fmt.Sprintf("zero_convs.%d.0", i)))
	}
	middle = u.convSame(u.block(c.middle, x, nil), "middle_block_out.0")
	u.checkPatches()
	return residuals, middle
}

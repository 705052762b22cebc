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
	hint         []string
}

// later names weights of kinds of ControlNet that are not built here.
var later = []struct{ weight, what string }{
	{"task_embedding", "a union ControlNet"},
	{"control_add_embedding.linear_1.weight", "a union ControlNet"},
	{"lora_controlnet", "a control-LoRA"},
}

// ReadControlNet works out the structure of a ControlNet from weights under latent diffusion names.
func ReadControlNet(set *weights.Set) (ControlNetConfig, error) {
	for _, l := range later {
		if set.Has(l.weight) {
			return ControlNetConfig{}, fmt.Errorf("ControlNet: the weights are %s, which is not supported yet: %w", l.what, ErrUnsupported)
		}
	}
	u, err := readEncoder(set)
	c := ControlNetConfig{UNetConfig: u, HintScale: 1}
	if err != nil {
		return c, fmt.Errorf("ControlNet: %w", err)
	}
	if len(c.middle) == 0 {
		return c, fmt.Errorf("ControlNet: weights middle_block.* are missing: %w", ErrUnsupported)
	}
	if c.LabelDim > 0 {
		return c, fmt.Errorf("ControlNet: the weights are a ControlNet for SDXL, which is not supported yet: %w", ErrUnsupported)
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
	return c, nil
}

// hintWindow is the window of hint convolution i: the third and every other one after it halve the picture.
func hintWindow(i int) window {
	if i > 0 && i%2 == 0 {
		return half
	}
	return same(3)
}

// ControlNet is the graph of a control network. Inputs are those of UNet and "hint" [B,3,8H,8W] with values 0…1; outputs are
// "output.<i>", one residual per input block, and "middle.0". Of the options, Features, Control and Even mean nothing here.
func ControlNet(set *weights.Set, o UNetOptions) (*onnx.Graph, error) {
	c, err := ReadControlNet(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("ControlNet")
	in := unetInputs(b, c.UNetConfig, o)
	hint := b.Input("hint", onnx.Float32, fixed(o.Batch, "batch"), c.HintChannels,
		fixed(o.Height*c.HintScale, "hint height"), fixed(o.Width*c.HintScale, "hint width"))
	residuals, middle := AddControlNet(b, set, c, o, in, hint)
	for i, r := range residuals {
		b.Output(fmt.Sprint("output.", i), r)
	}
	b.Output("middle.0", middle)
	return finish(b, "ControlNet")
}

// AddControlNet writes a ControlNet into a graph that already has its inputs. It returns the residuals that UNetInputs takes.
func AddControlNet(b *onnx.Builder, set *weights.Set, c ControlNetConfig, o UNetOptions, in UNetInputs, hint *onnx.Value) (residuals []*onnx.Value, middle *onnx.Value) {
	defer b.Scope("control")()
	u := newUNet(b, set, c.UNetConfig, o, in)
	for i, path := range c.hint {
		if i > 0 {
			hint = u.silu(hint)
		}
		hint = u.conv(hint, path, hintWindow(i))
	}
	x, skips := u.encode(in.X, hint)
	for i, s := range skips {
		residuals = append(residuals, u.convSame(s, fmt.Sprintf("zero_convs.%d.0", i)))
	}
	middle = u.convSame(u.block(c.middle, x, nil), "middle_block_out.0")
	u.checkPatches()
	return residuals, middle
}

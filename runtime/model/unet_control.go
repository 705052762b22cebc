package model

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// controlInputs declares the inputs for what control networks add to a UNet. Their sizes are free of those of the latent, because one
// residual may stand for every picture of the batch, and one number for every cell.
func (in *UNetInputs) controlInputs(b *onnx.Builder, c UNetConfig, o UNetOptions) {
	input := func(name string, channels, level, i int) *onnx.Value {
		h, w := levelSize(o.Height, level), levelSize(o.Width, level)
		if reached(o.Edits, i) {
			h, w = 0, 0
		}
		return b.Input(name, onnx.Float32, fixed(o.Batch, name+" batch"), channels, fixed(h, name+" height"), fixed(w, name+" width"))
	}
	if o.Control {
		for i, channels := range c.SkipChannels {
			in.Control = append(in.Control, input(fmt.Sprint("control.", i), channels, c.SkipLevels[i], i))
		}
		in.ControlMiddle = input("control.middle", c.MiddleChannels, c.Levels(), len(c.SkipChannels))
	}
	in.Adapted = map[int]*onnx.Value{}
	for _, place := range o.Adapted {
		switch {
		case place == Middle:
			in.Adapted[place] = input("adapter.middle", c.MiddleChannels, c.Levels(), len(c.SkipChannels))
		case place >= 0 && place < len(c.SkipChannels):
			in.Adapted[place] = input(fmt.Sprint("adapter.", place), c.SkipChannels[place], c.SkipLevels[place], place)
		default:
			b.Fail(fmt.Errorf("an adapter adds to input block %d; the UNet has %d: %w", place, len(c.SkipChannels), ErrUnsupported))
		}
	}
}

// added is x with all residuals that are there.
func (n *net) added(x *onnx.Value, residuals ...*onnx.Value) *onnx.Value {
	for _, r := range slices.DeleteFunc(residuals, func(r *onnx.Value) bool { return r == nil }) {
		x = n.Add(x, r)
	}
	return x
}

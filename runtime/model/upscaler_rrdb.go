package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// readRRDB reads ESRGAN (Wang et al. 2018, arXiv:1809.00219), Real-ESRGAN and their relatives. Some read blocks of 2x2 or 4x4 pixels as
// channels, which divides their scale.
func readRRDB(set *weights.Set) (UpscalerConfig, error) {
	c := UpscalerConfig{Features: int(size(set, "conv_first.weight", 0)), Minimum: 2, shuffle: 1}
	for set.Has(rrdbBlock(c.blocks) + ".rdb1.conv1.weight") {
		c.blocks++
	}
	for set.Has(fmt.Sprintf("conv_up%d.weight", c.ups+1)) {
		c.ups++
	}
	in, out := size(set, "conv_first.weight", 1), size(set, "conv_last.weight", 0)
	if out > 0 && (in == 4*out || in == 16*out) {
		c.shuffle, c.Multiple = int(math.Sqrt(float64(in/out))), 4
		in = out
	}
	if c.Features == 0 || c.blocks == 0 {
		return c, fmt.Errorf("weights conv_first or %s.* are missing: %w", rrdbBlock(0), ErrUnsupported)
	}
	if up := size(set, "conv_up1.weight", 0); c.ups > 0 && up != int64(c.Features) {
		return c, fmt.Errorf("it enlarges by pixel shuffle (%d of %d channels), which no known model of this kind does: %w", up, c.Features, ErrUnsupported)
	}
	if c.Scale = 1 << c.ups / c.shuffle; c.Scale < 1 || c.ups > 4 {
		return c, fmt.Errorf("%d doublings of blocks of %d pixels are no scale: %w", c.ups, c.shuffle, ErrUnsupported)
	}
	c.Large = c.Features
	return c, pictureChannels(in, out)
}

func rrdbBlock(i int) string { return fmt.Sprintf("body.%d", i) }

func (n *net) rrdb(image *onnx.Value, c UpscalerConfig) *onnx.Value {
	first := n.rrdbFirst(image, int64(c.shuffle)) // [B,F,H/s,W/s]
	x := first
	for i := range c.blocks {
		y := x
		for j := 1; j <= 3; j++ {
			y = n.denseBlock(y, fmt.Sprintf("%s.rdb%d", rrdbBlock(i), j))
		}
		x = n.Add(n.Mul(y, n.Scalar(0.2)), x)
	}
	x = n.Add(first, n.convSame(x, "conv_body"))
	for i := range c.ups {
		x = n.leaky(n.upsampleDouble(x, fmt.Sprintf("conv_up%d", i+1)), 0.2)
	}
	return n.convSame(n.leaky(n.convSame(x, "conv_hr"), 0.2), "conv_last")
}

// rrdbFirst is the first convolution, on blocks of s x s pixels. PyTorch's pixel_unshuffle counts a block's pixels within a colour, ONNX's
// SpaceToDepth colours within a pixel; the kernel is reordered to that, once, while the graph is loaded.
func (n *net) rrdbFirst(image *onnx.Value, s int64) *onnx.Value {
	if s == 1 {
		return n.convSame(image, "conv_first")
	}
	out, side := n.size("conv_first.weight", 0), n.size("conv_first.weight", 2)
	kernel := n.weightAs("conv_first.weight", out, 3, s*s, side, side)
	kernel = n.Reshape(n.Transpose(kernel, 0, 2, 1, 3, 4), out, 3*s*s, side, side)
	blocks := n.Op("SpaceToDepth", image, onnx.Int("blocksize", s))
	return n.convolve(blocks, kernel, n.bias("conv_first.bias"), same(side))
}

// denseBlock is five convolutions, each of which reads what all before it made. ESRGAN+ (Rakotonirina and Rasoanaivo 2020) adds x to the second
// through a 1x1 convolution, and the second to the fourth.
func (n *net) denseBlock(x *onnx.Value, path string) *onnx.Value {
	defer n.Scope(path)()
	made := []*onnx.Value{x}
	for k := 1; k <= 4; k++ {
		y := n.leaky(n.convSame(n.joined(made), fmt.Sprintf("%s.conv%d", path, k)), 0.2)
		if plus := path + ".conv1x1"; n.set.Has(plus + ".weight") {
			switch k {
			case 2:
				y = n.Add(y, n.convSame(x, plus))
			case 4:
				y = n.Add(y, made[2])
			}
		}
		made = append(made, y)
	}
	y := n.convSame(n.joined(made), path+".conv5")
	return n.Add(n.Mul(y, n.Scalar(0.2)), x)
}

func (n *net) joined(parts []*onnx.Value) *onnx.Value {
	if len(parts) == 1 {
		return parts[0]
	}
	return n.Concat(1, parts...)
}

// leaky is x, or slope·x where x is negative.
func (n *net) leaky(x *onnx.Value, slope float32) *onnx.Value {
	return n.Op("LeakyRelu", x, onnx.Float("alpha", slope))
}

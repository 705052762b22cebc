package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// AdapterConfig is what the weights of a T2I adapter say about it (Mou et al. 2023, arXiv:2302.08453): a small net that turns a picture
// into one residual per level of a UNet's encoder.
type AdapterConfig struct {
	Channels int   // of the picture: 1 or 3
	Square   int   // the net sees squares of that many pixels across as one, with their pixels as channels: 8, and 16 for SDXL
	Widths   []int // channels of each residual
	// Places are the input blocks to whose results the residuals are added; Middle stands for the middle block.
	Places []int
	Levels []int // how often the UNet has halved its picture there

	light bool
	pool  bool // halves by averaging, not by a convolution
	depth int  // residual blocks per level
}

// Middle is the place of the middle block among input blocks.
const Middle = -1

// adapterDepth is the residual blocks per level of an adapter of the full kind.
const adapterDepth = 2

// ReadAdapter works out the structure of a T2I adapter from weights under its authors' names. The error wraps ErrUnsupported.
func ReadAdapter(set *weights.Set) (AdapterConfig, error) {
	c := AdapterConfig{Square: 8, pool: true}
	var in int64
	if set.Has("conv_in.weight") {
		in = size(set, "conv_in.weight", 1)
		if in == 256 || in == 3*256 {
			c.Square = 16
		}
		c.depth = adapterDepth
		for i := 0; set.Has(fmt.Sprintf("body.%d.block1.weight", i)); i++ {
			if i%adapterDepth == 0 {
				c.Widths = append(c.Widths, int(size(set, fmt.Sprintf("body.%d.block1.weight", i), 0)))
			}
			c.pool = c.pool && !set.Has(fmt.Sprintf("body.%d.down_opt.op.weight", i))
			if set.Has(fmt.Sprintf("body.%d.skep.weight", i)) {
				return c, fmt.Errorf("T2I adapter: body.%d has a convolution on its shortcut (skep): %w", i, ErrUnsupported)
			}
		}
	} else {
		c.light = true
		in = size(set, "body.0.in_conv.weight", 1)
		for i := 0; set.Has(fmt.Sprintf("body.%d.out_conv.weight", i)); i++ {
			c.Widths = append(c.Widths, int(size(set, fmt.Sprintf("body.%d.out_conv.weight", i), 0)))
		}
		for set.Has(fmt.Sprintf("body.0.body.%d.block1.weight", c.depth)) {
			c.depth++
		}
	}
	c.Channels = int(in) / (c.Square * c.Square)
	c.place()
	if len(c.Places) == 0 || len(c.Places) != len(c.Widths) || c.depth == 0 || c.Channels == 0 || int(in) != c.Channels*c.Square*c.Square {
		return c, fmt.Errorf("T2I adapter: %d channels in and %d levels: %w", in, len(c.Widths), ErrUnsupported)
	}
	return c, nil
}

// place finds where the residuals go: behind the last block of each of the levels of a UNet with two residual blocks a level. The nets
// for SDXL start one level further down and end at the middle block.
func (c *AdapterConfig) place() {
	n, level := len(c.Widths), 0
	if c.Square == 16 {
		level = 1
	}
	for i := range n {
		if c.halves(i) {
			level++
		}
		c.Levels = append(c.Levels, level)
	}
	switch {
	case c.Square == 8:
		for i := range n {
			c.Places = append(c.Places, 3*i+2)
		}
	case n > 0:
		c.Places = append([]int{3, 5, 8}[:min(n-1, 3)], Middle)
	}
}

// halves reports whether a level begins by halving the picture.
func (c AdapterConfig) halves(level int) bool {
	if c.Square == 16 {
		return level == 2
	}
	return level > 0
}

// AdapterOptions give the size of the picture in pixels, multiples of AdapterConfig.Square.
type AdapterOptions struct{ Height, Width int }

// Adapter is the graph of a T2I adapter: input "hint" [B,Channels,Height,Width] with values 0…1, outputs "residual.<i>" [B,Widths[i],h,w].
func Adapter(set *weights.Set, o AdapterOptions) (*onnx.Graph, error) {
	c, err := ReadAdapter(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("T2I adapter")
	a := adapter{net: newNet(b, set, Patches{}), config: c, height: o.Height / c.Square, width: o.Width / c.Square}
	x := a.unshuffle(b.Input("hint", onnx.Float32, "batch", c.Channels, o.Height, o.Width))
	if !c.light {
		x = a.conv(x, "conv_in", same(3))
	}
	for i := range c.Widths {
		if c.light {
			x = a.lightLevel(x, i)
		} else {
			x = a.level(x, i)
		}
		b.Output(fmt.Sprint("residual.", i), x)
	}
	return finish(b, "T2I adapter")
}

// adapter is a T2I adapter in the making; height and width are those of the picture at hand.
type adapter struct {
	*net
	config        AdapterConfig
	height, width int
}

// unshuffle turns squares of pixels into channels: [B,C,S·h,S·w] to [B,C·S·S,h,w].
func (a *adapter) unshuffle(x *onnx.Value) *onnx.Value {
	c, s, h, w := int64(a.config.Channels), int64(a.config.Square), int64(a.height), int64(a.width)
	x = a.Reshape(x, onnx.Unknown, c, h, s, w, s)
	return a.Reshape(a.Transpose(x, 0, 1, 3, 5, 2, 4), onnx.Unknown, c*s*s, h, w)
}

// level is the residual blocks x + conv(relu(conv(x))) of a level; the first may halve the picture and widen it.
func (a *adapter) level(x *onnx.Value, level int) *onnx.Value {
	for j := range a.config.depth {
		path := fmt.Sprintf("body.%d", level*a.config.depth+j)
		if j == 0 && a.config.halves(level) {
			if a.config.pool {
				x = a.halveByMean(x)
			} else {
				x = a.conv(x, path+".down_opt.op", half)
				a.halved()
			}
		}
		if a.set.Has(path + ".in_conv.weight") {
			x = a.convSame(x, path+".in_conv")
		}
		x = a.rectified(x, path)
	}
	return x
}

// lightLevel is a level of the light kind: its blocks work on a quarter of the channels.
func (a *adapter) lightLevel(x *onnx.Value, level int) *onnx.Value {
	path := fmt.Sprintf("body.%d", level)
	if a.config.halves(level) {
		x = a.halveByMean(x)
	}
	x = a.convSame(x, path+".in_conv")
	for j := range a.config.depth {
		x = a.rectified(x, fmt.Sprintf("%s.body.%d", path, j))
	}
	return a.convSame(x, path+".out_conv")
}

// rectified is x + conv(relu(conv(x))).
func (a *adapter) rectified(x *onnx.Value, path string) *onnx.Value {
	return a.Add(a.convSame(a.Op("Relu", a.convSame(x, path+".block1")), path+".block2"), x)
}

// halveByMean is the mean of squares of 2x2; a size that is odd gets a zero in front, which takes part in the means.
func (a *adapter) halveByMean(x *onnx.Value) *onnx.Value {
	c, oddH, oddW := a.channels(x), int64(a.height%2), int64(a.width%2)
	if oddH+oddW > 0 {
		x = a.Op("Pad", x, a.Ints(0, 0, oddH, oddW, 0, 0, 0, 0))
	}
	a.halved()
	x = a.Reshape(x, onnx.Unknown, c, int64(a.height), 2, int64(a.width), 2)
	return a.Op("ReduceMean", x, a.Ints(3, 5), onnx.Int("keepdims", 0))
}

// halved notes that height and width were halved, rounding up.
func (a *adapter) halved() { a.height, a.width = (a.height+1)/2, (a.width+1)/2 }

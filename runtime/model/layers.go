package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// linear is x·Wᵀ + bias on rows x [R,in]. The weight may be stored as a 1x1 convolution.
func (n *net) linear(x *onnx.Value, path string) *onnx.Value {
	name := path + ".weight"
	out, in := n.size(name, 0), n.size(name, 1)
	y := n.Gemm(x, n.weightAs(name, out, in), n.bias(path+".bias"), true)
	return n.linearChanges(x, y, name, 0, out)
}

// linearRows is linear with rows [from,to) of weight and bias, that is, a part of the outputs.
func (n *net) linearRows(x *onnx.Value, path string, from, to int64) *onnx.Value {
	name := path + ".weight"
	var bias *onnx.Value
	if n.set.Has(path + ".bias") {
		bias = n.weightRows(path+".bias", from, to)
	}
	return n.linearChanges(x, n.Gemm(x, n.weightRows(name, from, to), bias, true), name, from, to)
}

// window is how a convolution slides: its stride, and the zeros around the picture (top, left, bottom, right).
type window struct {
	stride int64
	pads   [4]int64
}

// same keeps height and width: odd kernels only.
func same(kernel int64) window {
	return window{1, [4]int64{kernel / 2, kernel / 2, kernel / 2, kernel / 2}}
}

// half halves height and width with a 3x3 kernel, rounding up.
var half = window{2, [4]int64{1, 1, 1, 1}}

func (w window) attrs() []onnx.Arg {
	return []onnx.Arg{onnx.Ints("strides", w.stride, w.stride), onnx.Ints("pads", w.pads[:]...)}
}

// convolve is Conv with a window; bias may be nil.
func (n *net) convolve(x, kernel, bias *onnx.Value, w window) *onnx.Value {
	return n.Op("Conv", append([]onnx.Arg{x, kernel, bias}, w.attrs()...)...)
}

// conv is a convolution layer on x [B,C,H,W].
func (n *net) conv(x *onnx.Value, path string, w window) *onnx.Value {
	y := n.convolve(x, n.weight(path+".weight"), n.bias(path+".bias"), w)
	return n.convChanges(x, y, path+".weight", func(x, kernel *onnx.Value) *onnx.Value { return n.convolve(x, kernel, nil, w) })
}

// convSame is a convolution that keeps height and width, whatever odd kernel the weights have.
func (n *net) convSame(x *onnx.Value, path string) *onnx.Value {
	return n.conv(x, path, same(n.size(path+".weight", 2)))
}

// groups is the number of groups of every group normalisation of the family.
const groups = 32

// groupNorm normalises x [B,C,H,W] over each of 32 groups of channels, then scales and shifts each channel.
func (n *net) groupNorm(x *onnx.Value, path string, eps float32) *onnx.Value {
	return n.groupNormIn(x, path, groups, eps)
}

func (n *net) groupNormIn(x *onnx.Value, path string, groups int64, eps float32) *onnx.Value {
	c := n.size(path+".weight", 0)
	if c == 0 || c%groups != 0 {
		return n.Fail(fmt.Errorf("%s: group normalisation of %d channels; a multiple of %d is wanted: %w", path, c, groups, ErrUnsupported))
	}
	gamma, beta := n.weightAs(path+".weight", c, 1, 1), n.weightAs(path+".bias", c, 1, 1)
	return n.Group("GroupNorm", []*onnx.Value{x, gamma, beta}, func() *onnx.Value {
		ones := n.Const("ones", constant(1, int(groups)), groups)
		zeros := n.Const("zeros", constant(0, int(groups)), groups)
		y := n.Reshape(x, 0, groups, onnx.Unknown) // [B,32,C/32·H·W]
		y = n.Op("InstanceNormalization", y, ones, zeros, onnx.Float("epsilon", eps))
		y = n.ReshapeTo(y, n.Sizes(x, 0, 4))
		return n.Add(n.Mul(y, gamma), beta)
	}, onnx.Int("groups", groups), onnx.Float("epsilon", eps))
}

// groupNormSilu is the SiLU of a group normalisation.
func (n *net) groupNormSilu(x *onnx.Value, path string, eps float32) *onnx.Value {
	c := n.size(path+".weight", 0)
	in := []*onnx.Value{x, n.weightAs(path+".weight", c, 1, 1), n.weightAs(path+".bias", c, 1, 1)}
	return n.Group("GroupNormSiLU", in, func() *onnx.Value { return n.silu(n.groupNorm(x, path, eps)) },
		onnx.Int("groups", groups), onnx.Float("epsilon", eps))
}

func constant(f float32, count int) []float32 {
	data := make([]float32, count)
	for i := range data {
		data[i] = f
	}
	return data
}

// layerNorm normalises each row of x [R,D].
func (n *net) layerNorm(x *onnx.Value, path string) *onnx.Value { return n.layerNormEps(x, path, 1e-5) }

func (n *net) layerNormEps(x *onnx.Value, path string, eps float32) *onnx.Value {
	return n.Op("LayerNormalization", x, n.weight(path+".weight"), n.weight(path+".bias"), onnx.Int("axis", -1), onnx.Float("epsilon", eps))
}

// silu is x·sigmoid(x).
func (n *net) silu(x *onnx.Value) *onnx.Value { return n.quickGelu(x, 1) }

// quickGelu is x·sigmoid(alpha·x).
func (n *net) quickGelu(x *onnx.Value, alpha float32) *onnx.Value {
	return n.Op("com.microsoft::QuickGelu", x, onnx.Float("alpha", alpha))
}

// grid is where rows of tokens come from: a picture [B,C,H,W], of which the sizes matter.
type grid struct{ picture *onnx.Value }

// toTokens turns a picture [B,C,H,W] into rows [B·H·W,C].
func (n *net) toTokens(x *onnx.Value) (*onnx.Value, grid) {
	c := n.channels(x)
	return n.Reshape(n.Transpose(x, 0, 2, 3, 1), onnx.Unknown, c), grid{x}
}

// fromTokens turns rows [B·H·W,C] back into a picture [B,C,H,W].
func (n *net) fromTokens(x *onnx.Value, g grid) *onnx.Value {
	shape := n.Concat(0, n.Sizes(g.picture, 0, 1), n.Sizes(g.picture, 2, 4), n.Ints(n.columns(x)))
	return n.Transpose(n.ReshapeTo(x, shape), 0, 3, 1, 2)
}

// channels is the size of axis 1, columns of the last one; both are fixed in every graph here. They are 0 after an error.
func (n *net) channels(x *onnx.Value) int64 {
	if n.Err() != nil {
		return 0
	}
	return x.Shape[1]
}

func (n *net) columns(x *onnx.Value) int64 {
	if n.Err() != nil {
		return 0
	}
	return x.Shape[len(x.Shape)-1]
}

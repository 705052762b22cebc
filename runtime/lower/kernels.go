package lower

import (
	"github.com/oneactor/oneactor/runtime/onnx"
)

// The operators of onnxruntime's CUDA provider, each beside the standard operators that it stands for.

// kernelGroups is the only number of groups that the provider's group normalisation takes.
const kernelGroups = 32

// Widths that the provider has kernels for.
var (
	biasAddWidths   = []int64{320, 640, 1280}
	splitGeluWidths = []int64{1280, 2560, 5120}
)

// nhwcConv is a convolution of x [B,H,W,C]; bias may be nil.
func (l *lowering) nhwcConv(x *onnx.Value, w, bias *value, attrs ...onnx.Arg) *onnx.Value {
	kernel := l.rows(w) // [M,C,kh,kw]
	var b *onnx.Value
	if bias != nil {
		b = l.rows(bias)
	}
	if l.options.Portable {
		return l.turn(l.Op("Conv", append([]onnx.Arg{l.turn(x, false), kernel, b}, attrs...)...), true)
	}
	if l.Err() != nil {
		return kernel
	}
	// Without the kernel's size onnxruntime reads it from where weights with channels first have it.
	size := onnx.Ints("kernel_shape", kernel.Shape[2:]...)
	return l.Op(onnx.Micro+"::NhwcConv", append([]onnx.Arg{x, l.turn(kernel, true), b, size}, attrs...)...)
}

// normOptions are what group normalisations differ in.
type normOptions struct {
	groups int64
	eps    float32
	silu   bool
}

func (o normOptions) attrs() []onnx.Arg {
	activation := int64(0)
	if o.silu {
		activation = 1
	}
	return []onnx.Arg{onnx.Int("groups", o.groups), onnx.Float("epsilon", o.eps), onnx.Int("activation", activation), onnx.Int("channels_last", 1)}
}

// groupNorm normalises x [B,H,W,C]; scale and shift are float32 [C].
func (l *lowering) groupNorm(x, scale, shift *onnx.Value, o normOptions) *onnx.Value {
	if l.options.Portable {
		return l.portableGroupNorm(x, scale, shift, o)
	}
	return l.Op(onnx.Micro+"::GroupNorm", append([]onnx.Arg{x, scale, shift}, o.attrs()...)...)
}

// skipGroupNorm normalises x + skip + bias and returns that sum too. skip is like x [B,H,W,C] or [B,1,1,C], bias [C] or nil.
func (l *lowering) skipGroupNorm(x, scale, shift, skip, bias *onnx.Value, o normOptions) (y, sum *onnx.Value) {
	if l.options.Portable {
		sum = l.Add(x, skip)
		if bias != nil {
			sum = l.Add(sum, bias)
		}
		return l.portableGroupNorm(sum, scale, shift, o), sum
	}
	out := l.Ops(2, onnx.Micro+"::SkipGroupNorm", append([]onnx.Arg{x, scale, shift, skip, bias}, o.attrs()...)...)
	return out[0], out[1]
}

func (l *lowering) portableGroupNorm(x, scale, shift *onnx.Value, o normOptions) *onnx.Value {
	ones, zeros := make([]float32, o.groups), make([]float32, o.groups)
	for i := range ones {
		ones[i] = 1
	}
	first := l.turn(l.Cast(x, full), false)
	y := l.Op("InstanceNormalization", l.Reshape(first, 0, o.groups, onnx.Unknown), l.Const("ones", ones, o.groups), l.Const("zeros", zeros, o.groups),
		onnx.Float("epsilon", o.eps))
	y = l.turn(l.ReshapeTo(y, l.Op("Shape", first)), true)
	y = l.Add(l.Mul(y, scale), shift)
	if o.silu {
		y = l.Op(onnx.Micro+"::QuickGelu", y, onnx.Float("alpha", 1))
	}
	return l.Cast(y, x.DType)
}

// splitGelu is left · gelu(right) of the halves of rows y + bias [R,2D].
func (l *lowering) splitGelu(y, bias *onnx.Value, inner int64) *onnx.Value {
	if l.options.Portable {
		y = l.Add(y, bias)
		return l.Mul(l.Slice(y, 1, 0, inner), l.Op("Gelu", l.Slice(y, 1, inner, 2*inner)))
	}
	return l.Reshape(l.Op(onnx.Micro+"::BiasSplitGelu", l.Unsqueeze(y, 0), bias), onnx.Unknown, inner)
}

// biasAdd is x + bias + skip for rows [R,C] or pictures [B,H,W,C].
func (l *lowering) biasAdd(x, bias, skip *onnx.Value) *onnx.Value {
	c := x.Shape[len(x.Shape)-1]
	if len(x.Shape) == 2 {
		y := l.Op(onnx.Micro+"::BiasAdd", l.Unsqueeze(x, 0), bias, l.Unsqueeze(skip, 0))
		return l.Reshape(y, onnx.Unknown, c)
	}
	y := l.Op(onnx.Micro+"::BiasAdd", l.Reshape(x, 0, onnx.Unknown, c), bias, l.Reshape(skip, 0, onnx.Unknown, c))
	return l.ReshapeTo(y, l.Op("Shape", skip))
}

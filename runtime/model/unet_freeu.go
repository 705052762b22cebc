package model

import (
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// FreeU amplifies what output blocks bring along and damps the lowest frequencies of the skips they read, where the network is 4 and 2
// times as wide as its first block (Si et al. 2023, arXiv:2309.11497). V2 amplifies more where the mean over the channels is high.
//
// Input "scales" [4]: b1 and b2, by which the first half of the channels is multiplied at 4 and 2 times the width, and s1 and s2, by which
// the lowest frequencies are.
type FreeU struct{ V2 bool }

func (f FreeU) String() string {
	if f.V2 {
		return "freeu v2"
	}
	return "freeu"
}

func (f FreeU) hooks(u *unet, prefix string) hooks {
	scales := u.Input(prefix+"scales", onnx.Float32, 4)
	number := func(i int64) *onnx.Value { return u.Slice(scales, 0, i, i+1) } // [1]
	type stage struct{ b, s *onnx.Value }
	stages := map[int64]stage{
		int64(4 * u.config.ModelChannels): {number(0), number(2)},
		int64(2 * u.config.ModelChannels): {number(1), number(3)},
	}
	return hooks{join: func(_ int, x, skip *onnx.Value) (*onnx.Value, *onnx.Value) {
		s, ok := stages[u.channels(x)]
		if !ok {
			return x, skip
		}
		return u.amplify(x, s.b, f.V2), u.scaleLowest(skip, s.s)
	}}
}

// amplify multiplies the first half of the channels of x [B,C,H,W] by b [1]; where adaptive, by 1 + (b-1)·m with m [B,1,H,W] the mean
// over the channels, stretched to 0…1 in each item.
func (n *net) amplify(x, b *onnx.Value, adaptive bool) *onnx.Value {
	c := n.channels(x)
	if adaptive {
		mean := n.Op("ReduceMean", x, n.Ints(1))
		highest := n.Op("ReduceMax", mean, n.Ints(1, 2, 3))
		lowest := n.Op("Neg", n.Op("ReduceMax", n.Op("Neg", mean), n.Ints(1, 2, 3)))
		mean = n.Op("Div", n.Sub(mean, lowest), n.Sub(highest, lowest))
		b = n.Add(n.Mul(n.Sub(b, n.Scalar(1)), mean), n.Scalar(1))
	}
	return n.Concat(1, n.Mul(n.Slice(x, 1, 0, c/2), b), n.Slice(x, 1, c/2, c))
}

// scaleLowest multiplies the frequencies 0 and -1 of both axes of x [B,C,H,W], four numbers of its Fourier transform, by s [1] and takes the
// real part.
//
// What these frequencies are of a picture is P = Py·x·Pxᵀ with Py[y,y'] = (1 + exp(-2πi(y-y')/H))/H. Its real part lies in the span of
// 1, cos and sin of both axes: U·(L - Q·L·Qᵀ)·Vᵀ/(HW), where U [H,3] and V [W,3] hold these functions, L = Uᵀ·x·V, and Q turns the
// cos row into the sin row and the sin row into minus the cos row.
func (n *net) scaleLowest(x, s *onnx.Value) *onnx.Value {
	u, v := n.lowest(x, 2), n.lowest(x, 3)
	q := n.Const("turn", []float32{0, 0, 0, 0, 0, 1, 0, -1, 0}, 3, 3)
	ut := n.Transpose(u, 1, 0)
	l := n.MatMul(ut, n.MatMul(x, v)) // [B,C,3,3]
	l = n.Sub(l, n.MatMul(n.MatMul(q, l), n.Transpose(q, 1, 0)))
	cells := n.Cast(n.Mul(n.Sizes(x, 2, 3), n.Sizes(x, 3, 4)), onnx.Float32)
	l = n.Mul(l, n.Op("Div", n.Sub(s, n.Scalar(1)), cells))
	return n.Add(x, n.MatMul(n.MatMul(u, l), n.Transpose(v, 1, 0)))
}

// lowest is [n,3] for an axis of n cells of x: the functions 1, cos and sin of one turn. With one cell, where frequency -1 is 0, the last two
// are 0.
func (n *net) lowest(x *onnx.Value, axis int64) *onnx.Value {
	size := n.Sizes(x, axis, axis+1)
	cells := n.Cast(n.Op("Range", n.Int(0), n.Op("Squeeze", size, n.Ints(0)), n.Int(1)), onnx.Float32)
	angle := n.Mul(cells, n.Op("Div", n.Scalar(2*math.Pi), n.Cast(size, onnx.Float32)))
	several := n.Cast(n.Op("Greater", size, n.Ints(1)), onnx.Float32)
	column := func(v *onnx.Value) *onnx.Value { return n.Unsqueeze(v, 1) }
	one := n.Add(n.Mul(cells, n.Scalar(0)), n.Scalar(1))
	return n.Concat(1, column(one), column(n.Mul(n.Op("Cos", angle), several)), column(n.Mul(n.Op("Sin", angle), several)))
}

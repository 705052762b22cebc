package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Rules of sums, means and maxima over axes.

// reduced says which axes a reduction took, and its size: how many elements went into one. Axes are all where none are given.
func (b *backward) reduced(u *unit) (axes []int64, count int64, ok bool) {
	x := u.in[0]
	if u.input(1) == nil {
		for i := range x.Shape {
			axes = append(axes, int64(i))
		}
	} else if axes, ok = u.in[1].Known(); !ok {
		b.failf("%s %s: the axes are not a constant", u.kind, u.name)
		return nil, 0, false
	}
	count = 1
	for _, a := range axes {
		if x.Shape[axis(a, x)] == onnx.Unknown {
			return axes, onnx.Unknown, true
		}
		count *= x.Shape[axis(a, x)]
	}
	return axes, count, true
}

// widened gives the result or the gradient of a reduction the axes back that it dropped, as size 1.
func (b *backward) widened(u *unit, v *onnx.Value, axes []int64) *onnx.Value {
	if b.Err() != nil || u.int("keepdims", 1) == 1 {
		return v
	}
	shape := slices.Clone(u.in[0].Shape)
	for _, a := range axes {
		shape[axis(a, u.in[0])] = 1
	}
	if !slices.Contains(shape, onnx.Unknown) {
		return b.Reshape(v, shape...)
	}
	return b.Unsqueeze(v, axes...)
}

// reduceSum: every element that went into a sum gets its gradient.
func reduceSum(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	if axes, _, ok := b.reduced(u); ok {
		dx[0] = b.Op("Expand", b.widened(u, dy[0], axes), b.sizes(u.in[0]))
	}
	return dx
}

// reduceMean: the same, divided by their number.
func reduceMean(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	axes, count, ok := b.reduced(u)
	if !ok {
		return nil
	}
	if count == onnx.Unknown {
		b.known(u, u.in[0])
		return nil
	}
	dx[0] = b.Op("Expand", b.widened(u, b.scale(dy[0], 1/float64(count)), axes), b.sizes(u.in[0]))
	return dx
}

// reduceSumSquare: y = Σx², dx = 2x·dy.
func reduceSumSquare(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	if axes, _, ok := b.reduced(u); ok {
		dx[0] = b.Mul(u.in[0], b.widened(u, b.scale(dy[0], 2), axes))
	}
	return dx
}

// reduceMax: dy goes to the largest element, in equal parts where there are several.
func reduceMax(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	if axes, _, ok := b.reduced(u); ok {
		best := b.Cast(b.Op("Equal", u.in[0], b.widened(u, u.out[0], axes)), onnx.Float32)
		share := b.Op("Div", b.widened(u, dy[0], axes), b.sum(best, true, axes...))
		dx[0] = b.Mul(best, share)
	}
	return dx
}

package onnx

import "slices"

// The formulas below are one operator each, named as in mathematics, with shapes as plain numbers.

// Add is a + c with broadcasting.
func (b *Builder) Add(a, c *Value) *Value { return b.Op("Add", a, c) }

// Sub is a - c with broadcasting.
func (b *Builder) Sub(a, c *Value) *Value { return b.Op("Sub", a, c) }

// Mul is a · c, element by element with broadcasting.
func (b *Builder) Mul(a, c *Value) *Value { return b.Op("Mul", a, c) }

// MatMul is the matrix product over the last two axes.
func (b *Builder) MatMul(a, c *Value) *Value { return b.Op("MatMul", a, c) }

// Cast converts to another element type; a value that has it already is returned as it is.
func (b *Builder) Cast(v *Value, t DType) *Value {
	if v.DType == t {
		return v
	}
	return b.Op("Cast", v, Int("to", int64(t)))
}

// Reshape gives v another shape; 0 keeps the size at that place, one -1 is worked out.
func (b *Builder) Reshape(v *Value, shape ...int64) *Value {
	if slices.Equal(v.Shape, shape) && !slices.Contains(shape, Unknown) {
		return v
	}
	return b.Op("Reshape", v, b.Ints(shape...))
}

// ReshapeTo is Reshape with sizes computed in the graph, or with plain numbers where all of them are known beforehand.
func (b *Builder) ReshapeTo(v, shape *Value) *Value {
	if b.err == nil && shape.ints != nil && !slices.Contains(shape.ints, Unknown) {
		return b.Reshape(v, shape.ints...)
	}
	return b.Op("Reshape", v, shape)
}

// Transpose permutes the axes.
func (b *Builder) Transpose(v *Value, axes ...int64) *Value {
	return b.Op("Transpose", v, Ints("perm", axes...))
}

// Unsqueeze inserts axes of size 1.
func (b *Builder) Unsqueeze(v *Value, axes ...int64) *Value {
	return b.Op("Unsqueeze", v, b.Ints(axes...))
}

// Concat joins along an axis.
func (b *Builder) Concat(axis int64, parts ...*Value) *Value {
	args := make([]Arg, 0, len(parts)+1)
	for _, p := range parts {
		args = append(args, p)
	}
	return b.Op("Concat", append(args, Int("axis", axis))...)
}

// Slice takes [from,to) along one axis.
func (b *Builder) Slice(v *Value, axis, from, to int64) *Value {
	return b.Op("Slice", v, b.Ints(from), b.Ints(to), b.Ints(axis))
}

// Sizes is the sizes of axes [from,to) as an int64 vector.
func (b *Builder) Sizes(v *Value, from, to int64) *Value {
	return b.Op("Shape", v, Int("start", from), Int("end", to))
}

// Gather takes rows of v along an axis.
func (b *Builder) Gather(v, index *Value, axis int64) *Value {
	return b.Op("Gather", v, index, Int("axis", axis))
}

// Gemm is a·c (or a·cᵀ with transB) plus an optional bias or accumulator, on matrices.
func (b *Builder) Gemm(a, c, bias *Value, transB bool) *Value {
	if transB {
		return b.Op("Gemm", a, c, bias, Int("transB", 1))
	}
	return b.Op("Gemm", a, c, bias)
}

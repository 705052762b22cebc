package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Formulas that several rules share.

// scale is v·f; v itself for f = 1.
func (b *backward) scale(v *onnx.Value, f float64) *onnx.Value {
	if f == 1 {
		return v
	}
	return b.Mul(v, b.Scalar(float32(f)))
}

// sum adds over axes, which stay as size 1 with keep.
func (b *backward) sum(v *onnx.Value, keep bool, axes ...int64) *onnx.Value {
	kept := int64(0)
	if keep {
		kept = 1
	}
	return b.Op("ReduceSum", v, b.Ints(axes...), onnx.Int("keepdims", kept))
}

// mean is the mean over axes, which stay as size 1.
func (b *backward) mean(v *onnx.Value, axes ...int64) *onnx.Value {
	return b.Op("ReduceMean", v, b.Ints(axes...))
}

// sizes is the shape of v as an int64 vector: a constant where it is known.
func (b *backward) sizes(v *onnx.Value) *onnx.Value {
	if !slices.Contains(v.Shape, onnx.Unknown) {
		return b.Ints(v.Shape...)
	}
	return b.Sizes(v, 0, int64(len(v.Shape)))
}

// reshapeLike gives d the shape of v, which has as many elements.
func (b *backward) reshapeLike(d, v *onnx.Value) *onnx.Value { return b.reshape(d, v.Shape, v) }

// reshape gives d a shape with at most one unknown size, or else that of like.
func (b *backward) reshape(d *onnx.Value, shape onnx.Shape, like *onnx.Value) *onnx.Value {
	unknown := 0
	for _, size := range shape {
		if size == onnx.Unknown {
			unknown++
		}
	}
	if b.Err() != nil || d.Shape.Equal(shape) && unknown == 0 {
		return d
	}
	if unknown < 2 {
		return b.Reshape(d, shape...)
	}
	return b.Op("Reshape", d, b.sizes(like))
}

// known fails unless every size of v is known, for rules that need the numbers.
func (b *backward) known(u *unit, v *onnx.Value) bool {
	if b.Err() == nil && slices.Contains(v.Shape, onnx.Unknown) {
		b.failf("%s %s: value %s is %v; fix its sizes before differentiating", u.kind, u.name, v.Name, v.Shape)
	}
	return b.Err() == nil
}

// axis resolves a possibly negative axis of v.
func axis(a int64, v *onnx.Value) int64 {
	if a < 0 {
		return a + int64(len(v.Shape))
	}
	return a
}

// zeros is a float32 tensor of zeros in the shape of v.
func (b *backward) zeros(v *onnx.Value) *onnx.Value {
	return b.Op("Expand", b.Scalar(0), b.sizes(v))
}

// fused is com.microsoft's FusedMatMul: alpha·aᵀ·cᵀ with each transposition optional.
func (b *backward) fused(a, c *onnx.Value, transA, transC bool, more ...onnx.Attr) *onnx.Value {
	args := []onnx.Arg{a, c}
	for _, t := range []struct {
		name string
		on   bool
	}{{"transA", transA}, {"transB", transC}} {
		if t.on {
			args = append(args, onnx.Int(t.name, 1))
		}
	}
	for _, m := range more {
		args = append(args, m)
	}
	return b.Op("com.microsoft::FusedMatMul", args...)
}

// product is Gemm: aᵀ·cᵀ + bias with each transposition optional, on matrices; bias may be nil.
func (b *backward) product(a, c, bias *onnx.Value, transA, transC bool) *onnx.Value {
	args := []onnx.Arg{a, c, bias}
	if transA {
		args = append(args, onnx.Int("transA", 1))
	}
	if transC {
		args = append(args, onnx.Int("transB", 1))
	}
	return b.Op("Gemm", args...)
}

// Package tensor holds dense float32 arrays on the host.
//
// A Tensor is row-major and owns its data; views share it. Values that travel between nodes are never written to
// after they have left the function that made them, so sharing is safe. Nothing here knows what a tensor means.
package tensor

import (
	"errors"
	"fmt"
	"slices"
)

// ErrShape is wrapped by every error about shapes that do not fit.
var ErrShape = errors.New("shape")

// Tensor is a dense row-major float32 array. len(Data) is always the product of Shape; a scalar has an empty Shape.
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a tensor of zeros. A negative size panics, as make does.
func New(shape ...int) *Tensor {
	return &Tensor{Shape: slices.Clone(shape), Data: make([]float32, Size(shape))}
}

// From wraps data without copying; an error wraps ErrShape when the sizes differ or one is negative.
func From(data []float32, shape ...int) (*Tensor, error) {
	if len(data) != Size(shape) || slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) {
		return nil, fmt.Errorf("tensor of %d values cannot have shape %v: %w", len(data), shape, ErrShape)
	}
	return &Tensor{Shape: slices.Clone(shape), Data: data}, nil
}

// Full returns a tensor with every value v.
func Full(v float32, shape ...int) *Tensor {
	t := New(shape...)
	for i := range t.Data {
		t.Data[i] = v
	}
	return t
}

// Size is the number of values a shape holds.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Len is the number of values.
func (t *Tensor) Len() int { return len(t.Data) }

// Bytes is the memory the values take.
func (t *Tensor) Bytes() int64 {
	if t == nil {
		return 0
	}
	return int64(len(t.Data)) * 4
}

// Dim is the size of axis i; a negative i counts from the end.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.Shape)
	}
	return t.Shape[i]
}

// Clone copies shape and data.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
}

// Reshape is a view with another shape; one size may be -1 and is then worked out, unless another is 0. The error wraps ErrShape.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	shape = slices.Clone(shape)
	known, free := 1, -1
	for i, d := range shape {
		if d != -1 {
			known *= d
			continue
		}
		if free >= 0 {
			return nil, fmt.Errorf("reshape %v to %v: more than one -1: %w", t.Shape, shape, ErrShape)
		}
		free = i
	}
	if free >= 0 && known > 0 {
		shape[free] = len(t.Data) / known
	}
	return From(t.Data, shape...)
}

// Rows is a view of items [from,to) along the first axis.
func (t *Tensor) Rows(from, to int) *Tensor {
	n := Size(t.Shape[1:])
	shape := slices.Clone(t.Shape)
	shape[0] = to - from
	return &Tensor{Shape: shape, Data: t.Data[from*n : to*n]}
}

// Concat joins tensors along axis, which counts from the end when it is negative; all other sizes must agree. The error wraps ErrShape.
func Concat(axis int, parts ...*Tensor) (*Tensor, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("concat of nothing: %w", ErrShape)
	}
	shape := slices.Clone(parts[0].Shape)
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("concat on axis %d of shape %v: %w", axis, shape, ErrShape)
	}
	shape[axis] = 0
	for _, p := range parts {
		if len(p.Shape) != len(shape) {
			return nil, fmt.Errorf("concat %v with %v: %w", parts[0].Shape, p.Shape, ErrShape)
		}
		for i, d := range p.Shape {
			if i != axis && d != shape[i] {
				return nil, fmt.Errorf("concat %v with %v on axis %d: %w", parts[0].Shape, p.Shape, axis, ErrShape)
			}
		}
		shape[axis] += p.Shape[axis]
	}
	out := New(shape...)
	outer, row := Size(shape[:axis]), Size(shape[axis:])
	at := 0
	for _, p := range parts {
		n := Size(p.Shape[axis:])
		for o := range outer {
			copy(out.Data[o*row+at:o*row+at+n], p.Data[o*n:(o+1)*n])
		}
		at += n
	}
	return out, nil
}

// Repeat tiles the first axis until it holds n items, cutting the last copy: item i is item i mod t.Dim(0). t may be returned as it is;
// one without items cannot be repeated and panics.
func (t *Tensor) Repeat(n int) *Tensor {
	if n == t.Shape[0] {
		return t
	}
	shape := slices.Clone(t.Shape)
	shape[0] = n
	out, row := New(shape...), Size(t.Shape[1:])
	for i := range n {
		j := i % t.Shape[0]
		copy(out.Data[i*row:(i+1)*row], t.Data[j*row:(j+1)*row])
	}
	return out
}

// SameShape reports whether both tensors have equal shapes.
func SameShape(a, b *Tensor) bool { return slices.Equal(a.Shape, b.Shape) }

// Transposed is the transpose of a matrix [m,n]; of a tensor with more axes, which are taken as one behind the first, [m,…] becomes [n,m].
func Transposed(t *Tensor) *Tensor {
	m, n := t.Shape[0], Size(t.Shape[1:])
	out := New(n, m)
	for i := range m {
		for j, v := range t.Data[i*n:][:n] {
			out.Data[j*m+i] = v
		}
	}
	return out
}

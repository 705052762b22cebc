package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Rules of matrix products. Weights are read as they are stored, with transposing products: a transposed constant would be a second copy.

// gemm: y = α·A·C + β·bias, where A and C may be transposed; dA = α·dy·Cᵀ, dC = α·Aᵀ·dy, dbias = β·dy.
func gemm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	a, c := u.in[0], u.in[1]
	transA, transC := u.int("transA", 0) == 1, u.int("transB", 0) == 1
	d := b.scale(dy[0], float64(u.float("alpha", 1)))
	if u.needs(0) {
		if before := b.take(a); transA {
			dx[0] = b.product(c, d, before, transC, true)
		} else {
			dx[0] = b.product(d, c, before, false, !transC)
		}
	}
	if u.needs(1) {
		if transC {
			dx[1] = b.product(d, a, nil, true, transA)
		} else {
			dx[1] = b.product(a, d, nil, !transA, false)
		}
	}
	if u.needs(2) {
		dx[2] = b.scale(dy[0], float64(u.float("beta", 1)))
	}
	return dx
}

// matMul: y = A·C over the last two axes; dA = dy·Cᵀ, dC = Aᵀ·dy.
func matMul(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, 2)
	a, c := u.in[0], u.in[1]
	if u.needs(0) {
		dx[0] = b.fused(dy[0], c, false, true)
	}
	switch {
	case !u.needs(1):
	case len(c.Shape) == 2 && len(a.Shape) > 2: // one product instead of a sum over the batch
		rows := func(v *onnx.Value) *onnx.Value { return b.Reshape(v, onnx.Unknown, v.Shape[len(v.Shape)-1]) }
		dx[1] = b.product(rows(a), rows(dy[0]), nil, true, false)
	default:
		dx[1] = b.fused(a, dy[0], true, false)
	}
	return dx
}

// fusedMatMul: y = α·A·C with either transposed, or stored with the rows in front of the batch.
func fusedMatMul(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, 2)
	flag := func(name string) bool { return u.int(name, 0) == 1 }
	attrs := func(rowsFirst string, on bool) []onnx.Attr {
		a := []onnx.Attr{onnx.Float("alpha", u.float("alpha", 1))}
		if on {
			a = append(a, onnx.Int(rowsFirst, 1))
		}
		return a
	}
	if u.needs(0) {
		d := b.fused(dy[0], u.in[1], false, !flag("transB"), attrs("transBatchB", flag("transBatchB"))...)
		dx[0] = b.stored(d, flag("transA"), flag("transBatchA"))
	}
	if u.needs(1) {
		d := b.fused(u.in[0], dy[0], !flag("transA"), false, attrs("transBatchA", flag("transBatchA"))...)
		dx[1] = b.stored(d, flag("transB"), flag("transBatchB"))
	}
	return dx
}

// stored brings the gradient of a FusedMatMul's operand [batch…,rows,columns] into the form in which the operand is stored.
func (b *backward) stored(d *onnx.Value, transposed, rowsFirst bool) *onnx.Value {
	if b.Err() != nil {
		return d
	}
	rank := len(d.Shape)
	perm := make([]int64, rank)
	for i := range perm {
		perm[i] = int64(i)
	}
	if transposed {
		perm[rank-1], perm[rank-2] = perm[rank-2], perm[rank-1]
	}
	if rowsFirst {
		perm = slices.Concat(perm[rank-2:rank-1], perm[:rank-2], perm[rank-1:])
	}
	if slices.IsSorted(perm) {
		return d
	}
	return b.Transpose(d, perm...)
}

package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// The hooks of guidance treat a prediction as one vector per item of the batch. Sums are taken in float64.

// minus is a - b.
func minus(a, b *tensor.Tensor) *tensor.Tensor { return addScaled(a, b, -1) }

// plus is a + b.
func plus(a, b *tensor.Tensor) *tensor.Tensor { return addScaled(a, b, 1) }

// addScaled is a + b·s.
func addScaled(a, b *tensor.Tensor, s float32) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for i, v := range a.Data {
		out.Data[i] = v + b.Data[i]*s
	}
	return out
}

// item is the values of the b-th item of a batch, in place.
func item(t *tensor.Tensor, b int) []float32 {
	n := len(t.Data) / t.Dim(0)
	return t.Data[b*n:][:n]
}

// dot is the sum of a·b.
func dot(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

// combined is, item by item, a·p + b·q with the factors that weights gives for the item.
func combined(a, b *tensor.Tensor, weights func(a, b []float32) (p, q float64)) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for i := range a.Dim(0) {
		x, y, dst := item(a, i), item(b, i), item(out, i)
		p, q := weights(x, y)
		s, r := float32(p), float32(q)
		for j, v := range x {
			dst[j] = v*s + y[j]*r
		}
	}
	return out
}

// replaced is a copy of d with another tensor in one place.
func replaced(d []*tensor.Tensor, i int, t *tensor.Tensor) []*tensor.Tensor {
	d = slices.Clone(d)
	d[i] = t
	return d
}

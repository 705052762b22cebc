package imaging

import (
	"slices"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// DilateDiamond replaces, steps times, every value by the largest of itself and its four neighbours, which reaches a diamond of cells.
// The last two axes are rows and columns; cells outside do not count.
func DilateDiamond(x *tensor.Tensor, steps int) *tensor.Tensor {
	return morphDiamond(x, steps, func(a, b float32) float32 { return max(a, b) })
}

// ErodeDiamond is DilateDiamond with the smallest value.
func ErodeDiamond(x *tensor.Tensor, steps int) *tensor.Tensor {
	return morphDiamond(x, steps, func(a, b float32) float32 { return min(a, b) })
}

// morphDiamond grows by leaps that get longer. From a diamond of n steps, the four cells at distance k reach one of n+k as long as
// k <= n/2+1: a cell (a,b) away, a >= b, a+b > n, has a > n/2, so a leap along the longer way never goes beyond it, nor over an edge.
func morphDiamond(x *tensor.Tensor, steps int, pick func(a, b float32) float32) *tensor.Tensor {
	h, w := x.Dim(-2), x.Dim(-1)
	out := x.Clone()
	steps = min(steps, h+w) // further away there are no cells
	parallel.Ranges(x.Len()/(h*w), h*w*8, func(from, to int) {
		next := make([]float32, h*w)
		for p := from; p < to; p++ {
			plane := out.Data[p*h*w : (p+1)*h*w]
			for n := 0; n < steps; {
				k := min(n/2+1, steps-n)
				leap(next, plane, h, w, k, pick)
				if slices.Equal(next, plane) {
					break // and so it would stay
				}
				copy(plane, next)
				n += k
			}
		}
	})
	return out
}

// leap picks among every value of src and the four at distance k.
func leap(dst, src []float32, h, w, k int, pick func(a, b float32) float32) {
	for y := range h {
		row, out := src[y*w:(y+1)*w], dst[y*w:(y+1)*w]
		copy(out, row)
		for x := k; x < w; x++ {
			out[x] = pick(out[x], row[x-k])
			out[x-k] = pick(out[x-k], row[x])
		}
		for _, other := range [2]int{y - k, y + k} {
			if other < 0 || other >= h {
				continue
			}
			for x, v := range src[other*w : (other+1)*w] {
				out[x] = pick(out[x], v)
			}
		}
	}
}

// GrowBox marks every cell of masks [N,1,H,W] within a square of size cells around a marked one: the sum over the square,
// clipped to 0…1. The square lies as a convolution with padding ceil((size-1)/2) has it; size 0 changes nothing.
func GrowBox(x *tensor.Tensor, size int) *tensor.Tensor {
	if size < 1 {
		return x.Clone()
	}
	h, w := x.Dim(-2), x.Dim(-1)
	before := size / 2 // ceil((size-1)/2)
	out := tensor.New(x.Shape...)
	parallel.Ranges(x.Len()/(h*w), h*w*2, func(from, to int) {
		mid := make([]float32, h*w)
		for p := from; p < to; p++ {
			src, dst := x.Data[p*h*w:(p+1)*h*w], out.Data[p*h*w:(p+1)*h*w]
			for y := range h {
				slide(mid[y*w:], src[y*w:], w, 1, before, size)
			}
			for i := range w {
				slide(dst[i:], mid[i:], h, w, before, size)
			}
			for i, v := range dst {
				dst[i] = min(max(v, 0), 1)
			}
		}
	})
	return out
}

// slide writes the sums over windows [i-before, i-before+size) of n values that lie stride apart.
func slide(dst, src []float32, n, stride, before, size int) {
	var sum float64
	for i := range min(size-before-1, n) {
		sum += float64(src[i*stride])
	}
	for i := range n {
		if in := i - before + size - 1; in < n {
			sum += float64(src[in*stride])
		}
		if out := i - before - 1; out >= 0 {
			sum -= float64(src[out*stride])
		}
		dst[i*stride] = float32(sum)
	}
}

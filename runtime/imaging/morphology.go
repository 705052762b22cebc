package imaging

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Neighborhood is the footprint of one step of growing.
type Neighborhood uint8

const (
	// Cross is a cell and its four neighbours; growing by steps gives diamonds.
	Cross Neighborhood = iota
	// Square is a cell and its eight neighbours.
	Square
)

// Dilate replaces, steps times, every value by the largest of its neighbourhood. The last two axes are rows and columns;
// cells outside do not count.
func Dilate(x *tensor.Tensor, steps int, shape Neighborhood) *tensor.Tensor {
	return morph(x, steps, shape, func(a, b float32) float32 { return max(a, b) })
}

// Erode is Dilate with the smallest value.
func Erode(x *tensor.Tensor, steps int, shape Neighborhood) *tensor.Tensor {
	return morph(x, steps, shape, func(a, b float32) float32 { return min(a, b) })
}

func morph(x *tensor.Tensor, steps int, shape Neighborhood, pick func(a, b float32) float32) *tensor.Tensor {
	h, w := x.Dim(-2), x.Dim(-1)
	out := x.Clone()
	parallel(x.Len()/(h*w), h*w*8, func(from, to int) {
		for p := from; p < to; p++ {
			plane := out.Data[p*h*w : (p+1)*h*w]
			next := make([]float32, h*w)
			// More steps than cells across change nothing; a plane that has become stable stays so.
			for range min(steps, h+w) {
				step(next, plane, h, w, shape, pick)
				if slices.Equal(next, plane) {
					break
				}
				copy(plane, next)
			}
		}
	})
	return out
}

// step grows once from src into dst. The square is the cross along rows, then along columns of that.
func step(dst, src []float32, h, w int, shape Neighborhood, pick func(a, b float32) float32) {
	for y := range h {
		row, out := src[y*w:(y+1)*w], dst[y*w:(y+1)*w]
		for x, v := range row {
			if x > 0 {
				v = pick(v, row[x-1])
			}
			if x+1 < w {
				v = pick(v, row[x+1])
			}
			out[x] = v
		}
	}
	column := src
	if shape == Square {
		column = slices.Clone(dst)
	}
	for y := range h {
		out := dst[y*w : (y+1)*w]
		for x, v := range out {
			if y > 0 {
				v = pick(v, column[(y-1)*w+x])
			}
			if y+1 < h {
				v = pick(v, column[(y+1)*w+x])
			}
			out[x] = v
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
	parallel(x.Len()/(h*w), h*w*2, func(from, to int) {
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

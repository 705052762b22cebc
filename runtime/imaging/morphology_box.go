package imaging

import (
	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// DilateBox replaces every value by the largest in a square of size cells around it; of an even size, the larger half lies
// before the cell. Cells outside do not count. The work does not depend on size.
func DilateBox(x *tensor.Tensor, size int) *tensor.Tensor {
	return morphBox(x, size, func(a, b float32) bool { return a >= b })
}

// ErodeBox is DilateBox with the smallest value.
func ErodeBox(x *tensor.Tensor, size int) *tensor.Tensor {
	return morphBox(x, size, func(a, b float32) bool { return a <= b })
}

func morphBox(x *tensor.Tensor, size int, wins func(a, b float32) bool) *tensor.Tensor {
	h, w := x.Dim(-2), x.Dim(-1)
	out := tensor.New(x.Shape...)
	parallel.Ranges(x.Len()/(h*w), h*w*8, func(from, to int) {
		mid := make([]float32, h*w)
		queue := make([]int, 0, max(h, w))
		for p := from; p < to; p++ {
			src, dst := x.Data[p*h*w:(p+1)*h*w], out.Data[p*h*w:(p+1)*h*w]
			for y := range h {
				best(mid[y*w:], src[y*w:], w, 1, size, wins, queue)
			}
			for i := range w {
				best(dst[i:], mid[i:], h, w, size, wins, queue)
			}
		}
	})
	return out
}

// best writes, for each of n values that lie stride apart, the winner of the window [i-size/2, i-size/2+size). The queue holds
// the positions that can still win, best first (monotonic queue), so each is looked at twice at most.
func best(dst, src []float32, n, stride, size int, wins func(a, b float32) bool, queue []int) {
	queue = queue[:0]
	head, next := 0, 0
	for i := range n {
		for ; next < n && next < i-size/2+size; next++ {
			for len(queue) > head && wins(src[next*stride], src[queue[len(queue)-1]*stride]) {
				queue = queue[:len(queue)-1]
			}
			queue = append(queue, next)
		}
		for queue[head] < i-size/2 {
			head++
		}
		dst[i*stride] = src[queue[head]*stride]
	}
}

package runtime

import (
	"context"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Tiles cuts large pictures: square tiles of Size pixels that share Overlap pixels with their neighbours.
type Tiles struct{ Size, Overlap int }

// tile is the shape of one pass, in cells of its input.
type tile struct{ height, width, overlap int }

// passes are three shapes of equal area; averaging them hides the seams.
func passes(size, overlap int) []tile {
	return []tile{{size * 2, size / 2, overlap}, {size / 2, size * 2, overlap}, {size, size, overlap}}
}

// covers fails where more than one tile is needed but the overlap leaves no way on from one to the next.
func (t tile) covers(height, width int) error {
	if (height > t.height && t.overlap >= t.height) || (width > t.width && t.overlap >= t.width) {
		return fmt.Errorf("tiles of %dx%d cannot overlap by %d: choose larger tiles or a smaller overlap", t.width, t.height, t.overlap)
	}
	return nil
}

// tiled runs f over tiles of every item of x [B,C,H,W] and blends them: inside the overlap a tile fades linearly. scale is how much
// larger the output of f is; channels is its channel count.
func tiled(ctx context.Context, x *tensor.Tensor, t tile, scale float64, channels int,
	f func(context.Context, *tensor.Tensor) (*tensor.Tensor, error),
) (*tensor.Tensor, error) {
	scaled := func(n int) int { return int(math.RoundToEven(float64(n) * scale)) }
	h, w := x.Dim(2), x.Dim(3)
	out := tensor.New(x.Dim(0), channels, scaled(h), scaled(w))
	for b := range x.Dim(0) {
		item, sum := x.Rows(b, b+1), out.Rows(b, b+1)
		if h <= t.height && w <= t.width {
			y, err := f(ctx, item)
			if err != nil {
				return nil, err
			}
			copy(sum.Data, y.Data)
			continue
		}
		weight := tensor.New(sum.Shape...)
		for _, y0 := range starts(h, t.height, t.overlap) {
			for _, x0 := range starts(w, t.width, t.overlap) {
				part, err := crop(item, cells{min(t.height, h-y0), min(t.width, w-x0), y0, x0})
				if err != nil {
					return nil, err
				}
				y, err := f(ctx, part)
				if err != nil {
					return nil, err
				}
				blend(sum, weight, y, scaled(y0), scaled(x0), scaled(t.overlap))
			}
		}
		for i, n := range weight.Data {
			sum.Data[i] /= n
		}
	}
	return out, nil
}

// starts are the positions of tiles of a given size along an axis of n cells.
func starts(n, size, overlap int) []int {
	if n <= size {
		return []int{0}
	}
	var out []int
	for at := 0; at < n-overlap; at += size - overlap {
		out = append(out, max(0, min(n-overlap, at)))
	}
	return out
}

// blend adds a tile [1,C,h,w] to sum at (top, left), fading over overlap cells at every edge.
func blend(sum, weight, t *tensor.Tensor, top, left, overlap int) {
	height, width := sum.Dim(2), sum.Dim(3)
	h, w := t.Dim(2), t.Dim(3)
	rows, columns := fade(h, overlap), fade(w, overlap)
	for c := range t.Dim(1) {
		for y := range h {
			to := (c*height+top+y)*width + left
			from := (c*h + y) * w
			for x := range w {
				m := rows[y] * columns[x]
				sum.Data[to+x] += t.Data[from+x] * m
				weight.Data[to+x] += m
			}
		}
	}
}

// fade is the weight along one side of a tile of n cells; no fading where the overlap is the whole side.
func fade(n, overlap int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = 1
	}
	if overlap >= n {
		return out
	}
	for i := range overlap {
		a := float32(float64(i+1) / float64(overlap))
		out[i] *= a
		out[n-1-i] *= a
	}
	return out
}

// averagePasses runs tiled once for every shape of passes and takes the mean.
func averagePasses(ctx context.Context, x *tensor.Tensor, t Tiles, scale float64, channels int,
	f func(context.Context, *tensor.Tensor) (*tensor.Tensor, error),
) (*tensor.Tensor, error) {
	var sum *tensor.Tensor
	for _, shape := range passes(t.Size, t.Overlap) {
		if err := shape.covers(x.Dim(2), x.Dim(3)); err != nil {
			return nil, err
		}
		y, err := tiled(ctx, x, shape, scale, channels, f)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = y
			continue
		}
		for i, v := range y.Data {
			sum.Data[i] += v
		}
	}
	for i := range sum.Data {
		sum.Data[i] /= 3
	}
	return sum, nil
}

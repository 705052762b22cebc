package imaging

import (
	"fmt"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Planes turns pictures [B,H,W,C] into planes [B,C,H,W].
func Planes(x *tensor.Tensor) *tensor.Tensor {
	b, h, w, c := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(b, c, h, w)
	parallel.Ranges(b*h, w*c, func(from, to int) {
		for r := from; r < to; r++ {
			n, y := r/h, r%h
			row := x.Data[r*w*c : (r+1)*w*c]
			for k := range c {
				plane := out.Data[((n*c+k)*h+y)*w:][:w]
				for i := range plane {
					plane[i] = row[i*c+k]
				}
			}
		}
	})
	return out
}

// Interleave turns planes [B,C,H,W] into pictures [B,H,W,C].
func Interleave(x *tensor.Tensor) *tensor.Tensor {
	b, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(b, h, w, c)
	parallel.Ranges(b*h, w*c, func(from, to int) {
		for r := from; r < to; r++ {
			n, y := r/h, r%h
			row := out.Data[r*w*c : (r+1)*w*c]
			for k := range c {
				plane := x.Data[((n*c+k)*h+y)*w:][:w]
				for i, v := range plane {
					row[i*c+k] = v
				}
			}
		}
	})
	return out
}

// MaxValues bounds what one operation makes: 8 GiB of float32, far above any batch a machine can sample. A typing mistake in a
// size is an error then, not the end of the process.
const MaxValues = 1 << 31

// CheckSize wraps ErrTooLarge when a tensor of the shape would have more than MaxValues values.
func CheckSize(what string, shape ...int) error {
	n := 1
	for _, d := range shape {
		if d > 0 && n > MaxValues/d {
			return fmt.Errorf("%s: %w: a tensor of shape %v would take more than %d GiB; use a smaller size or batch",
				what, ErrTooLarge, shape, MaxValues>>28)
		}
		n *= d
	}
	return nil
}

// planeShape is the shape of x as [N,C,H,W]; the error wraps tensor.ErrShape.
func planeShape(what string, x *tensor.Tensor) (n, c, h, w int, err error) {
	if x == nil || len(x.Shape) != 4 {
		var shape []int
		if x != nil {
			shape = x.Shape
		}
		return 0, 0, 0, 0, fmt.Errorf("%s: planes have shape %v; want [N,C,H,W]: %w", what, shape, tensor.ErrShape)
	}
	if x.Len() == 0 {
		return 0, 0, 0, 0, fmt.Errorf("%s: planes of shape %v are empty: %w", what, x.Shape, tensor.ErrShape)
	}
	return x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], nil
}

package imaging

import (
	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// area averages the source cells that a target cell touches, each counted whole (adaptive average pooling, mode "area").
func area(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(n, c, height, width)
	parallel.Ranges(n*c*height, max(width, w*(h/height+1)), func(from, to int) {
		for r := from; r < to; r++ {
			plane, y := x.Data[r/height*h*w:][:h*w], r%height
			top, bottom := window(y, h, height)
			dst := out.Data[r*width : (r+1)*width]
			for i := range dst {
				left, right := window(i, w, width)
				var sum float32
				for row := top; row < bottom; row++ {
					for _, v := range plane[row*w+left : row*w+right] {
						sum += v
					}
				}
				dst[i] = sum / float32(bottom-top) / float32(right-left)
			}
		}
	})
	return out, nil
}

// window is the range of source cells that cell i of out touches: floor(i·in/out) to ceil((i+1)·in/out).
func window(i, in, out int) (from, to int) {
	return i * in / out, ((i+1)*in + out - 1) / out
}

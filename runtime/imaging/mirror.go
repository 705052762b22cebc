package imaging

import "github.com/oneactor/oneactor/runtime/tensor"

// MirrorTo grows planes [N,C,H,W] to height and width, to the right and below: by what lies before the border, mirrored, and where that does not
// suffice by the outermost of it. Planes of that size are returned as they are.
func MirrorTo(x *tensor.Tensor, height, width int) *tensor.Tensor {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	if h >= height && w >= width {
		return x
	}
	height, width = max(h, height), max(w, width)
	out := tensor.New(n, c, height, width)
	for p := range n * c {
		for y := range height {
			row := x.Data[(p*h+mirrored(y, h))*w:][:w]
			for i := range width {
				out.Data[(p*height+y)*width+i] = row[mirrored(i, w)]
			}
		}
	}
	return out
}

// mirrored is the place below n that place i beyond shows.
func mirrored(i, n int) int {
	if i < n {
		return i
	}
	return max(0, 2*(n-1)-i)
}

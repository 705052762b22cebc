package imaging

import (
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Rotate turns planes [N,C,H,W] clockwise by quarters·90 degrees.
func Rotate(x *tensor.Tensor, quarters int) *tensor.Tensor {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	switch quarters & 3 {
	case 0:
		return x.Clone()
	case 2:
		out := tensor.New(n, c, h, w)
		for p := range n * c {
			src, dst := x.Data[p*h*w:(p+1)*h*w], out.Data[p*h*w:(p+1)*h*w]
			for i, v := range src {
				dst[len(dst)-1-i] = v
			}
		}
		return out
	}
	out := tensor.New(n, c, w, h)
	for p := range n * c {
		src, dst := x.Data[p*h*w:(p+1)*h*w], out.Data[p*h*w:(p+1)*h*w]
		for y := range w {
			for i := range h {
				if quarters&3 == 1 {
					dst[y*h+i] = src[(h-1-i)*w+y]
				} else {
					dst[y*h+i] = src[i*w+w-1-y]
				}
			}
		}
	}
	return out
}

// FlipRows turns planes upside down.
func FlipRows(x *tensor.Tensor) *tensor.Tensor {
	h, w := x.Shape[2], x.Shape[3]
	out := tensor.New(x.Shape...)
	for r := range x.Len() / w {
		copy(out.Data[r*w:(r+1)*w], x.Data[(r/h*h+h-1-r%h)*w:])
	}
	return out
}

// FlipColumns mirrors planes.
func FlipColumns(x *tensor.Tensor) *tensor.Tensor {
	w := x.Shape[3]
	out := tensor.New(x.Shape...)
	for r := range x.Len() / w {
		src, dst := x.Data[r*w:(r+1)*w], out.Data[r*w:(r+1)*w]
		for i, v := range src {
			dst[w-1-i] = v
		}
	}
	return out
}

package imaging

import (
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// taps says how an axis is resized: position i is the sum over j < k of weight[i*k+j] · source[index[i*k+j]].
type taps struct {
	k      int
	index  []int
	weight []float32
	// fused takes each product into the sum without rounding it first.
	fused bool
}

// plus is sum + v·weight.
func (t *taps) plus(sum, v, weight float32) float32 {
	if t.fused {
		return fused(v, weight, sum)
	}
	return sum + float32(v*weight)
}

func newTaps(n, k int) taps {
	return taps{k: k, index: make([]int, n*k), weight: make([]float32, n*k)}
}

// sourcePosition is where the centre of position i lies in the source, in float32 as PyTorch computes it.
// The conversions keep the compiler from fusing multiply and subtract, which would move results by one ulp.
func sourcePosition(i, in, out int) float32 {
	scale := float32(in) / float32(out)
	return float32(scale*(float32(i)+0.5)) - 0.5
}

// nearestTaps takes the source value whose cell holds the centre (mode "nearest-exact").
func nearestTaps(in, out int) taps {
	t := newTaps(out, 1)
	for i := range out {
		p := max(0, sourcePosition(i, in, out))
		t.index[i] = min(int(math.Floor(float64(p)+0.5)), in-1)
		t.weight[i] = 1
	}
	return t
}

// linearTaps mixes the two nearest source values (mode "bilinear").
func linearTaps(in, out int) taps {
	t := newTaps(out, 2)
	for i := range out {
		p := max(0, sourcePosition(i, in, out))
		lo := min(int(p), in-1)
		f := min(max(p-float32(lo), 0), 1)
		t.index[2*i], t.index[2*i+1] = lo, min(lo+1, in-1)
		t.weight[2*i], t.weight[2*i+1] = 1-f, f
	}
	return t
}

// cubicTaps mixes four source values by Keys' kernel with a = -0.75; the border value is repeated (mode "bicubic").
func cubicTaps(in, out int) taps {
	const a = -0.75
	near := func(d float32) float32 { return ((a+2)*d-(a+3))*d*d + 1 }
	far := func(d float32) float32 { return ((a*d-5*a)*d+8*a)*d - 4*a }
	t := newTaps(out, 4)
	for i := range out {
		p := sourcePosition(i, in, out)
		lo := int(math.Floor(float64(p)))
		f := p - float32(lo)
		for j := range 4 {
			t.index[4*i+j] = min(max(lo-1+j, 0), in-1)
		}
		t.weight[4*i], t.weight[4*i+1] = far(f+1), near(f)
		t.weight[4*i+2], t.weight[4*i+3] = near(1-f), far(2-f)
	}
	return t
}

// separable resizes columns, then rows, each by its taps.
func separable(axis func(in, out int) taps) func(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	return func(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
		if x.Shape[3] != width {
			x = resizeColumns(x, width, axis(x.Shape[3], width))
		}
		if x.Shape[2] != height {
			x = resizeRows(x, height, axis(x.Shape[2], height))
		}
		return x, nil
	}
}

// resizeColumns applies t along the last axis. Sums run in tap order and products are rounded before they are added or never, as t says, so that
// results do not depend on the processor.
func resizeColumns(x *tensor.Tensor, width int, t taps) *tensor.Tensor {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(n, c, h, width)
	parallel.Ranges(n*c*h, width*t.k, func(from, to int) {
		for r := from; r < to; r++ {
			src, dst := x.Data[r*w:(r+1)*w], out.Data[r*width:(r+1)*width]
			for i := range dst {
				var sum float32
				for j := i * t.k; j < (i+1)*t.k; j++ {
					sum = t.plus(sum, src[t.index[j]], t.weight[j])
				}
				dst[i] = sum
			}
		}
	})
	return out
}

// resizeRows applies t along the axis before the last.
func resizeRows(x *tensor.Tensor, height int, t taps) *tensor.Tensor {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	out := tensor.New(n, c, height, w)
	parallel.Ranges(n*c*height, w*t.k, func(from, to int) {
		for r := from; r < to; r++ {
			plane, y := x.Data[r/height*h*w:][:h*w], r%height
			dst := out.Data[r*w : (r+1)*w]
			for j := y * t.k; j < (y+1)*t.k; j++ {
				weight := t.weight[j]
				if weight == 0 {
					continue
				}
				for i, v := range plane[t.index[j]*w:][:w] {
					dst[i] = t.plus(dst[i], v, weight)
				}
			}
		}
	})
	return out
}

package imaging

import (
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// ResizeAntialias stretches planes [N,C,H,W] to [N,C,height,width] by Keys' kernel with a = -0.5, widened when shrinking so that every
// source value counts: PyTorch's interpolate of mode "bicubic" with antialias, through which vision towers see pictures. What follows
// rounds to 8 bits, so the last bits matter: operations are fused where they are in PyTorch as it is compiled.
func ResizeAntialias(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	if err := checkResize(x, height, width); err != nil {
		return nil, err
	}
	return separable(antialiasTaps)(x, height, width)
}

// antialiasTaps rounds to float32 where PyTorch does; 0.5 is a float64 there.
func antialiasTaps(in, out int) taps {
	scale := float32(in) / float32(out)
	stretch := max(float64(scale), 1)
	support, shrink := float32(2*stretch), float32(1/stretch)
	from, windows := make([]int, out), make([][]float32, out)
	longest := 1
	for i := range out {
		centre := float32(float64(scale) * (float64(i) + 0.5))
		lo := max(int(float64(centre-support)+0.5), 0)
		hi := min(int(float64(centre+support)+0.5), in)
		window := make([]float32, max(0, hi-lo))
		var sum float32
		for j := range window {
			window[j] = keys(float32((float64(float32(j+lo)-centre) + 0.5) * float64(shrink)))
			sum += window[j]
		}
		for j := range window {
			if sum != 0 {
				window[j] /= sum
			}
		}
		from[i], windows[i], longest = lo, window, max(longest, len(window))
	}
	t := newTaps(out, longest)
	t.fused = true
	for i, w := range windows {
		for j := range longest {
			t.index[i*longest+j] = min(from[i]+j, in-1)
		}
		copy(t.weight[i*longest:], w)
	}
	return t
}

// keys is the cubic convolution kernel with a = -0.5 (Keys 1981).
func keys(x float32) float32 {
	const a = -0.5
	x = float32(math.Abs(float64(x)))
	switch {
	case x < 1:
		return fused(fused(a+2, x, -(a+3))*x, x, 1)
	case x < 2:
		return fused(fused(fused(a, x, -5*a), x, 8*a), x, -4*a)
	}
	return 0
}

// fused is a·b + c, rounded once.
func fused(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

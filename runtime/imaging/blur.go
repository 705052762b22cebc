package imaging

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Gaussian blurs planes with a kernel of 2·radius+1 cells whose ends lie at -1 and 1, so sigma is in units of the radius.
// Borders are mirrored without repeating the edge; radius must be smaller than both sides.
func Gaussian(x *tensor.Tensor, radius int, sigma float64) (*tensor.Tensor, error) {
	_, _, h, w, err := planeShape("blur", x)
	if err != nil {
		return nil, err
	}
	if radius < 1 || radius >= h || radius >= w {
		return nil, fmt.Errorf("blur: radius is %d; use 1 or more, below the sides of %dx%d: %w", radius, w, h, tensor.ErrShape)
	}
	if sigma <= 0 || math.IsNaN(sigma) {
		return nil, fmt.Errorf("blur: sigma is %g; use a positive number", sigma)
	}
	x = resizeColumns(x, w, gaussianTaps(w, radius, sigma))
	return resizeRows(x, h, gaussianTaps(h, radius, sigma)), nil
}

// gaussianTaps is the kernel at every position of an axis of n cells.
func gaussianTaps(n, radius int, sigma float64) taps {
	weight := make([]float64, 2*radius+1)
	var sum float64
	for j := range weight {
		d := float64(j-radius) / float64(radius)
		weight[j] = math.Exp(-d * d / (2 * sigma * sigma))
		sum += weight[j]
	}
	rounded := make([]float32, len(weight))
	for j, v := range weight {
		rounded[j] = float32(v / sum)
	}
	return mirrorTaps(n, rounded)
}

// mirrorTaps lays a kernel with an odd number of weights over every position of an axis of n cells, n > len(weight)/2. Borders are
// mirrored without repeating the edge.
func mirrorTaps(n int, weight []float32) taps {
	k, radius := len(weight), len(weight)/2
	t := newTaps(n, k)
	for i := range n {
		for j, v := range weight {
			at := i + j - radius
			if at < 0 {
				at = -at
			}
			if at >= n {
				at = 2*(n-1) - at
			}
			t.index[i*k+j], t.weight[i*k+j] = at, v
		}
	}
	return t
}

// Sharpen adds ten times alpha of what a Gaussian blur would take away.
func Sharpen(x *tensor.Tensor, radius int, sigma, alpha float64) (*tensor.Tensor, error) {
	out, err := Gaussian(x, radius, sigma)
	if err != nil {
		return nil, err
	}
	gain := float32(10 * alpha)
	for i, v := range x.Data {
		out.Data[i] = v + gain*(v-out.Data[i])
	}
	return out, nil
}

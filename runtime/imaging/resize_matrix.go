package imaging

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// axisTaps has the methods that resize each axis by fixed weights.
var axisTaps = map[Method]func(in, out int) taps{
	NearestExact: nearestTaps,
	Bilinear:     linearTaps,
	Bicubic:      cubicTaps,
}

// Matrix is [out,in]: what Resize multiplies an axis of in cells by to give it out cells. Methods that are not linear in the values
// (Bislerp, Lanczos) have none; their error wraps ErrMethod.
func Matrix(in, out int, m Method) (*tensor.Tensor, error) {
	if in < 1 || out < 1 || in > MaxSide || out > MaxSide {
		return nil, fmt.Errorf("resize an axis of %d to %d: sides must be 1 to %d: %w", in, out, MaxSide, tensor.ErrShape)
	}
	x := tensor.New(out, in)
	if in == out {
		for i := range out {
			x.Data[i*in+i] = 1
		}
		return x, nil
	}
	if m == Area {
		for i := range out {
			from, to := window(i, in, out)
			for j := from; j < to; j++ {
				x.Data[i*in+j] = 1 / float32(to-from)
			}
		}
		return x, nil
	}
	axis, ok := axisTaps[m]
	if !ok {
		return nil, fmt.Errorf("%w %q: it is no matrix", ErrMethod, m)
	}
	t := axis(in, out)
	for i := range out {
		for j := i * t.k; j < (i+1)*t.k; j++ {
			x.Data[i*in+t.index[j]] += t.weight[j]
		}
	}
	return x, nil
}

// Arcs says how Bislerp gives an axis of in cells out cells: cell i lies ratio[i] of the way from cell lo[i] to cell hi[i].
func Arcs(in, out int) (lo, hi []int64, ratio []float32) {
	lo, hi, ratio = make([]int64, out), make([]int64, out), make([]float32, out)
	for i, t := range slerpTaps(in, out) {
		lo[i], hi[i], ratio[i] = int64(t.lo), int64(t.hi), t.ratio
	}
	return lo, hi, ratio
}

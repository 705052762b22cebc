package runtime

import (
	"context"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// mahiro mixes guidance with a plain amplification of the positive prediction, by how alike the results are to the negative one.
type mahiro struct{}

// WithMahiro weights two ways: guidance D, and the positive prediction C times the scale. The more D + C·scale points where the
// negative prediction does (cosine over channels of square roots, mean over cells and batch), the more guidance counts.
func (m Model) WithMahiro() Model { return m.withHook(mahiro{}) }

func (mahiro) begin() points {
	return points{postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		scale := float32(m.scale)
		c, plane := m.x.Dim(1), m.x.Dim(2)*m.x.Dim(3)
		var sum float64 // of cosines
		for b := range m.x.Dim(0) {
			cond, uncond, d := item(m.cond, b), item(m.uncond, b), item(m.denoised, b)
			for p := range plane {
				var product, first, second float64
				for k := p; k < c*plane; k += plane {
					u := signedRoot(uncond[k] * scale)
					v := signedRoot((cond[k]*scale + d[k]) / 2)
					product, first, second = product+u*v, first+u*u, second+v*v
				}
				const tiny = 1e-8 // the least length that is divided by
				sum += product / (max(math.Sqrt(first), tiny) * max(math.Sqrt(second), tiny))
			}
		}
		similar := float32(2 * (sum/float64(m.x.Dim(0)*plane) + 1)) // 0…4
		out := tensor.New(m.x.Shape...)
		for i, d := range m.denoised.Data {
			out.Data[i] = (similar*d + (4-similar)*(m.cond.Data[i]*scale)) / 4
		}
		return out, nil
	}}
}

// signedRoot is the square root of |v|, with the sign of v.
func signedRoot(v float32) float64 { return math.Copysign(math.Sqrt(math.Abs(float64(v))), float64(v)) }

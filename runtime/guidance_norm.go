package runtime

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// normLimit keeps what guidance makes from growing beyond the positive prediction.
type normLimit struct{ strength float64 }

// WithCFGNorm shortens the channel vector of every cell of a guided prediction to the length that it has in the positive one, where it
// is longer, and multiplies it by strength.
func (m Model) WithCFGNorm(strength float64) Model { return m.withHook(normLimit{strength}) }

func (h normLimit) begin() points {
	return points{postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		out := tensor.New(m.denoised.Shape...)
		c, plane := out.Dim(1), out.Dim(2)*out.Dim(3)
		strength := float32(h.strength)
		for b := range out.Dim(0) {
			cond, d, dst := item(m.cond, b), item(m.denoised, b), item(out, b)
			for p := range plane {
				scale := min(cellNorm(cond, p, c, plane)/(cellNorm(d, p, c, plane)+1e-8), 1)
				for k := range c {
					dst[k*plane+p] = d[k*plane+p] * scale * strength
				}
			}
		}
		return out, nil
	}}
}

// zeroStar scales the negative side to where it explains most of the positive one. Fan et al. 2025 (arXiv:2503.18886), CFG-Zero*,
// without its first steps of zeros.
type zeroStar struct{}

// WithCFGZeroStar multiplies the negative prediction by α before guidance leads away from it, where α is what makes the difference to
// the positive one smallest, each seen as noise; α is taken for every item of the batch.
func (m Model) WithCFGZeroStar() Model { return m.withHook(zeroStar{}) }

func (zeroStar) begin() points {
	return points{postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		noiseC, noiseU := minus(m.x, m.cond), minus(m.x, m.uncond)
		out := tensor.New(m.denoised.Shape...)
		for b := range out.Dim(0) {
			u := item(noiseU, b)
			alpha := dot(item(noiseC, b), u) / (dot(u, u) + 1e-8)
			away := float32(alpha - 1 + m.scale*(1-alpha))
			d, uncond, dst := item(m.denoised, b), item(m.uncond, b), item(out, b)
			for i, v := range d {
				dst[i] = v + uncond[i]*away
			}
		}
		return out, nil
	}}
}

package runtime

import (
	"context"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// rescale brings what guidance makes back to the spread of the positive prediction. Lin et al. 2023 (arXiv:2305.08891), section 3.4.
type rescale struct{ multiplier float64 }

// WithRescaledCFG scales every item of a guided prediction to the standard deviation of the positive one, both taken as velocity; a
// multiplier 0…1 mixes that with what guidance made. It takes the place of the plain mix.
func (m Model) WithRescaledCFG(multiplier float64) Model { return m.withHook(rescale{multiplier}) }

func (h rescale) begin() points {
	return points{cfg: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		// A prediction D as velocity: v = (x/(σ²+1) - D)·√(σ²+1)/σ.
		square := m.sigma*m.sigma + 1
		root := float32(math.Sqrt(float64(square)))
		velocity := func(d *tensor.Tensor) *tensor.Tensor {
			out := tensor.New(d.Shape...)
			for i, x := range m.x.Data {
				out.Data[i] = (x/square - d.Data[i]) * root / m.sigma
			}
			return out
		}
		cond := velocity(m.cond)
		mixed := guide(cond, velocity(m.uncond), m.scale)
		out := tensor.New(m.x.Shape...)
		for b := range m.x.Dim(0) {
			x, v, dst := item(m.x, b), item(mixed, b), item(out, b)
			_, wanted := moments(item(cond, b))
			_, got := moments(v)
			ratio := 1.0
			if got > 0 {
				ratio = wanted / got
			}
			factor := float32(h.multiplier*ratio + 1 - h.multiplier)
			for i, x := range x {
				dst[i] = x/square - v[i]*factor*m.sigma/root
			}
		}
		return out, nil
	}}
}

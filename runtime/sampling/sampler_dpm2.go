package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DPM2 steps with the slope at the geometric middle of two sigmas. Lu et al. 2022 (arXiv:2206.00927), DPM-Solver-2, in
// the form of Karras et al. 2022, algorithm 2.
type DPM2 struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
}

// Sample runs the sampler.
func (s DPM2) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, x2, noise := run.X.Data, run.scratch(), run.freshNoise()
	d := make([]float32, len(x))
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		down, up := ancestralStep(sigma, next, s.Eta)
		if down == 0 {
			eulerStep(x, x, p.Denoised.Data, sigma, down-sigma)
			continue
		}
		middle := exp32(lerp32(log32(sigma), log32(down), 0.5))
		eulerStep(x2.Data, x, p.Denoised.Data, sigma, middle-sigma)
		if p, err = run.evaluate(ctx, x2, middle); err != nil {
			return nil, err
		}
		derivative(d, x2.Data, p.Denoised.Data, middle)
		addScaled(x, down-sigma, d)
		if s.Eta != 0 {
			noise.add(x, sigma, next, float32(s.SNoise)*up)
		}
	}
	return run.X, nil
}

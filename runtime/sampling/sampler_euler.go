package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Euler follows the slope at the start of each step. Karras et al. 2022 (arXiv:2206.00364), algorithm 2 without churn.
type Euler struct{ guided }

// Sample runs the sampler.
func (Euler) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x := run.X.Data
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		eulerStep(x, x, p.Denoised.Data, sigma, next-sigma)
	}
	return run.X, nil
}

// DDIM is Euler, which it equals in these coordinates, but with noise of its own in the kept cells of a masked latent.
// Song et al. 2021 (arXiv:2010.02502).
type DDIM struct{ Euler }

func (DDIM) freshMaskNoise() bool { return true }

// EulerAncestral takes an Euler step further than the next sigma and adds noise back to reach it.
type EulerAncestral struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 is Euler
	SNoise float64 // factor on the noise added
}

// Sample runs the sampler.
func (s EulerAncestral) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.freshNoise()
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		down, up := ancestralStep(sigma, next, s.Eta)
		if down == 0 {
			copy(x, p.Denoised.Data)
			continue
		}
		eulerStep(x, x, p.Denoised.Data, sigma, down-sigma)
		if s.Eta != 0 {
			noise.add(x, sigma, next, float32(s.SNoise)*up)
		}
	}
	return run.X, nil
}

// ancestralStep splits the way between two sigmas: down to a sigma, then back up by adding noise of deviation up.
func ancestralStep(from, to float32, eta float64) (down, up float32) {
	if eta == 0 {
		return to, 0
	}
	up = float32(eta) * sqrt32(to*to*(from*from-to*to)/(from*from))
	if !(up < to) { // also NaN, on the way up
		up = to
	}
	return sqrt32(to*to - up*up), up
}

// EulerCFGPP is EulerAncestral (Euler with Eta 0) whose noise is that of the unconditional prediction, so that guidance
// moves the image and not the noise. Chung et al. 2024 (arXiv:2406.08070).
type EulerCFGPP struct {
	Eta    float64
	SNoise float64
	// Alternative takes the guided prediction for the step and the unconditional one only for its direction.
	Alternative bool
}

// NeedsUncond is true.
func (EulerCFGPP) NeedsUncond() bool { return true }

// Sample runs the sampler.
func (s EulerCFGPP) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.freshNoise()
	d := make([]float32, len(x))
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		uncond, err := p.uncond()
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if s.Alternative {
			combine(d, term{1, x}, term{-1, denoised}, term{1, uncond})
			derivative(d, d, denoised, sigma)
			addScaled(x, next-sigma, d)
			continue
		}
		down, up := ancestralStep(sigma, next, s.Eta)
		derivative(d, x, uncond, sigma)
		combine(x, term{1, denoised}, term{down, d})
		if s.Eta != 0 && next > 0 {
			noise.add(x, sigma, next, float32(s.SNoise)*up)
		}
	}
	return run.X, nil
}

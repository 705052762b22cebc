package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// ResMultistep is the refined exponential solver of second order, with the prediction of the step before. Zhang et al.
// 2023 (arXiv:2308.02157).
type ResMultistep struct {
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
	CFGPP  bool    // noise of the unconditional prediction, as EulerCFGPP
}

// NeedsUncond is true for CFGPP.
func (s ResMultistep) NeedsUncond() bool { return s.CFGPP }

// Sample runs the sampler.
func (s ResMultistep) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.freshNoise()
	d := make([]float32, len(x))
	var before []float32   // prediction of the step before, unconditional for CFGPP
	var downBefore float32 // sigma that step went down to
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised, direction := p.Denoised.Data, p.Denoised.Data
		if s.CFGPP {
			if direction, err = p.uncond(); err != nil {
				return nil, err
			}
		}
		down, up := ancestralStep(sigma, next, s.Eta)
		switch {
		case down == 0 || before == nil:
			derivative(d, x, direction, sigma)
			if s.CFGPP {
				combine(x, term{1, denoised}, term{down, d})
			} else {
				addScaled(x, down-sigma, d)
			}
		default:
			lambda := -log32(sigma)
			h := -log32(down) - lambda
			c2 := (log32(downBefore) - log32(run.Sigmas[i-1])) / h
			b1, b2 := finiteOr0(phi1(-h)-phi2(-h)/c2), finiteOr0(phi2(-h)/c2)
			c := exp32(-h)
			terms := []term{{c, x}, {h * b1, direction}, {h * b2, before}}
			if s.CFGPP {
				terms = append(terms, term{c, denoised}, term{-c, direction})
			}
			combine(x, terms...)
		}
		if next > 0 && s.Eta != 0 {
			noise.add(x, sigma, next, float32(s.SNoise)*up)
		}
		before, downBefore = direction, down
	}
	return run.X, nil
}

// GradientEstimation is Euler with a slope extrapolated from the one before. Permenter & Yuan 2024 (arXiv:2306.04848).
type GradientEstimation struct {
	Gamma float64 // 1 is Euler, 2 is usual
	CFGPP bool    // noise of the unconditional prediction, as EulerCFGPP
}

// NeedsUncond is true for CFGPP.
func (s GradientEstimation) NeedsUncond() bool { return s.CFGPP }

// Sample runs the sampler.
func (s GradientEstimation) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, before := run.X.Data, []float32(nil)
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		direction := p.Denoised.Data
		if s.CFGPP {
			if direction, err = p.uncond(); err != nil {
				return nil, err
			}
		}
		if next == 0 {
			copy(x, p.Denoised.Data)
			continue
		}
		d := make([]float32, len(x))
		derivative(d, x, direction, sigma)
		if s.CFGPP {
			combine(x, term{1, p.Denoised.Data}, term{next, d})
		} else {
			addScaled(x, next-sigma, d)
		}
		if before != nil {
			c := float32(s.Gamma-1) * (next - sigma)
			combine(x, term{1, x}, term{c, d}, term{-c, before})
		}
		before = d
	}
	return run.X, nil
}

package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// The samplers of this file are the stochastic exponential derivative-free solvers of Gonzalez et al. 2023
// (arXiv:2305.14267): each step has inner stages, and the stages of a step share one path of noise.

// SEEDS2 has one inner stage.
type SEEDS2 struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
	R      float64 // place of the inner stage, in λ; 0.5 is usual
}

// Sample runs the sampler.
func (s SEEDS2) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if !(s.R > 0 && s.R <= 1) {
		return nil, fmt.Errorf("seeds_2 sampler: r is %v; use a number above 0, up to 1", s.R)
	}
	x, x2 := run.X.Data, run.scratch()
	run.ModelSampling.finiteSNR(run.Sigmas)
	path := newNoisePath(run, s.Eta, s.SNoise)
	r, share := float32(s.R), float32(1/(2*s.R))
	for i := range run.steps() {
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if run.Sigmas[i+1] == 0 {
			copy(x, denoised)
			continue
		}
		step := newStageStep(run, i, s.Eta)
		sigma2, keep, gain := step.stage(r)
		combine(x2.Data, term{keep, x}, term{-gain * expm132(-r*step.hEta), denoised})
		path.start(x2.Data, step, r, sigma2)
		p2, err := run.evaluate(ctx, x2, sigma2)
		if err != nil {
			return nil, err
		}
		next, keep, gain := step.stage(1)
		c := -gain * expm132(-step.hEta)
		combine(x, term{keep, x}, term{c * (1 - share), denoised}, term{c * share, p2.Denoised.Data})
		path.advance(x, step, r, 1, sigma2, next)
	}
	return run.X, nil
}

// SEEDS3 has two inner stages.
type SEEDS3 struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
	R1, R2 float64 // places of the inner stages, in λ; 1/3 and 2/3 are usual
}

// Sample runs the sampler.
func (s SEEDS3) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if !(0 < s.R1 && s.R1 < s.R2 && s.R2 <= 1) {
		return nil, fmt.Errorf("seeds_3 sampler: r_1 is %v and r_2 %v; use rising numbers above 0, up to 1", s.R1, s.R2)
	}
	x, inner := run.X.Data, run.scratch()
	run.ModelSampling.finiteSNR(run.Sigmas)
	path := newNoisePath(run, s.Eta, s.SNoise)
	r1, r2 := float32(s.R1), float32(s.R2)
	for i := range run.steps() {
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if run.Sigmas[i+1] == 0 {
			copy(x, denoised)
			continue
		}
		step := newStageStep(run, i, s.Eta)
		sigma2, keep, gain := step.stage(r1)
		combine(inner.Data, term{keep, x}, term{-gain * expm132(-r1*step.hEta), denoised})
		path.start(inner.Data, step, r1, sigma2)
		p2, err := run.evaluate(ctx, inner, sigma2)
		if err != nil {
			return nil, err
		}

		sigma3, keep, gain := step.stage(r2)
		first, second := stageWeights(-r2*step.hEta, r2/r1)
		combine(inner.Data, term{keep, x}, term{-gain * first, denoised}, term{-gain * second, p2.Denoised.Data})
		path.advance(inner.Data, step, r1, r2, sigma2, sigma3)
		p3, err := run.evaluate(ctx, inner, sigma3)
		if err != nil {
			return nil, err
		}

		next, keep, gain := step.stage(1)
		first, second = stageWeights(-step.hEta, 1/r2)
		combine(x, term{keep, x}, term{-gain * first, denoised}, term{-gain * second, p3.Denoised.Data})
		path.advance(x, step, r2, 1, sigma3, next)
	}
	return run.X, nil
}

// stageWeights are the weights of the first prediction and of a later one, over z in λ, where the later one lies at
// 1/ratio of the way: they integrate the line through both.
func stageWeights(z, ratio float32) (first, later float32) {
	growth := expm132(z)
	later = ratio * ((growth - z) / z)
	return growth - later, later
}

// stageStep is a step from sigma over h in λ, of which a stage goes a part.
type stageStep struct {
	ms           ModelSampling
	sigma, next  float32
	lambda       float32
	h, hEta, eta float32
}

func newStageStep(run *Run, i int, eta float64) stageStep {
	ms, sigma, next := run.ModelSampling, run.Sigmas[i], run.Sigmas[i+1]
	lambda := ms.halfLogSNR(sigma)
	h := ms.halfLogSNR(next) - lambda
	return stageStep{ms, sigma, next, lambda, h, h * float32(eta+1), float32(eta)}
}

// stage is the sigma after a part r of the step, the share of x kept until there, and the signal α there.
func (s stageStep) stage(r float32) (sigma, keep, alpha float32) {
	lambda := s.lambda + r*s.h
	sigma = s.ms.sigmaOf(lambda)
	if r == 1 {
		lambda, sigma = s.ms.halfLogSNR(s.next), s.next
	}
	return sigma, sigma / s.sigma * exp32(-r*s.h*s.eta), sigma * exp32(lambda)
}

// noisePath is the noise along the stages of a step: what was drawn for a stage decays until the next, and new noise
// replaces what decayed.
type noisePath struct {
	noise  *stepNoise
	sNoise float32
	value  []float32 // nil when no noise is added
}

func newNoisePath(run *Run, eta, sNoise float64) *noisePath {
	path := &noisePath{noise: run.freshNoise(), sNoise: float32(sNoise)}
	if eta > 0 && sNoise > 0 {
		path.value = make([]float32, len(run.X.Data))
	}
	return path
}

// start begins the path of a step and adds it to x, the stage at a part r with its sigma.
func (n *noisePath) start(x []float32, step stageStep, r, sigma float32) {
	if n.value == nil {
		return
	}
	combine(n.value, term{noiseShare(r * step.h * step.eta), n.noise.draw(step.sigma, sigma)})
	addScaled(x, sigma*n.sNoise, n.value)
}

// advance follows the path from a part to another, and adds it to x.
func (n *noisePath) advance(x []float32, step stageStep, from, to, sigmaFrom, sigmaTo float32) {
	if n.value == nil {
		return
	}
	h := (to - from) * step.h * step.eta
	combine(n.value, term{exp32(-h), n.value}, term{noiseShare(h), n.noise.draw(sigmaFrom, sigmaTo)})
	addScaled(x, sigmaTo*n.sNoise, n.value)
}

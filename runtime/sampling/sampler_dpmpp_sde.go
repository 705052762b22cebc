package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// The samplers of this file solve the reverse diffusion with noise. Lu et al. 2022 (arXiv:2211.01095); the noise is of
// a Brownian motion, so that more steps refine an image instead of changing it.

// DPMPPSDE is DPM-Solver++ with an evaluation inside each step.
type DPMPPSDE struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
	R      float64 // place of the inner evaluation, in λ; 0.5 is usual
}

// Sample runs the sampler.
func (s DPMPPSDE) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if !(s.R > 0) {
		return nil, fmt.Errorf("dpmpp_sde sampler: r is %v; use a number above 0", s.R)
	}
	ms, x, x2, noise := run.ModelSampling, run.X.Data, run.scratch(), run.brownianNoise()
	ms.finiteSNR(run.Sigmas)
	noisy := s.Eta > 0 && s.SNoise > 0
	r, share := float32(s.R), float32(1/(2*s.R))
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if next == 0 {
			copy(x, denoised)
			continue
		}
		lambda, lambdaNext := ms.halfLogSNR(sigma), ms.halfLogSNR(next)
		inner := lambda + r*(lambdaNext-lambda)
		sigmaInner := ms.sigmaOf(inner)
		alpha, alphaInner, alphaNext := sigma*exp32(lambda), sigmaInner*exp32(inner), next*exp32(lambdaNext)

		down, up := ancestralStep(exp32(-lambda), exp32(-inner), s.Eta)
		h := -log32(down) - lambda
		combine(x2.Data, term{alphaInner / alpha * exp32(-h), x}, term{-alphaInner * expm132(-h), denoised})
		if noisy {
			noise.add(x2.Data, sigma, sigmaInner, alphaInner*float32(s.SNoise)*up)
		}
		p2, err := run.evaluate(ctx, x2, sigmaInner)
		if err != nil {
			return nil, err
		}

		down, up = ancestralStep(exp32(-lambda), exp32(-lambdaNext), s.Eta)
		h = -log32(down) - lambda
		c := -alphaNext * expm132(-h)
		combine(x, term{alphaNext / alpha * exp32(-h), x},
			term{c * (1 - share), denoised}, term{c * share, p2.Denoised.Data})
		if noisy {
			noise.add(x, sigma, next, alphaNext*float32(s.SNoise)*up)
		}
	}
	return run.X, nil
}

// sdeStep is the part of a step that the multistep SDE samplers share.
type sdeStep struct {
	h, hEta   float32 // step in λ; the same for the signal, times 1+eta
	eta       float32
	alphaNext float32
}

func newSDEStep(ms ModelSampling, sigma, next float32, eta float64) sdeStep {
	lambdaNext := ms.halfLogSNR(next)
	h := lambdaNext - ms.halfLogSNR(sigma)
	return sdeStep{h: h, hEta: h * float32(eta+1), eta: float32(eta), alphaNext: next * exp32(lambdaNext)}
}

// terms are the first-order step: what is left of x, and what comes of the prediction.
func (s sdeStep) terms(x, denoised []float32, sigma, next float32) []term {
	return []term{{next / sigma * exp32(-s.h*s.eta), x}, {s.alphaNext * -expm132(-s.hEta), denoised}}
}

// addNoise adds the noise that replaces what the step removed beyond the deterministic one.
func (s sdeStep) addNoise(x []float32, noise *stepNoise, sigma, next float32, sNoise float64) {
	if s.eta > 0 && sNoise > 0 {
		noise.add(x, sigma, next, next*noiseShare(s.h*s.eta)*float32(sNoise))
	}
}

// DPMPP2MSDE is the second-order multistep method with noise.
type DPMPP2MSDE struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
	Heun   bool    // weights of Heun's method instead of the midpoint's
}

// Sample runs the sampler.
func (s DPMPP2MSDE) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.brownianNoise()
	run.ModelSampling.finiteSNR(run.Sigmas)
	var before []float32 // prediction of the step before
	var hBefore float32
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if next == 0 {
			copy(x, denoised)
			before = denoised
			continue
		}
		step := newSDEStep(run.ModelSampling, sigma, next, s.Eta)
		terms := step.terms(x, denoised, sigma, next)
		if before != nil {
			inverse := step.h / hBefore // 1/r
			c := 0.5 * step.alphaNext * -expm132(-step.hEta) * inverse
			if s.Heun {
				c = step.alphaNext * (1 - phi1(-step.hEta)) * inverse
			}
			terms = append(terms, term{c, denoised}, term{-c, before})
		}
		combine(x, terms...)
		step.addNoise(x, noise, sigma, next, s.SNoise)
		before, hBefore = denoised, step.h
	}
	return run.X, nil
}

// DPMPP3MSDE is the third-order multistep method with noise.
type DPMPP3MSDE struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
}

// Sample runs the sampler.
func (s DPMPP3MSDE) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.brownianNoise()
	run.ModelSampling.finiteSNR(run.Sigmas)
	var before [2][]float32 // predictions of the two steps before, newest first
	var hBefore [2]float32
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		if next == 0 {
			copy(x, denoised)
			continue
		}
		step := newSDEStep(run.ModelSampling, sigma, next, s.Eta)
		terms := step.terms(x, denoised, sigma, next)
		p2 := expm132(-step.hEta)/step.hEta + 1
		switch {
		case before[1] != nil:
			p3 := p2/step.hEta - 0.5
			r0, r1 := hBefore[0]/step.h, hBefore[1]/step.h
			// d1 and d2 are combinations of e0 = (D-D1)/r0 and e1 = (D1-D2)/r1:
			// d1 = e0 + (e0-e1)·r0/(r0+r1), d2 = (e0-e1)/(r0+r1).
			w := step.alphaNext * (p2*r0 - p3) / (r0 + r1)
			c0, c1 := (step.alphaNext*p2+w)/r0, -w/r1
			terms = append(terms, term{c0, denoised}, term{c1 - c0, before[0]}, term{-c1, before[1]})
		case before[0] != nil:
			c := step.alphaNext * p2 / (hBefore[0] / step.h)
			terms = append(terms, term{c, denoised}, term{-c, before[0]})
		}
		combine(x, terms...)
		step.addNoise(x, noise, sigma, next, s.SNoise)
		before = [2][]float32{denoised, before[0]}
		hBefore = [2]float32{step.h, hBefore[0]}
	}
	return run.X, nil
}

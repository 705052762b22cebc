package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DPMPP2M is DPM-Solver++(2M), a second-order multistep method. Lu et al. 2022 (arXiv:2211.01095), algorithm 2.
type DPMPP2M struct {
	CFGPP bool // noise of the unconditional prediction, as EulerCFGPP
}

// NeedsUncond is true for CFGPP.
func (s DPMPP2M) NeedsUncond() bool { return s.CFGPP }

// Sample runs the sampler.
func (s DPMPP2M) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x := run.X.Data
	var before []float32 // prediction of the step before
	for i := range run.steps() {
		next := run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		lambda, lambdaNext := -log32(run.Sigmas[i]), -log32(next)
		h := lambdaNext - lambda
		var slope float32 // weight of the difference to the step before
		if before != nil && next != 0 {
			r := (lambda + log32(run.Sigmas[i-1])) / h
			slope = 1 / (2 * r)
		}
		denoised := p.Denoised.Data
		if s.CFGPP {
			uncond, err := p.uncond()
			if err != nil {
				return nil, err
			}
			terms := []term{{1, denoised}, {-exp32(-h), uncond}}
			if slope != 0 {
				c := -expm132(-h) * slope
				terms = append(terms, term{c, denoised}, term{-c, before})
			}
			combine(x, append(terms, term{exp32(-h), x})...)
			before = uncond
			continue
		}
		ratio, c := exp32(-lambdaNext)/exp32(-lambda), -expm132(-h)
		if slope == 0 {
			combine(x, term{ratio, x}, term{c, denoised})
		} else {
			combine(x, term{ratio, x}, term{c * (1 + slope), denoised}, term{-c * slope, before})
		}
		before = denoised
	}
	return run.X, nil
}

// DPMPP2SAncestral is DPM-Solver++(2S), a second-order method with two evaluations per step, towards an ancestral
// sigma. Lu et al. 2022 (arXiv:2211.01095), algorithm 1.
type DPMPP2SAncestral struct {
	Eta    float64 // share of the noise that is replaced
	SNoise float64 // factor on the noise added
	CFGPP  bool    // noise of the unconditional prediction, as EulerCFGPP
}

// NeedsUncond is true for CFGPP.
func (s DPMPP2SAncestral) NeedsUncond() bool { return s.CFGPP }

// Sample runs the sampler.
func (s DPMPP2SAncestral) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, x2, noise := run.X.Data, run.scratch(), run.freshNoise()
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		down, up := ancestralStep(sigma, next, s.Eta)
		if down == 0 {
			copy(x, p.Denoised.Data) // an Euler step to 0; with CFGPP the noise of either prediction is gone too
		} else if err := s.advance(ctx, run, x2, p, sigma, down); err != nil {
			return nil, err
		}
		if next > 0 && s.Eta != 0 {
			noise.add(x, sigma, next, float32(s.SNoise)*up)
		}
	}
	return run.X, nil
}

// advance takes run.X from sigma to down, given the prediction at sigma.
func (s DPMPP2SAncestral) advance(ctx context.Context, run *Run, x2 *tensor.Tensor, p Prediction, sigma, down float32) error {
	x := run.X.Data
	lambda, lambdaDown := -log32(sigma), -log32(down)
	h := lambdaDown - lambda
	middle := lambda + 0.5*h
	ratio := exp32(-middle) / exp32(-lambda)
	terms, err := s.shifted(ratio, x, p)
	if err != nil {
		return err
	}
	combine(x2.Data, append(terms, term{-expm132(-h * 0.5), p.Denoised.Data})...)
	p2, err := run.evaluate(ctx, x2, exp32(-middle))
	if err != nil {
		return err
	}
	// CFG++ shifts by the guided prediction of the first and the unconditional one of the second evaluation, as the
	// results we match were made.
	terms, err = s.shifted(exp32(-lambdaDown)/exp32(-lambda), x, Prediction{p.Denoised, p2.Uncond})
	if err != nil {
		return err
	}
	combine(x, append(terms, term{-expm132(-h), p2.Denoised.Data})...)
	return nil
}

// shifted is c·x, or for CFG++ c·(x + denoised - uncond).
func (s DPMPP2SAncestral) shifted(c float32, x []float32, p Prediction) ([]term, error) {
	if !s.CFGPP {
		return []term{{c, x}}, nil
	}
	uncond, err := p.uncond()
	return []term{{c, x}, {c, p.Denoised.Data}, {-c, uncond}}, err
}

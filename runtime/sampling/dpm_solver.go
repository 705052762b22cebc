package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// dpmSolver takes single steps of DPM-Solver in the noise prediction ε = (x-D)/σ, over time t = λ = -ln σ.
// Lu et al. 2022 (arXiv:2206.00927), algorithms 1 and 2.
type dpmSolver struct {
	run        *Run
	start, end float32 // times of the first sigma and the last one above 0
}

func newDPMSolver(run *Run, eta float64) (*dpmSolver, error) {
	first, last := run.Sigmas[0], run.Sigmas[len(run.Sigmas)-1]
	if last == 0 {
		last = run.Sigmas[len(run.Sigmas)-2]
	}
	if !(first > 0 && last > 0) {
		return nil, fmt.Errorf("dpm solver: sigmas from %v to %v; only a last one may be 0", first, last)
	}
	s := &dpmSolver{run, -log32(first), -log32(last)}
	if s.end < s.start && eta != 0 {
		return nil, fmt.Errorf("dpm solver: eta is %v with rising sigmas; use 0", eta)
	}
	return s, nil
}

// ancestral splits a step between times: the time to go down to, and the deviation of the noise back up.
func (s *dpmSolver) ancestral(t, next float32, eta float64) (down, up float32) {
	if eta == 0 {
		return next, 0
	}
	sigma, _ := ancestralStep(exp32(-t), exp32(-next), eta)
	down = min(s.end, -log32(sigma))
	high, low := exp32(-next), exp32(-down)
	return down, sqrt32(high*high - low*low)
}

// dpmStep is one step from t over h.
type dpmStep struct {
	*dpmSolver
	x        []float32
	t, h     float32
	denoised *tensor.Tensor
	eps      []float32
	inner    []float32 // ε of the last second-order stage, which third continues from
}

// begin evaluates the model at the start of a step.
func (s *dpmSolver) begin(ctx context.Context, x *tensor.Tensor, t, next float32) (*dpmStep, error) {
	denoised, eps, err := s.epsilon(ctx, x, t)
	if err != nil {
		return nil, err
	}
	return &dpmStep{dpmSolver: s, x: x.Data, t: t, h: next - t, denoised: denoised, eps: eps}, nil
}

func (s *dpmSolver) epsilon(ctx context.Context, x *tensor.Tensor, t float32) (*tensor.Tensor, []float32, error) {
	sigma := exp32(-t)
	p, err := s.run.evaluate(ctx, x, sigma)
	if err != nil {
		return nil, nil, err
	}
	eps := make([]float32, len(x.Data))
	derivative(eps, x.Data, p.Denoised.Data, sigma)
	return p.Denoised, eps, nil
}

// first sets dst to the first-order step.
func (s *dpmStep) first(dst []float32) { s.partial(dst, 1) }

// partial sets dst to the first-order step over a part r of h.
func (s *dpmStep) partial(dst []float32, r float32) {
	combine(dst, term{1, s.x}, term{-exp32(-(s.t + r*s.h)) * expm132(r*s.h), s.eps})
}

// stage evaluates ε after the first-order step over a part r of h.
func (s *dpmStep) stage(ctx context.Context, r float32) error {
	u := s.run.scratch()
	s.partial(u.Data, r)
	var err error
	_, s.inner, err = s.epsilon(ctx, u, s.t+r*s.h)
	return err
}

// second sets dst to the second-order step with a stage at r.
func (s *dpmStep) second(ctx context.Context, dst []float32, r float32) error {
	if err := s.stage(ctx, r); err != nil {
		return err
	}
	c := exp32(-(s.t + s.h)) * expm132(s.h)
	d := c / (2 * r)
	combine(dst, term{1, s.x}, term{d - c, s.eps}, term{-d, s.inner})
	return nil
}

// third sets dst to the third-order step with stages at 1/3, which is reused when second has just evaluated it, and 2/3.
func (s *dpmStep) third(ctx context.Context, dst []float32) error {
	const r1, r2 = float32(1. / 3), float32(2. / 3)
	if s.inner == nil {
		if err := s.stage(ctx, r1); err != nil {
			return err
		}
	}
	sigma, growth := exp32(-(s.t + r2*s.h)), expm132(r2*s.h)
	c, d := sigma*growth, sigma*(r2/r1)*(growth/(r2*s.h)-1)
	u := s.run.scratch()
	combine(u.Data, term{1, s.x}, term{d - c, s.eps}, term{-d, s.inner})
	_, eps2, err := s.epsilon(ctx, u, s.t+r2*s.h)
	if err != nil {
		return err
	}
	sigma, growth = exp32(-(s.t + s.h)), expm132(s.h)
	c, d = sigma*growth, sigma/r2*(growth/s.h-1)
	combine(dst, term{1, s.x}, term{d - c, s.eps}, term{-d, eps2})
	return nil
}

package sampling

import (
	"context"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DPMFast is DPM-Solver-fast: third-order steps, equal in λ, as many as evaluations allow, and lower orders at the end.
// It stops at the last sigma above 0. Lu et al. 2022 (arXiv:2206.00927), section 3.4.
type DPMFast struct {
	guided
	Eta    float64 // share of the noise that is replaced; 0 adds none
	SNoise float64 // factor on the noise added
}

// Sample runs the sampler.
func (s DPMFast) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	solver, err := newDPMSolver(run, s.Eta)
	if err != nil {
		return nil, err
	}
	evaluations := run.steps()
	intervals := evaluations/3 + 1
	orders := make([]int, intervals)
	for i := range orders {
		orders[i] = 3
	}
	if evaluations%3 == 0 {
		orders[intervals-2], orders[intervals-1] = 2, 1
	} else {
		orders[intervals-1] = evaluations % 3
	}
	times := linspace32(solver.start, solver.end, intervals+1)
	x, noise := run.X, run.freshNoise()
	for i, order := range orders {
		t, next := times[i], times[i+1]
		down, up := solver.ancestral(t, next, s.Eta)
		step, err := solver.begin(ctx, x, t, down)
		if err != nil {
			return nil, err
		}
		run.report(i, step.denoised)
		out := run.scratch()
		switch order {
		case 1:
			step.first(out.Data)
		case 2:
			err = step.second(ctx, out.Data, 0.5)
		default:
			err = step.third(ctx, out.Data)
		}
		if err != nil {
			return nil, err
		}
		x = out
		if s.Eta != 0 {
			noise.add(x.Data, exp32(-t), exp32(-next), up*float32(s.SNoise))
		}
	}
	return x, nil
}

// DPMAdaptive is DPM-Solver-12 or -23: each step is taken with two orders, whose difference sets the next step's size.
// Only the first and the last positive sigma count. Lu et al. 2022 (arXiv:2206.00927), appendix C.
type DPMAdaptive struct {
	guided
	Order                  int     // 2 or 3
	RTol, ATol             float64 // tolerated difference, relative and absolute
	HInit                  float64 // first step in λ
	PCoeff, ICoeff, DCoeff float64 // of the PID controller of the step size
	AcceptSafety           float64 // a step is taken when it would grow by at least this factor
	Eta                    float64 // share of the noise that is replaced; 0 adds none
	SNoise                 float64 // factor on the noise added
}

// Sample runs the sampler. Tries are reported as steps, whose number may exceed that of the sigmas.
func (s DPMAdaptive) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if s.Order != 2 && s.Order != 3 {
		return nil, fmt.Errorf("dpm_adaptive sampler: order is %d; use 2 or 3", s.Order)
	}
	solver, err := newDPMSolver(run, s.Eta)
	if err != nil {
		return nil, err
	}
	if !(s.RTol > 0 || s.ATol > 0) {
		return nil, fmt.Errorf("dpm_adaptive sampler: rtol and atol are %v; use numbers above 0", max(s.RTol, s.ATol))
	}
	// accept cannot be pleased above this.
	if most := 1 + math.Pi/2; !(s.AcceptSafety < most) {
		return nil, fmt.Errorf("dpm_adaptive sampler: accept_safety is %v; use less than %.2f, since a step never grows by more", s.AcceptSafety, most)
	}
	order := float64(s.Order)
	if s.Eta != 0 {
		order = 1.5
	}
	control := newStepControl(s, order)
	limit := func(t float32) float32 { return min(solver.end, t) }
	ahead := func(t float32) bool { return t < solver.end-1e-5 }
	if solver.end <= solver.start { // up the sigmas
		control.h = -control.h
		limit = func(t float32) float32 { return max(solver.end, t) }
		ahead = func(t float32) bool { return t > solver.end+1e-5 }
	}

	x, before, noise := run.X, run.X, run.freshNoise()
	t := solver.start
	for try := 0; ahead(t); try++ {
		next := limit(t + float32(control.h))
		if next == t {
			return nil, fmt.Errorf("dpm_adaptive sampler: the step size fell to nothing at sigma %v; use a larger h_init, rtol or atol", exp32(-t))
		}
		down, up := solver.ancestral(t, next, s.Eta)
		step, err := solver.begin(ctx, x, t, down)
		if err != nil {
			return nil, err
		}
		low, high := run.scratch(), run.scratch()
		if s.Order == 2 {
			step.first(low.Data)
			err = step.second(ctx, high.Data, 0.5)
		} else if err = step.second(ctx, low.Data, 1./3); err == nil {
			err = step.third(ctx, high.Data)
		}
		if err != nil {
			return nil, err
		}
		wrong := s.difference(low.Data, high.Data, before.Data)
		if math.IsNaN(wrong) {
			return nil, fmt.Errorf("dpm_adaptive sampler: the prediction at sigma %v is not a number", exp32(-t))
		}
		if control.accept(wrong) {
			before, x = low, high
			if s.Eta != 0 {
				noise.add(x.Data, exp32(-t), exp32(-next), up*float32(s.SNoise))
			}
			t = next
		}
		if run.adaptive != nil {
			run.adaptive(control.h, wrong, exp32(-t))
		}
		run.report(try, step.denoised)
	}
	return x, nil
}

// difference of the two results, in units of what is tolerated; 1 is just acceptable.
func (s DPMAdaptive) difference(low, high, before []float32) float64 {
	atol, rtol := float32(s.ATol), float32(s.RTol)
	sum := 0.0
	for i, l := range low {
		delta := max(atol, rtol*max(abs32(l), abs32(before[i])))
		e := float64((l - high[i]) / delta)
		sum += e * e
	}
	return math.Sqrt(sum) / math.Sqrt(float64(len(low)))
}

// stepControl is the PID controller of an adaptive step size h. Söderlind 2003, Digital filters in adaptive
// time-stepping.
type stepControl struct {
	h          float64
	b1, b2, b3 float64
	safety     float64
	inverse    [3]float64 // inverse errors: of this try, and of the last two accepted ones
}

func newStepControl(s DPMAdaptive, order float64) *stepControl {
	return &stepControl{
		h:  math.Abs(s.HInit),
		b1: (s.PCoeff + s.ICoeff + s.DCoeff) / order, b2: -(s.PCoeff + 2*s.DCoeff) / order, b3: s.DCoeff / order,
		safety: s.AcceptSafety,
	}
}

// accept tells whether a try with an error was good enough, and sets the next step size either way.
func (c *stepControl) accept(wrong float64) bool {
	inverse := 1 / (wrong + 1e-8)
	if c.inverse == [3]float64{} {
		c.inverse = [3]float64{inverse, inverse, inverse}
	}
	c.inverse[0] = inverse
	factor := math.Pow(c.inverse[0], c.b1) * math.Pow(c.inverse[1], c.b2) * math.Pow(c.inverse[2], c.b3)
	factor = 1 + math.Atan(factor-1)
	c.h *= factor
	if factor < c.safety {
		return false
	}
	c.inverse[2], c.inverse[1] = c.inverse[1], c.inverse[0]
	return true
}

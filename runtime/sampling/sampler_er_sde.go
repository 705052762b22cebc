package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// ERSDE solves extended reverse-time SDEs, which differ in how much noise they keep at each level. Cui et al. 2023
// (arXiv:2309.06169), ER-SDE-Solver-1 to -3.
type ERSDE struct {
	guided
	SolverType string  // "ER-SDE", "Reverse-time SDE" or "ODE"
	MaxStage   int     // order, 1 to 3
	Eta        float64 // noise of the "Reverse-time SDE"; 0 makes it an ODE
	SNoise     float64 // factor on the noise added
}

// Sample runs the sampler.
func (s ERSDE) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	noiseScale, noisy, err := s.noiseScale()
	if err != nil {
		return nil, err
	}
	ms, x, noise := run.ModelSampling, run.X.Data, run.freshNoise()
	ms.finiteSNR(run.Sigmas)
	lambdas := make([]float32, len(run.Sigmas)) // σ/α
	for i, sigma := range run.Sigmas {
		lambdas[i] = exp32(-ms.halfLogSNR(sigma))
	}
	var before, slope, slopeBefore []float32
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
		from, to := lambdas[i], lambdas[i+1]
		alpha, alphaNext := sigma/from, next/to
		r := noiseScale(to) / noiseScale(from)
		terms := []term{{alphaNext / alpha * r, x}, {alphaNext * (1 - r), denoised}}
		if stage := min(s.MaxStage, i+1); stage >= 2 {
			dt := to - from
			s1, s2 := noiseIntegrals(noiseScale, from, to)
			slope, slopeBefore = make([]float32, len(x)), slope
			derivative(slope, denoised, before, from-lambdas[i-1])
			terms = append(terms, term{alphaNext * (dt + s1*noiseScale(to)), slope})
			if stage >= 3 {
				curve := make([]float32, len(x))
				derivative(curve, slope, slopeBefore, (from-lambdas[i-2])/2)
				terms = append(terms, term{alphaNext * (dt*dt/2 + s2*noiseScale(to)), curve})
			}
		}
		combine(x, terms...)
		if noisy {
			c := finiteOr0(sqrt32(to*to - from*from*r*r))
			noise.add(x, sigma, next, alphaNext*float32(s.SNoise)*c)
		}
		before = denoised
	}
	return run.X, nil
}

// noiseScale is the function of σ/α whose ratio says how much of the state a step keeps, and whether noise is added.
func (s ERSDE) noiseScale() (scale func(v float32) float32, noisy bool, err error) {
	if s.MaxStage < 1 || s.MaxStage > 3 {
		return nil, false, fmt.Errorf("er_sde sampler: max_stage is %d; use 1, 2 or 3", s.MaxStage)
	}
	switch s.SolverType {
	case "ER-SDE":
		return func(v float32) float32 { return v * (exp32(pow32(v, 0.3)) + 10) }, s.SNoise > 0, nil
	case "Reverse-time SDE":
		power := float32(s.Eta + 1)
		return func(v float32) float32 { return pow32(v, power) }, s.Eta != 0 && s.SNoise > 0, nil
	case "ODE":
		return func(v float32) float32 { return v }, false, nil
	}
	return nil, false, fmt.Errorf("er_sde sampler: solver_type is %q; use ER-SDE, Reverse-time SDE or ODE", s.SolverType)
}

// noiseIntegrals sums 1/f and (λ-from)/f over 200 points of [to,from], the left end of each part.
func noiseIntegrals(f func(float32) float32, from, to float32) (s1, s2 float32) {
	const points = 200
	size := -(to - from) / points
	var sum1, sum2 float64
	for k := range points {
		at := to + float32(k)*size
		scale := f(at)
		sum1 += float64(1 / scale)
		sum2 += float64((at - from) / scale)
	}
	return float32(sum1) * size, float32(sum2) * size
}

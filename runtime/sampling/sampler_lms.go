package sampling

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/integrate/quad"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// LMS is the linear multistep method: it integrates the polynomial through the last Order slopes.
type LMS struct {
	guided
	Order int // 1 or more; 4 is usual
}

// Sample runs the sampler.
func (s LMS) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if s.Order < 1 {
		return nil, fmt.Errorf("lms sampler: order is %d; use 1 or more", s.Order)
	}
	x := run.X.Data
	var slopes history
	for i := range run.steps() {
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		derivative(slopes.push(min(s.Order, run.steps()), len(x)), x, p.Denoised.Data, run.Sigmas[i])
		if run.Sigmas[i+1] == 0 {
			copy(x, p.Denoised.Data)
			continue
		}
		order := min(i+1, s.Order)
		sum := make([]term, order)
		for j := range sum {
			sum[j] = term{float32(lmsCoefficient(order, run.Sigmas, i, j)), slopes.last(j)}
		}
		change := make([]float32, len(x))
		combine(change, sum...)
		addScaled(x, 1, change)
	}
	return run.X, nil
}

// lmsCoefficient integrates from sigma i to i+1 the Lagrange polynomial that is 1 at sigma i-j and 0 at the others of
// the last order sigmas.
func lmsCoefficient(order int, sigmas []float32, i, j int) float64 {
	at := func(k int) float64 { return float64(sigmas[i-k]) }
	lagrange := func(tau float64) float64 {
		product := 1.0
		for k := range order {
			if k != j {
				product *= (tau - at(k)) / (at(j) - at(k))
			}
		}
		return product
	}
	// The points of a Gauss rule integrate polynomials up to twice their number exactly. quad wants from < to.
	return -quad.Fixed(lagrange, float64(sigmas[i+1]), float64(sigmas[i]), order, quad.Legendre{}, 1)
}

package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Heun corrects each Euler step with the slope at its end. Karras et al. 2022 (arXiv:2206.00364), algorithm 2 without
// churn.
type Heun struct{ guided }

// Sample runs the sampler.
func (Heun) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, x2 := run.X.Data, run.scratch()
	d, d2 := make([]float32, len(x)), make([]float32, len(x))
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		if next == 0 {
			eulerStep(x, x, p.Denoised.Data, sigma, next-sigma)
			continue
		}
		derivative(d, x, p.Denoised.Data, sigma)
		combine(x2.Data, term{1, x}, term{next - sigma, d})
		if p, err = run.evaluate(ctx, x2, next); err != nil {
			return nil, err
		}
		derivative(d2, x2.Data, p.Denoised.Data, next)
		for j := range d {
			d[j] = (d[j] + d2[j]) / 2
		}
		addScaled(x, next-sigma, d)
	}
	return run.X, nil
}

// HeunPP2 is Heun with a third slope, one step further on, and weights that fall with the sigma of each slope.
type HeunPP2 struct{ guided }

// Sample runs the sampler.
func (HeunPP2) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, ahead := run.X.Data, run.scratch()
	slopes := [3][]float32{make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))}
	sigmas := run.Sigmas
	end := sigmas[len(sigmas)-1]
	for i := range run.steps() {
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		derivative(slopes[0], x, p.Denoised.Data, sigmas[i])
		// Follow the slopes to the sigmas that lie before the last one, two at most.
		count := 1
		copy(ahead.Data, x)
		for ; count < 3 && sigmas[i+count] != end; count++ {
			at, from := sigmas[i+count], sigmas[i+count-1]
			addScaled(ahead.Data, at-from, slopes[count-1])
			if p, err = run.evaluate(ctx, ahead, at); err != nil {
				return nil, err
			}
			derivative(slopes[count], ahead.Data, p.Denoised.Data, at)
		}
		dt := sigmas[i+1] - sigmas[i]
		total := float32(count) * sigmas[0]
		switch count {
		case 1:
			addScaled(x, dt, slopes[0])
		case 2:
			w2 := sigmas[i+1] / total
			combine(slopes[0], term{1 - w2, slopes[0]}, term{w2, slopes[1]})
			addScaled(x, dt, slopes[0])
		case 3:
			w2, w3 := sigmas[i+1]/total, sigmas[i+2]/total
			combine(slopes[0], term{1 - w2 - w3, slopes[0]}, term{w2, slopes[1]}, term{w3, slopes[2]})
			addScaled(x, dt, slopes[0])
		}
	}
	return run.X, nil
}

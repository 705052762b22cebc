package sampling

import (
	"context"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DEIS is the diffusion exponential integrator sampler with up to three slopes, whose weights are integrals over the
// time of a variance preserving process. Zhang & Chen 2023 (arXiv:2204.13902), tAB-DEIS.
type DEIS struct{ guided }

// Sample runs the sampler.
func (DEIS) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	const maxOrder = 3
	x, process := run.X.Data, newVPProcess(0.002, 80)
	var slopes history
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		derivative(slopes.push(maxOrder, len(x)), x, p.Denoised.Data, sigma)
		weights := []float32{next - sigma} // Euler, also for the last step
		if order := min(i+1, maxOrder); order > 1 && next > 0 {
			weights = process.weights(run.Sigmas[i+1-order : i+2])
		}
		terms := []term{{1, x}}
		for j, w := range weights {
			terms = append(terms, term{w, slopes.last(j)})
		}
		combine(x, terms...)
	}
	return run.X, nil
}

// vpProcess is a variance preserving process with rate betaMin + betaD·t over the times 0.001…1, in which sigmas have
// a time. Song et al. 2021 (arXiv:2011.13456), eq. 32; Karras et al. 2022 (arXiv:2206.00364), table 1.
type vpProcess struct{ betaMin, betaD float32 }

// newVPProcess reaches sigmaMin at time 0.001 and sigmaMax at time 1.
func newVPProcess(sigmaMin, sigmaMax float32) vpProcess {
	const start = 1e-3
	low, high := log32(sigmaMin*sigmaMin+1), log32(sigmaMax*sigmaMax+1)
	d := 2 * (low/start - high) / float32(start-1.)
	return vpProcess{high - 0.5*d, d}
}

// time of a sigma. In float32 small sigmas have few digits left, and the weights are made of what is left.
func (v vpProcess) time(sigma float32) float32 {
	return (sqrt32(v.betaMin*v.betaMin+2*v.betaD*log32(sigma*sigma+1)) - v.betaMin) / v.betaD
}

// weights integrates, over the time between the last two sigmas, the process's share of each slope, newest first: the
// Lagrange polynomials through all sigmas but the last. The sum has 10000 points, both ends among them.
func (v vpProcess) weights(sigmas []float32) []float32 {
	const points = 10000
	order := len(sigmas) - 1
	nodes := make([]float64, order) // newest first
	for j := range nodes {
		nodes[j] = float64(v.time(sigmas[order-1-j]))
	}
	from, to := v.time(sigmas[order-1]), v.time(sigmas[order])
	sums := make([]float64, order)
	for _, tau32 := range linspace32(from, to, points) {
		tau := float64(tau32)
		rate := tau*float64(v.betaD) + float64(v.betaMin)
		alpha := math.Exp(-0.5*tau*tau*float64(v.betaD) - tau*float64(v.betaMin))
		integrand := 0.5 * rate / math.Sqrt(alpha*(1-alpha))
		for j := range sums {
			lagrange := 1.0
			for k := range nodes {
				if k != j {
					lagrange *= (tau - nodes[k]) / (nodes[j] - nodes[k])
				}
			}
			sums[j] += integrand * lagrange
		}
	}
	weights := make([]float32, order)
	for j, sum := range sums {
		weights[j] = float32(sum) * ((to - from) / points)
	}
	return weights
}

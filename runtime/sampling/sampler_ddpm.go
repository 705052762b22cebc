package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DDPM is ancestral sampling of the variance preserving process. Ho et al. 2020 (arXiv:2006.11239), algorithm 2.
type DDPM struct{ guided }

// Sample runs the sampler.
func (DDPM) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	x, noise := run.X.Data, run.freshNoise()
	eps := make([]float32, len(x))
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		derivative(eps, x, p.Denoised.Data, sigma)
		product, productNext := 1/(sigma*sigma+1), 1/(next*next+1) // ᾱ
		alpha := product / productNext
		root := sqrt32(1 / alpha)
		combine(x, term{root / sqrt32(1+sigma*sigma), x}, term{-root * (1 - alpha) / sqrt32(1-product), eps})
		if next > 0 {
			noise.add(x, sigma, next, sqrt32((1-alpha)*(1-productNext)/(1-product)))
			scale(x, sqrt32(1+next*next))
		}
	}
	return run.X, nil
}

// LCM jumps to the prediction and adds the noise of the next sigma. Luo et al. 2023 (arXiv:2310.04378),
// algorithm 3.
type LCM struct{ guided }

// Sample runs the sampler.
func (LCM) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	noise := run.freshNoise()
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		if next == 0 {
			copy(run.X.Data, p.Denoised.Data)
			continue
		}
		run.ModelSampling.AddNoise(run.X.Data, noise.draw(sigma, next), p.Denoised.Data, next, false)
	}
	return run.X, nil
}

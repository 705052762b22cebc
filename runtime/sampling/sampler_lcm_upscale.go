package sampling

import (
	"context"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// LCMUpscale is LCM that enlarges the latent between its first steps. Its noise goes on behind that of the start, from Run.Random.
type LCMUpscale struct {
	guided
	Ratio float64 // size of the result in units of the latent's
	Steps int     // enlargements, equal in size; below 0 for half of the steps
	// Resize stretches planes [B,C,H,W].
	Resize func(x *tensor.Tensor, height, width int) (*tensor.Tensor, error)
}

// Sample runs the sampler.
func (s LCMUpscale) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	height, width := float64(run.X.Dim(2)), float64(run.X.Dim(3))
	sizes := s.sizes(len(run.Sigmas))
	random := run.Random
	if random == nil {
		random = NewGenerator(run.Seed)
	}
	for i := range run.steps() {
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		run.X = p.Denoised.Clone()
		if i < len(sizes) {
			h, w := int(math.RoundToEven(height*sizes[i])), int(math.RoundToEven(width*sizes[i]))
			if h < 1 || w < 1 {
				return nil, fmt.Errorf("lcm upscale sampler: scale_ratio %v leaves nothing of a latent of %vx%v cells: use a larger one", s.Ratio, width, height)
			}
			if run.X, err = s.Resize(run.X, h, w); err != nil {
				return nil, fmt.Errorf("lcm upscale sampler: %w", err)
			}
		}
		if next := run.Sigmas[i+1]; next > 0 {
			z := make([]float32, len(run.X.Data))
			random.Normal(z)
			x := run.X.Clone() // what Resize gives may be what it got
			addScaled(x.Data, next, z)
			run.X = x
		}
	}
	return run.X, nil
}

// sizes are those after each enlargement, in units of the latent's, for a list of n sigmas.
func (s LCMUpscale) sizes(n int) []float64 {
	points := max(n/2+1, 2)
	if s.Steps >= 0 {
		points = min(s.Steps+1, n+1)
	}
	var out []float64
	for i := 1; i < points; i++ {
		out = append(out, 1+(s.Ratio-1)*float64(i)/float64(points-1))
	}
	return out
}

package sampling

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Options is one sampling run.
type Options struct {
	Sampler Sampler
	Sigmas  []float32 // highest first; as a schedule returns them, or any other list
	// Latent [B,C,H,W] is what to start from, in VAE space: zeros for text to image.
	Latent *tensor.Tensor
	// Noise has Latent's shape and standard deviation 1; nil adds none.
	Noise *tensor.Tensor
	// Mask says which cells to repaint (1) and which to keep (0), in between to blend. Its shape is [B,C,H,W], where
	// batch and channels may be 1 to hold for all; nil repaints everything.
	Mask *tensor.Tensor
	// Differential turns Mask into one that changes from step to step; nil keeps it as it is.
	Differential *Differential
	Format       LatentFormat
	Seed         uint64 // for noise that samplers add on their way; not for Noise
	// Random goes on behind Noise, for samplers that draw from there; nil for a fresh one of Seed.
	Random *Generator
	// Callback is called once for each step, counted from 0 of total, with the denoised prediction of that step in
	// model space, which it must not write to.
	Callback func(step, total int, x0 *tensor.Tensor)
}

// Result is what sampling made, in VAE space.
type Result struct {
	Latent   *tensor.Tensor // [B,C,H,W] at the last sigma
	Denoised *tensor.Tensor // the last denoised prediction; Latent where the model was not called
}

// Sample mixes noise into a latent for the first sigma, steps down the sigmas and returns the latent scaled back. With
// no sigmas at all the latent is returned as it came. It stops with ctx's error before the next call of the model.
func Sample(ctx context.Context, model Denoiser, ms ModelSampling, o Options) (Result, error) {
	if ms.Levels == nil {
		return Result{}, fmt.Errorf("sample: the model has no noise levels; use StableDiffusion or other Levels")
	}
	if err := o.check(); err != nil {
		return Result{}, err
	}
	if len(o.Sigmas) == 0 {
		return Result{o.Latent, o.Latent}, nil
	}
	latent := o.Latent
	if !isZero(latent) {
		latent = o.Format.In(latent)
	}
	noise := o.Noise
	if noise == nil {
		noise = tensor.New(latent.Shape...)
	}
	if o.Mask != nil {
		model = newMaskedDenoiser(model, ms, o, noise, latent)
	}

	total, last := len(o.Sigmas)-1, (*tensor.Tensor)(nil)
	run := &Run{
		Model: model, ModelSampling: ms, Sigmas: slices.Clone(o.Sigmas), X: tensor.New(latent.Shape...), Seed: o.Seed, Random: o.Random,
		Report: func(step int, x0 *tensor.Tensor) {
			last = x0
			if o.Callback != nil {
				o.Callback(step, total, x0)
			}
		},
	}
	ms.AddNoise(run.X.Data, noise.Data, latent.Data, o.Sigmas[0], ms.isFull(o.Sigmas[0]))
	x := run.X
	if total > 0 {
		var err error
		if x, err = o.Sampler.Sample(ctx, run); err != nil {
			return Result{}, err
		}
	}
	x = x.Clone() // a sampler may return the model's own prediction
	ms.finish(x.Data, o.Sigmas[total])
	result := Result{Latent: o.Format.Out(x)}
	result.Denoised = result.Latent
	if last != nil {
		result.Denoised = o.Format.Out(last)
	}
	return result, nil
}

func (o Options) check() error {
	if o.Sampler == nil {
		return fmt.Errorf("sample: no sampler; use one that ByName knows")
	}
	if o.Latent == nil || len(o.Latent.Shape) < 2 {
		return fmt.Errorf("sample: no latent; use one of shape [B,C,H,W], zeros to start from noise alone")
	}
	if o.Noise != nil && !slices.Equal(o.Noise.Shape, o.Latent.Shape) {
		return fmt.Errorf("sample: noise of shape %v for a latent of %v: %w", o.Noise.Shape, o.Latent.Shape, tensor.ErrShape)
	}
	if o.Mask != nil {
		fits := len(o.Mask.Shape) == len(o.Latent.Shape)
		for i := 0; fits && i < len(o.Mask.Shape); i++ {
			fits = o.Mask.Shape[i] == o.Latent.Shape[i] || i < 2 && o.Mask.Shape[i] == 1
		}
		if !fits {
			return fmt.Errorf("sample: mask of shape %v for a latent of %v; resize it to the latent: %w",
				o.Mask.Shape, o.Latent.Shape, tensor.ErrShape)
		}
	}
	for i, s := range o.Sigmas {
		if !(s >= 0) || s > math.MaxFloat32 {
			return fmt.Errorf("sample: sigma %d of %d is %v; use numbers from 0 up (the scheduler may need more steps or other limits)",
				i, len(o.Sigmas), s)
		}
	}
	return nil
}

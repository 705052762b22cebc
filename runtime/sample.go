package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// SampleRequest is what a KSampler node asks for.
type SampleRequest struct {
	Model              Model
	Positive, Negative Conditioning
	CFG                float64 // guidance scale
	Latent             Latent
	Seed               uint64
	Steps              int
	Sampler            sampling.SamplerName
	Scheduler          sampling.SchedulerName
	Denoise            float64 // part of the schedule that runs, 0…1

	WithoutNoise bool       // start from the latent as it is
	StepRange    *StepRange // nil for all steps

	// Progress is told after each step how many of total are done.
	Progress func(done, total int)
}

// StepRange is a part of a schedule, for sampling in several stages.
type StepRange struct {
	Start, End    int
	LeftoverNoise bool // stop at End with the noise that is left; otherwise the last step removes it all
}

// ErrNoModel is returned when a file without a diffusion model is asked to sample.
var ErrNoModel = errors.New("this file holds no diffusion model: load a checkpoint or a UNet")

// Sample denoises a latent, as ComfyUI's KSampler and KSamplerAdvanced do.
func (rt *Runtime) Sample(ctx context.Context, r SampleRequest) (Latent, error) {
	if r.Model.set == nil {
		return Latent{}, ErrNoModel
	}
	if len(r.Positive) == 0 {
		return Latent{}, errors.New("the positive conditioning has no entry: encode a prompt for it")
	}
	sigmas, err := r.sigmas()
	if err != nil {
		return Latent{}, err
	}
	out := r.Latent
	if len(sigmas) == 0 {
		return out, nil
	}
	if out.Samples, err = r.Model.fixEmpty(out.Samples); err != nil {
		return Latent{}, err
	}
	noise := tensor.New(out.Samples.Shape...)
	if !r.WithoutNoise {
		if noise, err = sampling.Noise(r.Seed, out.Samples.Shape, out.BatchIndex); err != nil {
			return Latent{}, err
		}
	}
	out.Samples, err = rt.run(ctx, r, sigmas, noise, out)
	return out, err
}

// sigmas is the list of noise levels that the request steps along; empty when there is nothing to do.
func (r SampleRequest) sigmas() ([]float32, error) {
	sigmas, err := sampling.KSamplerSigmas(r.Model.sampling, r.Scheduler, r.Sampler, r.Steps, r.Denoise)
	if err != nil || r.StepRange == nil {
		return sigmas, err
	}
	return sampling.StepRange(sigmas, r.StepRange.Start, r.StepRange.End, !r.StepRange.LeftoverNoise), nil
}

// fixEmpty checks the channels of a latent; an empty one takes those of the model.
func (m Model) fixEmpty(l *tensor.Tensor) (*tensor.Tensor, error) {
	have, want := l.Dim(1), m.config.OutChannels
	if have == want {
		return l, nil
	}
	for _, v := range l.Data {
		if v != 0 {
			return nil, fmt.Errorf("the latent has %d channels and the model works on %d: encode the picture with the VAE that belongs to the model", have, want)
		}
	}
	return tensor.New(l.Dim(0), want, l.Dim(2), l.Dim(3)), nil
}

func (rt *Runtime) run(ctx context.Context, r SampleRequest, sigmas []float32, noise *tensor.Tensor, l Latent) (*tensor.Tensor, error) {
	h, w := l.Samples.Dim(2), l.Samples.Dim(3)
	sides, err := prepare([]Conditioning{r.Positive, r.Negative}, h, w, r.Model.sampling.PercentToSigma)
	if err != nil {
		return nil, err
	}
	unet, err := rt.newUNetRun(r.Model, len(sigmas)-1, sides...)
	if err != nil {
		return nil, err
	}
	defer unet.close()
	sampler, err := sampling.ByName(r.Sampler)
	if err != nil {
		return nil, err
	}
	mask, err := noiseMask(l)
	if err != nil {
		return nil, err
	}
	g := &guidance{model: unet, positive: sides[0], negative: sides[1], cfg: r.CFG, hooks: r.Model.preCFG, needUncond: sampler.NeedsUncond()}
	result, err := sampling.Sample(ctx, g, r.Model.sampling, sampling.Options{
		Sampler: sampler, Sigmas: sigmas, Noise: noise, Latent: l.Samples, Format: r.Model.format, Mask: mask, Seed: r.Seed,
		Callback: func(step, total int, _ *tensor.Tensor) {
			if r.Progress != nil {
				r.Progress(step+1, total)
			}
		},
	})
	return result.Latent, err
}

// noiseMask is the mask of a latent at its size [B or 1,C or 1,h,w]; nil where nothing is masked.
func noiseMask(l Latent) (*tensor.Tensor, error) {
	if l.NoiseMask == nil {
		return nil, nil
	}
	m, err := imaging.Resize(l.NoiseMask, l.Samples.Dim(2), l.Samples.Dim(3), imaging.Bilinear)
	if err != nil {
		return nil, fmt.Errorf("noise mask: %w", err)
	}
	return m.Repeat(l.Samples.Dim(0)), nil
}

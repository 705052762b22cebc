package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

	// Progress is told after each step how many of total are done; it may be nil, as Warn may.
	Progress Progress
	// PreviewAll shows all pictures of a batch in previews, side by side, not only the first.
	PreviewAll bool
	// Warn is told what a user should know about the result.
	Warn func(text string)
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
	g, err := r.Guided()
	if err != nil {
		return Latent{}, err
	}
	out, err := rt.SampleGuided(ctx, g)
	return out.Latent, err
}

// Guided is the same request in the terms of SampleGuided.
func (r SampleRequest) Guided() (GuidedRequest, error) {
	if err := r.Model.check(); err != nil {
		return GuidedRequest{}, err
	}
	sigmas, err := r.sigmas()
	if err != nil {
		return GuidedRequest{}, err
	}
	sampler, err := sampling.ByName(r.Sampler)
	if err != nil {
		return GuidedRequest{}, err
	}
	return GuidedRequest{
		Guider: NewCFGGuider(r.Model, r.Positive, r.Negative, r.CFG), Sampler: sampler, Sigmas: sigmas,
		Noise: Noise{Seed: r.Seed, Off: r.WithoutNoise}, Latent: r.Latent, Seed: r.Seed,
		Progress: r.Progress, PreviewAll: r.PreviewAll, Warn: r.Warn,
	}, nil
}

// sigmas is the list of noise levels that the request steps along; empty when there is nothing to do.
func (r SampleRequest) sigmas() ([]float32, error) {
	sigmas, err := sampling.KSamplerSigmas(r.Model.sampling, r.Scheduler, r.Sampler, r.Steps, r.Denoise)
	if err != nil || r.StepRange == nil {
		return sigmas, err
	}
	return sampling.StepRange(sigmas, r.StepRange.Start, r.StepRange.End, !r.StepRange.LeftoverNoise), nil
}

// inModelSpace is a latent as the network sees it. An empty one stays so, also where the space has another mean.
func (m Model) inModelSpace(l *tensor.Tensor) *tensor.Tensor {
	if slices.ContainsFunc(l.Data, func(v float32) bool { return v != 0 }) {
		return m.format.In(l)
	}
	return l
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

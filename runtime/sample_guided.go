package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// GuidedRequest is a sampling run in parts: who guides, which rule steps along which noise levels, from which noise.
type GuidedRequest struct {
	Guider  Guider
	Sampler sampling.Sampler
	Sigmas  []float32 // highest first; none leaves the latent as it is
	Noise   Noise
	Latent  Latent
	Seed    uint64 // of noise that samplers add on their way

	Features bool // keep SampleResult.Features

	Progress   Progress // as in SampleRequest
	PreviewAll bool     // as in SampleRequest
	Warn       func(text string)
}

// SampleResult is what a run made.
type SampleResult struct {
	Latent   Latent
	Denoised Latent // the last prediction of the noise-free latent
	// Features is h [B,C,h,w], the state of the UNet before its middle block, for the positive prompt at the last call; nil where it was
	// not asked for or nothing ran.
	Features *tensor.Tensor
	Sigma    float32 // noise level of that call
}

// SampleGuided denoises a latent.
func (rt *Runtime) SampleGuided(ctx context.Context, r GuidedRequest) (SampleResult, error) {
	if err := r.Guider.check(r.Warn); err != nil {
		return SampleResult{}, err
	}
	if err := r.Guider.checkNegative(r.Sampler); err != nil {
		return SampleResult{}, err
	}
	out := SampleResult{Latent: r.Latent, Denoised: r.Latent}
	if len(r.Sigmas) == 0 {
		return out, nil
	}
	m := r.Guider.model
	samples, err := m.fixEmpty(r.Latent.Samples)
	if err != nil {
		return SampleResult{}, err
	}
	r.Latent.Samples = samples
	noise, random, err := r.Noise.stream(r.Latent)
	if err != nil {
		return SampleResult{}, err
	}
	if _, fresh := sampling.FreshNoise(r.Sampler, r.Seed, samples.Shape); fresh != nil {
		random = fresh
	}
	mask, err := noiseMask(r.Latent)
	if err != nil {
		return SampleResult{}, err
	}
	g, err := r.Guider.ready(target{latent: m.inModelSpace(samples), mask: mask, noise: noise, seed: r.Seed})
	if err != nil {
		return SampleResult{}, err
	}
	unet, err := rt.newUNetRun(m, len(r.Sigmas)-1, random, g.lists()...)
	if err != nil {
		return SampleResult{}, err
	}
	defer unet.close()
	unet.network = g.withMiddle(unet.network)
	g.model, g.needUncond, g.features = unet, r.Sampler.NeedsUncond(), r.Features
	result, err := sampling.Sample(ctx, g, m.sampling, sampling.Options{
		Sampler: r.Sampler, Sigmas: r.Sigmas, Noise: noise, Latent: samples, Format: m.format, Mask: mask, Differential: m.masking, Seed: r.Seed, Random: random,
		Callback: rt.stepProgress(ctx, m, r.Progress, r.PreviewAll),
	})
	if err != nil {
		return SampleResult{}, err
	}
	if r.Features && g.h == nil && len(r.Sigmas) > 1 {
		return SampleResult{}, errNoFeatures
	}
	out.Latent, out.Denoised = r.Latent, r.Latent
	out.Latent.Samples, out.Denoised.Samples = result.Latent, result.Denoised
	out.Features, out.Sigma = g.h, g.sigma
	return out, nil
}

// ready is the guidance of a latent, without a model yet.
func (g Guider) ready(t target) (*guidance, error) {
	lists := g.branches
	for _, c := range g.model.clusters {
		lists = append(lists[:len(lists):len(lists)], c.average)
	}
	entries, err := g.model.prepare(lists, negativeBranch(g.formula), t)
	if err != nil {
		return nil, err
	}
	n := len(g.branches)
	out := &guidance{branches: entries[:n], formula: g.formula}
	for i, c := range g.model.clusters {
		own := cluster{entries: entries[n+i], eta2: float32(c.eta2)}
		own.highest, own.lowest = c.during.sigmas(g.model.sampling.PercentToSigma)
		borrow(entries[0], own.entries)
		out.clusters = append(out.clusters, own)
	}
	hooks, wishes := beginHooks(g.model.hooks)
	out.hooks = hooks
	for _, w := range wishes {
		ready := readyWish{wish: w}
		if w.prompt != nil {
			// Prepared by itself: the areas of other prompts are not mirrored in it.
			own, err := g.model.prepare([]Conditioning{nil, w.prompt}, 1, t)
			if err != nil {
				return nil, err
			}
			ready.entries = own[1]
		}
		out.wishes = append(out.wishes, ready)
	}
	return out, nil
}

// lists are the entries of everything that may be evaluated.
func (g *guidance) lists() [][]entry {
	lists := g.branches
	for _, c := range g.clusters {
		lists = append(lists[:len(lists):len(lists)], c.entries)
	}
	for _, w := range g.wishes {
		lists = append(lists[:len(lists):len(lists)], w.entries)
	}
	return lists
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

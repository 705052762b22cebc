package runtime

import (
	"context"
	"errors"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Model is the model that the guider runs.
func (g Guider) Model() Model { return g.model }

// Positive is the prompt that the guider follows.
func (g Guider) Positive() Conditioning { return g.branches[0] }

// Features is h [B,C,h',w'] of latents, the state of the UNet before its middle block for the positive prompt of a guider: noise of the
// level sigma is mixed in, and the network looks once.
func (rt *Runtime) Features(ctx context.Context, g Guider, l Latent, n Noise, sigma float32) (*tensor.Tensor, error) {
	if err := g.check(nil); err != nil {
		return nil, err
	}
	noisy, err := g.model.fixEmpty(l.Samples)
	if err != nil {
		return nil, err
	}
	l.Samples = noisy
	noise, random, err := n.stream(l)
	if err != nil {
		return nil, err
	}
	x := g.model.inModelSpace(l.Samples).Clone()
	if noise != nil {
		g.model.sampling.AddNoise(x.Data, noise.Data, x.Data, sigma, false)
	}
	lists, err := g.model.prepare(g.branches[:1], 1, target{latent: g.model.inModelSpace(l.Samples), noise: noise, seed: n.Seed})
	if err != nil {
		return nil, err
	}
	unet, err := rt.newUNetRun(g.model, 1, random, lists...)
	if err != nil {
		return nil, err
	}
	defer unet.close()
	mean, err := average(ctx, unet, question{x: x, sigma: sigma, sides: []side{{entries: lists[0]}}, features: true})
	if err != nil {
		return nil, err
	}
	if mean.h == nil {
		return nil, errNoFeatures
	}
	return mean.h, nil
}

var errNoFeatures = errors.New("the state of the UNet was asked for, but no entry of the positive prompt covers the whole picture at the last step: add one without area and without an early end")

package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// ErrSmall is wrapped by errors about clusters of fewer than two pictures.
var ErrSmall = errors.New("a cluster needs a target and at least one auxiliary picture")

// SampleCluster draws a base set: a sampling run over a latent batch of K+1, of which h of the last step is kept, and its pictures. The
// target is picture 0. The latent result is that of the run.
func SampleCluster(ctx context.Context, rt *runtime.Runtime, v runtime.VAE, r runtime.GuidedRequest) (Cluster, runtime.Latent, error) {
	if n := r.Latent.Samples.Dim(0); n < 2 {
		return Cluster{}, runtime.Latent{}, fmt.Errorf("the latent batch has %d picture; raise its batch_size to 4 or more (11 in the paper): %w", n, ErrSmall)
	}
	c, latent, err := sampled(ctx, rt, v, r)
	if err != nil {
		return Cluster{}, runtime.Latent{}, fmt.Errorf("cluster: %w", err)
	}
	return c, latent, nil
}

// sampled is SampleCluster for any number of pictures.
func sampled(ctx context.Context, rt *runtime.Runtime, v runtime.VAE, r runtime.GuidedRequest) (Cluster, runtime.Latent, error) {
	identity, err := r.Guider.Model().Identity()
	if err != nil {
		return Cluster{}, runtime.Latent{}, err
	}
	r.Features = true
	out, err := rt.SampleGuided(ctx, r)
	if err != nil {
		return Cluster{}, runtime.Latent{}, err
	}
	if out.Features == nil {
		return Cluster{}, runtime.Latent{}, errors.New("nothing was sampled, because the schedule has no step: raise steps and denoise")
	}
	images, err := rt.Decode(ctx, v, out.Latent)
	if err != nil {
		return Cluster{}, runtime.Latent{}, err
	}
	return Cluster{
		Images: eightBit(images), Latents: out.Latent.Samples, H: out.Features, Sigma: out.Sigma,
		Prompt: promptText(r.Guider.Positive()), Seed: r.Seed, Model: identity,
	}, out.Latent, nil
}

// promptText is the text of the first prompt, "" where none is known.
func promptText(c runtime.Conditioning) string {
	for _, e := range c {
		for _, p := range e.Prompts {
			return p.Prompt.Text
		}
	}
	return ""
}

// eightBit rounds pictures to the nearest levels that picture files have, so that a saved cluster tunes to the same actor. (SaveImage
// drops the fraction, as ComfyUI does; of rounded values it drops nothing.)
func eightBit(i runtime.Image) runtime.Image {
	out := tensor.New(i.Shape...)
	for k, v := range i.Data {
		if v > 0 { // not so for NaN
			out.Data[k] = float32(int(min(v, 1)*255+0.5)) / 255
		}
	}
	return runtime.Image{Tensor: out}
}

// Picture is picture i of the cluster [1,H,W,3].
func (c Cluster) Picture(i int) runtime.Image { return runtime.Image{Tensor: c.Images.Rows(i, i+1)} }

// check finds what no cluster may have; it is for those that come from files.
func (c Cluster) check() error {
	n := c.H.Dim(0)
	switch {
	case n < 2:
		return fmt.Errorf("%d picture: %w", n, ErrSmall)
	case c.Images.Dim(0) != n || c.Latents.Dim(0) != n:
		return fmt.Errorf("%d pictures, %d latents and %d states of the network do not belong together", c.Images.Dim(0), c.Latents.Dim(0), n)
	case c.Target < 0 || c.Target >= n:
		return fmt.Errorf("target %d of %d pictures", c.Target, n)
	case !finite(c.H.Data) || !finite(c.Latents.Data):
		return errors.New("it holds values that are no numbers")
	}
	return nil
}

// belongs refuses a cluster of another family than a model, or of another size of h.
func (c Cluster) belongs(m runtime.Model) error {
	identity, err := m.Identity()
	if err != nil {
		return err
	}
	if c.Model.Family != identity.Family {
		return fmt.Errorf("the cluster was made with a model of the family %s, this one is of the family %s: make a cluster with this model", c.Model.Family, identity.Family)
	}
	return nil
}

// joined puts clusters of the same model one behind the other; all but the pictures is that of the first.
func joined(list ...Cluster) (Cluster, error) {
	out := list[0]
	parts := func(of func(Cluster) *tensor.Tensor) (*tensor.Tensor, error) {
		var all []*tensor.Tensor
		for _, c := range list {
			all = append(all, of(c))
		}
		if !slices.ContainsFunc(all, func(t *tensor.Tensor) bool { return !slices.Equal(t.Shape[1:], all[0].Shape[1:]) }) {
			return tensor.Concat(0, all...)
		}
		return nil, fmt.Errorf("pictures of different sizes or networks: %v and %v", all[0].Shape, all[len(all)-1].Shape)
	}
	var err error
	if out.Images.Tensor, err = parts(func(c Cluster) *tensor.Tensor { return c.Images.Tensor }); err != nil {
		return Cluster{}, err
	}
	if out.Latents, err = parts(func(c Cluster) *tensor.Tensor { return c.Latents }); err != nil {
		return Cluster{}, err
	}
	out.H, err = parts(func(c Cluster) *tensor.Tensor { return c.H })
	return out, err
}

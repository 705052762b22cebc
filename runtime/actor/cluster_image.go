package actor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

// FromImage makes a cluster whose target is a user's own picture.
type FromImage struct {
	VAE   runtime.VAE
	Image runtime.Image // [B,H,W,C]; the first is taken
	// Sample names the model and the prompt. Its latent batch is what the auxiliary pictures are drawn from where Auxiliary is nil;
	// otherwise only its last noise level counts, where the cluster does not know its own.
	Sample    runtime.GuidedRequest
	Auxiliary *Cluster // pictures drawn before; all of them become auxiliary ones
}

// Cluster cuts and resizes the picture to the size of the auxiliary ones and encodes it. Its h is what the network makes of it at the
// noise level at which h of the others was taken, that of a sampler's last step: the latent is all but clean there, so noise of that
// level and one pass stand for the whole run that the picture never had. The picture is number 0, the target.
func (f FromImage) Cluster(ctx context.Context, rt *runtime.Runtime) (Cluster, error) {
	c, err := f.cluster(ctx, rt)
	if err != nil {
		return Cluster{}, fmt.Errorf("cluster from a picture: %w", err)
	}
	return c, nil
}

func (f FromImage) cluster(ctx context.Context, rt *runtime.Runtime) (Cluster, error) {
	if f.Image.Tensor == nil || f.Image.Len() == 0 {
		return Cluster{}, errors.New("there is no picture: load one")
	}
	others, err := f.auxiliary(ctx, rt)
	if err != nil {
		return Cluster{}, err
	}
	sigma := others.Sigma
	if sigma <= 0 {
		if sigma, err = lastSigma(f.Sample.Sigmas); err != nil {
			return Cluster{}, err
		}
	}
	picture, err := fitted(f.Image, others.Images.Dim(1), others.Images.Dim(2))
	if err != nil {
		return Cluster{}, err
	}
	latent, err := rt.Encode(ctx, f.VAE, picture)
	if err != nil {
		return Cluster{}, err
	}
	h, err := rt.Features(ctx, f.Sample.Guider, latent, runtime.Noise{Seed: f.Sample.Seed}, sigma)
	if err != nil {
		return Cluster{}, err
	}
	target := others
	target.Images, target.Latents, target.H, target.Target, target.Sigma = picture, latent.Samples, h, 0, sigma
	return joined(target, others)
}

// auxiliary is the pictures beside the target.
func (f FromImage) auxiliary(ctx context.Context, rt *runtime.Runtime) (Cluster, error) {
	if f.Auxiliary == nil {
		if f.Sample.Latent.Samples.Dim(0) < 1 {
			return Cluster{}, ErrSmall
		}
		c, _, err := sampled(ctx, rt, f.VAE, f.Sample)
		return c, err
	}
	c, m := *f.Auxiliary, f.Sample.Guider.Model()
	if err := c.belongs(m); err != nil {
		return Cluster{}, err
	}
	if own, err := m.Identity(); err == nil && own.Fingerprint != c.Model.Fingerprint {
		text := "the cluster was made with another checkpoint of the family: its states and that of the picture may not compare"
		slog.Warn(text)
		if f.Sample.Warn != nil {
			f.Sample.Warn(text)
		}
	}
	return c, nil
}

// lastSigma is the noise level of the last step of a schedule.
func lastSigma(sigmas []float32) (float32, error) {
	if len(sigmas) < 2 {
		return 0, errors.New("the schedule has no step: raise steps and denoise")
	}
	return sigmas[len(sigmas)-2], nil
}

// fitted is the first picture of a batch, its three colours cut around the middle and resized to height and width, in 8-bit levels.
func fitted(i runtime.Image, height, width int) (runtime.Image, error) {
	first := runtime.Image{Tensor: i.Rows(0, 1)}.Colours()
	if first.Dim(1) == height && first.Dim(2) == width {
		return eightBit(first), nil
	}
	planes, err := imaging.ResizeCrop(imaging.Planes(first.Tensor), height, width, imaging.Lanczos, imaging.CropCenter)
	if err != nil {
		return runtime.Image{}, err
	}
	return eightBit(runtime.Image{Tensor: imaging.Interleave(planes)}), nil
}

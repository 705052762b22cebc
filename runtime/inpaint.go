package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// PromptsAndLatent is two prompts that know of a picture, and the latent to sample from.
type PromptsAndLatent struct {
	Positive Conditioning `out:"positive"`
	Negative Conditioning `out:"negative"`
	Latent   Latent       `out:"latent"`
}

// InpaintConditioning shows a picture to inpainting models: encoded with its masked part greyed out, beside the mask. The latent is the
// whole picture; noiseMask keeps its unmasked part while sampling.
func (rt *Runtime) InpaintConditioning(ctx context.Context, positive, negative Conditioning, v VAE, i Image, m Mask, noiseMask bool) (PromptsAndLatent, error) {
	grey, mask, err := greyOut(i, m, cell)
	if err != nil {
		return PromptsAndLatent{}, fmt.Errorf("conditioning for inpainting: %w", err)
	}
	seen, err := rt.Encode(ctx, v, grey)
	if err != nil {
		return PromptsAndLatent{}, err
	}
	latent, err := rt.Encode(ctx, v, i)
	if err != nil {
		return PromptsAndLatent{}, err
	}
	if noiseMask {
		latent.NoiseMask = mask
	}
	return PromptsAndLatent{positive.WithPicture(seen, mask), negative.WithPicture(seen, mask), latent}, nil
}

// EditConditioning shows a picture to editing models (InstructPix2Pix). The latent is empty, of the same size.
func (rt *Runtime) EditConditioning(ctx context.Context, positive, negative Conditioning, v VAE, i Image) (PromptsAndLatent, error) {
	seen, err := rt.Encode(ctx, v, cropToRatio(i, cell))
	if err != nil {
		return PromptsAndLatent{}, err
	}
	empty := Latent{Samples: tensor.New(seen.Samples.Shape...)}
	return PromptsAndLatent{positive.WithPicture(seen, nil), negative.WithPicture(seen, nil), empty}, nil
}

package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// maskedDenoiser keeps the cells outside of a mask: the model sees them as the original latent with fitting noise, and
// its prediction for them is the latent itself.
type maskedDenoiser struct {
	model         Denoiser
	sampling      ModelSampling
	mask          func(sigma float32) []float32 // as long as the latent
	noise, latent []float32
	input         *tensor.Tensor // scratch
}

func newMaskedDenoiser(model Denoiser, ms ModelSampling, o Options, noise, latent *tensor.Tensor) *maskedDenoiser {
	if fresh, _ := FreshNoise(o.Sampler, o.Seed, latent.Shape); fresh != nil {
		noise = fresh
	}
	mask := spread(o.Mask, latent.Shape)
	at := func(float32) []float32 { return mask }
	if o.Differential != nil {
		at = o.Differential.over(mask, ms, o.Sigmas)
	}
	return &maskedDenoiser{
		model: model, sampling: ms, mask: at, noise: noise.Data, latent: latent.Data, input: tensor.New(latent.Shape...),
	}
}

// FreshNoise is the noise that a sampler mixes into the cells outside of a mask where that is not the noise of the start, and the generator
// behind it; nil for others. The program whose results we match draws it whether there is a mask or not, from the generator that all draws
// without one of their own share.
func FreshNoise(s Sampler, seed uint64, shape []int) (*tensor.Tensor, *Generator) {
	if f, ok := s.(interface{ freshMaskNoise() bool }); !ok || !f.freshMaskNoise() {
		return nil, nil
	}
	g, noise := NewGenerator(seed+1), tensor.New(shape...)
	g.Normal(noise.Data)
	return noise, g
}

// spread repeats a mask whose batch or channels are 1 to a latent's shape.
func spread(mask *tensor.Tensor, shape []int) []float32 {
	plane := tensor.Size(shape[2:])
	out := make([]float32, 0, tensor.Size(shape))
	for b := range shape[0] {
		for c := range shape[1] {
			from := (b%mask.Shape[0]*mask.Shape[1] + c%mask.Shape[1]) * plane
			out = append(out, mask.Data[from:from+plane]...)
		}
	}
	return out
}

// Denoise calls the model with the kept cells in place. Only the denoised prediction is masked, not the unconditional
// one, which samplers use for its direction.
func (m *maskedDenoiser) Denoise(ctx context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
	if !tensor.SameShape(x, m.input) {
		return Prediction{}, fmt.Errorf("sample: the sampler changed the latent's size from %v to %v, which a noise mask cannot follow: take the mask away", m.input.Shape, x.Shape)
	}
	kept, mask := m.input.Data, m.mask(sigma)
	m.sampling.AddNoise(kept, m.noise, m.latent, sigma, false)
	blend(kept, mask, x.Data, kept)
	p, err := m.model.Denoise(ctx, m.input, sigma)
	if err != nil {
		return Prediction{}, err
	}
	denoised := tensor.New(x.Shape...)
	blend(denoised.Data, mask, p.Denoised.Data, m.latent)
	p.Denoised = denoised
	return p, nil
}

// blend sets dst to inside·mask + outside·(1-mask). dst may be either of them.
func blend(dst, mask, inside, outside []float32) {
	for i, w := range mask {
		dst[i] = inside[i]*w + outside[i]*(1-w)
	}
}

package sampling

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// LatentFormat is how a model scales latents: it works in model space, where values have a standard deviation near 1,
// while latents between nodes are what the VAE makes. The zero value leaves values as they are.
type LatentFormat struct {
	Scale     float32   // 0 means 1
	Mean, Std []float32 // one per channel; nil for formats that only scale
}

// Formats of the models we know.
var (
	SD15Latents         = LatentFormat{Scale: 0.18215} // SD 1.x and SD 2.x
	SDXLLatents         = LatentFormat{Scale: 0.13025}
	UpscalerLatents     = LatentFormat{Scale: 0.08333} // SD x4 upscaler
	Playground25Latents = LatentFormat{
		Scale: 0.5,
		Mean:  []float32{-1.6574, 1.886, -1.383, 2.5155},
		Std:   []float32{8.4927, 5.9022, 6.5498, 5.2299},
	}
)

// In takes a latent [B,C,H,W] from VAE space to model space.
func (f LatentFormat) In(latent *tensor.Tensor) *tensor.Tensor {
	return f.apply(latent, func(v, mean, std float32) float32 { return (v - mean) * f.scale() / std })
}

// Out takes a latent [B,C,H,W] from model space to VAE space.
func (f LatentFormat) Out(latent *tensor.Tensor) *tensor.Tensor {
	return f.apply(latent, func(v, mean, std float32) float32 { return v*std/f.scale() + mean })
}

func (f LatentFormat) scale() float32 {
	if f.Scale == 0 {
		return 1
	}
	return f.Scale
}

func (f LatentFormat) apply(latent *tensor.Tensor, convert func(v, mean, std float32) float32) *tensor.Tensor {
	if len(f.Mean) == 0 && f.scale() == 1 {
		return latent
	}
	out := latent.Clone()
	if len(f.Mean) == 0 || len(latent.Shape) < 2 {
		for i, v := range out.Data {
			out.Data[i] = convert(v, 0, 1)
		}
		return out
	}
	plane := tensor.Size(latent.Shape[2:])
	for i, v := range out.Data {
		c := i / plane % latent.Shape[1] % len(f.Mean)
		out.Data[i] = convert(v, f.Mean[c], f.Std[c])
	}
	return out
}

// isZero tells an empty latent, which stays zero in model space whatever the format.
func isZero(latent *tensor.Tensor) bool {
	return !slices.ContainsFunc(latent.Data, func(v float32) bool { return v != 0 })
}

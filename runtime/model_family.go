package runtime

import (
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/weights"
)

// familySampling is the noise levels a checkpoint was trained with, what it predicts, and the space it works in.
func familySampling(c *weights.Checkpoint) (sampling.ModelSampling, sampling.LatentFormat) {
	format := sampling.SD15Latents
	if c.Family == weights.SDXL || c.Family == weights.SDXLRefiner {
		format = sampling.SDXLLatents
	}
	switch c.Prediction {
	case weights.EDM: // Playground v2.5, whose latents are normalised by channel
		return sampling.ModelSampling{Levels: sampling.ContinuousEDM(0.002, 80), Parameterization: sampling.EDM, SigmaData: 0.5},
			sampling.Playground25Latents
	case weights.VEDM:
		return sampling.ModelSampling{Levels: sampling.ContinuousEDM(c.SigmaMin, c.SigmaMax), Parameterization: sampling.V}, format
	}
	if c.Family == weights.Upscaler {
		return sampling.ModelSampling{Levels: sampling.ScaledLinear(0.0001, 0.02), Parameterization: sampling.V}, sampling.UpscalerLatents
	}
	s := sampling.StableDiffusion(sampling.Epsilon)
	if c.Prediction == weights.V {
		s.Parameterization = sampling.V
	}
	if levels, ok := s.Levels.(sampling.DiscreteLevels); ok && c.ZeroTerminalSNR {
		s.Levels = levels.ZeroTerminalSNR()
	}
	return s, format
}

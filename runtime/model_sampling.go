package runtime

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/sampling"
)

// distilledLevels are the noise levels that latent consistency models are trained on.
const distilledLevels = 50

// WithDiscreteSampling gives a model the thousand noise levels of Stable Diffusion and says what it predicts: "eps", "v_prediction", "lcm",
// "x0" or "img_to_img". zeroSNR stretches the levels so that the highest holds noise only.
func (m Model) WithDiscreteSampling(predicts string, zeroSNR bool) (Model, error) {
	if err := m.check(); err != nil {
		return Model{}, err
	}
	levels := sampling.ScaledLinear(0.00085, 0.012)
	if zeroSNR {
		levels = levels.ZeroTerminalSNR()
	}
	out := sampling.ModelSampling{}
	switch predicts {
	case "eps":
		out.Parameterization = sampling.Epsilon
	case "v_prediction":
		out.Parameterization = sampling.V
	case "lcm":
		out.Parameterization = sampling.Consistency
		levels = levels.Distilled(distilledLevels)
	case "x0":
		out.Parameterization = sampling.X0
	case "img_to_img":
		out.Parameterization = sampling.ImgToImg
	default:
		return Model{}, fmt.Errorf("no sampling %q; use eps, v_prediction, lcm, x0 or img_to_img", predicts)
	}
	out.Levels = levels
	return m.withSampling(out, fmt.Sprintf("discrete %s zsnr %t", predicts, zeroSNR)), nil
}

// WithContinuousSampling gives a model noise levels between two sigmas with the time index ln(σ)/4, and says what it predicts:
// "v_prediction", "edm", "edm_playground_v2.5" (edm with latents of Playground v2.5), "eps" or "cosmos_rflow".
func (m Model) WithContinuousSampling(predicts string, sigmaMin, sigmaMax float64) (Model, error) {
	if err := m.check(); err != nil {
		return Model{}, err
	}
	if err := checkSigmas(sigmaMin, sigmaMax); err != nil {
		return Model{}, err
	}
	out := sampling.ModelSampling{Levels: sampling.ContinuousEDM(sigmaMin, sigmaMax)}
	const edmData = 0.5 // standard deviation of latents that EDM models are trained on
	switch predicts {
	case "v_prediction":
		out.Parameterization = sampling.V
	case "edm":
		out.Parameterization, out.SigmaData = sampling.EDM, edmData
	case "edm_playground_v2.5":
		out.Parameterization, out.SigmaData = sampling.EDM, edmData
		m.format = sampling.Playground25Latents
	case "eps":
		out.Parameterization = sampling.Epsilon
	case "cosmos_rflow":
		out.Parameterization, out.Levels = sampling.VarianceFlow, sampling.FlowLevels(sigmaMin, sigmaMax)
	default:
		return Model{}, fmt.Errorf("no sampling %q; use v_prediction, edm, edm_playground_v2.5, eps or cosmos_rflow", predicts)
	}
	return m.withSampling(out, fmt.Sprintf("continuous %s %v %v", predicts, sigmaMin, sigmaMax)), nil
}

// WithContinuousV gives a model that predicts velocities noise levels between two sigmas, with the time index 2·atan(σ)/π.
func (m Model) WithContinuousV(sigmaMin, sigmaMax float64) (Model, error) {
	if err := m.check(); err != nil {
		return Model{}, err
	}
	if err := checkSigmas(sigmaMin, sigmaMax); err != nil {
		return Model{}, err
	}
	out := sampling.ModelSampling{Levels: sampling.ContinuousV(sigmaMin, sigmaMax), Parameterization: sampling.V}
	return m.withSampling(out, fmt.Sprintf("continuous v %v %v", sigmaMin, sigmaMax)), nil
}

// withSampling replaces noise levels and prediction; name tells apart what was chosen.
func (m Model) withSampling(s sampling.ModelSampling, name string) Model {
	m.sampling, m.resampled = s, name
	return m
}

func checkSigmas(lowest, highest float64) error {
	if !(lowest > 0 && lowest < highest) {
		return fmt.Errorf("sigma_min is %v and sigma_max %v: use numbers above 0, sigma_max the larger", lowest, highest)
	}
	return nil
}

// WithDifferentialDiffusion has a noise mask say when a cell begins to change instead of how much; see sampling.Differential.
func (m Model) WithDifferentialDiffusion(strength float64) Model {
	m.masking = &sampling.Differential{Strength: strength}
	return m
}

package runtime

import "github.com/oneactor/oneactor/runtime/sampling"

// BetaSigmas are the noise levels of a model at the quantiles of a beta distribution; see sampling.Beta.
func (m Model) BetaSigmas(steps int, alpha, beta float64) (Sigmas, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return sampling.Beta(m.sampling, steps, alpha, beta)
}

// TurboSigmas are the noise levels of a model that SD Turbo is sampled with; see sampling.Turbo.
func (m Model) TurboSigmas(steps int, denoise float64) (Sigmas, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return sampling.Turbo(m.sampling, steps, denoise)
}

// PercentToSigma is the noise level after a fraction 0…1 of a run. At the ends it is one that lies outside of all levels, as ranges of time
// need it; actual asks for the highest and the lowest level instead.
func (m Model) PercentToSigma(percent float64, actual bool) (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	switch {
	case actual && percent == 0:
		return float64(m.sampling.SigmaMax()), nil
	case actual && percent == 1:
		return float64(m.sampling.SigmaMin()), nil
	}
	return m.sampling.PercentToSigma(percent), nil
}

// SASolver is the sampler of that name with the range of noise on the levels of a model.
func (m Model) SASolver(s sampling.SASolver) (Sampler, error) {
	if err := m.check(); err != nil {
		return Sampler{}, err
	}
	s.Levels = m.sampling.Levels
	return Sampler{s}, nil
}

package sampling

import "math"

// The exponential integrators step in λ, half the logarithm of the signal-to-noise ratio: λ = ln(α/σ), where a noisy
// latent is α·latent + σ·noise. α is 1, except for Flow, where it is 1-σ.

// halfLogSNR is λ of a sigma.
func (m ModelSampling) halfLogSNR(sigma float32) float32 {
	if m.Parameterization == Flow {
		return log32((1 - sigma) / sigma)
	}
	return -log32(sigma)
}

// sigmaOf is the sigma of a λ.
func (m ModelSampling) sigmaOf(lambda float32) float32 {
	if m.Parameterization == Flow {
		return 1 / (1 + exp32(lambda))
	}
	return exp32(-lambda)
}

// finiteSNR moves a first sigma of 1, where Flow has no signal and so no λ, slightly down. It may write to sigmas.
func (m ModelSampling) finiteSNR(sigmas []float32) {
	const percent = 1e-4
	if m.Parameterization == Flow && len(sigmas) > 1 && sigmas[0] >= 1 {
		sigmas[0] = float32(m.PercentToSigma(percent))
	}
}

// phi1 and phi2 are the first functions of exponential integrators: (e^z-1)/z and (phi1(z)-1)/z.
func phi1(z float32) float32 { return expm132(z) / z }
func phi2(z float32) float32 { return (phi1(z) - 1) / z }

// noiseShare is sqrt(1-e^-2h), the deviation of the noise that replaces what decays over h in λ.
func noiseShare(h float32) float32 { return sqrt32(-expm132(-2 * h)) }

// finiteOr0 replaces NaN, which differences of equal sigmas give, by 0.
func finiteOr0(v float32) float32 {
	if math.IsNaN(float64(v)) {
		return 0
	}
	return v
}

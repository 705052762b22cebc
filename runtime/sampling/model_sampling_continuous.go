package sampling

import "math"

// ContinuousLevels are the levels of a model that takes any sigma, between a lowest and a highest one.
type ContinuousLevels struct {
	sigmas []float32
	time   timeIndex
}

// timeIndex is how a continuous model counts time.
type timeIndex uint8

const (
	logTime   timeIndex = iota // ln(σ)/4
	angleTime                  // 2·atan(σ)/π
	flowTime                   // σ/(σ+1)
)

// continuousTable is how many levels stand for the range where a schedule needs a list.
const continuousTable = 1000

// ContinuousEDM are levels with the time index ln(σ)/4. Karras et al. 2022 (arXiv:2206.00364).
func ContinuousEDM(sigmaMin, sigmaMax float64) ContinuousLevels {
	sigmas := linspace32(float32(math.Log(sigmaMin)), float32(math.Log(sigmaMax)), continuousTable)
	for i, l := range sigmas {
		sigmas[i] = exp32(l)
	}
	return ContinuousLevels{sigmas: sigmas}
}

// ContinuousV are levels with the time index 2·atan(σ)/π, between 0 and 1.
func ContinuousV(sigmaMin, sigmaMax float64) ContinuousLevels {
	levels := ContinuousEDM(sigmaMin, sigmaMax)
	levels.time = angleTime
	return levels
}

// FlowLevels are levels with the time index σ/(σ+1), between 0 and 1.
func FlowLevels(sigmaMin, sigmaMax float64) ContinuousLevels {
	levels := ContinuousEDM(sigmaMin, sigmaMax)
	levels.time = flowTime
	return levels
}

// Sigmas lists 1000 levels at equal distances of their logarithms, lowest first.
func (c ContinuousLevels) Sigmas() []float32 { return c.sigmas }

// Timestep is the time index of a sigma.
func (c ContinuousLevels) Timestep(sigma float32) float32 {
	switch c.time {
	case angleTime:
		return float32(math.Atan(float64(sigma))) / math.Pi * 2
	case flowTime:
		return sigma / (sigma + 1)
	}
	return 0.25 * log32(sigma)
}

// Sigma is the noise level of a time index.
func (c ContinuousLevels) Sigma(timestep float32) float32 {
	switch c.time {
	case angleTime:
		return float32(math.Tan(float64(timestep * math.Pi / 2)))
	case flowTime:
		highest := c.sigmas[len(c.sigmas)-1]
		if timestep >= highest/(highest+1) {
			return highest
		}
		return timestep / (1 - timestep)
	}
	return exp32(timestep / 0.25)
}

// PercentToSigma is the sigma after a fraction of the way between the logarithms of the highest and the lowest level.
func (c ContinuousLevels) PercentToSigma(percent float64) float64 {
	switch {
	case percent <= 0:
		return highestSigma
	case percent >= 1:
		return 0
	}
	low, high := math.Log(float64(c.sigmas[0])), math.Log(float64(c.sigmas[len(c.sigmas)-1]))
	return math.Exp((high-low)*(1-percent) + low)
}

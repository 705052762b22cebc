package sampling

import "math"

// ModelSampling is what a diffusion model was trained with: its noise levels and what it predicts. Make one with
// StableDiffusion, or by hand for other Levels. The zero value has no Levels and cannot be used.
type ModelSampling struct {
	Levels
	Parameterization Parameterization
	SigmaData        float32 // standard deviation of the data in the V and EDM formulas; 0 means 1
}

// Levels are the noise levels of a model and how they map to the time index it is given.
type Levels interface {
	// Sigmas lists the levels, lowest first; there are at least two. It must not be written to.
	Sigmas() []float32
	// Timestep is the model's time index for a sigma.
	Timestep(sigma float32) float32
	// Sigma is the noise level of a time index, which need not be whole.
	Sigma(timestep float32) float32
	// PercentToSigma is the sigma after a fraction 0…1 of the whole way down: 999999999.9 at 0, 0 at 1.
	PercentToSigma(percent float64) float64
}

// SigmaMin is the lowest level.
func (m ModelSampling) SigmaMin() float32 { return m.Sigmas()[0] }

// SigmaMax is the highest level.
func (m ModelSampling) SigmaMax() float32 { s := m.Sigmas(); return s[len(s)-1] }

// StableDiffusion is the sampling of SD 1.x, SD 2.x and SDXL: 1000 levels with the "scaled linear" betas from 0.00085
// to 0.012. SD 2.x checkpoints of 768 pixels predict V, the others Epsilon.
func StableDiffusion(p Parameterization) ModelSampling {
	return ModelSampling{Levels: ScaledLinear(0.00085, 0.012), Parameterization: p}
}

// highestSigma stands for "before the first step": above any level of any model.
const highestSigma = 999999999.9

// DiscreteLevels are levels with a whole time index each, with log-linear interpolation between them.
type DiscreteLevels struct {
	exact        []float64 // lowest first; what further levels are made from
	sigmas, logs []float32 // what sampling uses: exact and its logarithms, rounded
	skip         float32   // time indexes per level: level i is index (i+1)·skip-1
}

// ScaledLinear is the schedule of latent diffusion: the square roots of its 1000 betas rise linearly from that of
// start to that of end. Rombach et al. 2022 (arXiv:2112.10752).
func ScaledLinear(start, end float64) DiscreteLevels {
	sigmas := make([]float64, 1000)
	first, last := math.Sqrt(start), math.Sqrt(end)
	product := 1.0 // ᾱ, the variance left of the data
	for i := range sigmas {
		root := first + (last-first)*float64(i)/float64(len(sigmas)-1)
		product *= 1 - root*root
		sigmas[i] = math.Sqrt((1 - product) / product)
	}
	return NewDiscreteLevels(sigmas)
}

// NewDiscreteLevels makes levels of sigmas, lowest first, one time index each.
func NewDiscreteLevels(sigmas []float64) DiscreteLevels {
	d := DiscreteLevels{exact: sigmas, sigmas: make([]float32, len(sigmas)), logs: make([]float32, len(sigmas)), skip: 1}
	for i, s := range sigmas {
		d.sigmas[i], d.logs[i] = float32(s), float32(math.Log(s))
	}
	return d
}

// Distilled keeps n levels at equal distances, the highest of each group: the levels that latent consistency models
// are distilled for (n = 50). n should divide the number of levels; otherwise a few more are kept.
func (d DiscreteLevels) Distilled(n int) DiscreteLevels {
	skip := len(d.sigmas) / max(n, 1)
	kept := make([]float64, 0, n)
	for i := skip - 1; i < len(d.sigmas); i += skip {
		kept = append(kept, float64(d.sigmas[i])) // rounded, as the logarithms were taken from a stored table
	}
	out := NewDiscreteLevels(kept)
	out.skip = float32(skip)
	return out
}

// ZeroTerminalSNR stretches the levels so that nothing of the data is left at the highest one (sigma 4518.76 there
// instead of infinity). Lin et al. 2023 (arXiv:2305.08891), algorithm 1. Distilled comes after it, not before.
func (d DiscreteLevels) ZeroTerminalSNR() DiscreteLevels {
	roots := make([]float64, len(d.exact)) // sqrt(ᾱ)
	for i, s := range d.exact {
		roots[i] = math.Sqrt(1 / (s*s + 1))
	}
	first, last := roots[0], roots[len(roots)-1]
	sigmas := make([]float64, len(roots))
	for i, r := range roots {
		r = (r - last) * first / (first - last)
		product := r * r
		if i == len(roots)-1 {
			product = 4.8973451890853435e-08 // not 0: sigma must be finite
		}
		sigmas[i] = math.Sqrt((1 - product) / product)
	}
	return NewDiscreteLevels(sigmas)
}

// Sigmas lists the levels, lowest first.
func (d DiscreteLevels) Sigmas() []float32 { return d.sigmas }

// Timestep is the index of the level nearest to sigma by logarithm. Few levels meet true ties: four steps of a distilled model ask for
// the middle between two. There the lower level is taken, not the one that the last bit of a logarithm favours.
func (d DiscreteLevels) Timestep(sigma float32) float32 {
	slack := float32(0)
	if d.skip > 1 {
		slack = 1. / (1 << 23)
	}
	target := log32(sigma)
	best, distance := 0, float32(math.Inf(1))
	for i, l := range d.logs {
		if dist := abs32(target - l); dist+slack < distance {
			best, distance = i, dist
		}
	}
	return float32(best)*d.skip + d.skip - 1
}

// Sigma interpolates between the levels around a time index; outside of them it is the nearest level.
func (d DiscreteLevels) Sigma(timestep float32) float32 {
	t := (timestep - (d.skip - 1)) / d.skip
	t = min(max(t, 0), float32(len(d.sigmas)-1))
	low := math.Floor(float64(t))
	w := t - float32(low)
	return exp32((1-w)*d.logs[int(low)] + w*d.logs[int(math.Ceil(float64(t)))])
}

// PercentToSigma is the sigma after a fraction of the 1000 time indexes.
func (d DiscreteLevels) PercentToSigma(percent float64) float64 {
	switch {
	case percent <= 0:
		return highestSigma
	case percent >= 1:
		return 0
	}
	return float64(d.Sigma(float32((1 - percent) * 999)))
}

func abs64(v float64) float64 { return math.Abs(v) }

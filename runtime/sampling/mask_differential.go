package sampling

// Differential repaints a cell for as long as the share of the run that is left is not above its mask: the darker a cell, the later it
// begins to change. Levin and Fried 2023 (arXiv:2306.00950).
type Differential struct {
	Strength float64 // between 0 and 1 the mask is mixed with the original one by this; otherwise it is not
}

// over makes the mask of every sigma for a run along sigmas. What it returns holds until the next call.
func (d Differential) over(mask []float32, ms ModelSampling, sigmas []float32) func(sigma float32) []float32 {
	from := ms.Timestep(sigmas[0])
	to := ms.Timestep(max(ms.SigmaMin(), sigmas[len(sigmas)-1]))
	out := make([]float32, len(mask))
	mix := float32(1)
	if d.Strength > 0 && d.Strength < 1 {
		mix = float32(d.Strength)
	}
	return func(sigma float32) []float32 {
		left := (ms.Timestep(sigma) - to) / (from - to)
		for i, m := range mask {
			hard := float32(0)
			if m >= left {
				hard = 1
			}
			out[i] = mix*hard + (1-mix)*m
		}
		return out
	}
}

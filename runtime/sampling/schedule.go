package sampling

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// SchedulerName names a schedule that follows from a model's levels and a number of steps.
type SchedulerName string

type schedule struct {
	name   SchedulerName
	sigmas func(m ModelSampling, steps int) []float32 // steps >= 1
}

// schedules lists the named schedules in the order clients show them.
var schedules = []schedule{
	{"simple", simpleSigmas},
	{"sgm_uniform", sgmUniformSigmas},
	{"karras", func(m ModelSampling, steps int) []float32 {
		return karrasSigmas(steps, float64(m.SigmaMin()), float64(m.SigmaMax()), 7)
	}},
	{"exponential", func(m ModelSampling, steps int) []float32 {
		return exponentialSigmas(steps, float64(m.SigmaMin()), float64(m.SigmaMax()))
	}},
	{"ddim_uniform", ddimUniformSigmas},
	{"beta", func(m ModelSampling, steps int) []float32 { return betaSigmas(m, steps, 0.6, 0.6) }},
	{"normal", normalSigmas},
	{"linear_quadratic", linearQuadraticSigmas},
	{"kl_optimal", klOptimalSigmas},
}

// Choices lists the names in the order clients show them.
func (SchedulerName) Choices() []string {
	names := make([]string, len(schedules))
	for i, s := range schedules {
		names[i] = string(s.name)
	}
	return names
}

// ScheduleSigmas returns the sigmas of a named schedule, highest first: usually steps+1 values ending in 0, but
// ddim_uniform and beta may return another number. An unknown name or steps < 1 is an error. kl_optimal with one step
// starts with NaN, since it divides by steps-1.
func ScheduleSigmas(m ModelSampling, name SchedulerName, steps int) ([]float32, error) {
	for _, s := range schedules {
		if s.name != name {
			continue
		}
		if err := checkSteps(string(name), steps); err != nil {
			return nil, err
		}
		return s.sigmas(m, steps), nil
	}
	return nil, fmt.Errorf("no scheduler %q; use one of %s", name, strings.Join(name.Choices(), ", "))
}

// maxSteps is the most steps a schedule is made for, a hundred times what the editor offers: denoise 0.01 with 10000
// steps asks for a schedule of a million and keeps its end.
const maxSteps = 100 * 10000

func checkSteps(schedule string, steps int) error {
	if steps < 1 || steps > maxSteps {
		return fmt.Errorf("%s schedule: steps is %d; use 1 to %d", schedule, steps, maxSteps)
	}
	return nil
}

// simpleSigmas picks levels at equal distances of their index.
func simpleSigmas(m ModelSampling, steps int) []float32 {
	levels := m.Sigmas()
	out := make([]float32, 0, steps+1)
	distance := float64(len(levels)) / float64(steps)
	for i := range steps {
		out = append(out, levels[len(levels)-1-int(float64(i)*distance)])
	}
	return append(out, 0)
}

// ddimUniformSigmas picks every n-th level from level 1 up, n rounded down, so it may return more than steps+1 values.
func ddimUniformSigmas(m ModelSampling, steps int) []float32 {
	levels := m.Sigmas()
	var out []float32
	if math.Abs(float64(levels[1])) <= nearZero {
		steps++
	} else {
		out = append(out, 0)
	}
	for i := 1; i < len(levels); i += max(len(levels)/steps, 1) {
		out = append(out, levels[i])
	}
	slices.Reverse(out)
	return out
}

// nearZero is below the sigma at which a schedule counts as ending in 0 by itself.
const nearZero = 1e-5

// normalSigmas are the sigmas of equally spaced time indexes, the lowest level included.
func normalSigmas(m ModelSampling, steps int) []float32 {
	start, end := m.Timestep(m.SigmaMax()), m.Timestep(m.SigmaMin())
	if abs32(m.Sigma(end)) <= nearZero {
		return timestepSigmas(m, linspace32(start, end, steps+1))
	}
	return append(timestepSigmas(m, linspace32(start, end, steps)), 0)
}

// sgmUniformSigmas are the sigmas of equally spaced time indexes without the lowest level.
func sgmUniformSigmas(m ModelSampling, steps int) []float32 {
	times := linspace32(m.Timestep(m.SigmaMax()), m.Timestep(m.SigmaMin()), steps+1)
	return append(timestepSigmas(m, times[:steps]), 0)
}

func timestepSigmas(m ModelSampling, times []float32) []float32 {
	out := make([]float32, 0, len(times)+1)
	for _, t := range times {
		out = append(out, m.Sigma(t))
	}
	return out
}

// betaSigmas picks levels by the quantiles of a beta distribution, each level once. Lee et al. 2024 (arXiv:2407.12173).
func betaSigmas(m ModelSampling, steps int, alpha, beta float64) []float32 {
	levels := m.Sigmas()
	out := make([]float32, 0, steps+1)
	last := -1
	for i := range steps {
		quantile := betaQuantile(1-float64(i)/float64(steps), alpha, beta)
		level := int(math.RoundToEven(quantile * float64(len(levels)-1)))
		if level != last {
			out = append(out, levels[level])
		}
		last = level
	}
	return append(out, 0)
}

// betaQuantile is the inverse of the beta distribution function. The median of a symmetric one lies in the middle of
// two levels, where a last bit decides between them; SciPy's is just above.
func betaQuantile(p, alpha, beta float64) float64 {
	if p == 0.5 && alpha == beta {
		return math.Nextafter(0.5, 1)
	}
	return mathext.InvRegIncBeta(alpha, beta, p)
}

// linearQuadraticSigmas fall linearly over the first half and then faster, down from the highest level to 0.
// Polyak et al. 2024 (arXiv:2410.13720), section 3.4.2.
func linearQuadraticSigmas(m ModelSampling, steps int) []float32 {
	highest := m.SigmaMax()
	if steps == 1 {
		return []float32{highest, 0}
	}
	const threshold = 0.025 // noise removed by the end of the linear part
	linear := steps / 2
	quadratic := float64(steps - linear)
	difference := float64(linear) - threshold*float64(steps)
	a := difference / (float64(linear) * quadratic * quadratic)
	b := threshold/float64(linear) - 2*difference/(quadratic*quadratic)
	c := a * float64(linear*linear)
	out := make([]float32, 0, steps+1)
	for i := range steps {
		removed := float64(i) * threshold / float64(linear)
		if i >= linear {
			removed = a*float64(i*i) + b*float64(i) + c
		}
		out = append(out, float32(1-removed)*highest)
	}
	return append(out, 0)
}

// klOptimalSigmas have equally spaced arctangents. Sabour et al. 2024 (arXiv:2404.14507), theorem 3.1.
func klOptimalSigmas(m ModelSampling, steps int) []float32 {
	low, high := float32(math.Atan(float64(m.SigmaMin()))), float32(math.Atan(float64(m.SigmaMax())))
	out := make([]float32, 0, steps+1)
	for i := range steps {
		r := float32(i) / float32(steps-1)
		out = append(out, float32(math.Tan(float64(r*low+(1-r)*high))))
	}
	return append(out, 0)
}

package sampling

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// alignYourSteps are the published schedules of ten steps by model. Sabour et al. 2024 (arXiv:2404.14507), appendix.
var alignYourSteps = []struct {
	model  string
	levels []float64
}{
	{"SD1", []float64{14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582}},
	{"SDXL", []float64{14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582}},
	{"SVD", []float64{700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002}},
}

// AlignYourSteps returns the schedule found for a model, "SD1", "SDXL" or "SVD", interpolated to other numbers of steps than ten, and 0 at
// its end. Below denoise 1 it is the end of that, of steps·denoise steps; none at 0.
func AlignYourSteps(model string, steps int, denoise float64) ([]float32, error) {
	if err := checkSteps("align your steps", steps); err != nil {
		return nil, err
	}
	var known []string
	for _, s := range alignYourSteps {
		if s.model == model {
			levels := s.levels
			if len(levels) != steps+1 {
				levels = logLinear(levels, steps+1)
			}
			return endOf(levels, steps, denoise), nil
		}
		known = append(known, s.model)
	}
	return nil, fmt.Errorf("align your steps schedule: no model %q; use one of %s", model, strings.Join(known, ", "))
}

// GITS returns the schedule of geometry-inspired time scheduling for SD 1.5, with 0 at its end: published ones for 2 to 20 steps, more are
// interpolated. A larger coefficient, 0.8 to 1.5 in steps of 0.05, puts more of the steps at low noise. denoise is as for AlignYourSteps.
// Chen et al. 2024 (arXiv:2405.11326).
func GITS(coefficient float64, steps int, denoise float64) ([]float32, error) {
	if steps < 2 || steps > maxSteps {
		return nil, fmt.Errorf("gits schedule: steps is %d; use 2 to %d", steps, maxSteps)
	}
	rows, ok := gitsRows[int(math.RoundToEven(coefficient*100))]
	if !ok {
		known := slices.Sorted(maps.Keys(gitsRows))
		return nil, fmt.Errorf("gits schedule: no table for coeff %v; use %v to %v in steps of 0.05",
			coefficient, float64(known[0])/100, float64(known[len(known)-1])/100)
	}
	row := rows[min(steps-2, len(rows)-1)]
	levels := make([]float64, 0, len(row)/2)
	for i := 0; i < len(row); i += 2 {
		levels = append(levels, gitsLevels[10*int(row[i]-'0')+int(row[i+1]-'0')])
	}
	if len(levels) != steps+1 {
		levels = logLinear(levels, steps+1)
	}
	return endOf(levels, steps, denoise), nil
}

// Turbo returns the sigmas of SD Turbo: those of the time indexes 999, 899, … of the model, and then 0. Below denoise 1 it starts later;
// there may be fewer than steps. Sauer et al. 2023 (arXiv:2311.17042).
func Turbo(m ModelSampling, steps int, denoise float64) ([]float32, error) {
	if err := checkSteps("turbo", steps); err != nil {
		return nil, err
	}
	const times = 10
	start := times - int(times*denoise)
	if start < 0 || start > times {
		return nil, fmt.Errorf("turbo schedule: denoise is %v; use 0 to 1", denoise)
	}
	var out []float32
	for i := start; i < min(start+steps, times); i++ {
		time := float32((times-i)*100 - 1)
		sigma := m.Sigma(time)
		if !(sigma <= math.MaxFloat32) {
			return nil, fmt.Errorf("turbo schedule: the model has no noise level at the time index %v: it needs the thousand levels of Stable Diffusion (ModelSamplingDiscrete gives them)", time)
		}
		out = append(out, sigma)
	}
	return append(out, 0), nil
}

// logLinear interpolates levels to n with equal distances, by logarithm.
func logLinear(levels []float64, n int) []float64 {
	out := make([]float64, n)
	last := len(levels) - 1
	for i := range out {
		at := float64(i) / float64(n-1) * float64(last)
		low := min(int(at), last-1)
		w := at - float64(low)
		a, b := math.Log(levels[low]), math.Log(levels[low+1])
		out[i] = math.Exp(a + (b-a)*w)
	}
	return out
}

// endOf is the last steps·denoise steps of levels, the last level replaced by 0; none where denoise is 0.
func endOf(levels []float64, steps int, denoise float64) []float32 {
	if denoise <= 0 {
		return nil
	}
	kept := steps
	if denoise < 1 {
		kept = int(math.RoundToEven(float64(steps) * denoise))
	}
	levels = levels[len(levels)-(kept+1):]
	out := make([]float32, len(levels))
	for i, v := range levels {
		out[i] = float32(v)
	}
	out[len(out)-1] = 0
	return out
}

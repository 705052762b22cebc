package sampling

import "slices"

// KSamplerSigmas returns the sigmas that the KSampler node samples along: a named schedule of steps, of which denoise
// keeps the low end (1 all of it, 0 nothing). Samplers that evaluate the model between two sigmas get one sigma less
// near the end, so that their last step is not a needlessly small one. An unknown scheduler or steps < 1 is an error.
func KSamplerSigmas(m ModelSampling, scheduler SchedulerName, sampler SamplerName, steps int, denoise float64) ([]float32, error) {
	if err := checkSteps(string(scheduler), steps); err != nil {
		return nil, err
	}
	if denoise > 0.9999 {
		return ksamplerSchedule(m, scheduler, sampler, steps)
	}
	if !(denoise > 0) {
		return nil, nil
	}
	// Bounded before the conversion: a tiny denoise must end as an error, not as an overflow.
	total := min(float64(steps)/denoise, maxSteps+1)
	sigmas, err := ksamplerSchedule(m, scheduler, sampler, int(total))
	if err != nil {
		return nil, err
	}
	return sigmas[max(0, len(sigmas)-(steps+1)):], nil
}

func ksamplerSchedule(m ModelSampling, scheduler SchedulerName, sampler SamplerName, steps int) ([]float32, error) {
	if !dropsPenultimate(sampler) {
		return ScheduleSigmas(m, scheduler, steps)
	}
	sigmas, err := ScheduleSigmas(m, scheduler, steps+1)
	if err != nil || len(sigmas) < 2 {
		return sigmas, err
	}
	return slices.Delete(sigmas, len(sigmas)-2, len(sigmas)-1), nil
}

func dropsPenultimate(sampler SamplerName) bool {
	return slices.Contains([]SamplerName{"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"}, sampler)
}

// StepRange cuts sigmas to the steps from start up to, not including, end, as KSamplerAdvanced does. complete sets the
// last sigma to 0 where the end is cut off, so that no noise is left. Nothing is returned when no step remains.
func StepRange(sigmas []float32, start, end int, complete bool) []float32 {
	sigmas = slices.Clone(sigmas)
	if end = max(end, 0); end < len(sigmas)-1 {
		sigmas = sigmas[:end+1]
		if complete {
			sigmas[end] = 0
		}
	}
	start = max(start, 0)
	if start >= len(sigmas)-1 {
		return nil
	}
	return sigmas[start:]
}

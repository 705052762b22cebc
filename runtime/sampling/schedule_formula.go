package sampling

import (
	"fmt"
	"math"
)

// Karras returns steps+1 sigmas from sigmaMax down to sigmaMin and then 0; rho bends them towards sigmaMin (7 is
// usual). steps < 1, a negative sigma or rho 0 is an error. Karras et al. 2022 (arXiv:2206.00364), eq. 5.
func Karras(steps int, sigmaMin, sigmaMax, rho float64) ([]float32, error) {
	if err := checkRange("karras", steps, sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	if rho == 0 {
		return nil, fmt.Errorf("karras schedule: rho is 0; use a number above 0, such as 7")
	}
	return karrasSigmas(steps, sigmaMin, sigmaMax, rho), nil
}

func karrasSigmas(steps int, sigmaMin, sigmaMax, rho float64) []float32 {
	low, high := math.Pow(sigmaMin, 1/rho), math.Pow(sigmaMax, 1/rho)
	ramp := linspace32(0, 1, steps)
	for i, r := range ramp {
		ramp[i] = pow32(float32(high)+float32(r*float32(low-high)), float32(rho))
	}
	return append(ramp, 0)
}

// Exponential returns steps+1 sigmas with equally spaced logarithms from sigmaMax down to sigmaMin, and then 0.
// steps < 1 or a sigma of 0 or below is an error.
func Exponential(steps int, sigmaMin, sigmaMax float64) ([]float32, error) {
	if err := checkRange("exponential", steps, sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	if err := checkLogarithms("exponential", sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	return exponentialSigmas(steps, sigmaMin, sigmaMax), nil
}

func exponentialSigmas(steps int, sigmaMin, sigmaMax float64) []float32 {
	logs := linspace32(float32(math.Log(sigmaMax)), float32(math.Log(sigmaMin)), steps)
	for i, l := range logs {
		logs[i] = exp32(l)
	}
	return append(logs, 0)
}

// Polyexponential is Exponential with a position along the logarithms that is raised to rho (1 is the same).
func Polyexponential(steps int, sigmaMin, sigmaMax, rho float64) ([]float32, error) {
	if err := checkRange("polyexponential", steps, sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	if err := checkLogarithms("polyexponential", sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	low, high := math.Log(sigmaMin), math.Log(sigmaMax)
	ramp := linspace32(1, 0, steps)
	for i, r := range ramp {
		ramp[i] = exp32(float32(pow32(r, float32(rho))*float32(high-low)) + float32(low))
	}
	return append(ramp, 0), nil
}

// VP returns the steps+1 sigmas of the continuous variance preserving schedule at equally spaced times from 1 down to
// end, and then 0. Song et al. 2021 (arXiv:2011.13456), eq. 32; usual are betaD 19.9, betaMin 0.1 and end 0.001.
func VP(steps int, betaD, betaMin, end float64) ([]float32, error) {
	if err := checkSteps("vp", steps); err != nil {
		return nil, err
	}
	times := linspace32(1, float32(end), steps)
	for i, t := range times {
		times[i] = sqrt32(expm132(float32(float32(betaD)*(t*t)/2) + float32(betaMin)*t))
	}
	return append(times, 0), nil
}

// Laplace returns steps sigmas whose logarithms are quantiles of a Laplace distribution with mean mu and scale beta,
// clamped to [sigmaMin,sigmaMax]. No 0 follows. Hang et al. 2024 (arXiv:2407.03297).
func Laplace(steps int, sigmaMin, sigmaMax, mu, beta float64) ([]float32, error) {
	if err := checkRange("laplace", steps, sigmaMin, sigmaMax); err != nil {
		return nil, err
	}
	ramp := linspace32(0, 1, steps)
	for i, x := range ramp {
		away := 0.5 - x
		sign := float32(0)
		if away != 0 {
			sign = float32(math.Copysign(1, float64(away)))
		}
		log := float32(mu) - float32(beta)*sign*log32(1-2*abs32(away)+1e-5)
		ramp[i] = min(max(exp32(log), float32(sigmaMin)), float32(sigmaMax))
	}
	return ramp, nil
}

// Beta returns the sigmas of the beta schedule with other parameters than 0.6 and 0.6; both must be above 0.
func Beta(m ModelSampling, steps int, alpha, beta float64) ([]float32, error) {
	if err := checkSteps("beta", steps); err != nil {
		return nil, err
	}
	if !(alpha > 0 && beta > 0) {
		return nil, fmt.Errorf("beta schedule: alpha is %v and beta %v; use numbers above 0", alpha, beta)
	}
	return betaSigmas(m, steps, alpha, beta), nil
}

func checkRange(schedule string, steps int, sigmaMin, sigmaMax float64) error {
	if err := checkSteps(schedule, steps); err != nil {
		return err
	}
	if !(sigmaMin >= 0 && sigmaMax >= 0) {
		return fmt.Errorf("%s schedule: sigmas from %v to %v; use 0 or more", schedule, sigmaMin, sigmaMax)
	}
	return nil
}

// checkLogarithms refuses the sigma 0, which has no logarithm.
func checkLogarithms(schedule string, sigmaMin, sigmaMax float64) error {
	if sigmaMin == 0 || sigmaMax == 0 {
		return fmt.Errorf("%s schedule: sigmas from %v to %v; use numbers above 0", schedule, sigmaMin, sigmaMax)
	}
	return nil
}

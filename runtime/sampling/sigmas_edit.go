package sampling

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// The functions of this file make new lists of sigmas out of others, which they leave as they are.

// Split cuts a list at a step; the sigma there is the end of the first part and the start of the second. A step behind the end leaves the
// second part empty.
func Split(sigmas []float32, step int) (high, low []float32) {
	step = max(step, 0)
	return slices.Clone(sigmas[:min(step+1, len(sigmas))]), slices.Clone(sigmas[min(step, len(sigmas)):])
}

// SplitDenoise cuts a list so that a fraction of its steps, 0…1, comes behind the cut. Where that is no step at all, the first part is
// empty, as in the program whose results we match.
func SplitDenoise(sigmas []float32, denoise float64) (high, low []float32) {
	n := len(sigmas)
	behind := int(math.RoundToEven(float64(max(n-1, 0)) * denoise))
	behind = min(max(behind, 0), n)
	low = slices.Clone(sigmas[max(n-behind-1, 0):])
	if behind == 0 {
		return nil, low
	}
	return slices.Clone(sigmas[:n-behind]), low
}

// Flip turns a list around, for going back up to noise. A 0 that comes first becomes 0.0001, since a step cannot start from 0.
func Flip(sigmas []float32) []float32 {
	out := slices.Clone(sigmas)
	slices.Reverse(out)
	if len(out) > 0 && out[0] == 0 {
		out[0] = 0.0001
	}
	return out
}

// SetFirst replaces the first sigma.
func SetFirst(sigmas []float32, first float32) ([]float32, error) {
	if len(sigmas) == 0 {
		return nil, errors.New("sigmas is empty: there is no first one to set")
	}
	out := slices.Clone(sigmas)
	out[0] = first
	return out, nil
}

// spacings are the ways to space what Extend puts between two sigmas: where a fraction 0…1 of the way falls.
var spacings = map[string]func(x float32) float32{
	"linear": func(x float32) float32 { return x },
	"cosine": func(x float32) float32 { return float32(math.Sin(float64(x * math.Pi / 2))) },
	"sine":   func(x float32) float32 { return 1 - float32(math.Cos(float64(x*math.Pi/2))) },
}

// Extend divides every step that starts between the sigmas end and start (both included; a negative start means no limit) into parts steps,
// spaced "linear", "cosine" (dense at the end of the step) or "sine" (dense at its start).
func Extend(sigmas []float32, parts int, start, end float64, spacing string) ([]float32, error) {
	space := spacings[spacing]
	if space == nil {
		return nil, fmt.Errorf("no spacing %q; use linear, cosine or sine", spacing)
	}
	if parts < 1 {
		return nil, fmt.Errorf("steps is %d; use 1 or more", parts)
	}
	if start < 0 {
		start = math.Inf(1)
	}
	places := linspace32(0, 1, parts+1)[1:parts]
	var out []float32
	for i, s := range sigmas {
		out = append(out, s)
		if i == len(sigmas)-1 || s < float32(end) || s > float32(start) {
			continue
		}
		for _, x := range places {
			out = append(out, space(x)*(sigmas[i+1]-s)+s)
		}
	}
	return out, nil
}

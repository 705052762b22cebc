package sampling

import (
	"math"
	"testing"
)

// TestLevels goes from a sigma to its time index and back, for every kind of levels.
func TestLevels(t *testing.T) {
	tests := map[string]struct {
		levels Levels
		sigma  float32
		time   float32
		exact  bool // the sigma is one of the levels, or any sigma is
	}{
		"EDM at 1":               {ContinuousEDM(0.002, 120), 1, 0, true},
		"EDM at e":               {ContinuousEDM(0.002, 120), math.E, 0.25, true},
		"EDM outside":            {ContinuousEDM(0.002, 120), float32(math.Exp(8)), 2, true},
		"V at 1":                 {ContinuousV(0.002, 120), 1, 0.5, true},
		"V without noise":        {ContinuousV(0.002, 120), 0, 0, true},
		"V at tan of an eighth":  {ContinuousV(0.002, 120), float32(math.Tan(math.Pi / 8)), 0.25, true},
		"discrete, lowest":       {NewDiscreteLevels([]float64{1, 2, 4}), 1, 0, true},
		"discrete, highest":      {NewDiscreteLevels([]float64{1, 2, 4}), 4, 2, true},
		"discrete, the nearest":  {NewDiscreteLevels([]float64{1, 2, 4}), 3, 2, false}, // by logarithm
		"discrete, beyond":       {NewDiscreteLevels([]float64{1, 2, 4}), 100, 2, false},
		"discrete, below":        {NewDiscreteLevels([]float64{1, 2, 4}), 0, 0, false},
		"distilled to every 2nd": {NewDiscreteLevels([]float64{1, 2, 4, 8}).Distilled(2), 8, 3, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.levels.Timestep(tt.sigma)
			if math.Abs(float64(got-tt.time)) > 1e-6 {
				t.Errorf("time index %v, want %v", got, tt.time)
			}
			if back := tt.levels.Sigma(got); tt.exact && math.Abs(float64(back-tt.sigma)) > 1e-4*math.Max(1, float64(tt.sigma)) {
				t.Errorf("sigma %v comes back as %v", tt.sigma, back)
			}
		})
	}
}

// TestPercentToSigma: 0 is before the highest level, 1 is without noise, and between them sigma falls.
func TestPercentToSigma(t *testing.T) {
	for name, levels := range map[string]Levels{
		"SD": StableDiffusion(Epsilon).Levels, "EDM": ContinuousEDM(0.002, 120), "V": ContinuousV(0.002, 120),
	} {
		t.Run(name, func(t *testing.T) {
			if first, last := levels.PercentToSigma(0), levels.PercentToSigma(1); first != highestSigma || last != 0 {
				t.Errorf("from %v to %v, want from %v to 0", first, last, float64(highestSigma))
			}
			before := math.Inf(1)
			for p := 0.01; p < 1; p += 0.01 {
				sigma := levels.PercentToSigma(p)
				if !(sigma < before && sigma > 0) {
					t.Fatalf("sigma %v at %v after %v", sigma, p, before)
				}
				before = sigma
			}
		})
	}
}

package score

import (
	"math"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestMeasureLikeness(t *testing.T) {
	rows := func(v ...float32) *tensor.Tensor { return &tensor.Tensor{Shape: []int{len(v) / 2, 2}, Data: v} }
	nan := math.NaN()
	tests := map[string]struct {
		x, target       *tensor.Tensor
		pairs, toTarget float64
	}{
		"equal":           {rows(1, 0, 1, 0), rows(1, 0), 1, 1},
		"at right angles": {rows(1, 0, 0, 1), rows(1, 0), 0, 0.5},
		"three":           {rows(1, 0, 0, 1, -1, 0), nil, -1.0 / 3, nan},
		"one":             {rows(1, 0), rows(0, 1), nan, 0},
		"none":            {rows(), rows(0, 1), nan, nan},
	}
	same := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := MeasureLikeness(tt.x, tt.target); !same(got.Pairs, tt.pairs) || !same(got.ToTarget, tt.toTarget) {
				t.Errorf("%+v, want %g and %g", got, tt.pairs, tt.toTarget)
			}
		})
	}
	if f, err := Following(rows(1, 0, 0, 1), rows(1, 0, 1, 0)); err != nil || f != 0.5 {
		t.Errorf("following %g, %v; want 0.5", f, err)
	}
	if _, err := Following(rows(1, 0), rows(1, 0, 1, 0)); err == nil {
		t.Error("two texts for one picture: no error")
	}
}

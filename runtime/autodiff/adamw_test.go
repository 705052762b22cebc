package autodiff

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// reference is AdamW of the paper in float64, one value.
func reference(a *AdamW, x float64, gradients []float64) float64 {
	var m, v float64
	for t, g := range gradients {
		m, v = a.Beta1*m+(1-a.Beta1)*g, a.Beta2*v+(1-a.Beta2)*g*g
		mHat, vHat := m/(1-math.Pow(a.Beta1, float64(t+1))), v/(1-math.Pow(a.Beta2, float64(t+1)))
		x -= a.Rate*mHat/(math.Sqrt(vHat)+a.Epsilon) + a.Rate*a.Decay*x
	}
	return x
}

func TestAdamW(t *testing.T) {
	gradients := []float64{0.5, -0.25, 0, 1e-9, 3}
	values := []float32{1, -2, 0}
	a := NewAdamW(1e-2, values[:2], values[2:])
	want := []float64{reference(a, 1, gradients), reference(a, -2, gradients), reference(a, 0, gradients)}
	for _, g := range gradients {
		if err := a.Update([]float32{float32(g), float32(g)}, []float32{float32(g)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, w := range want {
		if d := math.Abs(float64(values[i]) - w); d > 1e-6 {
			t.Errorf("value %d is %v, want %v", i, values[i], w)
		}
	}
	if err := a.Update([]float32{1, 1}); err == nil {
		t.Error("one gradient for two values was taken")
	}
	if err := a.Update([]float32{1}, []float32{1}); err == nil {
		t.Error("a short gradient was taken")
	}
}

func TestAdamWThreads(t *testing.T) {
	run := func(threads int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		values, gradient := make([]float32, 3*piece+7), make([]float32, 3*piece+7)
		for i := range gradient {
			gradient[i] = float32(math.Sin(float64(i)))
		}
		a := NewAdamW(1e-3, values)
		for range 3 {
			if err := a.Update(gradient); err != nil {
				t.Fatal(err)
			}
		}
		return values
	}
	if !slices.Equal(run(1), run(4)) {
		t.Error("the result depends on the number of threads")
	}
}

// BenchmarkAdamW updates 60 million values, the projector of SD 1.5.
func BenchmarkAdamW(b *testing.B) {
	const n = 60_000_000
	values, gradient := make([]float32, n), make([]float32, n)
	for i := range gradient {
		gradient[i] = float32(i%17) - 8
	}
	a := NewAdamW(1e-4, values)
	for b.Loop() {
		if err := a.Update(gradient); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n, "values")
}

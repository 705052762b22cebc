package autodiff

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
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

// TestAdamWGraph: five steps on onnxruntime leave what the loop in Go leaves, from gradients that are 64 times too large.
func TestAdamWGraph(t *testing.T) {
	g, err := AdamWGraph([]onnx.Shape{{2, 3}, {4}})
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ortest.Setup(t).NewSession(t.Context(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	shapes := [][]int{{2, 3}, {4}}
	draw := rand.New(rand.NewPCG(3, 4))
	values, gradients := [][]float32{make([]float32, 6), make([]float32, 4)}, [][]float32{make([]float32, 6), make([]float32, 4)}
	inputs := map[string]ort.Value{}
	for i, v := range values {
		for j := range v {
			v[j] = float32(draw.NormFloat64())
		}
		inputs[fmt.Sprint("value.", i)] = ort.FromFloat32(slices.Clone(v), shapes[i]...)
		for _, name := range []string{"mean.", "square."} {
			inputs[fmt.Sprint(name, i)] = ort.FromFloat32(make([]float32, len(v)), shapes[i]...)
		}
	}
	here, there := NewAdamW(1e-2, values...), NewAdamW(1e-2, values...)
	const scale = 64
	var names []string
	for i := range values {
		names = append(names, fmt.Sprint("new value.", i), fmt.Sprint("new mean.", i), fmt.Sprint("new square.", i))
	}
	// run makes a step there and returns the values after it, and which gradients were finite.
	run := func() (after []*tensor.Tensor, finite []float32) {
		for name, f := range there.Factors(scale) {
			inputs[name] = ort.FromFloat32([]float32{f}, 1)
		}
		for i, g := range gradients {
			scaled := make([]float32, len(g))
			for j, v := range g {
				scaled[j] = v * scale
			}
			inputs[fmt.Sprint("gradient.", i)] = ort.FromFloat32(scaled, shapes[i]...)
		}
		out, err := s.Run(t.Context(), inputs, append(names, "finite")...)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			inputs[strings.TrimPrefix(name, "new ")] = ort.FromTensor(out[i])
		}
		there.Advance()
		return []*tensor.Tensor{out[0], out[3]}, out[len(names)].Data
	}
	for step := range 5 {
		for _, g := range gradients {
			for j := range g {
				g[j] = float32(draw.NormFloat64())
			}
		}
		if err := here.Update(gradients...); err != nil {
			t.Fatal(err)
		}
		after, finite := run()
		if !slices.Equal(finite, []float32{0, 0}) {
			t.Errorf("finite is %v for numbers", finite)
		}
		for i, got := range after {
			for j, want := range values[i] {
				if math.Abs(float64(got.Data[j]-want)) > 1e-6 {
					t.Errorf("step %d: value %d.%d is %v, want %v", step, i, j, got.Data[j], want)
				}
			}
		}
	}
	gradients[1][2] = float32(math.Inf(1))
	if _, finite := run(); finite[0] != 0 || finite[1] == finite[1] {
		t.Errorf("finite is %v where the second gradient is infinite", finite)
	}
}

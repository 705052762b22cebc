package actor

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// fit is a training of w [2,3] and c [3] so that x·w + c becomes y, on the host or as on a GPU.
func fit(t *testing.T, scaled bool, boost float32) *trainer {
	t.Helper()
	b := onnx.NewBuilder("fit")
	x, y := b.Input("x", onnx.Float32, 4, 2), b.Input("y", onnx.Float32, 4, 3)
	w, c, k := b.Input("w", onnx.Float32, 2, 3), b.Input("c", onnx.Float32, 3), b.Input("boost", onnx.Float32, 1)
	e := b.Mul(b.Sub(b.Add(b.MatMul(x, w), c), y), k)
	loss := b.Op("ReduceMean", b.Reshape(b.Mul(e, e), onnx.Unknown), b.Ints(0))
	b.Output("loss", loss)
	gradientForm{scaled: scaled}.add(b, loss, []*onnx.Value{w, c}, []string{"grad.w", "grad.c"})
	g, err := b.Graph()
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
	t.Cleanup(func() { s.Close() })
	rt, err := runtime.New(runtime.Config{ORT: ort.Options{Device: "cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	values := []trained{{"w", tensor.Full(0.5, 2, 3)}, {"c", tensor.New(3)}}
	run, err := newTrainer(t.Context(), rt, s, values, map[string]ort.Value{"boost": ort.FromFloat32([]float32{boost}, 1)}, 1e-2, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.close)
	if (run.device != nil) != scaled {
		t.Fatalf("trains on the device: %v, want %v", run.device != nil, scaled)
	}
	return run
}

func fitBatch(draw *rand.Rand) map[string]ort.Value {
	x, y := tensor.New(4, 2), tensor.New(4, 3)
	for _, t := range []*tensor.Tensor{x, y} {
		for i := range t.Data {
			t.Data[i] = float32(draw.NormFloat64())
		}
	}
	return map[string]ort.Value{"x": ort.FromTensor(x), "y": ort.FromTensor(y)}
}

// TestDeviceTraining: losses and values are those of a training on the host, and come to the host when they are fetched.
func TestDeviceTraining(t *testing.T) {
	host, device := fit(t, false, 1), fit(t, true, 1)
	here, there := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	for step := range 20 {
		want, err := host.step(t.Context(), fitBatch(here))
		if err != nil {
			t.Fatal(err)
		}
		got, err := device.step(t.Context(), fitBatch(there))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("step %d: loss %v, want %v", step, got, want)
		}
	}
	if device.values[0].value.Data[0] != 0.5 {
		t.Error("the host's values changed before they were fetched")
	}
	if err := device.fetch(); err != nil {
		t.Fatal(err)
	}
	for i, v := range host.values {
		for _, pair := range [][2][]float32{
			{device.values[i].value.Data, v.value.Data}, {device.adam.Means[i], host.adam.Means[i]}, {device.adam.Squares[i], host.adam.Squares[i]},
		} {
			for j, want := range pair[1] {
				if math.Abs(float64(pair[0][j]-want)) > 1e-5 {
					t.Errorf("%s: %v, want %v", v.name, pair[0], pair[1])
					break
				}
			}
		}
	}
	if device.adam.Steps != 20 {
		t.Errorf("%d steps were counted", device.adam.Steps)
	}
}

// TestDeviceTrainingGoesOn: a state that was saved by one training is where another begins.
func TestDeviceTrainingGoesOn(t *testing.T) {
	whole, first, second := fit(t, true, 1), fit(t, true, 1), fit(t, true, 1)
	draw := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
	run := func(tr *trainer, d *rand.Rand, steps int) {
		for range steps {
			if _, err := tr.step(t.Context(), fitBatch(d)); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(whole, draw(), 6)
	d := draw()
	run(first, d, 4)
	s := state{path: t.TempDir() + "/state.safetensors", trainer: first}
	if err := s.save(t.Context(), 4, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	s.trainer = second
	if losses, err := s.load(); err != nil || len(losses) != 4 {
		t.Fatalf("the state was not loaded: %v, %v", losses, err)
	}
	run(second, d, 2)
	for _, tr := range []*trainer{whole, second} {
		if err := tr.fetch(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := second.values[0].value.Data, whole.values[0].value.Data; !slices.Equal(got, want) {
		t.Errorf("going on leads to %v, without a break it is %v", got, want)
	}
}

// TestLossScale: it halves until the gradients are finite, and a training that no scale helps has diverged with nothing changed.
func TestLossScale(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	large := fit(t, true, 1e18) // a loss of about 1e36, whose gradient 4096 times as large is infinite
	if _, err := large.step(t.Context(), fitBatch(draw)); err != nil {
		t.Fatal(err)
	}
	if s := large.device.scale; s >= firstScale || s < 1 {
		t.Errorf("the scale is %v", s)
	}
	before := large.adam.Steps
	infinite := fitBatch(draw)
	infinite["x"] = ort.FromFloat32([]float32{0, 0, 0, 0, 0, 0, 1e25, 0}, 4, 2)
	if _, err := large.step(t.Context(), infinite); !errors.Is(err, ErrDiverged) {
		t.Errorf("an infinite loss: %v", err)
	}
	if large.adam.Steps != before {
		t.Error("a step that diverged was counted")
	}
	small := fit(t, true, 1)
	small.device.clean = scaleSteps - 1
	if _, err := small.step(t.Context(), fitBatch(draw)); err != nil || small.device.scale != 2*firstScale {
		t.Errorf("after %d clean steps the scale is %v, %v; want it doubled", scaleSteps, small.device.scale, err)
	}
}

package actor

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestTuneSteps: the steps that benchmarks time run.
func TestTuneSteps(t *testing.T) {
	rt, tuning := demoAt(t)
	step, release, err := TuneSteps(t.Context(), rt, tuning.Model, 16, 77)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for range 2 {
		loss, err := step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !(loss > 0 && loss < 100) {
			t.Errorf("the loss is %v", loss)
		}
	}
}

// TestTuningForGPU: the graph of a GPU, with its fused operators written out and in float32, has the loss and the gradients of the plain one.
func TestTuningForGPU(t *testing.T) {
	rt, tuning := demoAt(t)
	set, config, err := tuning.Model.UNet()
	if err != nil {
		t.Fatal(err)
	}
	s := tuneSizes{
		Auxiliary: 2, Rows: 4, Height: 16, Width: 16, Tokens: 77,
		Projector: model.ProjectorConfig{Channels: config.MiddleChannels, Height: 16 >> config.Levels(), Width: 16 >> config.Levels(), Dim: config.ContextDim},
	}
	const scale = 64
	var results [2]map[string]*tensor.Tensor
	for i, form := range []gradientForm{{}, {options: autodiff.Options{Block: gpuBlock, Align: 8}, scaled: true}} {
		session, release, err := rt.Session(t.Context(), runtime.GraphSpec{Key: t.Name() + string(rune('0'+i)), Build: func() (*onnx.Graph, error) {
			g, err := tuneGraph(set, config, model.Patches{}, s, form)
			if err != nil || !form.scaled {
				return g, err
			}
			return lower.Graph(g, lower.Options{Compute: onnx.Float32, Portable: true})
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		inputs := map[string]ort.Value{}
		for _, p := range session.Inputs() {
			x := tensor.New(p.Shape...)
			for j := range x.Data {
				x.Data[j] = float32(j%13-6) / 10
			}
			inputs[p.Name] = ort.FromTensor(x)
		}
		if form.scaled {
			inputs[scaleInput] = ort.FromFloat32([]float32{scale}, 1)
		}
		results[i] = map[string]*tensor.Tensor{}
		for _, p := range session.Outputs() {
			out, err := session.Run(t.Context(), inputs, p.Name)
			if err != nil {
				t.Fatal(err)
			}
			results[i][p.Name] = out[0]
		}
	}
	// What the GPU gets loads as far as the first operator that the CPU lacks: types and shapes of all fit.
	_, release, err := rt.Session(t.Context(), runtime.GraphSpec{Key: t.Name() + " in half", Build: func() (*onnx.Graph, error) {
		g, err := tuneGraph(set, config, model.Patches{}, s, gradientForm{options: autodiff.Options{Block: gpuBlock, Align: 8}, scaled: true})
		if err != nil {
			return nil, err
		}
		return lower.Graph(g, lower.Options{Compute: onnx.Float16})
	}})
	if err == nil {
		release()
		t.Error("the CPU runs it; compare its numbers")
	} else if !strings.Contains(err.Error(), "Kernel not found") && !strings.Contains(err.Error(), "Could not find an implementation") {
		t.Error(err)
	}
	for name, want := range results[0] {
		got := results[1][name]
		if strings.HasPrefix(name, "grad.") {
			for i := range got.Data {
				got.Data[i] /= scale
			}
		}
		var difference, size float64
		for i, w := range want.Data {
			d := float64(got.Data[i] - w)
			difference, size = difference+d*d, size+float64(w)*float64(w)
		}
		if difference > 1e-8*size {
			t.Errorf("%s differs: %.2g of %.2g (squared L2)", name, difference, size)
		}
	}
}

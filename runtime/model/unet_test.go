package model_test

import (
	"fmt"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// tinyUNet is the smallest SD 1.x UNet of the fixtures and inputs for a latent of that size.
func tinyUNet(t *testing.T, height, width int) (*weights.Set, model.UNetConfig, map[string]ort.Value) {
	t.Helper()
	checkpoint, err := weights.OpenUNet(modelFile(t, "tiny-sd15", "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := model.ReadUNet(checkpoint.UNet)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint.UNet, c, map[string]ort.Value{
		"x":         ort.FromTensor(wave(1, c.InChannels, height, width)),
		"timesteps": ort.FromFloat32([]float32{500}, 1),
		"context":   ort.FromTensor(wave(1, 77, c.ContextDim)),
	}
}

// wave is a tensor of values in -1…1 that do not repeat.
func wave(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32((i*7919)%1009)/504 - 1
	}
	return x
}

func graph(t *testing.T, set *weights.Set, o model.UNetOptions) *onnx.Graph {
	t.Helper()
	g, err := model.UNet(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestUNetControl: residuals of 0 change nothing, and in every place a residual changes the result, the more the larger it is.
func TestUNetControl(t *testing.T) {
	r := runner{ortest.Setup(t), ort.Mapped}
	set, c, inputs := tinyUNet(t, 9, 14)
	plain := r.run(t, graph(t, set, model.UNetOptions{}), inputs, "out")[0]
	controlled := graph(t, set, model.UNetOptions{Control: true})
	residual := func(i int, scale float32) ort.Value {
		level, channels := c.Levels(), c.MiddleChannels
		if i < len(c.SkipChannels) {
			level, channels = c.SkipLevels[i], c.SkipChannels[i]
		}
		x := wave(1, channels, halved(9, level), halved(14, level))
		for k := range x.Data {
			x.Data[k] *= scale
		}
		return ort.FromTensor(x)
	}
	names := []string{}
	for i := range c.SkipChannels {
		names = append(names, fmt.Sprint("control.", i))
	}
	names = append(names, "control.middle")
	run := func(changed int, scale float32) *tensor.Tensor {
		for i, name := range names {
			inputs[name] = residual(i, 0)
			if i == changed {
				inputs[name] = residual(i, scale)
			}
		}
		return r.run(t, controlled, inputs, "out")[0]
	}
	goldentest.Close(t, "residuals of 0", run(-1, 0), plain, 1e-6)
	for i, name := range names {
		little := goldentest.Difference(run(i, 0.01).Data, plain.Data)
		more := goldentest.Difference(run(i, 0.1).Data, plain.Data)
		if little < 1e-6 || more < 3*little {
			t.Errorf("%s: a residual of 0.01 changes the result by %g, one of 0.1 by %g", name, little, more)
		}
	}
}

// halved is a size after it was halved that often, rounding up.
func halved(size, times int) int {
	for range times {
		size = (size + 1) / 2
	}
	return size
}

func TestUNetFixedSizes(t *testing.T) {
	r := runner{ortest.Setup(t), ort.Mapped}
	set, _, inputs := tinyUNet(t, 8, 12)
	want := r.run(t, graph(t, set, model.UNetOptions{}), inputs, "out")[0]
	fixed := graph(t, set, model.UNetOptions{Batch: 1, Height: 8, Width: 12, Tokens: 77, Even: true, Features: true})
	for _, v := range append(fixed.Inputs, fixed.Outputs...) {
		if v.Shape.Count() == onnx.Unknown {
			t.Errorf("%s has shape %v", v.Name, v.Shape)
		}
	}
	goldentest.Close(t, "out", r.run(t, fixed, inputs, "out")[0], want, network)
}

func TestUNetWeightsStayInTheFile(t *testing.T) {
	set, _, _ := tinyUNet(t, 8, 8)
	g := graph(t, set, model.UNetOptions{})
	ref, _ := set.Ref("out.2.weight")
	if files := g.Files(); len(files) != 1 || files[0] != ref.File.Path() {
		t.Errorf("weights come from %v, want %s alone", files, ref.File.Path())
	}
	inline := 0
	for _, v := range g.Initializers {
		inline += len(v.Init.Data)
	}
	if inline > 100_000 {
		t.Errorf("%d bytes of constants are inline", inline)
	}
}

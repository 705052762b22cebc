package model_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenUNetResiduals: what is added to the middle block is the same by both doors; a zero for every item and cell is nothing; what an
// adapter adds to an input block is more than what a ControlNet adds to it, because the blocks behind see it too.
func TestGoldenUNetResiduals(t *testing.T) {
	checkpoint, err := weights.OpenUNet(modelFile(t, "tiny-sd15", "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := model.ReadUNet(checkpoint.UNet)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(8, 9))
	normal := func(shape ...int) *tensor.Tensor {
		out := tensor.New(shape...)
		for i := range out.Data {
			out.Data[i] = float32(random.NormFloat64())
		}
		return out
	}
	x, context := normal(2, 4, 8, 6), normal(2, 9, c.ContextDim)
	zero := func(channels int) *tensor.Tensor { return tensor.New(1, channels, 1, 1) }
	levels(t, func(t *testing.T, r runner) {
		run := func(o model.UNetOptions, residuals map[string]*tensor.Tensor) *tensor.Tensor {
			t.Helper()
			g, err := model.UNet(checkpoint.UNet, o)
			if err != nil {
				t.Fatal(err)
			}
			inputs := map[string]ort.Value{"x": ort.FromTensor(x), "timesteps": ort.FromTensor(tensor.Full(300, 2)), "context": ort.FromTensor(context)}
			for name, v := range residuals {
				inputs[name] = ort.FromTensor(v)
			}
			return r.run(t, g, inputs, "out")[0]
		}
		control := func(place string, v *tensor.Tensor) *tensor.Tensor {
			residuals := map[string]*tensor.Tensor{"control.middle": zero(c.MiddleChannels)}
			for i, channels := range c.SkipChannels {
				residuals[fmt.Sprint("control.", i)] = zero(channels)
			}
			if place != "" {
				residuals[place] = v
			}
			return run(model.UNetOptions{Control: true}, residuals)
		}
		plain := run(model.UNetOptions{}, nil)
		goldentest.Close(t, "zeros", control("", nil), plain, network)

		middle := normal(1, c.MiddleChannels, 4, 3) // for both items
		by := run(model.UNetOptions{Adapted: []int{model.Middle}}, map[string]*tensor.Tensor{"adapter.middle": middle})
		goldentest.Close(t, "middle", by, control("control.middle", middle), network)

		block := normal(2, c.SkipChannels[2], 8, 6)
		adapted := run(model.UNetOptions{Adapted: []int{2}}, map[string]*tensor.Tensor{"adapter.2": block})
		for name, other := range map[string]*tensor.Tensor{"without": plain, "ControlNet's": control("control.2", block), "middle": by} {
			if distance(adapted, other) < 1e-3 || distance(other, plain) < 1e-3 && name != "without" {
				t.Errorf("%s gives the same", name)
			}
		}
	})
	if _, err := model.UNet(checkpoint.UNet, model.UNetOptions{Adapted: []int{99}}); err == nil {
		t.Error("an adapter at block 99 was taken")
	}
}

// distance is the largest difference of two results.
func distance(a, b *tensor.Tensor) (most float64) {
	for i, v := range a.Data {
		most = max(most, float64(v-b.Data[i]), float64(b.Data[i]-v))
	}
	return most
}

package nodes_test

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenAliMama: with ControlNets that do not see a mask the node draws what ControlNetApplyAdvanced draws, as in ComfyUI.
func TestGoldenAliMama(t *testing.T) {
	ortest.Setup(t)
	rt := goldenRuntime(t)
	ctx := runtime.With(t.Context(), rt)
	c, err := rt.LoadCheckpoint("tiny-sd15.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nodes.ControlNetLoader{ControlNetName: "tiny-sd15-control.safetensors"}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := rt.EncodeText(ctx, c.CLIP, "a hobbit")
	if err != nil {
		t.Fatal(err)
	}
	picture := runtime.Image{Tensor: tensor.Full(0.3, 1, 64, 64, 3)}
	draw := func(positive, negative runtime.Conditioning, err error) []float32 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out, err := rt.Sample(ctx, runtime.SampleRequest{
			Model: c.Model, Positive: positive, Negative: negative, CFG: 4, Seed: 2, Steps: 2, Denoise: 1, Sampler: "euler", Scheduler: "normal",
			Latent: runtime.ZeroLatent(1, 4, 8, 8),
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Samples.Data
	}
	masked, err := nodes.ControlNetInpaintingAliMamaApply{
		Positive: prompt, Negative: prompt, ControlNet: net, VAE: c.VAE, Image: picture, Mask: runtime.Mask{Tensor: tensor.Full(1, 1, 64, 64)},
		Strength: 0.8, EndPercent: 0.9,
	}.Run(ctx)
	got := draw(masked.Positive, masked.Negative, err)
	plain, err := nodes.ControlNetApplyAdvanced{
		Positive: prompt, Negative: prompt, ControlNet: net, Image: picture, Strength: 0.8, EndPercent: 0.9,
	}.Run(ctx)
	if want := draw(plain.Positive, plain.Negative, err); !slices.Equal(got, want) {
		t.Error("the two nodes draw different pictures")
	}
	if free := draw(prompt, prompt, nil); slices.Equal(got, free) {
		t.Error("the ControlNet changes nothing")
	}
}

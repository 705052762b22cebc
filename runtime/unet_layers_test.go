package runtime

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
)

// TestGoldenLoRACompilesNothing: a network whose weights are packed, which takes long, is ready for LoRAs on its linear layers. What it
// predicts with and without one is what a network predicts that is mapped.
func TestGoldenLoRACompilesNothing(t *testing.T) {
	for checkpoint, lora := range map[string]string{"tiny-sd15.safetensors": "diffusers-processor.safetensors", "tiny-sdxl.safetensors": "sdxl-kohya.safetensors"} {
		t.Run(checkpoint, func(t *testing.T) {
			packed, mapped := newStageWith(t, WeightsPacked), newStageWith(t, WeightsMapped)
			x := packed.normal(2, 1, 4, 8, 8)
			n := 0
			var want []float32
			for i, strength := range []float64{0, 0.8, 0.3, 0, -1} {
				for _, s := range []stage{mapped, packed} {
					c := s.checkpoint(t, checkpoint)
					prompt := s.encode(t, c, "a cat") // without the LoRA: text encoders are packed in a moment
					m, _, err := s.ApplyLoRA(c.Model, c.CLIP, lora, strength, 0)
					if err != nil {
						t.Fatal(err)
					}
					got := s.answer(t, m, prompt, x)
					if s.Runtime == mapped.Runtime {
						want = got.Data
						continue
					}
					if d := goldentest.Difference(got.Data, want); d > controlTolerance {
						t.Errorf("strength %g: differs by %g from the mapped network", strength, d)
					}
				}
				if i == 0 {
					n = packed.graphs()
				}
			}
			if got := packed.graphs(); got != n {
				t.Errorf("%d graphs became %d", n, got)
			}
		})
	}
}

// TestGoldenOpenLayers: the layers that LoRAs of the fixtures change are open, but for convolutions of residual blocks.
func TestGoldenOpenLayers(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sdxl.safetensors")
	m, _, err := s.ApplyLoRA(c.Model, c.CLIP, "sdxl-kohya.safetensors", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	plain, patched := unetRun{model: c.Model}, unetRun{model: m, patches: m.patched().graphPatches()}
	if len(patched.patches.LoRA) == 0 {
		t.Fatal("the LoRA changes nothing")
	}
	if a, b := plain.openLayers(), patched.openLayers(); !slices.Equal(a, b) {
		t.Errorf("%d layers are open without the LoRA, %d with it", len(a), len(b))
	}
}

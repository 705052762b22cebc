package model_test

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenWordMaps: showing the attention changes nothing of the prediction, and there is a map for each row of the prompt, at the level with
// the widest transformers; of each place they sum to 1.
func TestGoldenWordMaps(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "unit", "unet_tiny-sd15.safetensors") {
			checkpoint, err := weights.OpenUNet(modelFile(t, "tiny-sd15", "checkpoints"))
			if err != nil {
				t.Fatal(err)
			}
			defer checkpoint.Close()
			file := goldentest.Load(t, path)
			g, err := model.UNet(checkpoint.UNet, model.UNetOptions{Features: true, Patches: model.Patches{Edits: []model.UNetEdit{model.WordMaps{}}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range file.Names() {
				c, ok := strings.CutSuffix(name, ".x")
				if !ok {
					continue
				}
				x, context := file.Get(t, c+".x"), file.Get(t, c+".context")
				got := r.run(t, g, map[string]ort.Value{
					"x": ort.FromTensor(x), "timesteps": ort.FromTensor(file.Get(t, c+".timesteps")), "context": ort.FromTensor(context),
				}, "out", "h")
				goldentest.Close(t, c+".out", got[0], file.Get(t, c+".out"), goldentest.Tolerance(t, path, network))
				maps := got[1]
				if h, w := (x.Dim(2)+1)/2, (x.Dim(3)+1)/2; maps.Dim(0) != x.Dim(0) || maps.Dim(1) != context.Dim(1) || maps.Dim(2) != h || maps.Dim(3) != w {
					t.Fatalf("%s: maps %v for latents %v and a prompt %v", c, maps.Shape, x.Shape, context.Shape)
				}
				places := maps.Dim(2) * maps.Dim(3)
				for p := range places {
					var sum float32
					for row := range maps.Dim(1) {
						sum += maps.Data[row*places+p]
					}
					if sum < 0.999 || sum > 1.001 {
						t.Fatalf("%s: attention of place %d sums to %g", c, p, sum)
					}
				}
			}
		}
	})
}

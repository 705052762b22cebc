package model_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestPublishedPlans runs UNets of every published plan, from files under both namings: the same numbers, none of them lost on the way.
func TestPublishedPlans(t *testing.T) {
	families := map[string]weights.Family{
		"SD 1.5": weights.SD1, "LCM": weights.SD1, "SD 2.1": weights.SD2, "SDXL": weights.SDXL, "refiner": weights.SDXLRefiner,
		"SSD-1B": weights.SDXL, "Vega": weights.SDXL, "KOALA-700M": weights.SDXL, "KOALA-1B": weights.SDXL,
		"upscaler": weights.Upscaler,
	}
	r := runner{ortest.Setup(t), ort.Mapped}
	for name, plan := range layouttest.Plans {
		t.Run(name, func(t *testing.T) {
			list := plan.Tensors()
			outputs := map[string]*tensor.Tensor{}
			for naming, of := range map[string]layouttest.Naming{"latent diffusion": layouttest.LDM, "diffusers": layouttest.Diffusers} {
				path := filepath.Join(t.TempDir(), "unet.safetensors")
				layouttest.Save(t, path, list, of)
				c, err := weights.OpenUNet(path)
				if err != nil {
					t.Fatalf("%s: %v", naming, err)
				}
				defer c.Close()
				if c.Family != families[name] || c.Channels != plan.In {
					t.Errorf("%s: family %s with %d channels, want %s with %d", naming, c.Family, c.Channels, families[name], plan.In)
				}
				var names []string
				for _, item := range list {
					names = append(names, item.LDM)
				}
				if slices.Sort(names); !slices.Equal(c.UNet.Names(), names) && plan.Guidance == 0 {
					t.Fatalf("%s: names differ from those of the plan", naming)
				}
				outputs[naming] = runPlan(t, r, c.UNet, plan)
			}
			if !slices.Equal(outputs["latent diffusion"].Data, outputs["diffusers"].Data) {
				t.Error("the two namings give different results")
			}
		})
	}
}

// runPlan is the output for a latent whose size is odd at the last level; depth of every block and finite numbers are checked.
func runPlan(t *testing.T, r runner, set *weights.Set, plan layouttest.UNet) *tensor.Tensor {
	t.Helper()
	config, err := model.ReadUNet(set)
	if err != nil {
		t.Fatal(err)
	}
	if config.ContextDim != plan.Context || config.LabelDim != plan.Label && plan.Classes == 0 || config.OutChannels != 4 {
		t.Errorf("context %d, vector %d, %d channels out", config.ContextDim, config.LabelDim, config.OutChannels)
	}
	g, err := model.UNet(set, model.UNetOptions{Features: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range set.Names() {
		weight, _ := set.Ref(name)
		reads := func(v *onnx.Value) bool { // all of it, or rows
			return v.Init.File != nil && v.Init.File.Offset >= weight.Offset && v.Init.File.Offset < weight.Offset+weight.Bytes
		}
		// Like ComfyUI's, this UNet is not told of the guidance scale that LCM models may be.
		if !slices.ContainsFunc(g.Initializers, reads) && !strings.Contains(name, "cond_proj") {
			t.Errorf("weight %s is not used", name)
		}
	}
	inputs := map[string]ort.Value{
		"x": ort.FromTensor(wave(2, plan.In, 8, 12)), "timesteps": ort.FromFloat32([]float32{500, 20}, 2), "context": ort.FromTensor(wave(2, 5, plan.Context)),
	}
	if plan.Classes > 0 {
		inputs["y"] = ort.FromFloat32([]float32{0, float32(plan.Classes - 1)}, 2, 1)
	}
	if plan.Label > 0 {
		inputs["y"] = ort.FromTensor(wave(2, plan.Label))
	}
	out := r.run(t, g, inputs, "out", "h")[0]
	if !slices.Equal(out.Shape, []int{2, 4, 8, 12}) {
		t.Fatalf("shape %v", out.Shape)
	}
	for _, v := range out.Data {
		if math.IsNaN(float64(v)) || math.Abs(float64(v)) > 1e3 {
			t.Fatalf("a value of %v", v)
		}
	}
	return out
}

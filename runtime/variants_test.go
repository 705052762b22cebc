package runtime_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Small plans of each family, for variants that the fixtures do not have.
var (
	smallSD1 = layouttest.UNet{In: 4, Widths: []int{32, 64}, Resnets: 1, Down: []int{1, 1}, Middle: 1, Context: 24, Convolution: true}
	smallSD2 = layouttest.UNet{In: 4, Widths: []int{64, 64}, Resnets: 1, Down: []int{1, 0}, Middle: 1, Context: 24}
	smallX4  = layouttest.UNet{In: 7, Widths: []int{32, 64}, Resnets: 1, Down: []int{1, 1}, Middle: 1, Context: 24, Classes: 1000, PromptOnly: []bool{true, false}}
	smallXL  = layouttest.UNet{In: 4, Widths: []int{32, 64}, Resnets: 1, Down: []int{0, 2}, Middle: 2, Context: 24, Label: 16 + 6*256}
)

// with is a plan with other input channels.
func with(u layouttest.UNet, channels int) layouttest.UNet { u.In = channels; return u }

// unetRuntime is a runtime with a UNet "x.safetensors" of random weights.
func unetRuntime(t *testing.T, plan layouttest.UNet, of layouttest.Naming, marks ...layouttest.Mark) (*runtime.Runtime, error) {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "models", "diffusion_models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	layouttest.Save(t, filepath.Join(dir, "x.safetensors"), plan.Tensors(), of, marks...)
	rt := runtimetest.New(t, folder.Config{Base: base}, runtime.Config{})
	_, err := rt.LoadUNet("x.safetensors")
	return rt, err
}

// ramp is a tensor of values in -1…1.
func ramp(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(math.Sin(float64(i)))
	}
	return x
}

// TestModelVariants loads and samples what was trained from the families: UNets that see more, and other predictions. Where a picture or a
// mask is seen, another one changes the result.
func TestModelVariants(t *testing.T) {
	ortest.Setup(t)
	marks := func(names ...string) (out []layouttest.Mark) {
		for _, n := range names {
			out = append(out, layouttest.Mark{Name: n})
		}
		return out
	}
	edm := []layouttest.Mark{{Name: "edm_vpred.sigma_max", Value: 120}, {Name: "edm_vpred.sigma_min", Value: 0.002}}
	tests := map[string]struct {
		plan  layouttest.UNet
		marks []layouttest.Mark
		want  sampling.Parameterization
		sees  bool
	}{
		"SD 1.x":               {smallSD1, nil, sampling.Epsilon, false},
		"SD 1.x inpainting":    {with(smallSD1, 9), nil, sampling.Epsilon, true},
		"InstructPix2Pix":      {with(smallSD1, 8), nil, sampling.Epsilon, true},
		"SD 2.x inpainting":    {with(smallSD2, 9), nil, sampling.Epsilon, true},
		"SDXL inpainting":      {with(smallXL, 9), nil, sampling.Epsilon, true},
		"SDXL InstructPix2Pix": {with(smallXL, 8), nil, sampling.Epsilon, true},
		"SDXL v":               {smallXL, marks("v_pred"), sampling.V, false},
		"SDXL v, zero SNR":     {smallXL, marks("v_pred", "ztsnr"), sampling.V, false},
		"Playground v2.5":      {smallXL, marks("edm_mean", "edm_std"), sampling.EDM, false},
		"CosXL":                {smallXL, edm, sampling.V, false},
		"SD x4 upscaler":       {smallX4, nil, sampling.V, true},
		"CosXL edit":           {with(smallXL, 8), edm, sampling.V, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rt, err := unetRuntime(t, tt.plan, layouttest.LDM, tt.marks...)
			if err != nil {
				t.Fatal(err)
			}
			m, err := rt.LoadUNet("x.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Sampling().Parameterization; got != tt.want {
				t.Errorf("predicts %v, want %v", got, tt.want)
			}
			prompt := runtime.Conditioning{runtime.NewCond(ramp(1, 7, tt.plan.Context), ramp(1, 16), nil)}
			sampled := func(p runtime.Conditioning) []float32 {
				t.Helper()
				out, err := rt.Sample(t.Context(), runtime.SampleRequest{
					Model: m, Positive: p, Negative: prompt, CFG: 3, Latent: runtime.ZeroLatent(1, 4, 8, 8),
					Seed: 3, Steps: 2, Sampler: "euler", Scheduler: "normal", Denoise: 1,
				})
				if err != nil {
					t.Fatal(err)
				}
				return out.Samples.Data
			}
			sample := func(picture *tensor.Tensor) []float32 {
				t.Helper()
				if tt.plan.Classes > 0 { // it sees colours
					up, err := runtime.UpscaleConditioning(prompt, prompt, runtime.Image{Tensor: tensor.Full(picture.Data[1], 1, 8, 8, 3)}, 4, 0.1)
					if err != nil {
						t.Fatal(err)
					}
					return sampled(up.Positive)
				}
				p := prompt.WithPicture(runtime.Latent{Samples: picture}, tensor.Full(1, 1, 1, 64, 64))
				return sampled(p)
			}
			one, other := sample(ramp(1, 4, 8, 8)), sample(tensor.New(1, 4, 8, 8))
			if slices.ContainsFunc(one, func(v float32) bool { return v-v != 0 }) {
				t.Error("a value is not finite")
			}
			if slices.Equal(one, other) == tt.sees {
				t.Errorf("another picture changes the result: %v, want %v", !tt.sees, tt.sees)
			}
			if _, _, err := m.UNet(); errors.Is(err, model.ErrUnsupported) != tt.sees {
				t.Errorf("for training: %v", err)
			}
		})
	}
}

// TestModelVariantsRefuse names models that see something else, and latents and pictures that do not fit.
func TestModelVariantsRefuse(t *testing.T) {
	ortest.Setup(t)
	for name, tt := range map[string]struct {
		plan layouttest.UNet
		want string
	}{
		"depth":       {with(smallSD2, 5), "5 are a depth model"},
		"Zero123":     {with(smallSD2, 8), "takes 8 input channels"},
		"16 channels": {with(smallSD1, 16), "takes 16 input channels"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := unetRuntime(t, tt.plan, layouttest.Diffusers); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	rt, err := unetRuntime(t, with(smallSD1, 9), layouttest.Diffusers)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rt.LoadUNet("x.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	prompt := runtime.Conditioning{runtime.NewCond(ramp(1, 7, 24), ramp(1, 16), nil)}
	masked := func(picture *tensor.Tensor) runtime.Conditioning {
		return prompt.WithPicture(runtime.Latent{Samples: picture}, tensor.Full(1, 1, 1, 8, 8))
	}
	for name, tt := range map[string]struct {
		prompt runtime.Conditioning
		latent *tensor.Tensor
		want   string
	}{
		"a latent of another VAE":      {masked(ramp(1, 4, 8, 8)), tensor.Full(1, 1, 16, 8, 8), "16 channels and the model works on 4"},
		"a picture of another VAE":     {masked(ramp(1, 16, 8, 8)), tensor.New(1, 4, 8, 8), "16 latent channels and the model wants 4"},
		"a picture of another size":    {masked(ramp(2, 4, 5, 9)), tensor.New(1, 4, 8, 8), ""},
		"a prompt of another encoder":  {runtime.Conditioning{runtime.NewCond(ramp(1, 7, 32), nil, nil)}, tensor.New(1, 4, 8, 8), "width 32 and the model wants 24"},
		"the wrong size is no mistake": {masked(ramp(1, 4, 8, 8)), tensor.New(1, 4, 7, 9), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rt.Sample(t.Context(), runtime.SampleRequest{
				Model: m, Positive: tt.prompt, Negative: prompt, CFG: 1, Latent: runtime.Latent{Samples: tt.latent},
				Steps: 1, Sampler: "euler", Scheduler: "normal", Denoise: 1,
			})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

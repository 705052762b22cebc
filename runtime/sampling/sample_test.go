package sampling

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// constant predicts one value everywhere, whatever x is.
func constant(v float32) Denoiser {
	return DenoiserFunc(func(_ context.Context, x *tensor.Tensor, _ float32) (Prediction, error) {
		p := tensor.Full(v, x.Shape...)
		return Prediction{p, p}, nil
	})
}

// stopsAbove0 is how far above the last sigma of 0 a sampler ends, as a share of the sigma before; others reach 0.
func stopsAbove0(name SamplerName, steps int) bool {
	return name == "dpm_fast" || name == "dpm_adaptive" || strings.HasPrefix(string(name), "uni_pc") && steps == 1
}

// Every sampler must end at the prediction when that does not depend on x, from the first step on.
func TestSamplersReachPrediction(t *testing.T) {
	for _, s := range samplers {
		t.Run(string(s.name), func(t *testing.T) {
			for _, steps := range []int{1, 2, 3, 4, 5, 8, 20} {
				sigmas, err := KSamplerSigmas(StableDiffusion(Epsilon), "karras", s.name, steps, 1)
				if err != nil {
					t.Fatal(err)
				}
				noise, err := Noise(math.MaxUint64, []int{1, 4, 3, 3}, nil)
				if err != nil {
					t.Fatal(err)
				}
				reported := []int{}
				result, err := Sample(t.Context(), constant(0.5), StableDiffusion(Epsilon), Options{
					Sampler: s.sampler, Sigmas: sigmas, Latent: tensor.New(1, 4, 3, 3), Noise: noise, Seed: math.MaxUint64,
					Callback: func(step, total int, x0 *tensor.Tensor) {
						if total != steps || x0.Data[0] != 0.5 {
							t.Errorf("%d steps: callback with total %d and x0 %v", steps, total, x0.Data[0])
						}
						reported = append(reported, step)
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				limit := 5e-3 // uni_pc ends at sigma 0.001, and 5 sigma do not occur in 36 values
				if stopsAbove0(s.name, steps) {
					limit = 5 * float64(sigmas[len(sigmas)-2])
				}
				for i, v := range result.Latent.Data {
					if d := math.Abs(float64(v) - 0.5); !(d <= limit) {
						t.Fatalf("%d steps: value %d is %v, want 0.5", steps, i, v)
					}
				}
				for i, step := range reported {
					if step != i {
						t.Fatalf("%d steps: reported %v", steps, reported)
					}
				}
				if len(reported) != steps && !strings.HasPrefix(string(s.name), "dpm_fast") && s.name != "dpm_adaptive" {
					t.Errorf("%d steps: reported %d", steps, len(reported))
				}
				if want := float32(0.5); len(reported) > 0 && result.Denoised.Data[0] != want {
					t.Errorf("%d steps: denoised is %v, want %v", steps, result.Denoised.Data[0], want)
				}
			}
		})
	}
}

// For data of standard deviation 1 the ideal prediction is x/(1+σ²), and the slope is known to end at
// x/sqrt(1+σ_max²): samplers without noise must come close to it, those with noise to deviation 1.
func TestSamplersConverge(t *testing.T) {
	ideal := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
		out := x.Clone()
		scale(out.Data, 1/(1+sigma*sigma))
		return Prediction{out, out}, nil
	})
	const steps = 60
	shape := []int{1, 4, 32, 32}
	noise, err := Noise(3, shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	type named = struct {
		name    SamplerName
		sampler Sampler
	}
	adaptive := samplers[slices.Index(SamplerName("").Choices(), "dpm_adaptive")].sampler.(DPMAdaptive)
	second, ancestral, third := adaptive, adaptive, saSolver
	second.Order, ancestral.Eta = 2, 1
	third.SimpleOrder2, third.PredictorOrder, third.CorrectorOrder = true, 2, 2
	all := []named{
		{"euler_cfg_pp alternative", EulerCFGPP{Alternative: true}},
		{"lms of order 1", LMS{Order: 1}},
		{"lms of order 7", LMS{Order: 7}},
		{"dpm_fast ancestral", DPMFast{Eta: 1, SNoise: 1}},
		{"dpm_adaptive of order 2", second},
		{"dpm_adaptive ancestral", ancestral},
		{"dpmpp_sde, r 1", DPMPPSDE{Eta: 1, SNoise: 1, R: 1}},
		{"dpmpp, eta 0", DPMPPSDE{R: 0.5}},
		{"dpmpp_3m, eta 0", DPMPP3MSDE{}},
		{"er ode", ERSDE{SolverType: "ODE", MaxStage: 3}},
		{"er reverse sde", ERSDE{SolverType: "Reverse-time SDE", MaxStage: 2, Eta: 1, SNoise: 1}},
		{"stages, eta 0", SEEDS2{R: 0.5}},
		{"three stages, eta 0", SEEDS3{R1: 0.25, R2: 0.5}},
		{"sa_solver with simple weights", third},
		{"adams, eta 0", SASolver{PredictorOrder: 2, CorrectorOrder: 0}},
		{"gradient_estimation, gamma 1", GradientEstimation{Gamma: 1}},
	}
	for _, s := range append(all, samplers...) {
		switch s.name {
		case "lcm": // needs a consistency model, for which one prediction is the end of the slope
			continue
		case "dpmpp_2s_ancestral_cfg_pp": // mixes predictions of two sigmas, which does not converge to the slope
			continue
		}
		t.Run(string(s.name), func(t *testing.T) {
			sigmas, err := KSamplerSigmas(StableDiffusion(Epsilon), "karras", s.name, steps, 1)
			if err != nil {
				t.Fatal(err)
			}
			result, err := Sample(t.Context(), ideal, StableDiffusion(Epsilon), Options{
				Sampler: s.sampler, Sigmas: sigmas, Latent: tensor.New(shape...), Noise: noise, Seed: 4,
			})
			if err != nil {
				t.Fatal(err)
			}
			var sum, product float64
			for i, v := range result.Latent.Data {
				sum += float64(v) * float64(v)
				product += float64(v) * float64(noise.Data[i])
			}
			n := float64(len(noise.Data))
			deviation, correlation := math.Sqrt(sum/n), product/n/math.Sqrt(sum/n)
			if math.Abs(deviation-1) > 0.08 {
				t.Errorf("standard deviation is %.3f, want 1", deviation)
			}
			if noisy := correlation < 0.9; noisy != isNoisy(s.name) {
				t.Errorf("correlation with the initial noise is %.3f", correlation)
			}
		})
	}
}

func isNoisy(name SamplerName) bool {
	for _, part := range []string{"ancestral", "sde", "ddpm", "seeds", "sa_solver"} {
		if strings.Contains(string(name), part) {
			return true
		}
	}
	return false
}

func TestSampleMask(t *testing.T) {
	// The left column is kept; the model would paint 0.5.
	mask := tensor.New(1, 1, 4, 4)
	for i := range mask.Data {
		mask.Data[i] = float32(min(i%4, 1))
	}
	latent, err := Noise(1, []int{2, 4, 4, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	noise, err := Noise(2, latent.Shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samplers {
		t.Run(string(s.name), func(t *testing.T) {
			sigmas, err := KSamplerSigmas(StableDiffusion(Epsilon), "normal", s.name, 6, 0.7)
			if err != nil {
				t.Fatal(err)
			}
			result, err := Sample(t.Context(), constant(0.5), StableDiffusion(Epsilon), Options{
				Sampler: s.sampler, Sigmas: sigmas, Latent: latent, Noise: noise, Mask: mask, Seed: 2,
			})
			if err != nil {
				t.Fatal(err)
			}
			limit := 1e-2
			if stopsAbove0(s.name, 6) {
				limit = 5 * float64(sigmas[len(sigmas)-2])
			}
			// CFG++ adds back the unmasked unconditional prediction, so it keeps cells only where x is replaced by
			// the prediction at the end, which is what all of them do.
			for i, v := range result.Latent.Data {
				want := float32(0.5)
				if i%4 == 0 {
					want = latent.Data[i]
				}
				if d := math.Abs(float64(v - want)); !(d <= limit) {
					t.Fatalf("value %d is %v, want %v", i, v, want)
				}
			}
		})
	}
}

// What the model sees in the kept cells is the latent with the initial noise, or for ddim with noise of seed+1.
func TestSampleMaskNoise(t *testing.T) {
	latent := tensor.Full(1, 1, 1, 4, 4)
	first, err := Noise(7, latent.Shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, err := Noise(8, latent.Shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, noise := range map[SamplerName]*tensor.Tensor{"euler": first, "ddim": next} {
		sampler, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		model := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
			calls++
			want := make([]float32, len(x.Data))
			combine(want, term{sigma, noise.Data}, term{1, latent.Data})
			if d := goldentest.Difference(x.Data, want); d > 1e-6 {
				t.Errorf("%s at sigma %v: kept cells are off by %v", name, sigma, d)
			}
			return Prediction{Denoised: x}, nil
		})
		_, err = Sample(t.Context(), model, StableDiffusion(Epsilon), Options{
			Sampler: sampler, Sigmas: []float32{2, 1, 0}, Latent: latent, Noise: first, Mask: tensor.New(1, 1, 4, 4), Seed: 7,
		})
		if err != nil || calls != 2 {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
	}
}

func TestSampleFewSigmas(t *testing.T) {
	latent, noise := tensor.Full(2, 1, 4, 2, 2), tensor.Full(1, 1, 4, 2, 2)
	tests := map[string]struct {
		sigmas []float32
		noise  *tensor.Tensor
		want   float32
	}{
		"none":                   {nil, noise, 2},
		"one adds noise":         {[]float32{3}, noise, 5},
		"one without noise":      {[]float32{3}, nil, 2},
		"one, highest":           {[]float32{20}, noise, 2 + float32(math.Sqrt(401))},
		"two, stops above 0":     {[]float32{4, 2}, noise, 4},
		"two, down to 0":         {[]float32{4, 0}, noise, 2},
		"rising":                 {[]float32{1, 3}, noise, 5},
		"many equal":             {[]float32{1, 1, 1}, noise, 3},
		"equal, then down to 0 ": {[]float32{1, 1, 0}, noise, 2},
	}
	for name, tt := range tests {
		result, err := Sample(t.Context(), constant(2), StableDiffusion(Epsilon), Options{
			Sampler: Euler{}, Sigmas: tt.sigmas, Latent: latent, Noise: tt.noise,
		})
		if err != nil || math.Abs(float64(result.Latent.Data[0]-tt.want)) > 1e-5 {
			t.Errorf("%s: got %v, %v, want %v", name, result.Latent, err, tt.want)
		}
	}
	if latent.Data[0] != 2 || noise.Data[0] != 1 {
		t.Error("the latent or the noise passed in was written to")
	}
}

func TestSampleStops(t *testing.T) {
	for _, s := range samplers {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		model := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, _ float32) (Prediction, error) {
			if calls++; calls == 2 {
				cancel()
			}
			p := tensor.New(x.Shape...)
			return Prediction{p, p}, nil
		})
		_, err := Sample(ctx, model, StableDiffusion(Epsilon), Options{
			Sampler: s.sampler, Sigmas: []float32{8, 6, 4, 2, 1, 0}, Latent: tensor.New(1, 4, 4, 4), Noise: tensor.Full(1, 1, 4, 4, 4),
		})
		if !errors.Is(err, context.Canceled) || calls != 2 {
			t.Errorf("%s: %d calls, error %v", s.name, calls, err)
		}
	}
}

func TestSampleErrors(t *testing.T) {
	ok := Options{Sampler: Euler{}, Sigmas: []float32{2, 1, 0}, Latent: tensor.New(1, 4, 2, 2)}
	sd := StableDiffusion(Epsilon)
	failing := errors.New("out of memory")
	denoise := func(p Prediction, err error) Denoiser {
		return DenoiserFunc(func(context.Context, *tensor.Tensor, float32) (Prediction, error) { return p, err })
	}
	tests := map[string]struct {
		model  Denoiser
		ms     ModelSampling
		change func(*Options)
		want   string
	}{
		"no levels":        {constant(0), ModelSampling{}, func(*Options) {}, "noise levels"},
		"no sampler":       {constant(0), sd, func(o *Options) { o.Sampler = nil }, "no sampler"},
		"no latent":        {constant(0), sd, func(o *Options) { o.Latent = nil }, "no latent"},
		"noise shape":      {constant(0), sd, func(o *Options) { o.Noise = tensor.New(1, 4, 2, 3) }, "noise of shape"},
		"mask shape":       {constant(0), sd, func(o *Options) { o.Mask = tensor.New(1, 1, 4, 4) }, "mask of shape"},
		"mask dimensions":  {constant(0), sd, func(o *Options) { o.Mask = tensor.New(2, 2) }, "mask of shape"},
		"NaN sigma":        {constant(0), sd, func(o *Options) { o.Sigmas = []float32{float32(math.NaN()), 0} }, "sigma 0"},
		"negative sigma":   {constant(0), sd, func(o *Options) { o.Sigmas = []float32{1, -1} }, "sigma 1"},
		"model fails":      {denoise(Prediction{}, failing), sd, func(*Options) {}, "out of memory"},
		"no prediction":    {denoise(Prediction{}, nil), sd, func(*Options) {}, "prediction"},
		"prediction shape": {denoise(Prediction{Denoised: tensor.New(1)}, nil), sd, func(*Options) {}, "shape"},
		"no uncond": {denoise(Prediction{Denoised: tensor.New(1, 4, 2, 2)}, nil), sd,
			func(o *Options) { o.Sampler = EulerCFGPP{} }, "unconditional"},
		"lms order":      {constant(0), sd, func(o *Options) { o.Sampler = LMS{} }, "order"},
		"adaptive order": {constant(0), sd, func(o *Options) { o.Sampler = DPMAdaptive{} }, "order"},
		"adaptive NaN": {denoise(Prediction{Denoised: tensor.Full(float32(math.NaN()), 1, 4, 2, 2)}, nil), sd,
			func(o *Options) { o.Sampler = samplers[10].sampler }, "not a number"},
		"dpm_fast from 0": {constant(0), sd, func(o *Options) { o.Sampler, o.Sigmas = DPMFast{}, []float32{0, 1} }, "sigmas from 0"},
		"dpm_fast rises":  {constant(0), sd, func(o *Options) { o.Sampler, o.Sigmas = DPMFast{Eta: 1}, []float32{1, 2} }, "rising"},
		"dpmpp_sde r":     {constant(0), sd, func(o *Options) { o.Sampler = DPMPPSDE{} }, "r is 0"},
		"seeds_2 r":       {constant(0), sd, func(o *Options) { o.Sampler = SEEDS2{} }, "r is 0"},
		"seeds_3 r":       {constant(0), sd, func(o *Options) { o.Sampler = SEEDS3{R1: 0.5, R2: 0.5} }, "r_1"},
		"er_sde solver":   {constant(0), sd, func(o *Options) { o.Sampler = ERSDE{MaxStage: 1} }, "solver_type"},
		"er_sde stage":    {constant(0), sd, func(o *Options) { o.Sampler = ERSDE{SolverType: "ODE"} }, "max_stage"},
		"sa_solver order": {constant(0), sd, func(o *Options) { o.Sampler = SASolver{} }, "predictor_order"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := ok
			tt.change(&o)
			if _, err := Sample(t.Context(), tt.model, tt.ms, o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one about %q", err, tt.want)
			}
		})
	}
}

func TestByName(t *testing.T) {
	names := SamplerName("").Choices()
	if len(names) != 42 || names[0] != "euler" || slices.Contains(names, "") {
		t.Errorf("names are %v", names)
	}
	for _, name := range names {
		s, err := ByName(SamplerName(name))
		if err != nil {
			t.Error(err)
		} else if s.NeedsUncond() != strings.HasSuffix(name, "_cfg_pp") {
			t.Errorf("%s: needs the unconditional prediction: %v", name, s.NeedsUncond())
		}
	}
	if _, err := ByName("eular"); err == nil || !strings.Contains(err.Error(), "dpmpp_2m") {
		t.Errorf("unknown name: error is %v, want one with the known names", err)
	}
}

func TestLatentFormat(t *testing.T) {
	latent, err := Noise(1, []int{2, 4, 2, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]LatentFormat{
		"identity": {}, "sd15": SD15Latents, "sdxl": SDXLLatents, "playground": Playground25Latents, "upscaler": UpscalerLatents,
	} {
		if d := goldentest.Difference(f.Out(f.In(latent)).Data, latent.Data); d > 1e-6 {
			t.Errorf("%s: off by %v after in and out", name, d)
		}
	}
	if got := Playground25Latents.In(latent).Data[4]; math.Abs(float64(got-(latent.Data[4]-1.886)*0.5/5.9022)) > 1e-6 {
		t.Errorf("channel 1 is %v", got)
	}
	// An empty latent stays empty, though the format's mean is not 0.
	result, err := Sample(t.Context(), constant(0), StableDiffusion(Epsilon), Options{
		Sampler: Euler{}, Sigmas: []float32{1}, Latent: tensor.New(1, 4, 1, 1), Format: Playground25Latents,
	})
	if err != nil || result.Latent.Data[0] != -1.6574 {
		t.Errorf("got %v, %v", result.Latent, err)
	}
}

// A list that ends above 0 gives the state of the last evaluation, so one step gives the noisy latent back (ComfyUI 0.3.64, float32).
func TestSASolverEndsAboveZero(t *testing.T) {
	noise, err := Noise(1, []int{1, 4, 2, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, solver := range map[string]SASolver{"sa_solver": saSolver, "sa_solver_pece": saSolver.withPECE()} {
		result, err := Sample(t.Context(), constant(1), StableDiffusion(Epsilon), Options{
			Sampler: solver, Sigmas: []float32{10, 5}, Latent: tensor.New(1, 4, 2, 2), Noise: noise,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range noise.Data {
			if got := result.Latent.Data[i]; math.Abs(float64(got-10*v)) > 1e-5 {
				t.Errorf("%s: value %d is %v, want %v", name, i, got, 10*v)
			}
		}
	}
}

func BenchmarkSamplers(b *testing.B) {
	model := constant(0)
	latent := tensor.New(1, 4, 64, 64)
	noise, err := Noise(1, latent.Shape, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []SamplerName{"euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "uni_pc", "deis", "sa_solver"} {
		b.Run(string(name), func(b *testing.B) {
			sampler, err := ByName(name)
			if err != nil {
				b.Fatal(err)
			}
			sigmas, err := KSamplerSigmas(StableDiffusion(Epsilon), "karras", name, 20, 1)
			if err != nil {
				b.Fatal(err)
			}
			o := Options{Sampler: sampler, Sigmas: sigmas, Latent: latent, Noise: noise, Format: SD15Latents}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Sample(b.Context(), model, StableDiffusion(Epsilon), o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/20, "µs/step")
		})
	}
}

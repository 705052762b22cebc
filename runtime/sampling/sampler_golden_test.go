package sampling

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// analyticModel is the closed form that the fixtures use in place of a UNet, with guidance:
// D(x,σ) = x/(1+σ²) + 0.1·tanh(x)·σ/(1+σ) + b, b = 0.05 for the positive and -0.05 for the negative prompt.
type analyticModel struct {
	cfg   float32
	calls []modelCall
}

type modelCall struct {
	x        *tensor.Tensor
	sigma    float32
	denoised *tensor.Tensor
}

func (m *analyticModel) Denoise(_ context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
	cond, uncond := tensor.New(x.Shape...), tensor.New(x.Shape...)
	for i, v := range x.Data {
		d := v/(1+sigma*sigma) + 0.1*float32(math.Tanh(float64(v)))*sigma/(1+sigma)
		cond.Data[i], uncond.Data[i] = d+0.05, d-0.05
	}
	denoised := cond
	if m.cfg != 1 {
		denoised = tensor.New(x.Shape...)
		for i, u := range uncond.Data {
			denoised.Data[i] = u + (cond.Data[i]-u)*m.cfg
		}
	}
	m.calls = append(m.calls, modelCall{x.Clone(), sigma, denoised})
	return Prediction{denoised, uncond}, nil
}

// analyticSettings are those of one fixture.
type analyticSettings struct {
	sampler   SamplerName
	scheduler SchedulerName
	seed      uint64
	steps     int
	cfg       float64
	latent    *tensor.Tensor
	denoise   float64
}

func (s analyticSettings) sigmas(t *testing.T) []float32 {
	t.Helper()
	sigmas, err := KSamplerSigmas(StableDiffusion(Epsilon), s.scheduler, s.sampler, s.steps, s.denoise)
	if err != nil {
		t.Fatal(err)
	}
	return sigmas
}

func (s analyticSettings) sample(t *testing.T, model Denoiser, sampler Sampler) *tensor.Tensor {
	t.Helper()
	noise, err := Noise(s.seed, s.latent.Shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := Sample(t.Context(), model, StableDiffusion(Epsilon), Options{
		Sampler: sampler, Sigmas: s.sigmas(t), Latent: s.latent, Noise: noise, Format: SD15Latents, Seed: s.seed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result.Latent
}

func number(t *testing.T, file *goldentest.File, key string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(file.Metadata()[key], 64)
	if err != nil {
		t.Fatalf("%s: metadata %s: %v", file.Path(), key, err)
	}
	return v
}

func TestSamplersGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "samplers*.safetensors") {
		file := goldentest.Load(t, path)
		for _, name := range file.Names() {
			parts := strings.Split(name, ".")
			if len(parts) == 1 {
				continue // an input
			}
			if parts[0] != "analytic" {
				continue // a model's, for the package that has models
			}
			t.Run(name, func(t *testing.T) {
				if len(parts) != 5 {
					t.Fatalf("name has %d parts, want analytic.<sampler>.<scheduler>.cfg<c>.<noise or img>", len(parts))
				}
				want := file.Get(t, name)
				cfg, err := strconv.ParseFloat(strings.TrimPrefix(parts[3], "cfg"), 64)
				if err != nil {
					t.Fatal(err)
				}
				sampler, err := ByName(SamplerName(parts[1]))
				if err != nil {
					t.Fatal(err)
				}
				s := analyticSettings{
					sampler: SamplerName(parts[1]), scheduler: SchedulerName(parts[2]), cfg: cfg,
					seed: uint64(number(t, file, "seed")), steps: int(number(t, file, "steps_analytic")),
					latent: tensor.New(want.Shape...), denoise: 1,
				}
				if parts[4] == "img" {
					s.latent, s.denoise = file.Get(t, "img"), 0.6
				}
				got := s.sample(t, &analyticModel{cfg: float32(cfg)}, sampler)
				goldentest.Close(t, name, got, want, goldentest.TensorTolerance(t, path, name, 2e-4))
			})
		}
	}
}

// recordedNoise keeps what a sampler drew.
type recordedNoise struct {
	noiseSource
	values [][]float32
	fromTo []float32
}

func (n *recordedNoise) draw(dst []float32, from, to float32) {
	n.noiseSource.draw(dst, from, to)
	n.values = append(n.values, append([]float32(nil), dst...))
	n.fromTo = append(n.fromTo, from, to)
}

// tracedSampler records noise and tries of the sampler in it.
type tracedSampler struct {
	Sampler
	noise    *recordedNoise
	adaptive []float32
}

func (s *tracedSampler) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	run.listen = func(source noiseSource) noiseSource {
		s.noise = &recordedNoise{noiseSource: source}
		return s.noise
	}
	accepted := 0
	sigma := run.Sigmas[0]
	run.adaptive = func(h, difference float64, reached float32) {
		if reached != sigma {
			accepted, sigma = accepted+1, reached
		}
		s.adaptive = append(s.adaptive, float32(h), float32(difference), reached, float32(accepted))
	}
	return s.Sampler.Sample(ctx, run)
}

func TestTrajectoriesGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "trajectories*.safetensors") {
		file := goldentest.Load(t, path)
		for _, name := range file.Names() {
			if run, ok := strings.CutSuffix(name, ".result"); ok {
				t.Run(run, func(t *testing.T) { checkTrajectory(t, file, run) })
			}
		}
	}
}

func checkTrajectory(t *testing.T, file *goldentest.File, name string) {
	parts := strings.Split(name, ".")
	if len(parts) != 3 {
		t.Fatalf("name has %d parts, want <sampler>.<scheduler>.<noise or img>", len(parts))
	}
	sampler, err := ByName(SamplerName(parts[0]))
	if err != nil {
		t.Fatal(err)
	}
	get := func(part string) *tensor.Tensor { return file.Get(t, name+"."+part) }
	s := analyticSettings{
		sampler: SamplerName(parts[0]), scheduler: SchedulerName(parts[1]), cfg: number(t, file, "cfg"),
		seed: uint64(number(t, file, "seed")), steps: int(number(t, file, "steps")),
		latent: tensor.New(get("result").Shape...), denoise: 1,
	}
	if parts[2] == "img" {
		s.latent, s.denoise = imgLatent(t, file), 0.6
	}
	relative := goldentest.TensorTolerance(t, file.Path(), name, 2e-5)
	compare := func(part string, got []float32) {
		t.Helper()
		want := get(part)
		if len(got) != len(want.Data) {
			t.Errorf("%s: %d values, want %d", part, len(got), len(want.Data))
			return
		}
		goldentest.Close(t, part, &tensor.Tensor{Shape: want.Shape, Data: got}, want, relative)
	}

	compare("sigmas", s.sigmas(t))
	model, traced := &analyticModel{cfg: float32(s.cfg)}, &tracedSampler{Sampler: sampler}
	result := s.sample(t, model, traced)
	var x, sigma, denoised []float32
	for _, call := range model.calls {
		x, sigma = append(x, call.x.Data...), append(sigma, call.sigma)
		denoised = append(denoised, call.denoised.Data...)
	}
	compare("sigma", sigma)
	compare("x", x)
	compare("denoised", denoised)
	if file.Has(name + ".adaptive") {
		compare("adaptive", traced.adaptive)
	}
	switch {
	case traced.noise == nil || traced.noise.values == nil:
		if file.Has(name + ".noise") {
			t.Log("the noise of the fixture is multiplied by 0, so it is not drawn")
		}
	default:
		var values []float32
		for _, v := range traced.noise.values {
			values = append(values, v...)
		}
		compare("noise", values)
		compare("noise_from_to", traced.noise.fromTo)
	}
	compare("result", result.Data)
}

// imgLatent is the latent of the img fixtures, which lies in the file of the samplers.
func imgLatent(t *testing.T, file *goldentest.File) *tensor.Tensor {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(file.Path()), "samplers*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if samplers := goldentest.Load(t, path); samplers.Has("img") {
			return samplers.Get(t, "img")
		}
	}
	t.Fatal(fmt.Errorf("no samplers*.safetensors with the tensor img beside %s", file.Path()))
	return nil
}

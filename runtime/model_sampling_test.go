package runtime

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestModelSampling: what a model is told to predict replaces what its file says, and tells it apart.
func TestModelSampling(t *testing.T) {
	base := Model{set: new(weights.Set), sampling: sampling.StableDiffusion(sampling.Epsilon), format: sampling.SD15Latents}
	discrete := func(predicts string, zsnr bool) func() (Model, error) {
		return func() (Model, error) { return base.WithDiscreteSampling(predicts, zsnr) }
	}
	continuous := func(predicts string, low, high float64) func() (Model, error) {
		return func() (Model, error) { return base.WithContinuousSampling(predicts, low, high) }
	}
	tests := map[string]struct {
		make            func() (Model, error)
		predicts        sampling.Parameterization
		lowest, highest float32
		levels          int
		scale           float32 // of its input at sigma 2
		skip, out       float32 // factors of x and output in a prediction at sigma 2
	}{
		"eps":        {make: discrete("eps", false), predicts: sampling.Epsilon, lowest: 0.0291671585, highest: 14.6146412, levels: 1000, scale: 0.4472136, skip: 1, out: -2},
		"v, zsnr":    {make: discrete("v_prediction", true), predicts: sampling.V, lowest: 0.0291671585, highest: 4518.7563, levels: 1000, scale: 0.4472136, skip: 0.2, out: -0.8944272},
		"lcm":        {make: discrete("lcm", false), predicts: sampling.Consistency, lowest: 0.13445066, highest: 14.6146412, levels: 50, scale: 0.4472136, skip: 1, out: -2},
		"x0":         {make: discrete("x0", false), predicts: sampling.X0, lowest: 0.0291671585, highest: 14.6146412, levels: 1000, scale: 0.4472136, skip: 0, out: 1},
		"img_to_img": {make: discrete("img_to_img", false), predicts: sampling.ImgToImg, lowest: 0.0291671585, highest: 14.6146412, levels: 1000, scale: 1, skip: 0, out: 1},
		"edm":        {make: continuous("edm", 0.002, 120), predicts: sampling.EDM, lowest: 0.002, highest: 120, levels: 1000, scale: 0.48507125, skip: 0.05882353, out: 0.48507125},
		"playground": {make: continuous("edm_playground_v2.5", 0.002, 80), predicts: sampling.EDM, lowest: 0.002, highest: 80, levels: 1000, scale: 0.48507125, skip: 0.05882353, out: 0.48507125},
		"cosmos":     {make: continuous("cosmos_rflow", 0.002, 80), predicts: sampling.VarianceFlow, lowest: 0.002, highest: 80, levels: 1000, scale: 1. / 3, skip: 1. / 3, out: -2. / 3},
		"continuous v": {make: func() (Model, error) { return base.WithContinuousV(0.03, 500) }, predicts: sampling.V, lowest: 0.03, highest: 500, levels: 1000,
			scale: 0.4472136, skip: 0.2, out: -0.8944272},
	}
	near := func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-5*max(1, math.Abs(float64(b))) }
	seen := map[string]string{base.PatchHash(): "the model"}
	for name, tt := range tests {
		m, err := tt.make()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := m.Sampling()
		if s.Parameterization != tt.predicts || !near(s.SigmaMin(), tt.lowest) || !near(s.SigmaMax(), tt.highest) || len(s.Sigmas()) != tt.levels {
			t.Errorf("%s: %v from %v to %v in %d levels", name, s.Parameterization, s.SigmaMin(), s.SigmaMax(), len(s.Sigmas()))
		}
		skip, out := []float32{0}, []float32{0}
		s.Denoise(skip, []float32{1}, []float32{0}, 2)
		s.Denoise(out, []float32{0}, []float32{1}, 2)
		if !near(s.InputScale(2), tt.scale) || !near(skip[0], tt.skip) || !near(out[0], tt.out) {
			t.Errorf("%s: input %v, prediction %v·x + %v·output; want %v, %v, %v", name, s.InputScale(2), skip[0], out[0], tt.scale, tt.skip, tt.out)
		}
		if other := seen[m.PatchHash()]; other != "" {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[m.PatchHash()] = name
	}
	if base.resampled != "" || base.sampling.Parameterization != sampling.Epsilon {
		t.Errorf("the model that was patched changed")
	}
	m, _ := base.WithContinuousSampling("edm_playground_v2.5", 0.002, 80)
	if m.format.Mean == nil || base.format.Mean != nil {
		t.Errorf("latents of Playground v2.5 are not normalised by channel")
	}
}

// TestBadModelSampling: patches that cannot be are refused, and a missing model is told as such.
func TestBadModelSampling(t *testing.T) {
	base := Model{set: new(weights.Set), sampling: sampling.StableDiffusion(sampling.Epsilon)}
	model := func(_ Model, err error) error { return err }
	sigmas := func(_ Sigmas, err error) error { return err }
	number := func(_ float64, err error) error { return err }
	sampler := func(_ Sampler, err error) error { return err }
	const missing = "no diffusion model"
	tests := map[string]struct {
		err  error
		want string
	}{
		"discrete, no model":   {model(Model{}.WithDiscreteSampling("eps", false)), missing},
		"continuous, no model": {model(Model{}.WithContinuousSampling("eps", 1, 2)), missing},
		"v, no model":          {model(Model{}.WithContinuousV(1, 2)), missing},
		"schedule, no model":   {sigmas(Model{}.ScheduleSigmas("karras", 4, 1)), missing},
		"beta, no model":       {sigmas(Model{}.BetaSigmas(4, 1, 1)), missing},
		"turbo, no model":      {sigmas(Model{}.TurboSigmas(4, 1)), missing},
		"percent, no model":    {number(Model{}.PercentToSigma(0.5, false)), missing},
		"solver, no model":     {sampler(Model{}.SASolver(sampling.SASolver{})), missing},
		"unknown":              {model(base.WithDiscreteSampling("edm", false)), "eps, v_prediction, lcm"},
		"unknown continuous":   {model(base.WithContinuousSampling("x0", 1, 2)), "cosmos_rflow"},
		"sigma_min 0":          {model(base.WithContinuousSampling("edm", 0, 120)), "sigma_min is 0"},
		"turned around":        {model(base.WithContinuousV(500, 0.03)), "sigma_max the larger"},
		"no steps":             {sigmas(base.ScheduleSigmas("karras", 0, 1)), "steps is 0"},
		"unknown schedule":     {sigmas(base.ScheduleSigmas("cubic", 4, 1)), "sgm_uniform"},
		"perpneg, no prompt":   {model(base.WithPerpNeg(nil, 1)), "empty_conditioning"},
	}
	for name, tt := range tests {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: error %v; want one with %q", name, tt.err, tt.want)
		}
	}
	if !errors.Is(tests["v, no model"].err, ErrNoModel) {
		t.Error("ErrNoModel cannot be told")
	}
}

func TestPercentToSigma(t *testing.T) {
	m := Model{set: new(weights.Set), sampling: sampling.StableDiffusion(sampling.Epsilon)}
	tests := map[string]struct {
		percent float64
		actual  bool
		want    float64
	}{
		"before all":  {0, false, 999999999.9},
		"the highest": {0, true, 14.6146412},
		"the middle":  {0.5, true, 1.61558},
		"the lowest":  {1, true, 0.0291671585},
		"behind all":  {1, false, 0},
	}
	for name, tt := range tests {
		got, err := m.PercentToSigma(tt.percent, tt.actual)
		if err != nil || math.Abs(got-tt.want) > 1e-5*max(tt.want, 1) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

package runtime_test

import (
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

// TestMiddleGuidance samples with both guidances by the self-attention of the middle block, alone, together and with other patches, at a
// size that halves with a rest. What one adds at a scale of 0 is nothing, but for rounding.
func TestMiddleGuidance(t *testing.T) {
	ortest.Setup(t)
	rt, err := unetRuntime(t, smallSD2, layouttest.LDM)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := rt.LoadUNet("x.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	type patch = func(runtime.Model) (runtime.Model, error)
	pag := func(scale float64) patch {
		return func(m runtime.Model) (runtime.Model, error) { return m.WithPerturbedAttention(scale) }
	}
	sag := func(scale float64) patch {
		return func(m runtime.Model) (runtime.Model, error) { return m.WithSelfAttentionGuidance(scale, 2) }
	}
	shrink := func(m runtime.Model) (runtime.Model, error) {
		return m.WithDeepShrink(runtime.DeepShrink{Block: 1, Factor: 1.5, During: runtime.Range{End: 1}, AfterSkip: true, Down: imaging.Bicubic, Up: imaging.Bicubic})
	}
	tiles := func(m runtime.Model) (runtime.Model, error) {
		return m.WithHyperTile(runtime.HyperTile{TileSize: 32, SwapSize: 1, MaxDepth: 3})
	}
	prompt := func(k float32) runtime.Conditioning {
		text := ramp(1, 7, smallSD2.Context)
		for i := range text.Data {
			text.Data[i] *= k
		}
		return runtime.Conditioning{runtime.NewCond(text, nil, nil)}
	}
	sample := func(cfg float64, height, width int, patches ...patch) ([]float32, error) {
		m := plain
		for _, p := range patches {
			var err error
			if m, err = p(m); err != nil {
				return nil, err
			}
		}
		out, err := rt.Sample(t.Context(), runtime.SampleRequest{
			Model: m, Positive: prompt(1), Negative: prompt(-1), CFG: cfg, Latent: runtime.ZeroLatent(2, 4, height, width),
			Seed: 3, Steps: 2, Sampler: "euler", Scheduler: "normal", Denoise: 1,
		})
		if err != nil {
			return nil, err
		}
		return out.Samples.Data, nil
	}
	distance := func(a, b []float32) (d float64) {
		for i := range a {
			d = max(d, math.Abs(float64(a[i]-b[i])))
		}
		return d
	}
	for name, tt := range map[string]struct {
		cfg           float64
		height, width int
		patches       []patch
		without       []patch // what the result must differ from
		same          bool    // must not
	}{
		"PAG":              {3, 9, 13, []patch{pag(3)}, nil, false},
		"PAG at 1":         {1, 9, 13, []patch{pag(3)}, nil, false},
		"PAG of 0":         {3, 9, 13, []patch{pag(0)}, nil, true},
		"SAG":              {3, 9, 13, []patch{sag(0.5)}, nil, false},
		"SAG at 1":         {1, 9, 13, []patch{sag(0.5)}, nil, false},
		"SAG of 0":         {3, 9, 13, []patch{sag(0)}, nil, true},
		"SAG, too small":   {3, 4, 13, []patch{sag(0.5)}, nil, true},
		"both":             {3, 9, 13, []patch{pag(3), sag(0.5)}, []patch{pag(3)}, false},
		"SAG, deep shrink": {3, 16, 24, []patch{shrink, sag(0.5)}, []patch{shrink}, false},
		"PAG, deep shrink": {3, 16, 24, []patch{pag(3), shrink}, []patch{shrink}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sample(tt.cfg, tt.height, tt.width, tt.patches...)
			if err != nil {
				t.Fatal(err)
			}
			want, err := sample(tt.cfg, tt.height, tt.width, tt.without...)
			if err != nil {
				t.Fatal(err)
			}
			switch d := distance(got, want); {
			case d != d:
				t.Error("a value is not finite")
			case tt.same != (d < 1e-4):
				t.Errorf("changes values by up to %g; want the same: %t", d, tt.same)
			}
		})
	}
	if _, err := sample(3, 32, 32, tiles, pag(3)); err == nil || !strings.Contains(err.Error(), "use a smaller max_depth") {
		t.Errorf("with HyperTile in the middle block: %v", err)
	}
	if _, err := plain.WithSelfAttentionGuidance(1, math.NaN()); err == nil || !strings.Contains(err.Error(), "use 0 or more") {
		t.Errorf("a blur that is no number: %v", err)
	}
}

// TestMiddleGuidanceNeedsMiddle: models without transformers there are named as such.
func TestMiddleGuidanceNeedsMiddle(t *testing.T) {
	ortest.Setup(t)
	for _, plan := range []string{"SSD-1B", "KOALA-700M"} {
		rt, err := unetRuntime(t, layouttest.Plans[plan], layouttest.Diffusers)
		if err != nil {
			t.Fatal(err)
		}
		m, err := rt.LoadUNet("x.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		for name, patch := range map[string]func() (runtime.Model, error){
			"PAG": func() (runtime.Model, error) { return m.WithPerturbedAttention(3) },
			"SAG": func() (runtime.Model, error) { return m.WithSelfAttentionGuidance(0.5, 2) },
		} {
			if _, err := patch(); err == nil || !strings.Contains(err.Error(), "this model has none there") {
				t.Errorf("%s on %s: %v", name, plan, err)
			}
		}
	}
	if _, err := (runtime.Model{}).WithPerturbedAttention(3); err == nil {
		t.Error("no model: no error")
	}
}

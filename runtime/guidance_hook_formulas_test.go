package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// waveModel predicts sin(a·i+b) for element i, with a and b by the prompt, whatever x is.
type waveModel struct{ shift float64 }

// wave is the same formula as in testdata/guidance_hooks.py.
func wave(a, b float64, shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(math.Sin(a*float64(i) + b))
	}
	return t
}

var waveOf = map[float32][2]float64{1: {0.31, 1}, 2: {0.47, 2}, 3: {0.23, 3}, 4: {0.59, 4}}

func (w waveModel) predict(_ context.Context, c modelCall) (prediction, error) {
	var parts []*tensor.Tensor
	batch := c.x.Dim(0) / c.groups
	for g := range c.groups {
		of := waveOf[c.text.Data[g*batch*c.text.Dim(1)*c.text.Dim(2)]]
		parts = append(parts, wave(of[0], of[1]+w.shift, batch, c.x.Dim(1), c.x.Dim(2), c.x.Dim(3)))
	}
	x0, err := tensor.Concat(0, parts...)
	return prediction{x0: x0}, err
}

// patchBy puts a hook on a model, by its name in the fixture.
func patchBy(t *testing.T, m Model, hook string, o []float64) Model {
	t.Helper()
	switch hook {
	case "rescale":
		return m.WithRescaledCFG(o[0])
	case "norm":
		return m.WithCFGNorm(o[0])
	case "zerostar":
		return m.WithCFGZeroStar()
	case "projected":
		return m.WithProjectedGuidance(o[0], o[1], o[2])
	case "tangential":
		return m.WithTangentialDamping()
	case "mahiro":
		return m.WithMahiro()
	case "frequency":
		return m.WithFrequencyScaling(o[0], o[1], int(o[2]))
	case "perpneg":
		m, err := m.WithPerpNeg(prompt(3, 77), o[0])
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Fatalf("no hook %q", hook)
	return m
}

// TestHookFormulas compares the guidance patches with PyTorch: testdata/guidance_hooks.py, float32; 2e-6 of the largest value.
func TestHookFormulas(t *testing.T) {
	var file struct {
		Cases []struct {
			Name, Hook string
			Options    []float64
			Shape      []int
			Calls      []struct {
				Sigma, Scale, Shift float64
				Want                []float32
			}
		}
	}
	text, err := os.ReadFile("testdata/guidance_hooks.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m := patchBy(t, Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}, c.Hook, c.Options)
			var running []running
			for i, call := range c.Calls {
				g, err := NewCFGGuider(m, prompt(1, 77), prompt(2, 77), call.Scale).ready(target{latent: tensor.New(c.Shape...)})
				if err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					running = g.hooks
				}
				g.hooks, g.model = running, waveModel{call.Shift} // one run, whose scale changes
				p, err := g.Denoise(t.Context(), wave(0.7, call.Shift, c.Shape...), float32(call.Sigma))
				if err != nil {
					t.Fatal(err)
				}
				var largest float64
				for _, w := range call.Want {
					largest = max(largest, math.Abs(float64(w)))
				}
				for j, w := range call.Want {
					if d := math.Abs(float64(p.Denoised.Data[j] - w)); !(d <= 2e-6*largest) {
						t.Fatalf("call %d, element %d: %v, want %v", i, j, p.Denoised.Data[j], w)
					}
				}
			}
		})
	}
}

// TestHooksUnderCluster: whatever guidance patches do, a cluster takes away η2·(A-U) of the model's own predictions afterwards, and one of
// η2 = 0 changes no bit.
func TestHooksUnderCluster(t *testing.T) {
	shape := []int{2, 4, 6, 4}
	hooks := map[string][]float64{
		"rescale": {0.7}, "norm": {0.9}, "zerostar": nil, "projected": {0.3, 2, -0.5}, "tangential": nil, "mahiro": nil,
		"frequency": {0.8, 1.25, 2}, "perpneg": {0.6},
	}
	guiders := map[string]func(Model) Guider{
		"cfg": func(m Model) Guider { return NewCFGGuider(m, prompt(1, 77), prompt(2, 77), 4) },
		"dual": func(m Model) Guider {
			return NewDualCFGGuider(m, prompt(1, 77), prompt(3, 77), prompt(2, 77), 4, 2, false)
		},
		"nested": func(m Model) Guider {
			return NewDualCFGGuider(m, prompt(1, 77), prompt(3, 77), prompt(2, 77), 4, 2, true)
		},
		"perp": func(m Model) Guider { return NewPerpNegGuider(m, prompt(1, 77), prompt(3, 77), prompt(2, 77), 4, 0.5) },
	}
	const eta2 = 0.5
	run := func(t *testing.T, g Guider, uncond bool) sampling.Prediction {
		t.Helper()
		ready, err := g.ready(target{latent: tensor.New(shape...)})
		if err != nil {
			t.Fatal(err)
		}
		ready.model, ready.needUncond = waveModel{0.2}, uncond
		p, err := ready.Denoise(t.Context(), wave(0.7, 0.2, shape...), 5)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for hook, options := range hooks {
		for guider, make := range guiders {
			t.Run(hook+"/"+guider, func(t *testing.T) {
				m := patchBy(t, Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}, hook, options)
				plain := run(t, make(m), true)
				off := run(t, make(m.WithCluster(prompt(4, 77), 0, Range{0, 1})), true)
				for i, v := range plain.Denoised.Data {
					if off.Denoised.Data[i] != v || off.Uncond.Data[i] != plain.Uncond.Data[i] {
						t.Fatalf("η2 = 0 changes element %d", i)
					}
				}
				on := run(t, make(m.WithCluster(prompt(4, 77), eta2, Range{0, 1})), true)
				average, null := wave(0.59, 4.2, shape...), wave(0.47, 2.2, shape...)
				for i, v := range plain.Denoised.Data {
					want := v - eta2*(average.Data[i]-null.Data[i])
					if d := math.Abs(float64(on.Denoised.Data[i] - want)); d > 1e-5 {
						t.Fatalf("element %d: %v, want %v", i, on.Denoised.Data[i], want)
					}
					if on.Uncond.Data[i] != plain.Uncond.Data[i] {
						t.Fatalf("a cluster changes the prediction that cfg++ samplers take their noise from")
					}
				}
			})
		}
	}
}

// TestProjectedNeedsScale: the formula divides by the guidance scale.
func TestProjectedNeedsScale(t *testing.T) {
	m := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}.WithProjectedGuidance(1, 5, 0)
	g, err := NewCFGGuider(m, prompt(1, 77), prompt(2, 77), 0).ready(target{latent: tensor.New(1, 4, 8, 8)})
	if err != nil {
		t.Fatal(err)
	}
	g.model = waveModel{}
	if _, err := g.Denoise(t.Context(), tensor.New(1, 4, 8, 8), 5); !errors.Is(err, errNoScale) {
		t.Errorf("error %v; want %v", err, errNoScale)
	}
}

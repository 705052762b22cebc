package sampling

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// nodeNumbers are those of testdata/sigmas_nodes.py.
type nodeNumbers struct {
	Cases []struct {
		Node, Text   string
		Steps        int
		Numbers      []float64
		Sigmas, Want []float32
	}
	Alternative struct{ Sigmas, Start, Want []float32 }
}

func readNodeNumbers(t *testing.T) nodeNumbers {
	t.Helper()
	text, err := os.ReadFile("testdata/sigmas_nodes.json")
	if err != nil {
		t.Fatal(err)
	}
	var out nodeNumbers
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSigmasOfNodes compares lists that no golden workflow has with NumPy and PyTorch, float32 rounding apart.
func TestSigmasOfNodes(t *testing.T) {
	numbers := readNodeNumbers(t)
	if len(numbers.Cases) < 200 {
		t.Errorf("%d cases", len(numbers.Cases))
	}
	for _, c := range numbers.Cases {
		var got []float32
		var err error
		switch c.Node {
		case "AlignYourSteps":
			got, err = AlignYourSteps(c.Text, c.Steps, c.Numbers[0])
		case "GITS":
			got, err = GITS(c.Numbers[0], c.Steps, c.Numbers[1])
		case "Extend":
			got, err = Extend(c.Sigmas, c.Steps, c.Numbers[0], c.Numbers[1], c.Text)
		default:
			t.Fatalf("no node %q", c.Node)
		}
		if err != nil || len(got) != len(c.Want) {
			t.Errorf("%s %s %d %v: %v, %v; want %v", c.Node, c.Text, c.Steps, c.Numbers, got, err, c.Want)
			continue
		}
		for i, w := range c.Want {
			if d := math.Abs(float64(got[i] - w)); !(d <= 2e-7*float64(w)+5e-8) {
				t.Errorf("%s %s %d %v: sigma %d is %v, want %v", c.Node, c.Text, c.Steps, c.Numbers, i, got[i], w)
			}
		}
	}
}

// TestEulerAlternative compares the alternative of EulerCFGPP with PyTorch, float32; abs 1e-5.
func TestEulerAlternative(t *testing.T) {
	a := readNodeNumbers(t).Alternative
	x, err := tensor.From(slices.Clone(a.Start), 1, 1, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	model := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
		d, u := tensor.New(x.Shape...), tensor.New(x.Shape...)
		for i, v := range x.Data {
			base := v/(1+sigma*sigma) + 0.1*float32(math.Tanh(float64(v)))*sigma/(1+sigma)
			d.Data[i], u.Data[i] = base+0.15, base-0.05
		}
		return Prediction{Denoised: d, Uncond: u}, nil
	})
	got, err := EulerCFGPP{Alternative: true}.Sample(t.Context(), &Run{Model: model, Sigmas: a.Sigmas, X: x})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range a.Want {
		if d := math.Abs(float64(got.Data[i] - w)); !(d <= 1e-5) {
			t.Errorf("element %d: %v, want %v", i, got.Data[i], w)
		}
	}
}

// TestGITSTable: every row falls from the highest to the lowest level in as many steps as it says.
func TestGITSTable(t *testing.T) {
	for coefficient, rows := range gitsRows {
		for i := range rows {
			s, err := GITS(float64(coefficient)/100, i+2, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(s) != i+3 || s[0] != float32(gitsLevels[0]) || s[len(s)-1] != 0 || !slices.IsSortedFunc(s, func(a, b float32) int {
				if a > b {
					return -1
				}
				return 1
			}) {
				t.Errorf("coefficient %d, %d steps: %v", coefficient, i+2, s)
			}
		}
	}
}

func TestSigmaEdits(t *testing.T) {
	list := []float32{4, 3, 2, 1, 0}
	first := func(s []float32, v float32) []float32 { out, _ := SetFirst(s, v); return out }
	pair := func(a, b []float32) [2][]float32 { return [2][]float32{a, b} }
	splits := map[string]struct{ got, want [2][]float32 }{
		"at a step":             {pair(Split(list, 2)), pair([]float32{4, 3, 2}, []float32{2, 1, 0})},
		"at the start":          {pair(Split(list, 0)), pair([]float32{4}, list)},
		"at the end":            {pair(Split(list, 4)), pair(list, []float32{0})},
		"behind the end":        {pair(Split(list, 9)), pair(list, nil)},
		"nothing":               {pair(Split(nil, 3)), pair(nil, nil)},
		"half":                  {pair(SplitDenoise(list, 0.5)), pair([]float32{4, 3, 2}, []float32{2, 1, 0})},
		"half of odd, to even":  {pair(SplitDenoise(list[:4], 0.5)), pair([]float32{4, 3}, []float32{3, 2, 1})},
		"all":                   {pair(SplitDenoise(list, 1)), pair([]float32{4}, list)},
		"none":                  {pair(SplitDenoise(list, 0)), pair(nil, []float32{0})},
		"one sigma":             {pair(SplitDenoise([]float32{4}, 1)), pair(nil, []float32{4})},
		"nothing by denoise":    {pair(SplitDenoise(nil, 0.5)), pair(nil, nil)},
		"turned around":         {pair(Flip(list), nil), pair([]float32{0.0001, 1, 2, 3, 4}, nil)},
		"turned around, no 0":   {pair(Flip(list[:2]), nil), pair([]float32{3, 4}, nil)},
		"nothing turned around": {pair(Flip(nil), nil), pair(nil, nil)},
		"another first":         {pair(first(list, 9), nil), pair([]float32{9, 3, 2, 1, 0}, nil)},
	}
	for name, tt := range splits {
		if !slices.Equal(tt.got[0], tt.want[0]) || !slices.Equal(tt.got[1], tt.want[1]) {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
	if !slices.Equal(list, []float32{4, 3, 2, 1, 0}) {
		t.Errorf("the list became %v", list)
	}
}

func TestTurbo(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	at := func(times ...float32) []float32 {
		var out []float32
		for _, v := range times {
			out = append(out, sd.Sigma(v))
		}
		return append(out, 0)
	}
	tests := map[string]struct {
		steps   int
		denoise float64
		want    []float32
	}{
		"one step":       {1, 1, at(999)},
		"four":           {4, 1, at(999, 899, 799, 699)},
		"later":          {2, 0.5, at(499, 399)},
		"rounded down":   {1, 0.49, at(399)},
		"fewer are left": {5, 0.2, at(199, 99)},
		"nothing":        {3, 0, at()},
	}
	for name, tt := range tests {
		if got, err := Turbo(sd, tt.steps, tt.denoise); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

// TestBadSigmas: what cannot be sampled is told by name.
func TestBadSigmas(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	edm := ModelSampling{Levels: ContinuousEDM(0.002, 120), Parameterization: EDM, SigmaData: 0.5}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	latent := tensor.New(1, 4, 2, 2)
	sample := func(s Sampler, sigmas ...float32) error {
		model := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, _ float32) (Prediction, error) {
			return Prediction{Denoised: tensor.New(x.Shape...)}, nil
		})
		_, err := Sample(t.Context(), model, sd, Options{Sampler: s, Sigmas: sigmas, Latent: latent})
		return err
	}
	adaptive := func(change func(*DPMAdaptive)) error {
		s, err := ByName("dpm_adaptive")
		if err != nil {
			return err
		}
		d := s.(DPMAdaptive)
		change(&d)
		return sample(d, 14, 1, 0)
	}
	keep := func(x *tensor.Tensor, h, w int) (*tensor.Tensor, error) { return tensor.New(1, 4, h, w), nil }
	tests := map[string]struct {
		call func() error
		want string
	}{
		"no steps":             {func() error { _, err := Karras(0, 0.1, 10, 7); return err }, "steps is 0"},
		"rho 0":                {func() error { _, err := Karras(4, 0.1, 10, 0); return err }, "rho is 0"},
		"logarithm of 0":       {func() error { _, err := Exponential(4, 0, 10); return err }, "from 0 to 10"},
		"logarithm of 0, poly": {func() error { _, err := Polyexponential(4, 0.1, 0, 1); return err }, "from 0.1 to 0"},
		"beta of 0":            {func() error { _, err := Beta(sd, 4, 0, 1); return err }, "alpha is 0"},
		"turbo on EDM":         {func() error { _, err := Turbo(edm, 2, 1); return err }, "time index 999"},
		"turbo, denoise 2":     {func() error { _, err := Turbo(sd, 2, 2); return err }, "denoise is 2"},
		"unknown model":        {func() error { _, err := AlignYourSteps("FLUX", 4, 1); return err }, "SD1, SDXL, SVD"},
		"no coefficient":       {func() error { _, err := GITS(1.23, 4, 1); return err }, "coeff 1.23"},
		"one step":             {func() error { _, err := GITS(1.2, 1, 1); return err }, "steps is 1"},
		"first of none":        {func() error { _, err := SetFirst(nil, 3); return err }, "empty"},
		"no parts":             {func() error { _, err := Extend([]float32{1, 0}, 0, -1, 0, "linear"); return err }, "steps is 0"},
		"unknown spacing":      {func() error { _, err := Extend([]float32{1, 0}, 2, -1, 0, "cubic"); return err }, "linear, cosine or sine"},
		"NaN":                  {func() error { return sample(Euler{}, 3, nan, 0) }, "sigma 1 of 3 is NaN"},
		"infinite":             {func() error { return sample(Euler{}, inf, 1, 0) }, "sigma 0 of 3 is +Inf"},
		"negative":             {func() error { return sample(Euler{}, 3, -1) }, "sigma 1 of 2 is -1"},
		"cfg++ without uncond": {func() error { return sample(EulerCFGPP{}, 3, 1, 0) }, "unconditional prediction"},
		"adaptive, no step":    {func() error { return adaptive(func(d *DPMAdaptive) { d.HInit = 0 }) }, "h_init"},
		"adaptive, impossible": {func() error { return adaptive(func(d *DPMAdaptive) { d.AcceptSafety = 100 }) }, "accept_safety is 100"},
		"adaptive, exact":      {func() error { return adaptive(func(d *DPMAdaptive) { d.RTol, d.ATol = 0, 0 }) }, "rtol and atol are 0"},
		"upscale to nothing":   {func() error { return sample(LCMUpscale{Ratio: 0.1, Steps: -1, Resize: keep}, 3, 1, 0) }, "scale_ratio 0.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

// TestMaskKeepsItsSize: a sampler that enlarges the latent and a noise mask do not go together.
func TestMaskKeepsItsSize(t *testing.T) {
	model := DenoiserFunc(func(_ context.Context, x *tensor.Tensor, _ float32) (Prediction, error) {
		return Prediction{Denoised: tensor.New(x.Shape...)}, nil
	})
	grow := LCMUpscale{Ratio: 2, Steps: 1, Resize: func(x *tensor.Tensor, h, w int) (*tensor.Tensor, error) {
		return tensor.New(x.Dim(0), x.Dim(1), h, w), nil
	}}
	o := Options{Sampler: grow, Sigmas: []float32{3, 2, 1, 0}, Latent: tensor.New(1, 4, 2, 3), Mask: tensor.Full(1, 1, 1, 2, 3)}
	if _, err := Sample(t.Context(), model, StableDiffusion(Epsilon), o); err == nil || !strings.Contains(err.Error(), "noise mask") {
		t.Errorf("error %v; want one about the mask", err)
	}
	o.Mask = nil
	r, err := Sample(t.Context(), model, StableDiffusion(Epsilon), o)
	if err != nil || !slices.Equal(r.Latent.Shape, []int{1, 4, 4, 6}) {
		t.Errorf("%v, %v; want a latent of twice the size", r.Latent, err)
	}
}

// TestDifferential: a cell is repainted from when the share of time left is not above its mask.
func TestDifferential(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	sigmas := []float32{sd.Sigma(999), sd.Sigma(600), sd.Sigma(200), 0}
	tests := map[string]struct {
		strength float64
		time     float32
		want     []float32 // of the masks 0, 0.3, 0.7 and 1
	}{
		"at the start":   {1, 999, []float32{0, 0, 0, 1}},
		"on the way":     {1, 600, []float32{0, 0, 1, 1}},
		"later":          {1, 200, []float32{0, 1, 1, 1}},
		"half":           {0.5, 600, []float32{0, 0.15, 0.85, 1}},
		"strength 0 too": {0, 600, []float32{0, 0, 1, 1}},
	}
	for name, tt := range tests {
		got := Differential{tt.strength}.over([]float32{0, 0.3, 0.7, 1}, sd, sigmas)(sd.Sigma(tt.time))
		for i, w := range tt.want {
			if math.Abs(float64(got[i]-w)) > 1e-6 {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
				break
			}
		}
	}
}

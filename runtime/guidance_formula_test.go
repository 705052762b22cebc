package runtime

import (
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestFormulas(t *testing.T) {
	tests := map[string]struct {
		formula formula
		uncond  bool
		needs   []bool
		d       []float32 // predictions, as far as they are needed
		want    float32
	}{
		"free":                           {classifierFree{scale: 3}, false, []bool{true, true}, []float32{2, 1}, 4},
		"free at 1":                      {classifierFree{scale: 1}, false, []bool{true, false}, []float32{2, 0}, 2},
		"free at 1 where U is wanted":    {classifierFree{scale: 1}, true, []bool{true, true}, []float32{2, 1}, 2},
		"dual":                           {dual{2, 3, false}, false, []bool{true, true, true}, []float32{5, 2, 1}, 1 + 3*1 + 2*3},
		"dual without the negative":      {dual{2, 1, false}, false, []bool{true, true, false}, []float32{5, 2, 0}, 2 + 2*3},
		"dual without two":               {dual{1, 1, false}, false, []bool{true, false, false}, []float32{5, 0, 0}, 5},
		"dual where U is wanted":         {dual{1, 1, false}, true, []bool{true, true, true}, []float32{5, 2, 1}, 5},
		"nested":                         {dual{2, 3, true}, false, []bool{true, true, true}, []float32{5, 2, 1}, 1 + 3*(2+2*3-1)},
		"nested at 1 needs all":          {dual{1, 1, true}, false, []bool{true, true, true}, []float32{5, 2, 1}, 5},
		"perpendicular of parallel ones": {perpendicular{3, 1}, false, []bool{true, true, true}, []float32{5, 4, 1}, 1 + 3*4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.formula.needs(tt.uncond); !slices.Equal(got, tt.needs) {
				t.Fatalf("needs %v, want %v", got, tt.needs)
			}
			d := make([]*tensor.Tensor, len(tt.d))
			for i, v := range tt.d {
				if tt.needs[i] {
					d[i] = tensor.Full(v, 1, 4, 2, 2)
				}
			}
			p, err := tt.formula.mix(t.Context(), &guidedStep{x: tensor.New(1, 4, 2, 2)}, d)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Denoised.Data[5]; math.Abs(float64(got-tt.want)) > 1e-5 {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestPerpendicular: what is orthogonal to the positive prompt is subtracted in full, scaled.
func TestPerpendicular(t *testing.T) {
	positive, _ := tensor.From([]float32{3, 0}, 1, 2, 1, 1)
	negative, _ := tensor.From([]float32{5, 7}, 1, 2, 1, 1)
	p, err := perpendicular{cfg: 2, negative: 0.5}.mix(t.Context(), &guidedStep{}, []*tensor.Tensor{positive, negative, tensor.New(1, 2, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{6, -7}; !slices.Equal(p.Denoised.Data, want) {
		t.Errorf("got %v, want %v", p.Denoised.Data, want)
	}
}

// TestFeatures: h is that of the first positive entry that covers the whole latent; the stub gives the prompt.
func TestFeatures(t *testing.T) {
	left := Area{Height: 16, Width: 8}
	tests := map[string]struct {
		positive Conditioning
		want     float32 // 0 for none
	}{
		"the positive one":    {prompt(2, 77), 2},
		"not one with area":   {prompt(2, 77).WithArea(left, 1).Combine(prompt(4, 77)), 4},
		"not one out of time": {prompt(2, 77).WithRange(0.8, 1).Combine(prompt(4, 77)), 4},
		"the first of two":    {prompt(3, 77).Combine(prompt(4, 77)), 3},
		"none":                {prompt(2, 77).WithArea(left, 1), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sides, err := prepareStub([]Conditioning{tt.positive, prompt(1, 77)}, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			g := &guidance{model: &stub{}, branches: sides, formula: classifierFree{scale: 3}, features: true}
			if _, err := g.Denoise(t.Context(), tensor.New(2, 4, 16, 16), 5); err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.want == 0 && g.h != nil:
				t.Errorf("h %v, want none", g.h.Data[0])
			case tt.want != 0 && (g.h == nil || g.h.Dim(0) != 2 || g.h.Data[0] != tt.want || g.sigma != 5):
				t.Errorf("h %v at %v, want two of %v at 5", g.h, g.sigma, tt.want)
			}
		})
	}
}

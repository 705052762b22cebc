package runtime

import (
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestCluster is OneActor's formula on a stub whose prediction is the value of the prompt: U + η1·(C-U) - η2·(A-U).
func TestCluster(t *testing.T) {
	const h, w = 16, 16
	left := Area{Height: 16, Width: 8}
	tests := map[string]struct {
		positive, average Conditioning
		cfg, eta2         float64
		during            Range
		left, right       float32 // x is 0 and the negative prompt 1
		batches           []int
	}{
		"three branches in one batch":         {prompt(2, 77), prompt(5, 77), 3, 0.5, Range{0, 1}, 2, 2, []int{3}},
		"eta2 of 0 is never evaluated":        {prompt(2, 77), prompt(5, 77), 3, 0, Range{0, 1}, 4, 4, []int{2}},
		"before its range":                    {prompt(2, 77), prompt(5, 77), 3, 0.5, Range{0.6, 1}, 4, 4, []int{2}},
		"after its range":                     {prompt(2, 77), prompt(5, 77), 3, 0.5, Range{0, 0.4}, 4, 4, []int{2}},
		"at the end of its range":             {prompt(2, 77), prompt(5, 77), 3, 0.5, Range{0, 0.5}, 2, 2, []int{3}},
		"cfg 1 needs the negative":            {prompt(2, 77), prompt(5, 77), 1, 0.5, Range{0, 1}, 0, 0, []int{3}},
		"no entry applies":                    {prompt(2, 77), prompt(5, 77).WithRange(0.8, 1), 3, 0.5, Range{0, 1}, 4, 4, []int{2}},
		"nothing where no entry covers":       {prompt(2, 77), prompt(5, 77).WithArea(left, 1), 3, 0.5, Range{0, 1}, 2, 4, []int{2, 3}},
		"areas of the positive are mirrored":  {prompt(2, 77).WithArea(left, 1), prompt(5, 77), 3, 0.5, Range{0, 1}, 2, -4, []int{3, 2}},
		"the same area shares the three":      {prompt(2, 77).WithArea(left, 1), prompt(5, 77).WithArea(left, 1), 3, 0.5, Range{0, 1}, 2, -2, []int{3, 1}},
		"eta2 may be more than the guidance":  {prompt(2, 77), prompt(5, 77), 3, 2, Range{0, 1}, -4, -4, []int{3}},
		"the average of two prompts combined": {prompt(2, 77), prompt(5, 77).Combine(prompt(7, 77)), 3, 0.5, Range{0, 1}, 1.5, 1.5, []int{4}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			model := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}.WithCluster(tt.average, tt.eta2, tt.during)
			g, err := NewCFGGuider(model, tt.positive, prompt(1, 77), tt.cfg).ready(target{latent: tensor.New(1, 1, h, w)})
			if err != nil {
				t.Fatal(err)
			}
			m := &stub{}
			g.model = m
			p, err := g.Denoise(t.Context(), tensor.New(1, 4, h, w), 5)
			if err != nil {
				t.Fatal(err)
			}
			row := p.Denoised.Data[8*w : 9*w]
			if math.Abs(float64(row[0]-tt.left)) > 1e-5 || math.Abs(float64(row[w-1]-tt.right)) > 1e-5 {
				t.Errorf("left %g, right %g; want %g, %g", row[0], row[w-1], tt.left, tt.right)
			}
			slices.Sort(m.batches)
			slices.Sort(tt.batches)
			if !slices.Equal(m.batches, tt.batches) {
				t.Errorf("batches %v, want %v", m.batches, tt.batches)
			}
		})
	}
}

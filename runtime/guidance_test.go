package runtime

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// stub predicts, for every item, the first value of its prompt plus the value of x, and counts calls and the size of each batch.
type stub struct {
	batches []int
	tokens  []int
}

func (s *stub) predict(_ context.Context, c modelCall) (prediction, error) {
	s.batches = append(s.batches, c.x.Dim(0))
	s.tokens = append(s.tokens, c.text.Dim(1))
	out := c.x.Clone()
	item := len(out.Data) / c.x.Dim(0)
	for b := range c.x.Dim(0) {
		v := c.text.Data[b*c.text.Dim(1)*c.text.Dim(2)]
		for i := range item {
			out.Data[b*item+i] += v
		}
	}
	return prediction{x0: out, h: c.text}, nil
}

// prompt is a conditioning of n tokens whose values are all v.
func prompt(v float32, n int) Conditioning {
	return Conditioning{NewCond(tensor.Full(v, 1, n, 2), nil, nil)}
}

// tenToZero is the levels of a model whose sigmas run from 10 at the start to 0 at the end.
type tenToZero struct{ sampling.Levels }

func (tenToZero) PercentToSigma(p float64) float64 { return 10 * (1 - p) }

// prepareStub makes entries for a latent of height h and width w of such a model.
func prepareStub(lists []Conditioning, h, w int) ([][]entry, error) {
	m := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}
	return m.prepare(lists, 1, target{latent: tensor.New(1, 1, h, w)})
}

func TestGuidance(t *testing.T) {
	const h, w = 16, 16
	whole := Area{Height: 1, Width: 1, Percentage: true}
	left := Area{Height: 16, Width: 8}
	mask := tensor.New(1, h, w)
	for i := range mask.Data {
		mask.Data[i] = float32(i % w / 8) // the right half
	}
	tests := map[string]struct {
		positive, negative Conditioning
		cfg                float64
		sigma              float32
		left, right        float32 // of the prediction at row 8, columns 0 and 15; x is 0
		batches            []int
	}{
		"cfg 1 leaves the negative out":    {prompt(2, 77), prompt(5, 77), 1, 5, 2, 2, []int{1}},
		"cfg 3":                            {prompt(2, 77), prompt(1, 77), 3, 5, 4, 4, []int{2}},
		"cfg 0 is the negative":            {prompt(2, 77), prompt(1, 77), 0, 5, 1, 1, []int{2}},
		"two prompts are averaged":         {prompt(2, 77).Combine(prompt(4, 77)), prompt(0, 77), 1, 5, 3, 3, []int{2}},
		"strength is a weight":             {prompt(2, 77).WithStrength(3).Combine(prompt(6, 77)), prompt(0, 77), 1, 5, 3, 3, []int{2}},
		"lengths join up to 4 times":       {prompt(2, 77).Combine(prompt(4, 154)), prompt(0, 77), 1, 5, 3, 3, []int{2}},
		"lengths beyond do not":            {prompt(2, 2).Combine(prompt(4, 9)), prompt(0, 77), 1, 5, 3, 3, []int{1, 1}},
		"no entry gives zero":              {nil, prompt(7, 77), 1, 5, 0, 0, nil},
		"outside its range":                {prompt(2, 77).WithRange(0.6, 1).Combine(prompt(4, 77)), prompt(0, 77), 1, 5, 4, 4, []int{1}},
		"inside its range":                 {prompt(2, 77).WithRange(0.4, 1).Combine(prompt(4, 77)), prompt(0, 77), 1, 5, 3, 3, []int{2}},
		"a range ends inclusively":         {prompt(2, 77).WithRange(0, 0.5), prompt(0, 77), 1, 5, 2, 2, []int{1}},
		"an area of everything":            {prompt(2, 77).WithArea(whole, 1), prompt(0, 77), 1, 5, 2, 2, []int{1}},
		"an area, the rest without prompt": {prompt(2, 77).WithArea(left, 1), prompt(0, 77), 1, 5, 2, 0, []int{1}},
		"an area over a prompt":            {prompt(2, 77).WithArea(left, 1).Combine(prompt(4, 77)), prompt(0, 77), 1, 5, 3, 4, []int{1, 1}},
		"a mask":                           {prompt(2, 77).WithMask(Mask{mask}, 1, false), prompt(0, 77), 1, 5, 0, 2, []int{1}},
		"a mask that bounds the call":      {prompt(2, 77).WithMask(Mask{mask}, 1, true), prompt(0, 77), 1, 5, 0, 2, []int{1}},
		"an area is mirrored in the other": {prompt(2, 77).WithArea(left, 1), prompt(1, 77), 3, 5, 4, -2, []int{2, 1}},
		"a fallback fills what a mask leaves": {
			prompt(2, 77).WithMask(Mask{mask}, 1, false).WithFallback(prompt(4, 77)), prompt(0, 77), 1, 5, 4, 2, []int{2}},
		"a fallback is outweighed":           {prompt(2, 77).WithStrength(0.75).WithFallback(prompt(4, 77)), prompt(0, 77), 1, 5, 2.5, 2.5, []int{2}},
		"a fallback that nothing is left to": {prompt(2, 77).WithFallback(prompt(4, 77)), prompt(0, 77), 1, 5, 2, 2, []int{1}},
		"a fallback outside its range":       {prompt(2, 77).WithMask(Mask{mask}, 1, false).WithFallback(prompt(4, 77).WithRange(0.8, 1)), prompt(0, 77), 1, 5, 0, 2, []int{1}},
		"a fallback in an area":              {prompt(2, 77).WithStrength(0.5).WithFallback(prompt(4, 77).WithArea(left, 1)), prompt(0, 77), 1, 5, 3, 2, []int{1, 1}},
		"a fallback of nothing":              {Conditioning(nil).WithFallback(prompt(4, 77)), prompt(0, 77), 1, 5, 4, 4, []int{1}},
		"a mask is not mirrored, one batch":  {prompt(2, 77).WithMask(Mask{mask}, 1, false), prompt(1, 77), 3, 5, -2, 4, []int{2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sides, err := prepareStub([]Conditioning{tt.positive, tt.negative}, h, w)
			if err != nil {
				t.Fatal(err)
			}
			m := &stub{}
			g := &guidance{model: m, branches: sides, formula: classifierFree{scale: tt.cfg}}
			p, err := g.Denoise(t.Context(), tensor.New(1, 4, h, w), tt.sigma)
			if err != nil {
				t.Fatal(err)
			}
			row := p.Denoised.Data[8*w : 9*w]
			if math.Abs(float64(row[0]-tt.left)) > 1e-5 || math.Abs(float64(row[w-1]-tt.right)) > 1e-5 {
				t.Errorf("left %g, right %g; want %g, %g", row[0], row[w-1], tt.left, tt.right)
			}
			if !slices.Equal(m.batches, tt.batches) {
				t.Errorf("batches %v, want %v", m.batches, tt.batches)
			}
		})
	}
}

func TestGuidanceNeedsUncond(t *testing.T) {
	sides, err := prepareStub([]Conditioning{prompt(2, 77), prompt(5, 77)}, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	g := &guidance{model: &stub{}, branches: sides, formula: classifierFree{scale: 1}, needUncond: true}
	p, err := g.Denoise(t.Context(), tensor.New(1, 4, 8, 8), 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Uncond == nil || p.Uncond.Data[0] != 5 || p.Denoised.Data[0] != 2 {
		t.Errorf("uncond %v, denoised %v; want 5 and 2", p.Uncond, p.Denoised.Data[0])
	}
}

func TestAreaOutside(t *testing.T) {
	c := prompt(2, 77).WithArea(Area{Height: 8, Width: 8, Y: 0, X: 16}, 1)
	sides, err := prepareStub([]Conditioning{c}, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	_, err = average(t.Context(), &stub{}, question{x: tensor.New(1, 4, 8, 8), sigma: 1, sides: []side{{entries: sides[0]}}})
	if err == nil || !strings.Contains(err.Error(), "outside the latent") {
		t.Errorf("error %v; want one about the area", err)
	}
}

func TestFeather(t *testing.T) {
	tests := map[string]struct {
		n          int
		start, end bool
		want       []float32
	}{
		"no edge":             {4, false, false, []float32{1, 1, 1, 1}},
		"one cell":            {4, true, false, []float32{1, 1, 1, 1}},
		"two cells":           {8, true, true, []float32{.5, 1, 1, 1, 1, 1, 1, .5}},
		"eight cells at most": {40, false, true, append(slices.Repeat([]float32{1}, 32), 1, .875, .75, .625, .5, .375, .25, .125)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ramp(tt.n, tt.start, tt.end)
			for i := range tt.want {
				if math.Abs(float64(got[i]-tt.want[i])) > 1e-6 {
					t.Fatalf("%v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestLendControl(t *testing.T) {
	a, b := &Control{strength: 1}, &Control{strength: 2}
	with := func(c *Control) entry { return entry{control: c, controlToUncond: true} }
	area := entry{area: &cells{h: 8, w: 8}}
	tests := map[string]struct {
		positive, negative []entry
		want               []*Control
	}{
		"lent":                     {[]entry{with(a)}, []entry{{}}, []*Control{a}},
		"to each in turn":          {[]entry{with(a), with(b)}, []entry{{}, {}}, []*Control{a, b}},
		"a later one overwrites":   {[]entry{with(a), with(b)}, []entry{{}}, []*Control{b}},
		"not where there is one":   {[]entry{with(a)}, []entry{{}, {control: b}}, []*Control{nil, b}},
		"not to areas":             {[]entry{with(a)}, []entry{area}, []*Control{nil}},
		"only where it is allowed": {[]entry{{control: a}}, []entry{{}}, []*Control{nil}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			lendControl(tt.positive, tt.negative)
			for i, e := range tt.negative {
				if e.control != tt.want[i] {
					t.Errorf("entry %d has %v, want %v", i, e.control, tt.want[i])
				}
			}
		})
	}
}

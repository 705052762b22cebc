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

// testHook is points by themselves.
type testHook points

func (h testHook) begin() points { return points(h) }

// addPre adds v to the prediction of a branch, where there is one.
func addPre(branch int, v float32) testHook {
	return testHook{preCFG: func(_ *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		if d[branch] == nil {
			return d, nil
		}
		return replaced(d, branch, addScaled(d[branch], tensor.Full(1, d[branch].Shape...), v)), nil
	}}
}

// post replaces the result r.
func post(f func(m mixture, r float32) float32) testHook {
	return testHook{postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		return tensor.Full(f(m, m.denoised.Data[0]), m.denoised.Shape...), nil
	}}
}

// override replaces the mix.
func override(f func(m mixture) float32) testHook {
	return testHook{cfg: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
		return tensor.Full(f(m), m.cond.Shape...), nil
	}}
}

func first(t *tensor.Tensor) float32 { return t.Data[0] }

// hookedStub is stub that adds 100 under the variant of the network, and whose attention is that of the prompt.
type hookedStub struct {
	stub
	variants []bool
}

func (s *hookedStub) predict(ctx context.Context, c modelCall) (prediction, error) {
	p, err := s.stub.predict(ctx, c)
	s.variants = append(s.variants, c.variant.identityAttention)
	if c.variant.identityAttention {
		for i := range p.x0.Data {
			p.x0.Data[i] += 100
		}
	}
	if c.attention {
		p.attention = c.text
	}
	return p, err
}

// TestHooks runs hooks on a stub whose prediction is x plus the value of the prompt; x is 0, the positive prompt 2, the negative 1.
func TestHooks(t *testing.T) {
	perturbed := testHook{
		wishes: []wish{{of: positive, variant: variant{identityAttention: true}}},
		postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
			return plus(m.denoised, minus(m.cond, m.extra[0])), nil
		},
	}
	third := testHook{
		wishes: []wish{{prompt: prompt(7, 77)}},
		cfg:    func(_ context.Context, m mixture) (*tensor.Tensor, error) { return m.extra[0], nil },
	}
	again := testHook{uncond: true, attention: true, postCFG: func(ctx context.Context, m mixture) (*tensor.Tensor, error) {
		d, err := m.predict(ctx, negative, tensor.Full(30, m.x.Shape...))
		if err != nil {
			return nil, err
		}
		return plus(addScaled(m.denoised, tensor.Full(1, d.Shape...), 1000*first(m.attention)), d), nil
	}}
	scaleOf := func(m mixture, r float32) float32 { return r + 10*float32(m.scale) }
	cluster := func(m Model) Model { return m.WithCluster(prompt(5, 77), 0.5, Range{0, 1}) }
	tests := map[string]struct {
		hooks   []hook
		guider  func(m Model) Guider
		patch   func(Model) Model
		uncond  bool // a sampler wants it
		want    float32
		negated float32 // Prediction.Uncond, where wanted
		batches []int
	}{
		"none":                              {want: 4, batches: []int{2}},
		"pre-CFG in turn":                   {hooks: []hook{addPre(0, 1), addPre(0, 2)}, want: 1 + 3*4, batches: []int{2}},
		"pre-CFG on the negative":           {hooks: []hook{addPre(1, 1)}, uncond: true, want: 2, negated: 2, batches: []int{2}},
		"an override":                       {hooks: []hook{override(func(m mixture) float32 { return first(m.cond) + 10*first(m.uncond) })}, want: 12, batches: []int{2}},
		"the newest override":               {hooks: []hook{override(func(mixture) float32 { return 1 }), override(func(mixture) float32 { return 2 })}, want: 2, batches: []int{2}},
		"an override sees pre-CFG":          {hooks: []hook{override(func(m mixture) float32 { return first(m.cond) }), addPre(0, 5)}, want: 7, batches: []int{2}},
		"post-CFG in turn":                  {hooks: []hook{post(func(_ mixture, r float32) float32 { return r + 1 }), post(func(_ mixture, r float32) float32 { return r * 2 })}, want: 10, batches: []int{2}},
		"post-CFG after an override":        {hooks: []hook{post(func(_ mixture, r float32) float32 { return r + 1 }), override(func(mixture) float32 { return 20 })}, want: 21, batches: []int{2}},
		"at 1 the negative is zeros":        {hooks: []hook{post(func(m mixture, r float32) float32 { return r + 10*first(m.cond) + 100*first(m.uncond) })}, guider: free(1), want: 22, batches: []int{1}},
		"at 1 it may be asked for":          {hooks: []hook{testHook{uncond: true}, post(func(m mixture, r float32) float32 { return r + 100*first(m.uncond) })}, guider: free(1), want: 102, batches: []int{2}},
		"a wish under a variant":            {hooks: []hook{perturbed}, want: 4 + 2 - 102, batches: []int{1, 2}},
		"a wish at 1":                       {hooks: []hook{perturbed}, guider: free(1), want: 2 + 2 - 102, batches: []int{1, 1}},
		"a wish with a prompt joins":        {hooks: []hook{third}, want: 7, batches: []int{3}},
		"wishes of two hooks":               {hooks: []hook{perturbed, third}, want: 7 + 2 - 102, batches: []int{1, 3}},
		"another evaluation":                {hooks: []hook{again}, want: 4 + 1000 + 31, batches: []int{1, 2}},
		"another evaluation at 1":           {hooks: []hook{again}, guider: free(1), want: 2 + 1000 + 31, batches: []int{1, 2}},
		"another evaluation with cluster":   {hooks: []hook{again}, patch: cluster, want: 4 + 1000 + 31 - 0.5*4, batches: []int{1, 3}},
		"cluster comes last":                {hooks: []hook{post(func(_ mixture, r float32) float32 { return r * 10 })}, patch: cluster, want: 40 - 0.5*4, batches: []int{3}},
		"cluster sees the model's negative": {hooks: []hook{addPre(1, 1)}, patch: cluster, want: 2 - 0.5*4, batches: []int{3}},
		"cluster leaves the uncond alone":   {patch: cluster, uncond: true, want: 4 - 0.5*4, negated: 1, batches: []int{3}},
		"cluster at 1 shows the negative":   {hooks: []hook{post(func(m mixture, r float32) float32 { return r + 100*first(m.uncond) })}, guider: free(1), patch: cluster, want: 102 - 0.5*4, batches: []int{3}},
		"basic":                             {hooks: []hook{addPre(0, 1)}, guider: func(m Model) Guider { return NewBasicGuider(m, prompt(2, 77)) }, want: 3, batches: []int{1}},
		"dual runs no pre-CFG":              {hooks: []hook{addPre(0, 100)}, guider: both(2, 3, false), want: 1 + 3*(4-1) + 2*(2-4), batches: []int{3}},
		"dual by the second scale":          {hooks: []hook{post(scaleOf)}, guider: both(2, 3, false), want: 1 + 3*(4-1) + 30 + 2*(2-4), batches: []int{3}},
		"dual overridden":                   {hooks: []hook{override(func(m mixture) float32 { return first(m.cond) * 100 })}, guider: both(2, 3, false), want: 400 + 2*(2-4), batches: []int{3}},
		"dual of ones":                      {hooks: []hook{post(func(m mixture, r float32) float32 { return r + first(m.cond) + 10 })}, guider: both(1, 1, false), want: 0 + 10 + 2, batches: []int{1}},
		"dual of ones, wish":                {hooks: []hook{perturbed}, guider: both(1, 1, false), want: 2, batches: []int{1}},
		"nested by the first scale":         {hooks: []hook{post(scaleOf)}, guider: both(2, 3, true), want: 1 + 3*(4+2*(2-4)+20-1), batches: []int{3}},
		"nested runs no pre-CFG":            {hooks: []hook{addPre(0, 100)}, guider: both(2, 3, true), want: 1 + 3*(0-1), batches: []int{3}},
		"perpendicular, pre and post":       {hooks: []hook{addPre(0, 1), post(scaleOf)}, guider: perp(3, 1), want: 0 + 3*3 + 30, batches: []int{3}},
		"perpendicular is not overridden":   {hooks: []hook{override(func(mixture) float32 { return 50 })}, guider: perp(3, 1), want: 6, batches: []int{3}},
		"perpendicular of nothing":          {guider: perp(3, 0), want: 6, batches: []int{2}},
		"perpendicular of nothing at 1":     {guider: perp(1, 0), want: 2, batches: []int{1}},
		"perpendicular, asked for":          {guider: perp(1, 0), uncond: true, want: 2, negated: 1, batches: []int{3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			model := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}, hooks: tt.hooks}
			if tt.patch != nil {
				model = tt.patch(model)
			}
			if tt.guider == nil {
				tt.guider = free(3)
			}
			g, err := tt.guider(model).ready(target{latent: tensor.New(1, 4, 8, 8)})
			if err != nil {
				t.Fatal(err)
			}
			m := &hookedStub{}
			g.model, g.needUncond = m, tt.uncond
			p, err := g.Denoise(t.Context(), tensor.New(1, 4, 8, 8), 5)
			if err != nil {
				t.Fatal(err)
			}
			if got := first(p.Denoised); math.Abs(float64(got-tt.want)) > 1e-4 {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if tt.uncond && first(p.Uncond) != tt.negated {
				t.Errorf("uncond %v, want %v", first(p.Uncond), tt.negated)
			}
			slices.Sort(m.batches)
			if !slices.Equal(m.batches, tt.batches) {
				t.Errorf("batches %v, want %v", m.batches, tt.batches)
			}
		})
	}
}

func free(scale float64) func(Model) Guider {
	return func(m Model) Guider { return NewCFGGuider(m, prompt(2, 77), prompt(1, 77), scale) }
}

func both(one, two float64, nested bool) func(Model) Guider {
	return func(m Model) Guider {
		return NewDualCFGGuider(m, prompt(2, 77), prompt(4, 77), prompt(1, 77), one, two, nested)
	}
}

func perp(cfg, scale float64) func(Model) Guider {
	return func(m Model) Guider {
		return NewPerpNegGuider(m, prompt(2, 77), prompt(1, 77), prompt(0, 77), cfg, scale)
	}
}

// TestHooksInRange: a wish for a role asks for those of its entries that apply at the noise level.
func TestHooksInRange(t *testing.T) {
	h := testHook{wishes: []wish{{of: positive, variant: variant{identityAttention: true}}},
		postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) { return m.extra[0], nil }}
	model := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}.withHook(h)
	late := prompt(2, 77).WithRange(0.6, 1)
	g, err := NewCFGGuider(model, late.Combine(prompt(4, 77).WithRange(0, 0.6)), prompt(1, 77), 3).ready(target{latent: tensor.New(1, 4, 8, 8)})
	if err != nil {
		t.Fatal(err)
	}
	g.model = &hookedStub{}
	for sigma, want := range map[float32]float32{5: 104, 1: 102} {
		p, err := g.Denoise(t.Context(), tensor.New(1, 4, 8, 8), sigma)
		if err != nil {
			t.Fatal(err)
		}
		if got := first(p.Denoised); got != want {
			t.Errorf("at sigma %v: %v, want %v", sigma, got, want)
		}
	}
}

// TestHooksAreShared: a patch leaves the model it is put on as it was.
func TestHooksAreShared(t *testing.T) {
	base := Model{}.withHook(addPre(0, 1))
	a, b := base.withHook(addPre(0, 2)), base.withHook(addPre(0, 3))
	if len(base.hooks) != 1 || len(a.hooks) != 2 || len(b.hooks) != 2 {
		t.Errorf("%d, %d and %d hooks; want 1, 2 and 2", len(base.hooks), len(a.hooks), len(b.hooks))
	}
}

// TestNegativeIsNeeded: a guider without negative prompt says so where a sampler or a patch wants one.
func TestNegativeIsNeeded(t *testing.T) {
	asking := Model{}.withHook(testHook{uncond: true})
	euler, cfgPP := sampling.Euler{}, sampling.EulerCFGPP{}
	basic := NewBasicGuider(Model{}, prompt(1, 77))
	tests := map[string]struct {
		guider  Guider
		sampler sampling.Sampler
		want    string // of the error, empty for none
	}{
		"basic":                 {basic, euler, ""},
		"basic under cfg++":     {basic, cfgPP, "cfg++"},
		"basic, a patch":        {NewBasicGuider(asking, prompt(1, 77)), euler, "guidance patch"},
		"both prompts":          {NewCFGGuider(asking, prompt(1, 77), prompt(2, 77), 1), cfgPP, ""},
		"dual":                  {both(2, 3, false)(asking), cfgPP, ""},
		"dual, none to lead by": {NewDualCFGGuider(Model{}, prompt(1, 77), prompt(2, 77), nil, 2, 3, false), cfgPP, "cfg++"},
		"nested takes another":  {NewDualCFGGuider(Model{}, prompt(1, 77), prompt(2, 77), nil, 2, 3, true), cfgPP, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.guider.checkNegative(tt.sampler)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

// TestSizeOfConditioning: a sampler that changes the latent's size on its way is told what cannot follow.
func TestSizeOfConditioning(t *testing.T) {
	masked := prompt(2, 77).WithMask(Mask{tensor.Full(1, 1, 8, 8)}, 1, false)
	for name, c := range map[string]Conditioning{"mask": masked, "plain": prompt(2, 77)} {
		sides, err := prepareStub([]Conditioning{c}, 8, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{4, 8, 16} {
			_, err = average(t.Context(), &stub{}, question{x: tensor.New(1, 4, size, size), sigma: 1, sides: []side{{entries: sides[0]}}})
			if bad := name == "mask" && size != 8; bad != (err != nil) {
				t.Errorf("%s at %d cells: error %v", name, size, err)
			}
		}
	}
}

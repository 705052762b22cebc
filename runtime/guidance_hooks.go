package runtime

import (
	"context"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// hook is a patch of a model that takes part in guidance. It is a description without state, so that models may share it; what it
// remembers from step to step lives in what begin returns.
//
// A step goes: the branches of the guider, of cluster guidance and of hooks are evaluated together; pre-CFG hooks change the list of
// predictions in turn; the formula mixes them, or the newest CFG override does; post-CFG hooks change the result in turn; at last the
// terms of cluster guidance are added, which see the predictions as the model gave them. So a hook that rescales what guidance makes
// never scales a cluster term, and a cluster that is switched off changes no bit of the rest.
type hook interface {
	// begin is called once for every sampling run.
	begin() points
}

// points are where a hook acts; nil ones are passed over. No tensor that they are given may be written to.
type points struct {
	// uncond has the negative side evaluated at guidance scale 1 too ("disables the cfg 1 optimisation").
	uncond bool
	// attention has mixture.attention filled in.
	attention bool
	// wishes are predictions that the hook needs besides those of the guider. They are known before the step, so they share its batch
	// where they share its graph; mixture.extra has them in this order.
	wishes []wish

	// preCFG returns the predictions of the branches to go on with: positive, negative, then further ones of the guider; nil for those
	// that are not evaluated.
	preCFG func(s *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error)
	// cfg takes the place of U + (C-U)·scale.
	cfg func(ctx context.Context, m mixture) (*tensor.Tensor, error)
	// postCFG returns the prediction to go on with instead of m.denoised.
	postCFG func(ctx context.Context, m mixture) (*tensor.Tensor, error)
}

// wish is one more prediction at every step.
type wish struct {
	of      role         // whose entries are evaluated
	prompt  Conditioning // where not nil, these entries instead
	variant variant      // of the network
}

// role names the two branches of a guider that a guidance scale mixes.
type role int

const (
	positive role = iota
	negative
)

// variant is a change of the network for some predictions of a step only; the zero value is the network as the model has it.
type variant struct {
	// identityAttention has the self-attention of the middle block give its values unmixed.
	identityAttention bool
}

// guidedStep is what hooks see of one evaluation of a guider.
type guidedStep struct {
	x     *tensor.Tensor // [B,C,h,w] in model space
	sigma float32
	scale float64 // guidance scale of the guider

	guidance  *guidance
	hooks     []running
	roles     [2][]entry       // entries of each role, nil where it is not evaluated
	extra     []*tensor.Tensor // what the wishes of all hooks gave
	attention *tensor.Tensor
}

// mixture is what hooks see where a guidance scale mixes two predictions.
type mixture struct {
	*guidedStep
	scale        float64
	cond, uncond *tensor.Tensor // [B,C,h,w], as pre-CFG hooks left them; zeros where one is not evaluated
	denoised     *tensor.Tensor // what the mix and the post-CFG hooks before gave; nil in an override
	extra        []*tensor.Tensor
}

// running is a hook during one run.
type running struct {
	points
	first int // place of its first wish among those of all hooks
}

// withHook adds a hook behind those the model has.
func (m Model) withHook(h hook) Model {
	m.hooks = append(slices.Clone(m.hooks), h)
	return m
}

// prompted is a hook that holds prompts of its own.
type prompted interface{ prompts() Conditioning }

// hookPrompts are the entries that the hooks of the model hold.
func (m Model) hookPrompts() Conditioning {
	var out Conditioning
	for _, h := range m.hooks {
		if p, ok := h.(prompted); ok {
			out = append(out, p.prompts()...)
		}
	}
	return out
}

// beginHooks starts the hooks of a run and lists their wishes. Of several overrides only the newest is left.
func beginHooks(hooks []hook) (started []running, wishes []wish) {
	overridden := false
	for _, h := range slices.Backward(hooks) {
		p := h.begin()
		if overridden && p.cfg != nil {
			p.cfg = nil
			if p.preCFG == nil && p.postCFG == nil {
				p = points{uncond: p.uncond}
			}
		}
		overridden = overridden || p.cfg != nil
		started = append(started, running{points: p})
	}
	slices.Reverse(started)
	for i, h := range started {
		started[i].first = len(wishes)
		wishes = append(wishes, h.wishes...)
	}
	return started, wishes
}

// asks reports whether any hook wants something.
func asks(hooks []running, want func(points) bool) bool {
	return slices.ContainsFunc(hooks, func(h running) bool { return want(h.points) })
}

// predict evaluates the entries of a role at x instead of the state of the step; zeros where they are not evaluated.
func (s *guidedStep) predict(ctx context.Context, of role, x *tensor.Tensor) (*tensor.Tensor, error) {
	mean, err := average(ctx, s.guidance.model, question{x: x, sigma: s.sigma, sides: []side{{entries: s.roles[of]}}})
	if err != nil {
		return nil, err
	}
	return mean.x0[0], nil
}

// prepare runs the pre-CFG hooks over the predictions of the branches.
func (s *guidedStep) prepare(d []*tensor.Tensor) ([]*tensor.Tensor, error) {
	for _, h := range s.hooks {
		if h.preCFG == nil {
			continue
		}
		var err error
		if d, err = h.preCFG(s, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// mix is U + (C-U)·scale, or what an override makes of it, after the post-CFG hooks. A nil uncond counts as zeros.
func (s *guidedStep) mix(ctx context.Context, cond, uncond *tensor.Tensor, scale float64) (*tensor.Tensor, error) {
	if len(s.hooks) == 0 {
		if uncond == nil {
			return cond, nil
		}
		return guide(cond, uncond, scale), nil
	}
	d := cond
	if uncond != nil {
		d = guide(s.orZeros(cond), uncond, scale)
	}
	for _, h := range s.hooks {
		if h.cfg == nil {
			continue
		}
		var err error
		if d, err = h.cfg(ctx, s.mixture(h, cond, uncond, scale)); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx, d, cond, uncond, scale)
}

// finish runs the post-CFG hooks over a mixed prediction.
func (s *guidedStep) finish(ctx context.Context, d, cond, uncond *tensor.Tensor, scale float64) (*tensor.Tensor, error) {
	d = s.orZeros(d)
	for _, h := range s.hooks {
		if h.postCFG == nil {
			continue
		}
		m := s.mixture(h, cond, uncond, scale)
		m.denoised = d
		var err error
		if d, err = h.postCFG(ctx, m); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// mixture is what one hook sees of a mix.
func (s *guidedStep) mixture(h running, cond, uncond *tensor.Tensor, scale float64) mixture {
	return mixture{
		guidedStep: s, scale: scale, cond: s.orZeros(cond), uncond: s.orZeros(uncond), extra: s.extra[h.first:][:len(h.wishes)],
	}
}

// orZeros stands zeros in for a prediction that was not evaluated, as the reference does.
func (s *guidedStep) orZeros(d *tensor.Tensor) *tensor.Tensor {
	if d == nil {
		return tensor.New(s.x.Shape...)
	}
	return d
}

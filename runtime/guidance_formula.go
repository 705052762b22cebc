package runtime

import (
	"context"
	"math"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// formula mixes the predictions of the branches of a guider.
type formula interface {
	// needs says for every branch whether it is evaluated; uncond asks for all that guidance starts from, even where the mix could do without.
	needs(uncond bool) []bool
	// mix is the prediction after guidance and hooks, and the one that samplers take for that of the negative prompt (nil where it was not
	// needed). d has one prediction per branch, nil where needs said false; its tensors are not written to.
	mix(ctx context.Context, s *guidedStep, d []*tensor.Tensor) (sampling.Prediction, error)
	// null is the branch that guidance leads away from.
	null() int
	// roles are the branches that hooks know as the positive and the negative one.
	roles() [2]int
	// guidanceScale is the one that pre-CFG hooks are told.
	guidanceScale() float64
}

// negativeBranch is the branch with the negative prompt, of which some families have other ideas; a guider without one has none there.
func negativeBranch(f formula) int {
	if _, ok := f.(dual); ok {
		return 2
	}
	return 1
}

// classifierFree is U + (C-U)·scale over the branches C, U (Ho and Salimans 2022, arXiv:2207.12598). At scale 1, U is not needed.
type classifierFree struct{ scale float64 }

func (classifierFree) null() int { return 1 }

func (classifierFree) roles() [2]int { return [2]int{0, 1} }

func (f classifierFree) guidanceScale() float64 { return f.scale }

func (f classifierFree) needs(uncond bool) []bool { return []bool{true, uncond || !isOne(f.scale)} }

func (f classifierFree) mix(ctx context.Context, s *guidedStep, d []*tensor.Tensor) (sampling.Prediction, error) {
	d, err := s.prepare(d)
	if err != nil {
		return sampling.Prediction{}, err
	}
	out, err := s.mix(ctx, d[0], d[1], f.scale)
	return sampling.Prediction{Denoised: out, Uncond: d[1]}, err
}

// guide is u + (c-u)·scale.
func guide(c, u *tensor.Tensor, scale float64) *tensor.Tensor {
	out, s := tensor.New(u.Shape...), float32(scale)
	for i, v := range u.Data {
		out.Data[i] = v + (c.Data[i]-v)*s
	}
	return out
}

// isOne is Python's math.isclose(v, 1).
func isOne(v float64) bool { return math.Abs(v-1) <= 1e-9*max(1, math.Abs(v)) }

// dual guides by two prompts over the branches C1, C2, U: U + (C2-U)·second + (C1-C2)·first, or nested: U + (C2 + (C1-C2)·first - U)·second.
type dual struct {
	first, second float64
	nested        bool
}

func (dual) null() int { return 2 }

// roles are those of the guidance that hooks see: by the first scale where nested, otherwise by the second.
func (f dual) roles() [2]int {
	if f.nested {
		return [2]int{0, 1}
	}
	return [2]int{1, 2}
}

func (f dual) guidanceScale() float64 { return f.second }

// needs leaves out what scales of 1 cancel, unless the form is nested.
func (f dual) needs(uncond bool) []bool {
	all := uncond || f.nested || !isOne(f.second)
	return []bool{true, all || !isOne(f.first), all}
}

// mix runs no pre-CFG hooks, as in the reference; overrides and post-CFG hooks see one of the two guidances.
func (f dual) mix(ctx context.Context, s *guidedStep, d []*tensor.Tensor) (sampling.Prediction, error) {
	first, second, uncond := d[0], d[1], d[2]
	if f.nested {
		text, err := s.mix(ctx, first, second, f.first)
		if err != nil {
			return sampling.Prediction{}, err
		}
		return sampling.Prediction{Denoised: guide(text, uncond, f.second), Uncond: second}, nil
	}
	if second == nil && len(s.hooks) == 0 {
		return sampling.Prediction{Denoised: first}, nil
	}
	second = s.orZeros(second)
	mixed, err := s.mix(ctx, second, uncond, f.second)
	if err != nil {
		return sampling.Prediction{}, err
	}
	out, scale := mixed.Clone(), float32(f.first)
	for i, v := range second.Data {
		out.Data[i] += (first.Data[i] - v) * scale
	}
	return sampling.Prediction{Denoised: out, Uncond: uncond}, nil
}

// perpendicular is E + (P - scale of the part of N perpendicular to P)·cfg over the branches C, N, E, where P = C-E, N = N-E and E is
// the prediction for the empty prompt (Armandpour et al. 2023, arXiv:2304.04968, "Perp-Neg").
type perpendicular struct{ cfg, negative float64 }

func (perpendicular) null() int { return 2 }

func (perpendicular) roles() [2]int { return [2]int{0, 1} }

func (f perpendicular) guidanceScale() float64 { return f.cfg }

// needs leaves out what a negative scale of 0 and then a guidance scale of 1 cancel.
func (f perpendicular) needs(uncond bool) []bool {
	negative := uncond || f.negative != 0
	return []bool{true, negative, negative || !isOne(f.cfg)}
}

// mix runs all hooks but overrides, as in the reference.
func (f perpendicular) mix(ctx context.Context, s *guidedStep, d []*tensor.Tensor) (sampling.Prediction, error) {
	d, err := s.prepare(d)
	if err != nil {
		return sampling.Prediction{}, err
	}
	out := perpNeg(d[0], s.orZeros(d[1]), s.orZeros(d[2]), f.negative, f.cfg)
	out, err = s.finish(ctx, out, d[0], d[1], f.cfg)
	return sampling.Prediction{Denoised: out, Uncond: d[1]}, err
}

// perpNeg is the mix of perpendicular.
func perpNeg(cond, negative, empty *tensor.Tensor, negativeScale, cfg float64) *tensor.Tensor {
	var dot, square float64 // N·P and P·P, over the whole batch as in the reference
	for i, e := range empty.Data {
		p := float64(cond.Data[i] - e)
		dot += p * float64(negative.Data[i]-e)
		square += p * p
	}
	out, along := tensor.New(empty.Shape...), float32(0)
	if square > 0 {
		along = float32(dot / square)
	}
	c, scale := float32(cfg), float32(negativeScale)
	for i, e := range empty.Data {
		p := cond.Data[i] - e
		n := negative.Data[i] - e
		out.Data[i] = e + (p-(n-p*along)*scale)*c
	}
	return out
}

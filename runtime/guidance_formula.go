package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// formula mixes the predictions of the branches of a guider.
type formula interface {
	// needs says for every branch whether it is evaluated; uncond asks for all that guidance starts from, even where the mix could do without.
	needs(uncond bool) []bool
	// mix is the prediction after guidance, and the one that samplers take for that of the negative prompt (nil where it was not needed).
	// d has one prediction per branch, nil where needs said false; its tensors are not written to.
	mix(d []*tensor.Tensor) (sampling.Prediction, error)
	// null is the branch that guidance leads away from.
	null() int
}

// classifierFree is U + (C-U)·scale over the branches C, U (Ho and Salimans 2022, arXiv:2207.12598). At scale 1, U is not needed.
type classifierFree struct {
	scale float64
	hooks []preCFG
}

func (classifierFree) null() int { return 1 }

func (f classifierFree) needs(uncond bool) []bool { return []bool{true, uncond || !isOne(f.scale)} }

func (f classifierFree) mix(d []*tensor.Tensor) (sampling.Prediction, error) {
	cond, uncond := d[0], d[1]
	for _, hook := range f.hooks {
		var err error
		if cond, err = hook(cond, uncond); err != nil {
			return sampling.Prediction{}, err
		}
	}
	if uncond == nil {
		return sampling.Prediction{Denoised: cond}, nil
	}
	return sampling.Prediction{Denoised: guide(cond, uncond, f.scale), Uncond: uncond}, nil
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

// needs leaves out what scales of 1 cancel, unless the form is nested.
func (f dual) needs(uncond bool) []bool {
	all := uncond || f.nested || !isOne(f.second)
	return []bool{true, all || !isOne(f.first), all}
}

func (f dual) mix(d []*tensor.Tensor) (sampling.Prediction, error) {
	first, second, uncond := d[0], d[1], d[2]
	switch {
	case second == nil:
		return sampling.Prediction{Denoised: first}, nil
	case f.nested:
		return sampling.Prediction{Denoised: guide(guide(first, second, f.first), uncond, f.second), Uncond: second}, nil
	}
	out := second.Clone()
	if uncond != nil {
		out = guide(second, uncond, f.second)
	}
	scale := float32(f.first)
	for i, v := range second.Data {
		out.Data[i] += (first.Data[i] - v) * scale
	}
	return sampling.Prediction{Denoised: out, Uncond: uncond}, nil
}

// perpendicular is E + (P - scale of the part of N perpendicular to P)·cfg over the branches C, N, E, where P = C-E, N = N-E and E is
// the prediction for the empty prompt (Armandpour et al. 2023, arXiv:2304.04968, "Perp-Neg").
type perpendicular struct{ cfg, negative float64 }

func (perpendicular) null() int { return 2 }

func (perpendicular) needs(bool) []bool { return []bool{true, true, true} }

func (f perpendicular) mix(d []*tensor.Tensor) (sampling.Prediction, error) {
	cond, negative, empty := d[0], d[1], d[2]
	var dot, square float64 // N·P and P·P, over the whole batch as in the reference
	for i, e := range empty.Data {
		p := float64(cond.Data[i] - e)
		dot += p * float64(negative.Data[i]-e)
		square += p * p
	}
	out, along := tensor.New(empty.Shape...), float32(dot/square)
	cfg, scale := float32(f.cfg), float32(f.negative)
	for i, e := range empty.Data {
		p := cond.Data[i] - e
		n := negative.Data[i] - e
		out.Data[i] = e + (p-(n-p*along)*scale)*cfg
	}
	return sampling.Prediction{Denoised: out, Uncond: negative}, nil
}

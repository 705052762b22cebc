package runtime

import (
	"fmt"
	"hash"
	"log/slog"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// blended is a change that mixes a weight with that of another network: W' = keep · W + add · V, where V has the other's patches. It is
// read when it is needed.
type blended struct {
	keep, add float32
	other     patchedWeights
	name      string
}

func (b blended) Apply(w *tensor.Tensor, _ float32) (*tensor.Tensor, error) {
	multiply(w, b.keep)
	if b.add == 0 {
		return w, nil
	}
	v, err := b.other.weight(b.name)
	if err != nil {
		return nil, err
	}
	if !tensor.SameShape(w, v) {
		return nil, fmt.Errorf("merge of %v and %v: %w", w.Shape, v.Shape, tensor.ErrShape)
	}
	weights.Axpy(w.Data, v.Data, b.add)
	return w, nil
}

// Bytes counts the patches of the other network for each weight: what a LoRA file holds is 0 anyway.
func (b blended) Bytes() int64 {
	var n int64
	for _, s := range b.other.steps(b.name) {
		n += s.change.Bytes()
	}
	return n
}

func (b blended) Identify(h hash.Hash, by weights.Identity) error {
	id, err := b.other.identity(b.name, b.other.steps(b.name), by)
	fmt.Fprintln(h, "blended", b.keep, b.add, id)
	return err
}

// scaledWeight is a change that multiplies a weight, whatever the strength.
type scaledWeight float32

func (s scaledWeight) Apply(w *tensor.Tensor, _ float32) (*tensor.Tensor, error) {
	multiply(w, float32(s))
	return w, nil
}

func (scaledWeight) Bytes() int64 { return 0 }

func (s scaledWeight) Identify(h hash.Hash, _ weights.Identity) error {
	fmt.Fprintln(h, "scaled", float32(s))
	return nil
}

func multiply(w *tensor.Tensor, factor float32) {
	if factor == 1 {
		return
	}
	for i := range w.Data {
		w.Data[i] *= factor
	}
}

// share says how much of a weight a merge keeps, and how much of the other network's it adds.
type share struct{ keep, add float64 }

// ratioOf is what is kept of the first network and the rest of the second.
func ratioOf(ratio float64) share { return share{ratio, 1 - ratio} }

// merged blends the weights of another network into p, those that both have: a new list of patches. Where both are the same weight and
// nothing would come of it, nothing is changed. Weights of unequal shape take nothing of the other, as in ComfyUI, and are named in a
// warning.
func (p patchedWeights) merged(other patchedWeights, shareOf func(name string) share) ([]weightPatch, error) {
	changes := map[string]weights.Change{}
	common, unequal := 0, []string(nil)
	for _, name := range p.set.Names() {
		v, ok := other.set.Ref(name)
		if !ok || !mergeable(name) {
			continue
		}
		common++
		s := shareOf(name)
		w, _ := p.set.Ref(name)
		if !slices.Equal(w.Shape, v.Shape) {
			if s.add != 0 {
				unequal = append(unequal, fmt.Sprintf("%s %v and %v", name, w.Shape, v.Shape))
			}
			s.add = 0
		}
		if s.keep == 1 && s.add == 0 {
			continue
		}
		if s.keep+s.add == 1 || s.keep == 1 {
			same, nothing, err := p.compare(other, name)
			if err != nil {
				return nil, err
			}
			if same && s.keep+s.add == 1 || nothing && s.keep == 1 {
				continue
			}
		}
		changes[name] = blended{float32(s.keep), float32(s.add), other, name}
	}
	if common == 0 || 2*len(unequal) > common {
		example := "they have no weight in common"
		if len(unequal) > 0 {
			example = "for example " + unequal[0]
		}
		return nil, fmt.Errorf("the two are of different kinds, %s: merge models of one family: %w", example, weights.ErrFamily)
	}
	if len(unequal) > 0 {
		slog.Warn("merge: weights of unequal shape are not merged", "count", len(unequal), "first", unequal[0])
	}
	return withPatch(p.patches, changes, 1), nil
}

// mergeable leaves out what is no weight, as ComfyUI does.
func mergeable(name string) bool {
	return !strings.HasSuffix(name, "position_ids") && !strings.HasSuffix(name, "logit_scale")
}

// compare reports whether a weight is the same in both networks, patches included, and whether it is zero in the other one because it is
// the difference of a weight to itself.
func (p patchedWeights) compare(other patchedWeights, name string) (same, nothing bool, err error) {
	mine, err := p.identity(name, p.steps(name), weights.ByPlace)
	if err != nil {
		return false, false, err
	}
	steps := other.steps(name)
	its, err := other.identity(name, steps, weights.ByPlace)
	if err != nil {
		return false, false, err
	}
	if len(steps) > 0 {
		last, ok := steps[len(steps)-1].change.(blended)
		if ok && last.keep == -last.add {
			before, err := other.identity(name, steps[:len(steps)-1], weights.ByPlace)
			if err != nil {
				return false, false, err
			}
			subtracted, err := last.other.identity(name, last.other.steps(name), weights.ByPlace)
			if err != nil {
				return false, false, err
			}
			nothing = before == subtracted
		}
	}
	return mine == its, nothing, nil
}

// merged is m with weights of another model blended in.
func (m Model) merged(other Model, shareOf func(name string) share) (Model, error) {
	for _, one := range []Model{m, other} {
		if err := one.checkWeights(); err != nil {
			return m, fmt.Errorf("merge models: %w", err)
		}
	}
	if a, b := m.family, other.family; a != b && (a != weights.SD2 && a != weights.SD2UnCLIP || b != weights.SD2 && b != weights.SD2UnCLIP) {
		return m, fmt.Errorf("merge models: the two are of different kinds, %s and %s: merge models of one family: %w", a, b, weights.ErrFamily)
	}
	changes, err := m.patched().merged(other.patched(), shareOf)
	if err != nil {
		return m, fmt.Errorf("merge models: %w", err)
	}
	m.changes = changes
	return m, nil
}

// MergeSimple is ratio · m + (1 - ratio) · other, weight by weight, both with their patches.
func (m Model) MergeSimple(other Model, ratio float64) (Model, error) {
	return m.merged(other, func(string) share { return ratioOf(ratio) })
}

// MergeBlocks is MergeSimple with a ratio for each part of the UNet: its input blocks, its middle block and what begins with "out". The
// rest, the embeddings of the time and of sizes, takes that of the input blocks.
func (m Model) MergeBlocks(other Model, input, middle, out float64) (Model, error) {
	return m.merged(other, func(name string) share {
		switch {
		case strings.HasPrefix(name, "middle"):
			return ratioOf(middle)
		case strings.HasPrefix(name, "out"):
			return ratioOf(out)
		}
		return ratioOf(input)
	})
}

// MergeSubtract is multiplier · (m - other).
func (m Model) MergeSubtract(other Model, multiplier float64) (Model, error) {
	return m.merged(other, func(string) share { return share{multiplier, -multiplier} })
}

// MergeAdd is m + other.
func (m Model) MergeAdd(other Model) (Model, error) {
	return m.merged(other, func(string) share { return share{1, 1} })
}

// merged is c with the weights of another CLIP blended in, encoder by encoder; an encoder that the other lacks stays as it is.
func (c CLIP) merged(other CLIP, shareOf func(name string) share) (CLIP, error) {
	for _, one := range []CLIP{c, other} {
		if len(one.encoders) == 0 {
			return c, ErrNoCLIP
		}
		if one.isExported() {
			return c, fmt.Errorf("merge text encoders: %w", ErrExported)
		}
	}
	common := false
	merged, err := c.each(func(e *textEncoder) error {
		i := slices.IndexFunc(other.encoders, func(o textEncoder) bool { return o.kind == e.kind })
		if i < 0 {
			return nil
		}
		common = true
		var err error
		e.changes, err = e.patched().merged(other.encoders[i].patched(), shareOf)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("merge text encoders: %w", err)
	}
	if !common {
		return c, fmt.Errorf("merge text encoders: one is %s and the other %s: merge those of one family: %w", c.encoders[0].kind, other.encoders[0].kind, weights.ErrFamily)
	}
	return merged, nil
}

// MergeSimple is ratio · c + (1 - ratio) · other, weight by weight, both with their patches.
func (c CLIP) MergeSimple(other CLIP, ratio float64) (CLIP, error) {
	return c.merged(other, func(string) share { return ratioOf(ratio) })
}

// MergeSubtract is multiplier · (c - other).
func (c CLIP) MergeSubtract(other CLIP, multiplier float64) (CLIP, error) {
	return c.merged(other, func(string) share { return share{multiplier, -multiplier} })
}

// MergeAdd is c + other.
func (c CLIP) MergeAdd(other CLIP) (CLIP, error) {
	return c.merged(other, func(string) share { return share{1, 1} })
}

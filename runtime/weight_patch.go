package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// weightPatch is what one node does to the weights of a network.
type weightPatch struct {
	changes  map[string]weights.Change // by canonical name of the weight
	strength float32
}

// patchBytes is the memory that patches hold.
func patchBytes(patches []weightPatch) int64 {
	var n int64
	for _, p := range patches {
		for _, c := range p.changes {
			n += c.Bytes()
		}
	}
	return n
}

// withPatch adds a patch to a list, which stays as it is.
func withPatch(list []weightPatch, changes map[string]weights.Change, strength float64) []weightPatch {
	if strength == 0 {
		changes = maps.Clone(changes)
		maps.DeleteFunc(changes, func(_ string, c weights.Change) bool { return !weights.Replaces(c) })
	}
	if len(changes) == 0 {
		return list
	}
	return append(slices.Clone(list), weightPatch{changes, float32(strength)})
}

// patchedWeights is the weights of a network with the patches on them, in the order in which nodes made them: a later one sees what the
// earlier ones left.
type patchedWeights struct {
	set     *weights.Set
	patches []weightPatch
	// merge keeps low-rank pairs from becoming branches beside the layers of their weights: none does for the names it picks.
	merge func(name string) bool
	// round is the type that every weight is rounded to, 0 for none.
	round weights.DType
}

// patchStep is one change of a weight.
type patchStep struct {
	change   weights.Change
	strength float32
}

// steps are the changes of one weight in order.
func (p patchedWeights) steps(name string) []patchStep {
	var list []patchStep
	for _, patch := range p.patches {
		if c, ok := patch.changes[name]; ok {
			list = append(list, patchStep{c, patch.strength})
		}
	}
	return list
}

// names lists the weights that any patch changes, sorted: graphs with equal lists are equal.
func (p patchedWeights) names() []string {
	names := map[string]bool{}
	for _, patch := range p.patches {
		for name := range patch.changes {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// split parts the changes of a weight into those that must be merged into it, the first ones, and low-rank pairs after them, which a
// branch beside the layer adds.
func (p patchedWeights) split(name string, steps []patchStep) (merged, branch []patchStep) {
	if p.round != 0 || p.merge != nil && p.merge(name) {
		return steps, nil
	}
	for i := len(steps); ; i-- {
		if i == 0 {
			return nil, steps
		}
		if _, ok := steps[i-1].change.(weights.LowRanker); !ok {
			return steps[:i], steps[i:]
		}
	}
}

// weight is a weight with all changes, as a copy of its own.
func (p patchedWeights) weight(name string) (*tensor.Tensor, error) {
	return p.apply(name, p.steps(name))
}

// apply reads a weight and changes it.
func (p patchedWeights) apply(name string, steps []patchStep) (*tensor.Tensor, error) {
	r, ok := p.set.Ref(name)
	if !ok {
		return nil, fmt.Errorf("weight %s is missing", name)
	}
	w, err := r.Float32()
	if err != nil {
		return nil, fmt.Errorf("weight %s: %w", name, err)
	}
	shape := w.Shape
	for _, s := range steps {
		if w, err = s.change.Apply(w, s.strength); err != nil {
			return nil, fmt.Errorf("patch of %s: %w", name, err)
		}
	}
	if !slices.Equal(w.Shape, shape) {
		return nil, fmt.Errorf("a patch makes the weight %s %v, and the network is built for %v: remove the LoRA that was made for a model of another shape: %w",
			name, w.Shape, shape, tensor.ErrShape)
	}
	if p.round != 0 {
		weights.Round(w.Data, p.round)
	}
	return w, nil
}

// identity tells a weight with changes from any other.
func (p patchedWeights) identity(name string, steps []patchStep, by weights.Identity) (string, error) {
	h := sha256.New()
	if r, ok := p.set.Ref(name); ok {
		if err := r.Identify(h, by); err != nil {
			return "", err
		}
	}
	fmt.Fprintln(h, p.round)
	if err := identifySteps(h, steps, by); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func identifySteps(h hash.Hash, steps []patchStep, by weights.Identity) error {
	for _, s := range steps {
		fmt.Fprintln(h, "step", s.strength)
		if err := s.change.Identify(h, by); err != nil {
			return err
		}
	}
	return nil
}

// contentHash changes with everything that the patches do; it is the same wherever their files lie.
func (p patchedWeights) contentHash() string {
	h := sha256.New()
	for _, name := range p.names() {
		fmt.Fprintln(h, name)
		if err := identifySteps(h, p.steps(name), weights.ByContent); err != nil {
			fmt.Fprintln(h, err) // a file that went away: what was made with it cannot be told, and is not found again
		}
	}
	fmt.Fprintln(h, p.round)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// weights of the UNet with the patches on them.
func (m Model) patched() patchedWeights {
	return patchedWeights{set: m.set, patches: m.changes, round: m.compute.rounds()}
}

// patched is the weights of the text encoder. Only the layers of the encoder take branches: the tables of tokens and places are looked up.
func (e textEncoder) patched() patchedWeights {
	return patchedWeights{set: e.set, patches: e.changes, merge: outsideEncoder}
}

func outsideEncoder(name string) bool { return !strings.HasPrefix(name, "text_model.encoder.") }

package runtime

import (
	"fmt"
	"hash"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// LoadDifferenceControlNet opens a ControlNet by its name in models/controlnet for a model: one that holds differences gets the weights of
// the model, as they are patched, added to its own when a sampler needs them. Others are those of LoadControlNet.
func (rt *Runtime) LoadDifferenceControlNet(m Model, name string) (ControlNet, error) {
	if err := m.checkWeights(); err != nil {
		return ControlNet{}, err
	}
	n, err := rt.openControlNet(name)
	if err != nil || n.file.Kind != weights.DifferenceControl {
		return n, err
	}
	config, err := model.ReadControlNet(n.file.Set)
	if err != nil {
		return ControlNet{}, err
	}
	if err := n.matches(config, m); err != nil {
		return ControlNet{}, fmt.Errorf("%s: %w", name, err)
	}
	changes := map[string]weights.Change{}
	for _, weight := range n.file.Set.Names() {
		r, _ := n.file.Set.Ref(weight)
		switch r.DType {
		case weights.F16, weights.BF16, weights.F32, weights.F64:
		default:
			return ControlNet{}, fmt.Errorf("%s: weight %s is stored as %s, to which nothing can be added: %w", name, weight, r.DType, weights.ErrFormat)
		}
		if m.set.Has(weight) {
			changes[weight] = sumChange{weight: weight, model: m.patched(), as: r.DType}
		}
	}
	n.changes = []weightPatch{{changes: changes, strength: 1}}
	return n, nil
}

// sumChange adds the weight of a model that has the same name. Both are rounded to the type of the file, before and after they are added,
// as the reference does.
type sumChange struct {
	weight string
	model  patchedWeights
	as     weights.DType
}

var _ weights.Change = sumChange{}

func (c sumChange) Apply(w *tensor.Tensor, _ float32) (*tensor.Tensor, error) {
	base, err := c.model.weight(c.weight)
	if err != nil {
		return nil, err
	}
	if !tensor.SameShape(w, base) {
		return nil, fmt.Errorf("difference of shape %v to a weight of shape %v: %w", w.Shape, base.Shape, tensor.ErrShape)
	}
	weights.Round(base.Data, c.as)
	for i, v := range base.Data {
		w.Data[i] += v
	}
	weights.Round(w.Data, c.as)
	return w, nil
}

func (c sumChange) Bytes() (n int64) {
	for _, s := range c.model.steps(c.weight) {
		n += s.change.Bytes()
	}
	return n
}

func (c sumChange) Identify(h hash.Hash, by weights.Identity) error {
	id, err := c.model.identity(c.weight, c.model.steps(c.weight), by)
	fmt.Fprintln(h, "sum", c.as, id)
	return err
}

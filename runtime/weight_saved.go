package runtime

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// saved are the tensors of a file: what no patch changes goes from file to file, the rest is made when it is written.
func (p patchedWeights) saved(names []weights.SavedName) ([]weights.Entry, error) {
	var entries []weights.Entry
	for _, n := range names {
		var refs []weights.Ref
		changed := n.Transposed
		for _, from := range n.From {
			r, ok := p.set.Ref(from)
			if !ok {
				return nil, fmt.Errorf("%s cannot be written: weight %s is missing", n.Name, from)
			}
			refs = append(refs, r)
			changed = changed || r.DType != refs[0].DType || len(p.steps(from)) > 0
		}
		shape, dtype := slices.Clone(refs[0].Shape), refs[0].DType
		for _, r := range refs[1:] {
			if len(r.Shape) == 0 || len(shape) == 0 || !slices.Equal(r.Shape[1:], shape[1:]) {
				return nil, fmt.Errorf("%s cannot be joined of %v: the weights have unequal shapes: %w", n.Name, n.From, tensor.ErrShape)
			}
			shape[0] += r.Shape[0]
		}
		if !changed {
			entries = append(entries, weights.JoinedEntry(n.Name, shape, refs...))
			continue
		}
		if n.Transposed {
			if len(shape) != 2 {
				return nil, fmt.Errorf("%s: weight %s is %v, want a matrix: %w", n.Name, n.From[0], shape, tensor.ErrShape)
			}
			slices.Reverse(shape)
		}
		if dtype.Size() < 2 {
			dtype = weights.F16
		}
		entries = append(entries, weights.LazyEntry(n.Name, dtype, shape, func() (*tensor.Tensor, error) { return p.joined(n) }))
	}
	return entries, nil
}

// joined makes a saved tensor.
func (p patchedWeights) joined(n weights.SavedName) (*tensor.Tensor, error) {
	var parts []*tensor.Tensor
	for _, from := range n.From {
		w, err := p.weight(from)
		if err != nil {
			return nil, err
		}
		parts = append(parts, w)
	}
	out := parts[0]
	if len(parts) > 1 {
		var err error
		if out, err = tensor.Concat(0, parts...); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	if n.Transposed {
		out = tensor.Transposed(out)
	}
	return out, nil
}

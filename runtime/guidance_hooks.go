package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// preCFG changes the prediction for the positive side before it is mixed with the negative one, which is nil where it is not evaluated.
// The tensors given are not written to.
type preCFG func(cond, uncond *tensor.Tensor) (*tensor.Tensor, error)

// withPreCFG adds a hook behind those the model has.
func (m Model) withPreCFG(h preCFG) Model {
	m.preCFG = append(slices.Clone(m.preCFG), h)
	return m
}

// WithLatentOperation applies an operation at every step to what guidance amplifies: the difference of the two predictions.
func (m Model) WithLatentOperation(o LatentOperation) Model {
	return m.withPreCFG(func(cond, uncond *tensor.Tensor) (*tensor.Tensor, error) {
		if uncond == nil {
			return o.Apply(cond)
		}
		difference := cond.Clone()
		for i, u := range uncond.Data {
			difference.Data[i] -= u
		}
		out, err := o.Apply(difference)
		if err != nil {
			return nil, err
		}
		for i, u := range uncond.Data {
			out.Data[i] += u
		}
		return out, nil
	})
}

package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// latentOperationHook applies an operation at every step to what guidance amplifies.
type latentOperationHook struct{ operation LatentOperation }

// WithLatentOperation applies an operation at every step to what guidance amplifies: the difference of the two predictions. Where there
// are other than two, it is applied to the positive one itself.
func (m Model) WithLatentOperation(o LatentOperation) Model {
	return m.withHook(latentOperationHook{o})
}

func (h latentOperationHook) begin() points {
	return points{preCFG: func(_ *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		cond := d[0]
		if len(d) == 2 && d[1] != nil {
			cond = minus(cond, d[1])
		}
		out, err := h.operation.Apply(cond)
		if err != nil {
			return nil, err
		}
		if len(d) == 2 && d[1] != nil {
			out = plus(out, d[1])
		}
		return replaced(d, 0, out), nil
	}}
}

// minus is a - b.
func minus(a, b *tensor.Tensor) *tensor.Tensor { return addScaled(a, b, -1) }

// plus is a + b.
func plus(a, b *tensor.Tensor) *tensor.Tensor { return addScaled(a, b, 1) }

// addScaled is a + b·s.
func addScaled(a, b *tensor.Tensor, s float32) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for i, v := range a.Data {
		out.Data[i] = v + b.Data[i]*s
	}
	return out
}

// replaced is a copy of d with another tensor in one place.
func replaced(d []*tensor.Tensor, i int, t *tensor.Tensor) []*tensor.Tensor {
	d = slices.Clone(d)
	d[i] = t
	return d
}

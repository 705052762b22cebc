package runtime

import "github.com/oneactor/oneactor/runtime/tensor"

// latentOperationHook applies an operation at every step to what guidance amplifies.
type latentOperationHook struct{ operation LatentOperation }

// WithLatentOperation applies an operation at every step to what guidance amplifies: the difference of the two predictions. Where a
// guider has other than two branches, it is applied to the positive one itself.
func (m Model) WithLatentOperation(o LatentOperation) Model {
	return m.withHook(latentOperationHook{o})
}

func (h latentOperationHook) begin() points {
	return points{preCFG: func(_ *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		if len(d) != 2 || d[1] == nil {
			out, err := h.operation.Apply(d[0])
			return replaced(d, 0, out), err
		}
		out, err := h.operation.Apply(minus(d[0], d[1]))
		if err != nil {
			return nil, err
		}
		return replaced(d, 0, plus(out, d[1])), nil
	}}
}

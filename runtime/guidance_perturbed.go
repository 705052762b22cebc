package runtime

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// perturbedAttention guides away from what the network predicts when the tokens of its middle block do not look at each other (Ahn et al.
// 2024, arXiv:2403.17377).
type perturbedAttention struct{ scale float64 }

// WithPerturbedAttention adds (C - P)·scale to guided predictions, where C is the positive one and P the same with the self-attention of the
// middle block giving its values unmixed.
func (m Model) WithPerturbedAttention(scale float64) (Model, error) {
	if err := m.checkMiddle(); err != nil {
		return Model{}, err
	}
	return m.withHook(perturbedAttention{scale}), nil
}

func (h perturbedAttention) begin() points {
	if h.scale == 0 {
		return points{}
	}
	return points{
		wishes: []wish{{of: positive, variant: variant{identityAttention: true}}},
		postCFG: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
			return addScaled(m.denoised, minus(m.cond, m.extra[0]), float32(h.scale)), nil
		},
	}
}

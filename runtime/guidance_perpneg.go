package runtime

import (
	"context"
	"errors"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// perpNegHook is perpendicular as a patch of a model, for any guider with two branches.
type perpNegHook struct {
	empty Conditioning
	scale float64
}

// WithPerpNeg mixes as NewPerpNegGuider does, in place of the plain mix; empty is the prompt from which both sides are seen.
func (m Model) WithPerpNeg(empty Conditioning, scale float64) (Model, error) {
	if len(empty) == 0 {
		return Model{}, errors.New("empty_conditioning has no entry: encode an empty prompt for it")
	}
	return m.withHook(perpNegHook{empty, scale}), nil
}

func (h perpNegHook) prompts() Conditioning { return h.empty }

func (h perpNegHook) begin() points {
	return points{
		wishes: []wish{{prompt: h.empty}},
		cfg: func(_ context.Context, m mixture) (*tensor.Tensor, error) {
			return perpNeg(m.cond, m.uncond, m.extra[0], h.scale, m.scale), nil
		},
	}
}

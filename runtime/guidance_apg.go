package runtime

import (
	"errors"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// projected is adaptive projected guidance. Sadat et al. 2024 (arXiv:2410.02416).
type projected struct{ eta, threshold, momentum float64 }

// WithProjectedGuidance weights the part of guidance that is parallel to the positive prediction by eta, shortens guidance to
// normThreshold (0 for no limit) for every item of the batch, and adds momentum times that of the step before; the memory is cleared
// where sigma rises.
func (m Model) WithProjectedGuidance(eta, normThreshold, momentum float64) Model {
	return m.withHook(projected{eta, normThreshold, momentum})
}

// errNoScale is returned where guidance is divided by its scale and that is 0.
var errNoScale = errors.New("APG divides by the guidance scale: use a cfg other than 0")

func (h projected) begin() points {
	var average *tensor.Tensor // of guidance, where there is momentum
	var before float32         // sigma of the last call
	return points{preCFG: func(s *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		if s.scale == 0 {
			return nil, errNoScale
		}
		cond, uncond := d[0], s.orZeros(d[1])
		if average != nil && s.sigma > before {
			average = nil
		}
		before = s.sigma
		plain := minus(cond, uncond)
		guidance := plain
		if h.momentum != 0 {
			if average != nil {
				guidance = addScaled(plain, average, float32(h.momentum))
			}
			average = guidance
		}
		changed := combined(guidance, cond, h.weights)
		// The formula that follows adds (scale-1) times the difference to U; dividing by the scale leaves plain guidance once.
		return replaced(d, 0, plus(uncond, addScaled(changed, plain, float32(1/s.scale)))), nil
	}}
}

// weights are the factors of guidance g and the positive prediction c in the changed guidance: g·p + c·q, where p limits the length and
// q takes away 1-eta of what is parallel to c.
func (h projected) weights(g, c []float32) (p, q float64) {
	p = 1
	if length := math.Sqrt(dot(g, g)); h.threshold > 0 && length > h.threshold {
		p = h.threshold / length
	}
	const tiny = 1e-12 // the least length that is divided by
	length := max(math.Sqrt(dot(c, c)), tiny)
	return p, (h.eta - 1) * p * dot(g, c) / (length * length)
}

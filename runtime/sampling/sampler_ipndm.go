package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// IPNDM is the pseudo linear multistep method with up to four slopes. Liu et al. 2022 (arXiv:2202.09778); Zhang & Chen
// 2023 (arXiv:2204.13902), section 4.
type IPNDM struct {
	guided
	VariableStep bool // weights that fit the distances of the sigmas, instead of those for equal steps
}

// adamsBashforth are the weights of 1 to 4 slopes at equal distances, newest first.
var adamsBashforth = [][]float32{
	{1},
	{3. / 2, -1. / 2},
	{23. / 12, -16. / 12, 5. / 12},
	{55. / 24, -59. / 24, 37. / 24, -9. / 24},
}

// Sample runs the sampler.
func (s IPNDM) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	const maxOrder = 4
	x := run.X.Data
	var slopes history
	for i := range run.steps() {
		sigma, next := run.Sigmas[i], run.Sigmas[i+1]
		p, err := run.step(ctx, i)
		if err != nil {
			return nil, err
		}
		derivative(slopes.push(maxOrder, len(x)), x, p.Denoised.Data, sigma)
		if next == 0 {
			copy(x, p.Denoised.Data)
			continue
		}
		order := min(i+1, maxOrder)
		weights := adamsBashforth[order-1]
		if s.VariableStep {
			weights = variableWeights(order, run.Sigmas[i+1-order:i+2])
		}
		terms := []term{{1, x}}
		for j, w := range weights {
			terms = append(terms, term{(next - sigma) * w, slopes.last(j)})
		}
		combine(x, terms...)
	}
	return run.X, nil
}

// variableWeights are the weights of order slopes, newest first, for a step between the last two of order+1 sigmas.
// For equal steps they are those of adamsBashforth. For others the share of the third slope is not what that method
// would have (its factor is on one of two summands): the results we match were made so.
func variableWeights(order int, sigmas []float32) []float32 {
	h := make([]float32, order) // steps, newest first
	for k := range h {
		h[k] = sigmas[order-k] - sigmas[order-1-k]
	}
	if order == 1 {
		return []float32{1}
	}
	a := h[0] / h[1]
	w := []float32{(2 + a) / 2, -a / 2}
	if order == 2 {
		return w
	}
	b := h[1] / h[2]
	two, three := h[0]+h[1], h[1]+h[2]
	third := (1 - h[0]/(3*two)*(h[0]*two)/(h[1]*three)) / 2
	w = []float32{w[0] + third, w[1] - (1+b)*third, third * b}
	if order == 3 {
		return w
	}
	c := h[1] * three / (h[2] * (h[2] + h[3]))
	span := two + h[2]
	fourth := ((1-h[0]/(3*two))/2 + (1-h[0]/(2*two))*h[0]/(6*span)) *
		(h[0] * two * span) / (h[1] * three * (three + h[3]))
	return []float32{
		w[0] + fourth,
		w[1] - (1+b+c)*fourth,
		w[2] + (b+c*(1+h[2]/h[3]))*fourth,
		-fourth * c * b,
	}
}

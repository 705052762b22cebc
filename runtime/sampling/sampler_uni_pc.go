package sampling

import (
	"context"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// UniPC is the unified predictor-corrector method of third order on the variance preserving state x/sqrt(1+σ²).
// Zhao et al. 2023 (arXiv:2302.04867). With one step it returns the noisy latent: there is nothing to predict from.
type UniPC struct {
	guided
	BH2 bool // B(h) = e^h-1 instead of h
}

// Sample runs the sampler. A last sigma of 0 counts as 0.001.
func (s UniPC) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	times := make([]vpPoint, len(run.Sigmas))
	for i, sigma := range run.Sigmas {
		if sigma == 0 && i == run.steps() {
			sigma = 0.001
		}
		times[i] = newVPPoint(sigma)
	}
	steps := run.steps()
	order := min(3, steps-1)
	u := &uniPC{run: run, bh2: s.BH2, scaled: run.scratch()}
	x := run.X.Data
	scale(x, 1/sqrt32(1+times[0].sigma*times[0].sigma))

	for i := range steps {
		var err error
		switch {
		case i == 0:
			var m *tensor.Tensor
			if m, err = u.predict(ctx, x, times[0]); err == nil {
				u.remember(m, times[0], order)
			}
		case i < order:
			err = u.update(ctx, x, times[i], i, order, true)
		default:
			err = u.update(ctx, x, times[i], min(order, steps+1-i), order, true)
			if err == nil && i == steps-1 {
				err = u.update(ctx, x, times[steps], 1, order, false)
			}
		}
		if err != nil {
			return nil, err
		}
		run.report(i, u.models[len(u.models)-1])
	}
	scale(x, 1/times[steps].alpha)
	return run.X, nil
}

// vpPoint is a sigma as the state x = alpha·latent + std·noise with alpha² + std² = 1.
type vpPoint struct{ sigma, alpha, std, lambda float32 }

func newVPPoint(sigma float32) vpPoint {
	logAlpha := 0.5 * log32(1/(sigma*sigma+1))
	variance := 1 - exp32(2*logAlpha)
	return vpPoint{sigma, exp32(logAlpha), sqrt32(variance), logAlpha - 0.5*log32(variance)}
}

// uniPC is the memory of a run: the last predictions and where they were made, oldest first.
type uniPC struct {
	run    *Run
	bh2    bool
	models []*tensor.Tensor
	points []vpPoint
	scaled *tensor.Tensor
}

func (u *uniPC) remember(m *tensor.Tensor, at vpPoint, limit int) {
	u.models, u.points = append(u.models, m), append(u.points, at)
	if drop := len(u.models) - max(limit, 1); drop > 0 {
		u.models, u.points = u.models[drop:], u.points[drop:]
	}
}

// predict is the model's prediction of the latent for a state.
func (u *uniPC) predict(ctx context.Context, x []float32, at vpPoint) (*tensor.Tensor, error) {
	combine(u.scaled.Data, term{sqrt32(at.sigma*at.sigma + 1), x})
	p, err := u.run.evaluate(ctx, u.scaled, at.sigma)
	return p.Denoised, err
}

// update takes x to a point by a step of an order and, with correct, evaluates the model there and corrects x with it.
func (u *uniPC) update(ctx context.Context, x []float32, at vpPoint, order, limit int, correct bool) error {
	last := len(u.models) - 1
	newest, from := u.models[last].Data, u.points[last]
	h := at.lambda - from.lambda
	places := make([]float32, order) // of the older predictions and of the new one, relative to h
	for i := 1; i < order; i++ {
		places[i-1] = (u.points[last-i].lambda - from.lambda) / h
	}
	places[order-1] = 1
	growth := expm132(-h)
	b := -h
	if u.bh2 {
		b = growth
	}
	matrix, sums := uniPCSystem(places, -h, b)

	base := []term{{at.std / from.std, x}, {-at.alpha * growth, newest}}
	// differences adds rho_i (m_i-m_0)/r_i of the older predictions.
	differences := func(terms []term, rho []float32) []term {
		for i := 1; i < order; i++ {
			c := -at.alpha * b * rho[i-1] / places[i-1]
			terms = append(terms, term{c, u.models[last-i].Data}, term{-c, newest})
		}
		return terms
	}
	predicted := base
	switch {
	case order == 2:
		predicted = differences(predicted, []float32{0.5})
	case order > 2:
		predicted = differences(predicted, solve32(leading(matrix, order-1), append([]float32(nil), sums[:order-1]...)))
	}
	if !correct {
		combine(x, predicted...)
		return nil
	}
	guess := make([]float32, len(x))
	combine(guess, predicted...)
	m, err := u.predict(ctx, guess, at)
	if err != nil {
		return err
	}
	rho := []float32{0.5}
	if order > 1 {
		rho = solve32(matrix, sums)
	}
	c := -at.alpha * b * rho[order-1]
	combine(x, append(differences(base[:2:2], rho), term{c, m.Data}, term{-c, newest})...)
	u.remember(m, at, limit)
	return nil
}

// uniPCSystem is the linear system for the weights of the differences: the powers of the places on the left, and the
// sums they must have on the right. Zhao et al. 2023, eq. 5 and 9.
func uniPCSystem(places []float32, h, b float32) (matrix [][]float32, sums []float32) {
	phi := expm132(h)/h - 1
	factorial := float32(1)
	for i := range places {
		row := make([]float32, len(places))
		for k, r := range places {
			row[k] = pow32(r, float32(i))
		}
		matrix = append(matrix, row)
		sums = append(sums, phi*factorial/b)
		factorial *= float32(i + 2)
		phi = phi/h - 1/factorial
	}
	return matrix, sums
}

// leading copies the first n rows and columns.
func leading(matrix [][]float32, n int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = append([]float32(nil), matrix[i][:n]...)
	}
	return out
}

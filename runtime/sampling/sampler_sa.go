package sampling

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// SASolver is the stochastic Adams predictor-corrector method. Xue et al. 2023 (arXiv:2309.05019).
type SASolver struct {
	guided
	Eta                      float64 // τ: strength of the noise within the range below; 0 is an ODE
	StartPercent, EndPercent float64 // range of the way down where noise is added, 0…1
	Levels                   Levels  // whose range it is; nil for those that are sampled
	SNoise                   float64 // factor on the noise added
	PredictorOrder           int     // 1 or more
	CorrectorOrder           int     // 0 for none
	PECE                     bool    // evaluate again after the correction
	SimpleOrder2             bool    // simpler weights for two predictions
}

// saSolver has the usual options.
var saSolver = SASolver{
	Eta: 1, StartPercent: 0.2, EndPercent: 0.8, SNoise: 1, PredictorOrder: 3, CorrectorOrder: 4,
}

func (s SASolver) withPECE() SASolver {
	s.PECE = true
	return s
}

// Sample runs the sampler.
func (s SASolver) Sample(ctx context.Context, run *Run) (*tensor.Tensor, error) {
	if s.PredictorOrder < 1 || s.CorrectorOrder < 0 {
		return nil, fmt.Errorf("sa_solver sampler: predictor_order is %d and corrector_order %d; use 1 or more and 0 or more",
			s.PredictorOrder, s.CorrectorOrder)
	}
	ms, sigmas := run.ModelSampling, run.Sigmas
	ms.finiteSNR(sigmas)
	lambdas := make([]float32, len(sigmas))
	for i, sigma := range sigmas {
		lambdas[i] = ms.halfLogSNR(sigma)
	}
	levels := s.Levels
	if levels == nil {
		levels = ms.Levels
	}
	start, end := levels.PercentToSigma(s.StartPercent), levels.PercentToSigma(s.EndPercent)
	steps, endsAtZero := run.steps(), sigmas[len(sigmas)-1] == 0
	limit := max(s.PredictorOrder, s.CorrectorOrder)

	noise := run.freshNoise()
	x := run.X.Data             // corrected state
	predicted := run.X.Clone()  // predicted state at the current sigma
	var added []float32         // noise in predicted
	var predictions [][]float32 // oldest first
	var h, tau float32          // of the last predictor step
	for i := range steps {
		run.X, predicted = predicted, run.X // step evaluates run.X
		p, err := run.step(ctx, i)
		run.X, predicted = predicted, run.X
		if err != nil {
			return nil, err
		}
		denoised := p.Denoised.Data
		predictions = append(predictions, denoised)
		predictions = predictions[max(0, len(predictions)-limit):]

		predictor, corrector := min(s.PredictorOrder, len(predictions)), min(s.CorrectorOrder, len(predictions))
		if i == 0 || sigmas[i+1] == 0 && !s.PECE {
			corrector = 0
		}
		if endsAtZero { // lower orders near the end are more stable
			predictor, corrector = min(predictor, steps-1-i), min(corrector, steps-i)
		}

		if corrector == 0 {
			copy(x, predicted.Data)
		} else {
			weights := s.weights(sigmas[i], lambdas[i-corrector+1:i+1], lambdas[i-1], lambdas[i], tau, true)
			terms := []term{{sigmas[i] / sigmas[i-1] * exp32(-tau*tau*h), x}}
			terms = appendPredictions(terms, predictions, weights)
			if tau > 0 && s.SNoise > 0 {
				terms = append(terms, term{1, added})
			}
			combine(x, terms...)
			if s.PECE {
				if p, err = run.evaluate(ctx, run.X, sigmas[i]); err != nil {
					return nil, err
				}
				denoised = p.Denoised.Data
				predictions[len(predictions)-1] = denoised
			}
		}

		next := sigmas[i+1]
		if next == 0 {
			copy(x, denoised)
			continue
		}
		if i == steps-1 { // as in ComfyUI, a list that ends above 0 gives the last corrected state, not the prediction for its end
			break
		}
		tau = 0
		if s.Eta > 0 && start >= float64(next) && float64(next) >= end {
			tau = float32(s.Eta)
		}
		weights := s.weights(next, lambdas[i-predictor+1:i+1], lambdas[i], lambdas[i+1], tau, false)
		h = lambdas[i+1] - lambdas[i]
		terms := []term{{next / sigmas[i] * exp32(-tau*tau*h), x}}
		combine(predicted.Data, appendPredictions(terms, predictions, weights)...)
		if tau > 0 && s.SNoise > 0 {
			if added == nil {
				added = make([]float32, len(x))
			}
			combine(added, term{next * noiseShare(tau*tau*h) * float32(s.SNoise), noise.draw(sigmas[i], next)})
			addScaled(predicted.Data, 1, added)
		}
	}
	return run.X, nil
}

// appendPredictions adds the last predictions with their weights, both oldest first.
func appendPredictions(terms []term, predictions [][]float32, weights []float32) []term {
	predictions = predictions[len(predictions)-len(weights):]
	for k, w := range weights {
		terms = append(terms, term{w, predictions[k]})
	}
	return terms
}

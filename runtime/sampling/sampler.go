package sampling

import (
	"context"
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Prediction is what a model makes of a noisy latent, in model space. Its tensors are never written to again: samplers
// keep them for later steps.
type Prediction struct {
	Denoised *tensor.Tensor // x0 after guidance
	Uncond   *tensor.Tensor // x0 of the negative prompt alone, for samplers whose NeedsUncond is true; else may be nil
}

// Denoiser predicts the noise-free latent. x is in model space [B,C,H,W] and only valid during the call.
type Denoiser interface {
	Denoise(ctx context.Context, x *tensor.Tensor, sigma float32) (Prediction, error)
}

// DenoiserFunc is a function as a Denoiser.
type DenoiserFunc func(ctx context.Context, x *tensor.Tensor, sigma float32) (Prediction, error)

// Denoise calls f.
func (f DenoiserFunc) Denoise(ctx context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
	return f(ctx, x, sigma)
}

// Sampler is a stepping rule with its options. The fields of a sampler mean what they say; ByName has the usual ones.
type Sampler interface {
	// NeedsUncond tells whether Prediction.Uncond is used; guidance must then compute it even at scale 1.
	NeedsUncond() bool
	// Sample takes run.X from the first of run.Sigmas to the last. Use the function Sample, which prepares a Run.
	Sample(ctx context.Context, run *Run) (*tensor.Tensor, error)
}

// guided is embedded by samplers that need no unconditional prediction.
type guided struct{}

// NeedsUncond is false.
func (guided) NeedsUncond() bool { return false }

// Run is the work of a Sampler.
type Run struct {
	Model         Denoiser
	ModelSampling ModelSampling
	Sigmas        []float32                                  // at least two; the sampler may write to it
	X             *tensor.Tensor                             // the state at the first sigma; the sampler may write to it
	Seed          uint64                                     // of the noise added on the way
	Random        *Generator                                 // behind the noise of the start; nil for a fresh one
	Report        func(step int, x0 *tensor.Tensor)          // called once per step; may be nil
	listen        func(source noiseSource) noiseSource       // tests record the noise; may be nil
	adaptive      func(h, difference float64, sigma float32) // tests record the tries of DPMAdaptive; may be nil
}

// steps is the number of intervals between the sigmas.
func (r *Run) steps() int { return len(r.Sigmas) - 1 }

// evaluate calls the model, with cancellation between calls.
func (r *Run) evaluate(ctx context.Context, x *tensor.Tensor, sigma float32) (Prediction, error) {
	if err := ctx.Err(); err != nil {
		return Prediction{}, err
	}
	p, err := r.Model.Denoise(ctx, x, sigma)
	if err != nil {
		return Prediction{}, err
	}
	if p.Denoised == nil || len(p.Denoised.Data) != len(x.Data) {
		return Prediction{}, fmt.Errorf("sample: the model's prediction does not have the latent's shape %v: %w", x.Shape, tensor.ErrShape)
	}
	return p, nil
}

// step is evaluate for the state at the start of step i, and reports its prediction.
func (r *Run) step(ctx context.Context, i int) (Prediction, error) {
	p, err := r.evaluate(ctx, r.X, r.Sigmas[i])
	if err == nil {
		r.report(i, p.Denoised)
	}
	return p, err
}

func (r *Run) report(i int, x0 *tensor.Tensor) {
	if r.Report != nil {
		r.Report(i, x0)
	}
}

// uncond returns the unconditional prediction of a sampler that needs one.
func (p Prediction) uncond() ([]float32, error) {
	if p.Uncond == nil || len(p.Uncond.Data) != len(p.Denoised.Data) {
		return nil, fmt.Errorf("sample: this sampler needs the unconditional prediction, which the model did not give")
	}
	return p.Uncond.Data, nil
}

// scratch is a tensor of the state's shape.
func (r *Run) scratch() *tensor.Tensor { return tensor.New(r.X.Shape...) }

// stepNoise adds noise to a state.
type stepNoise struct {
	source noiseSource
	z      []float32
}

// freshNoise is noise drawn anew for each step.
func (r *Run) freshNoise() *stepNoise { return r.noise(freshNoise{NewGenerator(r.Seed)}) }

// brownianNoise is noise of a Brownian motion over the sigmas.
func (r *Run) brownianNoise() *stepNoise { return r.noise(newBrownianNoise(r.Seed, r.Sigmas)) }

func (r *Run) noise(source noiseSource) *stepNoise {
	if r.listen != nil {
		source = r.listen(source)
	}
	return &stepNoise{source, make([]float32, len(r.X.Data))}
}

// draw returns the noise of a step; it is overwritten by the next draw.
func (n *stepNoise) draw(from, to float32) []float32 {
	n.source.draw(n.z, from, to)
	return n.z
}

// add adds the noise of a step, times c, to x.
func (n *stepNoise) add(x []float32, from, to, c float32) { addScaled(x, c, n.draw(from, to)) }

// SamplerName names a sampler with its usual options.
type SamplerName string

// Choices lists the names in the order clients show them.
func (SamplerName) Choices() []string {
	names := make([]string, len(samplers))
	for i, s := range samplers {
		names[i] = string(s.name)
	}
	return names
}

// ByName returns a sampler with its usual options; an unknown name is an error that lists the known ones.
func ByName(name SamplerName) (Sampler, error) {
	for _, s := range samplers {
		if s.name == name {
			return s.sampler, nil
		}
	}
	return nil, fmt.Errorf("no sampler %q; use one of %s", name, strings.Join(name.Choices(), ", "))
}

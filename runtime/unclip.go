package runtime

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// UnCLIPPicture is a batch of pictures that a model is told of by their CLIP vectors: unCLIP models, and SDXL in place of the pooled text
// ("revision").
type UnCLIPPicture struct {
	Embeds            *tensor.Tensor // [B,P]
	Strength          float64
	NoiseAugmentation float64 // how much noise is mixed into the vectors, 0…1; the more, the freer the model
}

// WithUnCLIP tells of further pictures in every entry. A strength of 0 changes nothing.
func (c Conditioning) WithUnCLIP(o CLIPVisionOutput, strength, noiseAugmentation float64) Conditioning {
	if strength == 0 {
		return c
	}
	return c.each(func(e *Cond) {
		e.UnCLIP = append(slices.Clone(e.UnCLIP), UnCLIPPicture{o.Embeds, strength, noiseAugmentation})
	})
}

// unclipSeed is how far the seed of the noise mixed into vectors lies below that of the run.
const unclipSeed = 10

// unclipVector is what a model is told of pictures: their vectors [D] with noise, weighted, and the embedding [D] of the level of that
// noise behind them. Of several pictures it is the sum, into which noise is mixed once more, by the fraction merged. It is that of
// ComfyUI: every picture's noise is drawn anew with the seed, and the last noise goes on where the one before ended.
func unclipVector(pictures []UnCLIPPicture, width int, seed uint64, merged float64) ([]float32, error) {
	sum := make([]float32, 2*width)
	var noise *sampling.Generator
	count := 0
	for _, p := range pictures {
		if have := p.Embeds.Dim(1); have != width {
			return nil, fmt.Errorf("the picture of unCLIPConditioning has a vector of %d numbers and the model wants %d: encode it with the CLIP vision model that belongs to the model", have, width)
		}
		for b := range p.Embeds.Dim(0) {
			noise = sampling.NewGenerator(seed - unclipSeed)
			for i, v := range augmented(p.Embeds.Rows(b, b+1).Data, p.NoiseAugmentation, noise) {
				sum[i] += v * float32(p.Strength)
			}
			count++
		}
	}
	if count > 1 {
		return augmented(sum[:width], merged, noise), nil
	}
	return sum, nil
}

// unclipLevels is how many levels of noise there are.
const unclipLevels = 1000

// augmented is a vector [D] with noise of the level round(999·amount) mixed in, and the embedding [D] of that level behind it.
func augmented(e []float32, amount float64, noise *sampling.Generator) []float32 {
	level := int(math.RoundToEven((unclipLevels - 1) * min(max(amount, 0), 1)))
	mix := unclipSchedule()[level]
	out := make([]float32, 2*len(e))
	noise.Normal(out[:len(e)])
	for i, v := range e {
		out[i] = mix.data*v + mix.noise*out[i]
	}
	copy(out[len(e):], sinusoid(float32(level), len(e)))
	return out
}

// noiseMix is the shares of data and noise at one level.
type noiseMix struct{ data, noise float32 }

// unclipSchedule is the cosine schedule of Nichol and Dhariwal 2021 (arXiv:2102.09672) with betas of at most 0.999.
var unclipSchedule = sync.OnceValue(func() []noiseMix {
	bar := func(t float64) float64 {
		c := math.Cos((t + 0.008) / 1.008 * math.Pi / 2)
		return c * c
	}
	out, product := make([]noiseMix, unclipLevels), 1.0
	for i := range out {
		beta := min(1-bar(float64(i+1)/unclipLevels)/bar(float64(i)/unclipLevels), 0.999)
		product *= 1 - beta
		out[i] = noiseMix{float32(math.Sqrt(product)), float32(math.Sqrt(1 - product))}
	}
	return out
})

// sinusoid is [cos(n·f), sin(n·f)] with f = model.Frequencies(width/2), as networks are told of timesteps.
func sinusoid(n float32, width int) []float32 {
	f := model.Frequencies(width / 2)
	out := make([]float32, width)
	for k, v := range f {
		sin, cos := math.Sincos(float64(n * v))
		out[k], out[len(f)+k] = float32(cos), float32(sin)
	}
	return out
}

// UnCLIPCheckpoint is the parts of a checkpoint that is told of pictures; those the file lacks are zero.
type UnCLIPCheckpoint struct {
	Model  Model
	CLIP   CLIP
	VAE    VAE
	Vision CLIPVision
}

// LoadUnCLIP opens a checkpoint by its name in models/checkpoints, the vision model in it as well. Only headers are read.
func (rt *Runtime) LoadUnCLIP(name string) (UnCLIPCheckpoint, error) {
	c, err := rt.LoadCheckpoint(name)
	if err != nil {
		return UnCLIPCheckpoint{}, err
	}
	out := UnCLIPCheckpoint{Model: c.Model, CLIP: c.CLIP, VAE: c.VAE}
	path, err := rt.Folders.Find("checkpoints", name)
	if err != nil {
		return UnCLIPCheckpoint{}, err
	}
	file, err := opened(&rt.files, "checkpoint", path, weights.OpenCheckpoint, (*weights.Checkpoint).Files)
	if err != nil || file.Vision == nil {
		return out, err
	}
	if out.Vision, err = NewCLIPVision(file.Vision); err != nil {
		return UnCLIPCheckpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// ImageOnlyCheckpoint is an UnCLIPCheckpoint without its text encoder.
type ImageOnlyCheckpoint struct {
	Model  Model
	Vision CLIPVision
	VAE    VAE
}

// LoadImageOnly is LoadUnCLIP for models that are told of no text.
func (rt *Runtime) LoadImageOnly(name string) (ImageOnlyCheckpoint, error) {
	c, err := rt.LoadUnCLIP(name)
	return ImageOnlyCheckpoint{c.Model, c.Vision, c.VAE}, err
}

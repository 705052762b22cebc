package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Sampler is a stepping rule on a wire.
type Sampler struct{ sampling.Sampler }

// Socket is the wire type.
func (Sampler) Socket() string { return "SAMPLER" }

// Sigmas are noise levels to step along, highest first.
type Sigmas []float32

// Socket is the wire type.
func (Sigmas) Socket() string { return "SIGMAS" }

// Bytes is the memory held.
func (s Sigmas) Bytes() int64 { return int64(len(s)) * 4 }

// Noise says what noise a run starts from: that of a seed, or none.
type Noise struct {
	Seed uint64
	Off  bool
	// Given is noise of the latent's shape to take instead, with standard deviation 1.
	Given *tensor.Tensor
}

// Socket is the wire type.
func (Noise) Socket() string { return "NOISE" }

// draw is the noise for a latent; nil for none.
func (n Noise) draw(l Latent) (*tensor.Tensor, error) {
	noise, _, err := n.stream(l)
	return noise, err
}

// stream is the noise for a latent (nil for none) and the random generator behind it, which patches of the network draw from. Where the noise
// is not of the seed, the generator is a fresh one of it.
func (n Noise) stream(l Latent) (*tensor.Tensor, *sampling.Generator, error) {
	random := sampling.NewGenerator(n.Seed)
	switch {
	case n.Off:
		return nil, random, nil
	case n.Given != nil:
		return n.Given, random, nil
	}
	noise, err := random.Noise(l.Samples.Shape, l.BatchIndex)
	return noise, random, err
}

// ScheduleSigmas are the noise levels of a model by the name of a schedule, as the node BasicScheduler gives them; denoise is the part
// of the schedule to keep, 0…1.
func (m Model) ScheduleSigmas(scheduler sampling.SchedulerName, steps int, denoise float64) (Sigmas, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	total := steps
	if denoise < 1 {
		if denoise <= 0 {
			return Sigmas{}, nil
		}
		total = int(min(float64(steps)/denoise, math.MaxInt32))
	}
	sigmas, err := sampling.ScheduleSigmas(m.sampling, scheduler, total)
	if err != nil {
		return nil, err
	}
	return sigmas[max(0, len(sigmas)-(steps+1)):], nil
}

// AddNoise mixes noise into a latent as strongly as stepping along the sigmas takes away. No sigmas leave it as it is.
func (m Model) AddNoise(l Latent, n Noise, sigmas Sigmas) (Latent, error) {
	if err := m.check(); err != nil {
		return Latent{}, err
	}
	if len(sigmas) == 0 {
		return l, nil
	}
	scale := sigmas[0]
	if last := len(sigmas) - 1; last > 0 {
		scale = float32(math.Abs(float64(scale - sigmas[last])))
	}
	noise, err := n.draw(l)
	if err != nil {
		return Latent{}, err
	}
	if noise == nil {
		noise = tensor.New(l.Samples.Shape...)
	}
	latent, out := m.inModelSpace(l.Samples), tensor.New(l.Samples.Shape...)
	m.sampling.AddNoise(out.Data, noise.Data, latent.Data, scale, false)
	l.Samples = m.format.Out(out)
	for i, v := range l.Samples.Data {
		if v-v != 0 {
			l.Samples.Data[i] = 0
		}
	}
	return l, nil
}

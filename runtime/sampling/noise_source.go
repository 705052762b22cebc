package sampling

import "math"

// noiseSource gives the noise that a sampler adds on its way down.
type noiseSource interface {
	// draw fills dst with standard normal values for the step between two sigmas.
	draw(dst []float32, from, to float32)
}

// freshNoise draws new noise for every step whatever its sigmas. Its first draw equals the initial noise of the same
// seed, which is how it is in the program whose results we match.
type freshNoise struct{ generator *Generator }

func (n freshNoise) draw(dst []float32, _, _ float32) { n.generator.Normal(dst) }

// brownianNoise takes increments of one Brownian motion over sigma, so that the noise of a step does not depend on
// how the schedule divides the rest of the interval.
type brownianNoise struct{ tree *brownianTree }

// newBrownianNoise spans the motion over the positive sigmas of a list.
func newBrownianNoise(seed uint64, sigmas []float32) brownianNoise {
	low, high := float32(math.Inf(1)), float32(0)
	for _, s := range sigmas {
		if s > 0 {
			low = min(low, s)
		}
		high = max(high, s)
	}
	return brownianNoise{newBrownianTree(seed, low, high)}
}

func (n brownianNoise) draw(dst []float32, from, to float32) {
	sign := float32(1)
	if from > to {
		from, to, sign = to, from, -1
	}
	n.tree.increment(dst, from, to)
	scale(dst, sign/sqrt32(to-from))
}

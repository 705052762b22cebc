package actor

import (
	"math"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// batch is the inputs of one step of the tuning graph, filled anew for every step.
type batch struct {
	h               *tensor.Tensor // [n,C,h',w']
	x, want         *tensor.Tensor // [R,C,H,W]
	timesteps       *tensor.Tensor // [R]
	context, places *tensor.Tensor // [R,T,D], [R,T,1]
	share           *tensor.Tensor // [R], set once
}

// newBatch allocates a batch for the sizes of a graph; share holds the weights of the rows in the loss.
func newBatch(m *material, s tuneSizes, share []float32) *batch {
	z, hs, e := m.mean[0], m.h, m.texts[0].embedding
	b := &batch{
		h: tensor.New(s.samples(), hs.Dim(1), hs.Dim(2), hs.Dim(3)),
		x: tensor.New(s.Rows, z.Dim(1), z.Dim(2), z.Dim(3)), want: tensor.New(s.Rows, z.Dim(1), z.Dim(2), z.Dim(3)),
		timesteps: tensor.New(s.Rows), context: tensor.New(s.Rows, s.Tokens, e.Dim(2)), places: tensor.New(s.Rows, s.Tokens, 1),
		share: tensor.New(s.Rows),
	}
	copy(b.share.Data, share)
	return b
}

// inputs are the batch as inputs of the graph; they share its memory.
func (b *batch) inputs() map[string]ort.Value {
	return map[string]ort.Value{
		"h": ort.FromTensor(b.h), "x": ort.FromTensor(b.x), "want": ort.FromTensor(b.want), "timesteps": ort.FromTensor(b.timesteps),
		"context": ort.FromTensor(b.context), "places": ort.FromTensor(b.places), "share": ort.FromTensor(b.share),
	}
}

// fill writes the samples of a draw into the batch.
func (b *batch) fill(m *material, d draw) {
	for i := range b.h.Dim(0) {
		k := d.extra
		if i < len(d.pictures) {
			k = d.pictures[i]
		}
		copy(item(b.h, i), item(m.h, k))
	}
	clear(b.places.Data)
	for i := range b.x.Dim(0) {
		k := i % len(d.pictures) // the average sample is the target's again
		z := m.latent(d, k)
		noise := d.noise[k*len(z):][:len(z)]
		b.timesteps.Data[i] = addNoise(m.sampling, d.levels[i], item(b.x, i), item(b.want, i), z, noise)
		t := m.texts[d.texts[k]]
		copy(item(b.context, i), t.embedding.Data)
		for _, row := range t.rows {
			item(b.places, i)[row] = 1
		}
	}
}

// latent is sample k of a draw in model space: a picture's latent somewhere in the VAE's distribution.
func (m *material) latent(d draw, k int) []float32 {
	side := 0
	if d.mirrored[k] {
		side = 1
	}
	mean, spread := m.mean[side].Rows(d.pictures[k], d.pictures[k]+1), item(m.spread[side], d.pictures[k])
	z := mean.Clone()
	for j := range z.Data {
		z.Data[j] += spread[j] * d.posterior[k*z.Len()+j]
	}
	return m.format.In(z).Data
}

// addNoise sets x to a latent with the noise of a level of the model, √ᾱ z + √(1-ᾱ) ε, and want to what the network should say to it:
// ε itself, or the velocity √ᾱ ε - √(1-ᾱ) z. It returns the level's time index.
func addNoise(s sampling.ModelSampling, level int, x, want, z, noise []float32) (timestep float32) {
	sigma := s.Sigmas()[level]
	keep := float32(1 / math.Sqrt(1+float64(sigma)*float64(sigma)))
	add := sigma * keep
	for i, v := range z {
		x[i] = keep*v + add*noise[i]
		want[i] = noise[i]
		if s.Parameterization == sampling.V {
			want[i] = keep*noise[i] - add*v
		}
	}
	return s.Timestep(sigma)
}

// item is element i of the first axis of a tensor.
func item(t *tensor.Tensor, i int) []float32 {
	n := t.Len() / t.Dim(0)
	return t.Data[i*n : (i+1)*n]
}

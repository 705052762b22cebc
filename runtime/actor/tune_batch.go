package actor

import (
	"math"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// noisy is the denoising half of a batch: what the network sees and should say.
type noisy struct {
	x, want   *tensor.Tensor // [R,C,H,W]
	timesteps *tensor.Tensor // [R]
	share     *tensor.Tensor // [R] weights of the rows in the loss, set once
}

// newNoisy allocates rows for latents like z [n,C,H,W].
func newNoisy(z *tensor.Tensor, share []float32) noisy {
	rows := len(share)
	n := noisy{tensor.New(rows, z.Dim(1), z.Dim(2), z.Dim(3)), tensor.New(rows, z.Dim(1), z.Dim(2), z.Dim(3)), tensor.New(rows), tensor.New(rows)}
	copy(n.share.Data, share)
	return n
}

// fill writes row i from sample k of a draw.
func (n noisy) fill(m *material, d draw, i, k int) {
	z := m.latent(d, k)
	noise := d.noise[k*len(z):][:len(z)]
	n.timesteps.Data[i] = addNoise(m.sampling, d.levels[i], item(n.x, i), item(n.want, i), z, noise)
}

// inputs are the rows as inputs of a graph; they share their memory.
func (n noisy) inputs() map[string]ort.Value {
	return map[string]ort.Value{
		"x": ort.FromTensor(n.x), "want": ort.FromTensor(n.want), "timesteps": ort.FromTensor(n.timesteps), "share": ort.FromTensor(n.share),
	}
}

// batch is the inputs of one step of the tuning graph, filled anew for every step.
type batch struct {
	noisy
	h               *tensor.Tensor // [n,C,h',w']
	context, places *tensor.Tensor // [R,T,D], [R,T,1]
	vectors         *tensor.Tensor // [R,LabelDim], nil for families without an added embedding
}

// newBatch allocates a batch for the sizes of a graph.
func newBatch(m *material, s tuneSizes, share []float32) *batch {
	e := m.texts[0].embedding
	b := &batch{
		noisy:   newNoisy(m.mean[0], share),
		h:       tensor.New(s.samples(), m.h.Dim(1), m.h.Dim(2), m.h.Dim(3)),
		context: tensor.New(s.Rows, s.Tokens, e.Dim(2)), places: tensor.New(s.Rows, s.Tokens, 1),
	}
	if v := m.texts[0].vector; v != nil {
		b.vectors = tensor.New(s.Rows, v.Dim(1))
	}
	return b
}

// inputs are the batch as inputs of the graph.
func (b *batch) inputs() map[string]ort.Value {
	own := map[string]ort.Value{"h": ort.FromTensor(b.h), "context": ort.FromTensor(b.context), "places": ort.FromTensor(b.places)}
	if b.vectors != nil {
		own["y"] = ort.FromTensor(b.vectors)
	}
	return withInputs(b.noisy.inputs(), own)
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
		b.noisy.fill(m, d, i, k)
		t := m.texts[d.texts[k]]
		copy(item(b.context, i), t.embedding.Data)
		if b.vectors != nil {
			copy(item(b.vectors, i), t.vector.Data)
		}
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

package actor

import (
	"context"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// material is what tuning computes once, because VAE and text encoder are frozen: the distribution of the latents of every picture and
// of its mirror image, and the text embeddings before a delta is added.
type material struct {
	h        *tensor.Tensor // [K+1,C,h',w']
	target   int
	others   []int             // auxiliary pictures
	mean     [2]*tensor.Tensor // [K+1,C,h,w] in VAE space; of the pictures, of the mirror images
	spread   [2]*tensor.Tensor // standard deviations
	texts    []text
	format   sampling.LatentFormat
	sampling sampling.ModelSampling
}

// text is an encoded template.
type text struct {
	embedding *tensor.Tensor // [1,T,D]
	rows      []int          // of the base word
	vector    *tensor.Tensor // [1,LabelDim], what SDXL is told beside it; nil for others
}

// prepare computes the material of a cluster, but not its texts.
func prepare(ctx context.Context, rt *runtime.Runtime, t Tuning) (*material, error) {
	m, err := pictureMaterial(ctx, rt, t.Model, t.VAE, t.Cluster.Images)
	if err != nil {
		return nil, err
	}
	m.h, m.target, m.others = t.Cluster.H, t.Cluster.Target, t.Cluster.Auxiliary()
	return m, nil
}

// pictureMaterial is the distribution of the latents of pictures and of their mirror images.
func pictureMaterial(ctx context.Context, rt *runtime.Runtime, model runtime.Model, v runtime.VAE, pictures runtime.Image) (*material, error) {
	m := &material{format: model.LatentFormat(), sampling: model.Sampling()}
	var err error
	for i, pictures := range []runtime.Image{pictures, pictures.FlipColumns()} {
		if m.mean[i], m.spread[i], err = rt.Moments(ctx, v, pictures); err != nil {
			return nil, err
		}
		for k, l := range m.spread[i].Data {
			m.spread[i].Data[k] = float32(math.Exp(0.5 * min(max(float64(l), -30), 20))) // the bounds of the reference
		}
	}
	return m, nil
}

// encodeTemplates encodes every template of a concept, for pictures of the size of a cluster's.
func encodeTemplates(ctx context.Context, rt *runtime.Runtime, t Tuning) ([]text, error) {
	concept, word := t.Concept, t.Word
	prompts := concept.Prompts(word)
	if len(prompts) == 0 {
		return nil, fmt.Errorf("concept %q: use one of %q", concept, concept.Choices())
	}
	var out []text
	for _, p := range prompts {
		encoded, err := rt.EncodeText(ctx, t.CLIP, p)
		if err != nil {
			return nil, err
		}
		e := encoded[0]
		rows, err := WordRows(e.Prompts[0].Prompt, word)
		if err != nil {
			return nil, err
		}
		if len(out) > 0 && e.Embedding.Dim(1) != out[0].embedding.Dim(1) {
			return nil, fmt.Errorf("the base word %q is too long: with the words around it, it must fit 75 tokens", word)
		}
		vector, err := pictureVector(t.Model, e, t.Cluster.Images)
		if err != nil {
			return nil, err
		}
		out = append(out, text{e.Embedding, rows, vector})
	}
	return out, nil
}

// pictureVector is what the model is told beside a text in the training of pictures [B,H,W,3]: their size, cut by nothing. It is what a
// sampler tells it of a latent of that size (the authors say 1024x1024, at which they draw).
func pictureVector(m runtime.Model, c runtime.Cond, pictures runtime.Image) (*tensor.Tensor, error) {
	return m.Vector(c, pictures.Dim(1), pictures.Dim(2))
}

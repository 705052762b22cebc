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
}

// prepare computes the material of a cluster, but not its texts.
func prepare(ctx context.Context, rt *runtime.Runtime, t Tuning) (*material, error) {
	m := &material{
		h: t.Cluster.H, target: t.Cluster.Target, others: t.Cluster.Auxiliary(),
		format: t.Model.LatentFormat(), sampling: t.Model.Sampling(),
	}
	var err error
	for i, pictures := range []runtime.Image{t.Cluster.Images, t.Cluster.Images.FlipColumns()} {
		if m.mean[i], m.spread[i], err = rt.Moments(ctx, t.VAE, pictures); err != nil {
			return nil, err
		}
		for k, l := range m.spread[i].Data {
			m.spread[i].Data[k] = float32(math.Exp(0.5 * min(max(float64(l), -30), 20))) // the bounds of the reference
		}
	}
	return m, nil
}

// encodeTemplates encodes every template of a concept.
func encodeTemplates(ctx context.Context, rt *runtime.Runtime, c runtime.CLIP, concept Concept, word string) ([]text, error) {
	prompts := concept.Prompts(word)
	if len(prompts) == 0 {
		return nil, fmt.Errorf("concept %q: use one of %q", concept, concept.Choices())
	}
	var out []text
	for _, p := range prompts {
		encoded, err := rt.EncodeText(ctx, c, p)
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
		out = append(out, text{e.Embedding, rows})
	}
	return out, nil
}

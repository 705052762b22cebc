package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// wordMaskAt is how far down the noise schedule the network looks: shapes are decided there, and words still steer.
const wordMaskAt = 0.7

// WordMask marks where pictures show a word of the prompt [B,H,W]: each picture is encoded and gets noise, the UNet looks once, and places that
// attend to the word more than a threshold are marked. threshold is a share 0…1 of the way from the least to the most attention in a picture;
// 0 finds it in each picture (Otsu 1979).
func WordMask(ctx context.Context, rt *runtime.Runtime, s States, pictures runtime.Image, word string, threshold float64) (runtime.Mask, error) {
	switch {
	case len(s.Positive) == 0 || len(s.Positive[0].Prompts) == 0:
		return runtime.Mask{}, errors.New("word mask: the prompt has no words that are known")
	case pictures.Tensor == nil || pictures.Len() == 0:
		return runtime.Mask{}, fmt.Errorf("word mask: there are no pictures: %w", tensor.ErrShape)
	}
	placed := s.Positive[0].Prompts[0]
	rows, err := WordRows(placed.Prompt, word)
	if err != nil {
		return runtime.Mask{}, fmt.Errorf("word mask: %w", err)
	}
	out := tensor.New(pictures.Dim(0), pictures.Dim(1), pictures.Dim(2))
	for i := range pictures.Dim(0) {
		latent, err := rt.Encode(ctx, s.VAE, runtime.Image{Tensor: pictures.Rows(i, i+1)})
		if err != nil {
			return runtime.Mask{}, err
		}
		maps, err := rt.WordMaps(ctx, s.Model, s.Positive, latent, runtime.Noise{Seed: uint64(i)}, wordMaskAt)
		if err != nil {
			return runtime.Mask{}, err
		}
		h, w := maps.Dim(2), maps.Dim(3)
		sum := tensor.New(1, 1, h, w)
		for _, r := range rows {
			for p, v := range maps.Data[(r+placed.Row)*h*w:][:h*w] {
				sum.Data[p] += v
			}
		}
		stretch(sum.Data)
		at := threshold
		if at <= 0 {
			at = otsu(sum.Data)
		}
		full, err := imaging.Resize(sum, pictures.Dim(1), pictures.Dim(2), imaging.Bilinear)
		if err != nil {
			return runtime.Mask{}, err
		}
		for p, v := range full.Data {
			if float64(v) > at {
				out.Data[i*len(full.Data)+p] = 1
			}
		}
	}
	return runtime.Mask{Tensor: out}, nil
}

// stretch brings values to 0…1; equal ones become 0.
func stretch(values []float32) {
	if len(values) == 0 {
		return
	}
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	for i, v := range values {
		if hi > lo {
			values[i] = (v - lo) / (hi - lo)
		} else {
			values[i] = 0
		}
	}
}

// otsu is the threshold that parts values 0…1 into two sets of the least variance within them, on a scale of 256 levels.
func otsu(values []float32) float64 {
	const levels = 256
	var counts [levels]float64
	var total, sum float64
	for _, v := range values {
		l := min(max(int(v*levels), 0), levels-1)
		counts[l]++
		total++
		sum += float64(l)
	}
	best, from, to := -1.0, 0, 0 // the best borders; several in a row where levels between the sets are empty
	var below, belowSum float64
	for l := range levels - 1 {
		below += counts[l]
		belowSum += float64(l) * counts[l]
		if below == 0 || below == total {
			continue
		}
		d := belowSum/below - (sum-belowSum)/(total-below)
		switch between := below * (total - below) * d * d; {
		case between > best*(1+1e-12):
			best, from, to = between, l, l
		case between >= best*(1-1e-12):
			to = l
		}
	}
	return (float64(from+to)/2 + 1) / levels
}

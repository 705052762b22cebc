package runtime

import (
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// PictureSizes are what SDXL is told of the picture it should draw, in pixels, as if it were one of its training set: the size before it
// was cut, the corner it was cut at, and the size after. The refiner is told how good it is instead of the last.
type PictureSizes struct {
	Width, Height int
	CropX, CropY  int
	Target        *Size    // nil for Width and Height
	Aesthetic     *float64 // score of the refiner, nil for 6, or 2.5 in the negative prompt
}

// Size is that of a picture in pixels.
type Size struct{ Width, Height int }

// The scores that the refiner is told by default.
const (
	aestheticPositive = 6
	aestheticNegative = 2.5
)

// sizeWidth is the width of the embedding of one number of a vector.
const sizeWidth = 256

// WithSizes tells SDXL of the picture, in every entry.
func (c Conditioning) WithSizes(s PictureSizes) Conditioning {
	return c.each(func(e *Cond) { e.Sizes = &s })
}

// mergedNoise is how much noise an unCLIP model of SD 2 has mixed into the sum of several pictures.
const mergedNoise = 0.05

// vector is what the network is told in numbers beside the prompt [1,LabelDim]: nil for families without an added embedding. negative is
// the prompt that guidance leads away from.
func (m Model) vector(c Cond, t target, negative bool) (*tensor.Tensor, error) {
	switch {
	case m.config.LabelDim == 0:
		return nil, nil
	case m.family == weights.Upscaler:
		return tensor.From([]float32{float32(c.LowResolution.level())}, 1, 1)
	case m.family != weights.SD2UnCLIP:
		return m.sizedVector(c, t, negative)
	case len(c.UnCLIP) == 0:
		return tensor.New(1, m.config.LabelDim), nil
	}
	v, err := unclipVector(c.UnCLIP, m.config.LabelDim/2, t.seed, mergedNoise)
	if err != nil {
		return nil, err
	}
	return tensor.From(v, 1, len(v))
}

// Vector is what the network is told beside a positive prompt [1,LabelDim] of a picture of height and width pixels; nil for families
// without an added embedding.
func (m Model) Vector(c Cond, height, width int) (*tensor.Tensor, error) {
	return m.vector(c, target{latent: &tensor.Tensor{Shape: []int{1, m.config.OutChannels, height / 8, width / 8}}}, false)
}

// sizedVector is that of SDXL and its refiner: the pooled text, or pictures in its place, and the embeddings of numbers behind it.
func (m Model) sizedVector(c Cond, t target, negative bool) (*tensor.Tensor, error) {
	sizes := c.Sizes
	if sizes == nil {
		sizes = &PictureSizes{Width: t.latent.Dim(3) * 8, Height: t.latent.Dim(2) * 8}
	}
	numbers, err := sizes.numbers(m.family, negative)
	if err != nil {
		return nil, err
	}
	each := sizeWidth
	if m.exported != nil { // it embeds the numbers itself
		each = 1
	}
	width := m.config.LabelDim - len(numbers)*each
	out := tensor.New(1, m.config.LabelDim)
	switch {
	case len(c.UnCLIP) > 0:
		v, err := unclipVector(c.UnCLIP, width, t.seed, 0)
		if err != nil {
			return nil, err
		}
		copy(out.Data, v[:width])
	case c.Pooled == nil:
		return nil, errors.New("the model wants a pooled text beside the prompt, and this conditioning has none: encode the prompt with the text encoders that belong to the model")
	case len(c.Pooled.Data) != width:
		return nil, fmt.Errorf("the prompt has a pooled part of %d numbers and the model wants %d: encode it with the text encoders that belong to the model",
			len(c.Pooled.Data), width)
	default:
		copy(out.Data, c.Pooled.Data)
	}
	for i, n := range numbers {
		if m.exported != nil {
			out.Data[width+i] = float32(n)
			continue
		}
		copy(out.Data[width+i*sizeWidth:], sinusoid(float32(n), sizeWidth))
	}
	return out, nil
}

// numbers are the sizes in the order of a family.
func (s PictureSizes) numbers(family weights.Family, negative bool) ([]float64, error) {
	before := []float64{float64(s.Height), float64(s.Width), float64(s.CropY), float64(s.CropX)}
	switch family {
	case weights.SDXL:
		after := Size{s.Width, s.Height}
		if s.Target != nil {
			after = *s.Target
		}
		return append(before, float64(after.Height), float64(after.Width)), nil
	case weights.SDXLRefiner:
		score := float64(aestheticPositive)
		switch {
		case s.Aesthetic != nil:
			score = *s.Aesthetic
		case negative:
			score = aestheticNegative
		}
		return append(before, score), nil
	}
	return nil, fmt.Errorf("the model wants an added embedding that models of the family %s do not have: %w", family, weights.ErrFamily)
}

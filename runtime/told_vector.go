package runtime

import (
	"errors"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/model"
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

// vector is what the network is told in numbers beside the prompt [1,LabelDim]: nil for families without an added embedding. negative is
// the prompt that guidance leads away from.
func (m Model) vector(c Cond, t target, negative bool) (*tensor.Tensor, error) {
	if m.config.LabelDim == 0 {
		return nil, nil
	}
	height, width := t.latent.Dim(2)*8, t.latent.Dim(3)*8
	sizes := c.Sizes
	if sizes == nil {
		sizes = &PictureSizes{Width: width, Height: height}
	}
	numbers, err := sizes.numbers(m.family, negative)
	if err != nil {
		return nil, err
	}
	return m.pooledVector(c.Pooled, numbers)
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

// pooledVector is a pooled text [1,P] and the embeddings of numbers behind it.
func (m Model) pooledVector(pooled *tensor.Tensor, numbers []float64) (*tensor.Tensor, error) {
	want := m.config.LabelDim - len(numbers)*sizeWidth
	switch {
	case pooled == nil:
		return nil, errors.New("the model wants a pooled text beside the prompt, and this conditioning has none: encode the prompt with the text encoders that belong to the model")
	case len(pooled.Data) != want:
		return nil, fmt.Errorf("the prompt has a pooled part of %d numbers and the model wants %d: encode it with the text encoders that belong to the model",
			len(pooled.Data), want)
	}
	out := tensor.New(1, m.config.LabelDim)
	at := copy(out.Data, pooled.Data)
	for _, n := range numbers {
		at += copy(out.Data[at:], numberEmbedding(float32(n)))
	}
	return out, nil
}

// numberEmbedding is [cos(n·f), sin(n·f)], as for the timestep.
func numberEmbedding(n float32) []float32 {
	f := model.Frequencies(sizeWidth / 2)
	out := make([]float32, sizeWidth)
	for k, v := range f {
		sin, cos := math.Sincos(float64(n * v))
		out[k], out[len(f)+k] = float32(cos), float32(sin)
	}
	return out
}

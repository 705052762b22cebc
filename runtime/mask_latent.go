package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// WithNoiseMask marks what of the latent sampling may change (1 = repaint). The mask keeps its size until then.
func (l Latent) WithNoiseMask(m Mask) Latent {
	l.NoiseMask = m.planes()
	return l
}

// MaskForInpaint prepares a picture for inpainting with a VAE whose cells are ratio pixels wide. The mask is stretched to the
// picture and both are cut to whole cells; the masked part of the picture (mask rounded) becomes middle grey. noise is the mask
// [B,1,H,W] of what to repaint: rounded, and grown by a square of grow pixels so that the seam is repainted, too.
func MaskForInpaint(i Image, m Mask, ratio, grow int) (picture Image, noise *tensor.Tensor, err error) {
	mask, err := imaging.Resize(m.planes(), i.Dim(1), i.Dim(2), imaging.Bilinear)
	if err != nil {
		return Image{}, nil, err
	}
	h, w := i.Dim(1)/ratio*ratio, i.Dim(2)/ratio*ratio
	top, left := i.Dim(1)%ratio/2, i.Dim(2)%ratio/2
	if mask, err = imaging.Window(mask, top, left, h, w); err != nil {
		return Image{}, nil, err
	}
	rounded := mask.Clone()
	for k, v := range rounded.Data {
		rounded.Data[k] = float32(math.RoundToEven(float64(v)))
	}

	picture = Image{cutImage(i, top, left, h, w).Clone()}
	c := picture.Dim(3)
	keep := rounded.Repeat(picture.Dim(0))
	for p, v := range keep.Data {
		for k := range min(c, 3) {
			x := &picture.Data[p*c+k]
			*x = (*x-0.5)*(1-v) + 0.5
		}
	}

	if grow == 0 {
		return picture, rounded, nil
	}
	return picture, imaging.GrowBox(rounded, grow), nil
}

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

// MaskForInpaint prepares a picture for inpainting with a VAE whose cells are ratio pixels wide, as greyOut does. noise is the mask
// [B,1,H,W] of what to repaint: rounded, and grown by a square of grow pixels so that the seam is repainted, too.
func MaskForInpaint(i Image, m Mask, ratio, grow int) (picture Image, noise *tensor.Tensor, err error) {
	picture, mask, err := greyOut(i, m, ratio)
	if err != nil {
		return Image{}, nil, err
	}
	rounded := roundMask(mask)
	if grow == 0 {
		return picture, rounded, nil
	}
	return picture, imaging.GrowBox(rounded, grow), nil
}

// greyOut makes the masked part of a picture (mask rounded) middle grey. The mask is stretched to the picture, and both are cut to whole
// cells of ratio pixels; it comes back as [B,1,H,W], not rounded.
func greyOut(i Image, m Mask, ratio int) (picture Image, mask *tensor.Tensor, err error) {
	if mask, err = imaging.Resize(m.planes(), i.Dim(1), i.Dim(2), imaging.Bilinear); err != nil {
		return Image{}, nil, err
	}
	h, w := i.Dim(1)/ratio*ratio, i.Dim(2)/ratio*ratio
	top, left := i.Dim(1)%ratio/2, i.Dim(2)%ratio/2
	if mask, err = imaging.Window(mask, top, left, h, w); err != nil {
		return Image{}, nil, err
	}
	picture = Image{cutImage(i, top, left, h, w).Clone()}
	c := picture.Dim(3)
	for p, v := range roundMask(mask).Repeat(picture.Dim(0)).Data {
		for k := range min(c, 3) {
			x := &picture.Data[p*c+k]
			*x = (*x-0.5)*(1-v) + 0.5
		}
	}
	return picture, mask, nil
}

// roundMask is 0 or 1 in every pixel; a half is 0.
func roundMask(mask *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(mask.Shape...)
	for i, v := range mask.Data {
		out.Data[i] = float32(math.RoundToEven(float64(v)))
	}
	return out
}

package runtime

import (
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// sight is what a UNet sees in channels of its own, beside the noisy latent.
type sight uint8

const (
	latentOnly sight = iota
	// inpaintSight is the mask, then the latents of the picture around it: 1 + 4 channels.
	inpaintSight
	// editSight is the latents of the picture to edit: 4 channels (Brooks et al. 2023, arXiv:2211.09800, InstructPix2Pix).
	editSight
	// scaledEditSight is editSight with the picture scaled as the noisy latent is (CosXL).
	scaledEditSight
	// upscaleSight is the picture to enlarge, in colours: 3 channels.
	upscaleSight
)

// sightOf tells by the channels beside the latent what a UNet was trained to see. The error wraps model.ErrUnsupported.
func sightOf(c model.UNetConfig, family weights.Family, p weights.Prediction) (sight, error) {
	switch beside := c.InChannels - c.OutChannels; {
	case beside == 0:
		return latentOnly, nil
	case beside == 3 && family == weights.Upscaler:
		return upscaleSight, nil
	case beside == 5:
		return inpaintSight, nil
	case beside == 4 && family == weights.SDXL && p == weights.VEDM:
		return scaledEditSight, nil
	case beside == 4 && (family == weights.SD1 || family == weights.SDXL):
		return editSight, nil
	default:
		return 0, fmt.Errorf("this UNet (%s) takes %d input channels and gives %d: oneactor runs 4 for text to image, 8 for InstructPix2Pix (SD 1.x, SDXL) and 9 for inpainting; 5 are a depth model: %w",
			family, c.InChannels, c.OutChannels, model.ErrUnsupported)
	}
}

// blankLatent is what the VAE of SD 1.x makes of middle grey, per channel: what inpainting networks see where there is no picture.
var blankLatent = [4]float32{0.8223, -0.6876, 0.6364, 0.1380}

// planes is the channels that the network sees beside the latent [B,C,h,w]: nil for those that see nothing else.
func (m Model) planes(c Cond, t target) (*tensor.Tensor, error) {
	switch m.sees {
	case inpaintSight:
		return m.inpaintPlanes(c, t)
	case editSight:
		return pictureAt(c.Picture, t)
	case upscaleSight:
		return c.LowResolution.planes(t)
	case scaledEditSight:
		if c.Picture == nil {
			return pictureAt(nil, t)
		}
		return pictureAt(m.format.In(c.Picture), t)
	}
	return nil, nil
}

// inpaintPlanes is mask and picture of an inpainting network; those of the conditioning, else those of the run. Without any mask,
// everything is to be painted.
func (m Model) inpaintPlanes(c Cond, t target) (*tensor.Tensor, error) {
	mask := c.PictureMask
	if mask == nil {
		mask = t.mask
	}
	if mask == nil {
		return blankPlanes(t.latent)
	}
	b, h, w := t.latent.Dim(0), t.latent.Dim(2), t.latent.Dim(3)
	mask = firstChannel(mask)
	if mask.Dim(2) != h || mask.Dim(3) != w {
		var err error
		if mask, err = imaging.ResizeCrop(mask, h, w, imaging.Bilinear, imaging.CropCenter); err != nil {
			return nil, fmt.Errorf("mask of the conditioning: %w", err)
		}
	}
	picture := t.latent
	if c.Picture != nil {
		var err error
		if picture, err = pictureAt(m.format.In(c.Picture), t); err != nil {
			return nil, err
		}
	}
	return tensor.Concat(1, spread(roundMask(mask), b), picture)
}

// blankPlanes is what an inpainting network sees of a latent that is painted as a whole.
func blankPlanes(latent *tensor.Tensor) (*tensor.Tensor, error) {
	if latent.Dim(1) != len(blankLatent) {
		return nil, fmt.Errorf("an inpainting model paints latents of %d channels, not %d", len(blankLatent), latent.Dim(1))
	}
	b, h, w := latent.Dim(0), latent.Dim(2), latent.Dim(3)
	out := tensor.Full(1, b, 1+len(blankLatent), h, w)
	for i := range out.Data {
		if channel := i / (h * w) % (1 + len(blankLatent)); channel > 0 {
			out.Data[i] = blankLatent[channel-1]
		}
	}
	return out, nil
}

// pictureAt is a picture [B',C,h',w'] in latents, at the size and batch of the run; zeros where there is none.
func pictureAt(picture *tensor.Tensor, t target) (*tensor.Tensor, error) {
	if picture == nil {
		return tensor.New(t.latent.Shape...), nil
	}
	if have, want := picture.Dim(1), t.latent.Dim(1); have != want {
		return nil, fmt.Errorf("the picture of the conditioning has %d latent channels and the model wants %d: encode it with the VAE that belongs to the model", have, want)
	}
	if picture.Dim(0) == 0 {
		return nil, errors.New("the conditioning has a picture without items: connect one")
	}
	if h, w := t.latent.Dim(2), t.latent.Dim(3); picture.Dim(2) != h || picture.Dim(3) != w {
		var err error
		if picture, err = imaging.ResizeCrop(picture, h, w, imaging.Bilinear, imaging.CropCenter); err != nil {
			return nil, fmt.Errorf("picture of the conditioning: %w", err)
		}
	}
	return spread(picture, t.latent.Dim(0)), nil
}

// firstChannel is [B,1,h,w] of planes [B,C,h,w].
func firstChannel(t *tensor.Tensor) *tensor.Tensor {
	if t.Dim(1) == 1 {
		return t
	}
	return channelRange(t, 0, 1)
}

// spread brings a batch to n items: fewer are chosen evenly from the first to the last, more repeat each about equally often.
func spread(t *tensor.Tensor, n int) *tensor.Tensor {
	have := t.Dim(0)
	switch {
	case have == n:
		return t
	case n == 1 || have == 1:
		return t.Repeat(n)
	}
	size := t.Len() / have
	out := tensor.New(append([]int{n}, t.Shape[1:]...)...)
	for i := range n {
		from := int((float64(i) + 0.5) * (float64(have) / float64(n)))
		if n < have {
			from = roundEven(float64(i) * (float64(have-1) / float64(n-1)))
		}
		from = min(from, have-1)
		copy(out.Data[i*size:(i+1)*size], t.Data[from*size:])
	}
	return out
}

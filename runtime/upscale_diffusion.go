package runtime

import (
	"fmt"
	"math"
	"sync"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// LowResolution is the picture that the SD x4 upscaler enlarges; nil is a grey one.
type LowResolution struct {
	pixels *tensor.Tensor // [B,3,h,w] -1…1
	noise  float64        // how much noise is mixed in, 0…1; the more, the more the model invents
}

// upscaleCell is how many pixels wide a latent cell of the upscaler is.
const upscaleCell = 4

// UpscaleConditioning shows a picture to the SD x4 upscaler. The latent is empty, for a picture larger by ratio.
func UpscaleConditioning(positive, negative Conditioning, i Image, ratio, noise float64) (PromptsAndLatent, error) {
	width, height := max(1, roundEven(float64(i.Dim(2))*ratio))/upscaleCell, max(1, roundEven(float64(i.Dim(1))*ratio))/upscaleCell
	if width == 0 || height == 0 {
		return PromptsAndLatent{}, fmt.Errorf("a picture of %dx%d enlarged by %g is smaller than one latent cell of %d px: choose a larger scale_ratio",
			i.Dim(2), i.Dim(1), ratio, upscaleCell)
	}
	planes := imaging.Planes(i.Colours().Tensor)
	for k, v := range planes.Data {
		planes.Data[k] = v*2 - 1
	}
	planes, err := imaging.ResizeCrop(planes, height, width, imaging.Bilinear, imaging.CropCenter)
	if err != nil {
		return PromptsAndLatent{}, fmt.Errorf("conditioning for the upscaler: %w", err)
	}
	picture := &LowResolution{planes, noise}
	show := func(e *Cond) { e.LowResolution = picture }
	return PromptsAndLatent{positive.each(show), negative.each(show), ZeroLatent(i.Dim(0), 4, height, width)}, nil
}

// upscaleLevels is the highest level of noise that the upscaler was trained with.
const upscaleLevels = 350

// level is the level of noise that is mixed into the picture.
func (l *LowResolution) level() int {
	if l == nil {
		return 0
	}
	return roundEven(upscaleLevels * min(max(l.noise, 0), 1))
}

// planes is the picture [B,3,h,w] at the size and batch of a run, with its noise, which is that of the seed less unclipSeed.
func (l *LowResolution) planes(t target) (*tensor.Tensor, error) {
	b, h, w := t.latent.Dim(0), t.latent.Dim(2), t.latent.Dim(3)
	if l == nil {
		return tensor.New(b, 3, h, w), nil
	}
	picture := l.pixels
	if picture.Dim(2) != h || picture.Dim(3) != w {
		var err error
		if picture, err = imaging.ResizeCrop(picture, h, w, imaging.Bilinear, imaging.CropCenter); err != nil {
			return nil, fmt.Errorf("picture of the conditioning: %w", err)
		}
	}
	if l.noise > 0 {
		mix, noisy := upscaleSchedule()[l.level()], tensor.New(picture.Shape...)
		sampling.NewGenerator(t.seed - unclipSeed).Normal(noisy.Data)
		for i, v := range picture.Data {
			noisy.Data[i] = mix.data*v + mix.noise*noisy.Data[i]
		}
		picture = noisy
	}
	return spread(picture, b), nil
}

// upscaleSchedule is the levels of noise that are mixed into pictures: square roots of the betas rise linearly.
var upscaleSchedule = sync.OnceValue(func() []noiseMix {
	const levels = 1000
	first, last := math.Sqrt(0.0001), math.Sqrt(0.02)
	out, product := make([]noiseMix, levels), 1.0
	for i := range out {
		root := first + (last-first)*float64(i)/(levels-1)
		product *= 1 - root*root
		out[i] = noiseMix{float32(math.Sqrt(product)), float32(math.Sqrt(1 - product))}
	}
	return out
})

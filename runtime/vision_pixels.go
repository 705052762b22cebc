package runtime

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// levels is the mean and standard deviation of the colours that a network was trained on.
type levels struct{ mean, deviation [3]float32 }

var (
	clipLevels     = levels{[3]float32{0.48145466, 0.4578275, 0.40821073}, [3]float32{0.26862954, 0.26130258, 0.27577711}}
	imageNetLevels = levels{[3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}}
)

func (v CLIPVision) levels() levels {
	if v.config.Kind == model.DINOv2 {
		return imageNetLevels
	}
	return clipLevels
}

// Pixels brings pictures [B,H,W,C] to what the network reads, [B,3,S,S]. A picture that has that size is only normalised.
func (v CLIPVision) Pixels(i Image, cut bool) (*tensor.Tensor, error) {
	side := v.config.Side
	shorter, h, w := side, side, side
	if cut && i.Len() > 0 {
		h, w = sidesFor(i, shorter)
	}
	return pixelsOf(i, h, w, side, v.levels())
}

// sidesFor is the height and width at which the shorter side of a picture has that length.
func sidesFor(i Image, shorter int) (h, w int) {
	scale := float64(shorter) / float64(min(i.Dim(1), i.Dim(2)))
	return max(shorter, roundEven(scale*float64(i.Dim(1)))), max(shorter, roundEven(scale*float64(i.Dim(2))))
}

// pixelsOf resizes pictures to height and width, takes the middle side x side of them, rounds to 8 bits and normalises.
func pixelsOf(i Image, height, width, side int, l levels) (*tensor.Tensor, error) {
	if i.Tensor == nil || i.Len() == 0 {
		return nil, fmt.Errorf("the batch of pictures is empty: %w", tensor.ErrShape)
	}
	x := imaging.Planes(i.Colours().Tensor)
	if x.Dim(2) != side || x.Dim(3) != side {
		var err error
		if x, err = imaging.ResizeAntialias(x, height, width); err != nil {
			return nil, err
		}
		if x, err = imaging.Window(x, (height-side)/2, (width-side)/2, side, side); err != nil {
			return nil, err
		}
	}
	plane := side * side
	for k, p := range x.Data {
		c := k / plane % 3
		level := float32(math.RoundToEven(float64(min(max(255*p, 0), 255)))) / 255
		x.Data[k] = (level - l.mean[c]) / l.deviation[c]
	}
	return x, nil
}

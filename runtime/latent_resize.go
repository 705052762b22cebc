package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
)

// cell is the side of a latent cell in pixels for sizes that nodes give in pixels, whatever the VAE.
const cell = 8

// minLatentSide is the smallest side in pixels that Resize goes down to.
const minLatentSide = 64

// Resize stretches a latent to a size in pixels. Both sizes 0 change nothing; one of them 0 is worked out from the aspect.
// The noise mask keeps its size: it is fitted when sampling starts.
func (l Latent) Resize(width, height int, m imaging.Method, crop imaging.Crop) (Latent, error) {
	if width == 0 && height == 0 {
		return l, nil
	}
	h, w := float64(l.Samples.Dim(2)), float64(l.Samples.Dim(3))
	switch {
	case width == 0:
		height = max(minLatentSide, height)
		width = max(minLatentSide, roundEven(w*float64(height)/h))
	case height == 0:
		width = max(minLatentSide, width)
		height = max(minLatentSide, roundEven(h*float64(width)/w))
	default:
		width, height = max(minLatentSide, width), max(minLatentSide, height)
	}
	return l.resizeCells(height/cell, width/cell, m, crop)
}

// ScaleBy stretches both sides of a latent by factor.
func (l Latent) ScaleBy(factor float64, m imaging.Method) (Latent, error) {
	height := max(1, roundEven(float64(l.Samples.Dim(2))*factor))
	width := max(1, roundEven(float64(l.Samples.Dim(3))*factor))
	return l.resizeCells(height, width, m, imaging.CropDisabled)
}

func (l Latent) resizeCells(height, width int, m imaging.Method, crop imaging.Crop) (Latent, error) {
	samples, err := imaging.ResizeCrop(l.Samples, height, width, m, crop)
	if err != nil {
		return Latent{}, err
	}
	l.Samples = samples
	return l, nil
}

// roundEven rounds to the nearest whole number, halves to the even one.
func roundEven(v float64) int { return int(math.RoundToEven(v)) }

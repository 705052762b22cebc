package runtime

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// blendModes mix a value a of the lower and b of the upper picture.
var blendModes = map[string]func(a, b float32) float32{
	"normal":     func(_, b float32) float32 { return b },
	"multiply":   func(a, b float32) float32 { return a * b },
	"screen":     func(a, b float32) float32 { return 1 - (1-a)*(1-b) },
	"difference": func(a, b float32) float32 { return a - b },
	"overlay": func(a, b float32) float32 {
		if a <= 0.5 {
			return 2 * a * b
		}
		return 1 - 2*(1-a)*(1-b)
	},
	"soft_light": func(a, b float32) float32 {
		if b <= 0.5 {
			return a - (1-2*b)*a*(1-a)
		}
		return a + (2*b-1)*(softLight(a)-a)
	},
}

// softLight is the curve D of the W3C compositing specification.
func softLight(x float32) float32 {
	if x <= 0.25 {
		return ((16*x-12)*x + 4) * x
	}
	return float32(math.Sqrt(float64(x)))
}

// Blend mixes o, fitted to i (bicubic, centre crop), into i by a mode; factor is how much of the mix shows. The result is
// clipped to 0…1. A batch of one goes with every item of the other.
func (i Image) Blend(o Image, factor float64, mode string) (Image, error) {
	f, ok := blendModes[mode]
	if !ok {
		return Image{}, fmt.Errorf("unknown blend mode %q; use one of %s", mode, strings.Join(slices.Sorted(maps.Keys(blendModes)), ", "))
	}
	if i.Dim(0) == 1 {
		i = Image{i.Repeat(o.Dim(0))}
	}
	o, err := o.fitted(i)
	if err != nil {
		return Image{}, err
	}
	keep, mix := float32(1-factor), float32(factor)
	out := tensor.New(i.Shape...)
	for k, a := range i.Data {
		out.Data[k] = min(max(a*keep+f(a, o.Data[k])*mix, 0), 1)
	}
	return Image{out}, nil
}

// fitted brings channels, size (bicubic, centre crop) and batch of i to those of like.
func (i Image) fitted(like Image) (Image, error) {
	i = i.withChannels(like.Dim(3))
	if i.Dim(1) != like.Dim(1) || i.Dim(2) != like.Dim(2) {
		var err error
		if i, err = i.Resize(like.Dim(2), like.Dim(1), imaging.Bicubic, imaging.CropCenter); err != nil {
			return Image{}, err
		}
	}
	return Image{i.Repeat(like.Dim(0))}, nil
}

// Composite lays o over i with its corner at (x,y), which may lie outside. A mask says how much of o shows and is stretched over
// it; resize stretches o over i first. The channels of i are kept.
func (i Image) Composite(o Image, mask *Mask, x, y int, resize bool) (Image, error) {
	source := imaging.Planes(o.withChannels(i.Dim(3)).Tensor)
	if resize {
		var err error
		if source, err = imaging.Resize(source, i.Dim(1), i.Dim(2), imaging.Bilinear); err != nil {
			return Image{}, err
		}
	}
	return i.onPlanes(func(to *tensor.Tensor) (*tensor.Tensor, error) {
		return imaging.Composite(to, source, mask.planes(), x, y)
	})
}

// SplitAlpha gives the colour, and a mask of what is transparent; zeros for a picture without alpha.
func (i Image) SplitAlpha() (Image, Mask) {
	rgba := i.withChannels(4)
	alpha := tensor.New(i.Dim(0), i.Dim(1), i.Dim(2))
	for p := range alpha.Data {
		alpha.Data[p] = 1 - rgba.Data[4*p+3]
	}
	return i.withChannels(3), Mask{alpha}
}

// JoinAlpha gives the picture an alpha channel: transparent where the mask, stretched over it, is 1. There are as many as the
// smaller batch has.
func (i Image) JoinAlpha(m Mask) (Image, error) {
	planes, err := imaging.Resize(m.planes(), i.Dim(1), i.Dim(2), imaging.Bilinear)
	if err != nil {
		return Image{}, err
	}
	n := min(i.Dim(0), planes.Dim(0))
	mask := planes.Repeat(n)
	out := Image{i.Repeat(n)}.withChannels(3).withChannels(4)
	for p, v := range mask.Data {
		out.Data[4*p+3] = 1 - v
	}
	return out, nil
}

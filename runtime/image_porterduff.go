package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// compositor gives colour and alpha of source s with alpha sa over destination d with alpha da; colours are premultiplied.
type compositor struct {
	alpha func(sa, da float32) float32
	color func(s, sa, d, da float32) float32
}

// union is the alpha of two layers that both show.
func union(sa, da float32) float32 { return sa + da - sa*da }

// porterDuff has the operators of Porter and Duff (1984) and the blend modes of the same family.
var porterDuff = map[string]compositor{
	"ADD": {
		func(sa, da float32) float32 { return min(max(sa+da, 0), 1) },
		func(s, _, d, _ float32) float32 { return min(max(s+d, 0), 1) },
	},
	"CLEAR": {
		func(_, _ float32) float32 { return 0 },
		func(_, _, _, _ float32) float32 { return 0 },
	},
	"DARKEN": {union, func(s, sa, d, da float32) float32 { return (1-da)*s + (1-sa)*d + min(s, d) }},
	"DST": {
		func(_, da float32) float32 { return da },
		func(_, _, d, _ float32) float32 { return d },
	},
	"DST_ATOP": {
		func(sa, _ float32) float32 { return sa },
		func(s, sa, d, da float32) float32 { return sa*d + (1-da)*s },
	},
	"DST_IN": {
		func(sa, da float32) float32 { return sa * da },
		func(_, sa, d, _ float32) float32 { return d * sa },
	},
	"DST_OUT": {
		func(sa, da float32) float32 { return (1 - sa) * da },
		func(_, sa, d, _ float32) float32 { return (1 - sa) * d },
	},
	"DST_OVER": {
		func(sa, da float32) float32 { return da + (1-da)*sa },
		func(s, _, d, da float32) float32 { return d + (1-da)*s },
	},
	"LIGHTEN": {union, func(s, sa, d, da float32) float32 { return (1-da)*s + (1-sa)*d + max(s, d) }},
	"MULTIPLY": {
		func(sa, da float32) float32 { return sa * da },
		func(s, _, d, _ float32) float32 { return s * d },
	},
	"OVERLAY": {union, func(s, sa, d, da float32) float32 {
		if 2*d < da {
			return 2 * s * d
		}
		return sa*da - 2*(da-s)*(sa-d)
	}},
	"SCREEN": {union, func(s, _, d, _ float32) float32 { return s + d - s*d }},
	"SRC": {
		func(sa, _ float32) float32 { return sa },
		func(s, _, _, _ float32) float32 { return s },
	},
	"SRC_ATOP": {
		func(_, da float32) float32 { return da },
		func(s, sa, d, da float32) float32 { return da*s + (1-sa)*d },
	},
	"SRC_IN": {
		func(sa, da float32) float32 { return sa * da },
		func(s, _, _, da float32) float32 { return s * da },
	},
	"SRC_OUT": {
		func(sa, da float32) float32 { return (1 - da) * sa },
		func(s, _, _, da float32) float32 { return (1 - da) * s },
	},
	"SRC_OVER": {
		func(sa, da float32) float32 { return sa + (1-sa)*da },
		func(s, sa, d, _ float32) float32 { return s + (1-sa)*d },
	},
	"XOR": {
		func(sa, da float32) float32 { return (1-da)*sa + (1-sa)*da },
		func(s, sa, d, da float32) float32 { return (1-da)*s + (1-sa)*d },
	},
}

// PorterDuff composites source over destination by a mode. Masks are 1 where a picture is transparent, in and out. Everything is
// fitted to the destination (bicubic, centre crop); the result has as many items as the smallest batch.
func PorterDuff(source Image, sourceMask Mask, destination Image, destinationMask Mask, mode string) (Image, Mask, error) {
	op, ok := porterDuff[mode]
	if !ok {
		return Image{}, Mask{}, fmt.Errorf("unknown composite mode %q; use one of %s", mode, strings.Join(slices.Sorted(maps.Keys(porterDuff)), ", "))
	}
	if source.Dim(3) != destination.Dim(3) {
		return Image{}, Mask{}, fmt.Errorf("porter-duff: the source has %d channels, the destination %d: %w",
			source.Dim(3), destination.Dim(3), tensor.ErrShape)
	}
	n, h, w, c := destination.Dim(0), destination.Dim(1), destination.Dim(2), destination.Dim(3)
	n = min(n, source.Dim(0), sourceMask.planes().Dim(0), destinationMask.planes().Dim(0))
	source, err := source.FromBatch(0, n).fitted(destination)
	if err != nil {
		return Image{}, Mask{}, err
	}
	var alphas [2]*tensor.Tensor
	for k, m := range []Mask{sourceMask, destinationMask} {
		if alphas[k], err = imaging.ResizeCrop(m.planes(), h, w, imaging.Bicubic, imaging.CropCenter); err != nil {
			return Image{}, Mask{}, err
		}
	}
	out, mask := tensor.New(n, h, w, c), tensor.New(n, h, w)
	for p := range mask.Data {
		sa, da := 1-alphas[0].Data[p], 1-alphas[1].Data[p]
		alpha := op.alpha(sa, da)
		mask.Data[p] = 1 - alpha
		if alpha <= 1e-5 {
			continue
		}
		for k := p * c; k < (p+1)*c; k++ {
			v := op.color(source.Data[k]*sa, sa, destination.Data[k]*da, da) / alpha
			out.Data[k] = min(max(v, 0), 1)
		}
	}
	return Image{out}, Mask{mask}, nil
}

package imaging

import (
	"fmt"
	"slices"
)

// Dither says how Quantize hides the steps between the colours of a palette; the values are the wire names.
type Dither string

// The dithers. Bayer adds an ordered pattern of so many cells to a side; Floyd-Steinberg spreads what a pixel lacks over
// its neighbours.
const (
	DitherNone     Dither = "none"
	FloydSteinberg Dither = "floyd-steinberg"
	Bayer2         Dither = "bayer-2"
	Bayer4         Dither = "bayer-4"
	Bayer8         Dither = "bayer-8"
	Bayer16        Dither = "bayer-16"
)

// bayerSteps is the number of times the pattern is doubled.
var bayerSteps = map[Dither]int{Bayer2: 1, Bayer4: 2, Bayer8: 3, Bayer16: 4}

// Quantize reduces a frame to at most colors colours, chosen by median cut. Alpha is dropped.
func Quantize(f Frame, colors int, d Dither) (Frame, error) {
	if colors < 1 || colors > MaxColors {
		return Frame{}, fmt.Errorf("quantize to %d colours: use 1 to %d", colors, MaxColors)
	}
	p := &palette{colors: medianCut(f.Pixels, colors), cache: make([]int16, 1<<18)}
	out := Frame{Width: f.Width, Height: f.Height, Pixels: slices.Clone(f.Pixels)}
	switch steps, bayer := bayerSteps[d]; {
	case d == DitherNone:
		p.replace(out.Pixels)
	case d == FloydSteinberg:
		p.spread(out.Pixels, f.Width)
	case bayer:
		addPattern(out.Pixels, f.Width, steps, 2*256/float64(len(p.colors)))
		p.replace(out.Pixels)
	default:
		return Frame{}, fmt.Errorf("unknown dither %q; use none, floyd-steinberg, bayer-2, bayer-4, bayer-8 or bayer-16", d)
	}
	return out, nil
}

// palette finds the nearest colour, as Pillow does: for pixels without their two low bits, so that each of 64³ cells is
// searched once; of equally near colours the first.
type palette struct {
	colors [][3]uint8
	cache  []int16 // index+1 of the colour of a cell, 0 where not yet known
}

func (p *palette) nearest(rgb [3]uint8) [3]uint8 {
	cell := &p.cache[int(rgb[0]>>2)|int(rgb[1]>>2)<<6|int(rgb[2]>>2)<<12]
	if *cell == 0 {
		least := int(^uint(0) >> 1)
		for i, c := range p.colors {
			sum := 0
			for k := range 3 {
				d := int(rgb[k]&^3) - int(c[k])
				sum += d * d
			}
			if sum < least {
				least, *cell = sum, int16(i+1)
			}
		}
	}
	return p.colors[*cell-1]
}

// replace replaces every pixel by the nearest colour.
func (p *palette) replace(px []uint8) {
	for i := 0; i < len(px); i += 4 {
		c := p.nearest([3]uint8(px[i:]))
		put(px[i:], 0, c[0], c[1], c[2], 255)
	}
}

// spread is Floyd and Steinberg's error diffusion: 7/16 of the error go to the right, 3, 5 and 1 to the row below.
func (p *palette) spread(px []uint8, width int) {
	below := make([]int, 3*(width+1)) // errors for the row below, times 16; place i+1 belongs to pixel i
	for start := 0; start < len(px); start += 4 * width {
		var right, here, next [3]int
		for x := range width {
			at := px[start+4*x:]
			var rgb [3]uint8
			for k := range 3 {
				rgb[k] = clip8(int32(int(at[k]) + (right[k]+below[3*(x+1)+k])/16))
			}
			c := p.nearest(rgb)
			for k := range 3 {
				e := int(rgb[k]) - int(c[k])
				below[3*x+k] = 3*e + here[k]
				here[k] = 5*e + next[k]
				next[k] = e
				right[k] = 7 * e
			}
			put(at, 0, c[0], c[1], c[2], 255)
		}
		// Pillow hands blue's errors on to the last pixel of the row below in all channels; pictures should agree with it.
		copy(below[3*width:], []int{here[2], next[2], next[2]})
	}
}

// addPattern adds an ordered pattern of 2^steps cells to a side to every channel; spread is the range it covers.
func addPattern(px []uint8, width, steps int, spread float64) {
	side := 1 << steps
	pattern := bayerPattern(steps)
	for i := range px {
		if i%4 == 3 {
			continue
		}
		x, y := i/4%width, i/4/width
		v := float32(px[i]) + float32(spread*pattern[y%side*side+x%side]+0.5)
		px[i] = uint8(min(max(v, 0), 255))
	}
}

// bayerPattern is the recursive threshold matrix of Bayer (1973), values in -0.5…0.5, mean 0.
func bayerPattern(steps int) []float64 {
	if steps == 0 {
		return []float64{0}
	}
	inner, half := bayerPattern(steps-1), 1<<(steps-1)
	shift := [4]float64{-1.5, 0.5, 1.5, -0.5}
	scale := float64(int(1) << (2 * steps)) // the number of cells
	out := make([]float64, 4*half*half)
	for y := range 2 * half {
		for x := range 2 * half {
			out[y*2*half+x] = inner[y%half*half+x%half] + shift[y/half*2+x/half]/scale
		}
	}
	return out
}

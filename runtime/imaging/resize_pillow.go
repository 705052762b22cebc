package imaging

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// kernel is a resampling filter with its reach in source cells at scale 1.
type kernel struct {
	support float64
	at      func(x float64) float64
}

var (
	lanczos3 = kernel{3, func(x float64) float64 {
		if x < -3 || x >= 3 {
			return 0
		}
		return sinc(x) * sinc(x/3)
	}}
	triangle = kernel{1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }}
)

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// fixedBits is the number of fraction bits of a weight: 8 bits are the pixel, 2 are left for overshoot and sign.
const fixedBits = 32 - 8 - 2

// fixedTaps is the window of source cells of each position with integer weights, as Pillow's ImagingResample has them.
type fixedTaps struct {
	from   []int
	weight [][]int32
}

// resampleTaps widens the kernel when shrinking (antialias) and normalises the weights of each window.
func resampleTaps(in, out int, k kernel) fixedTaps {
	t := fixedTaps{from: make([]int, out), weight: make([][]int32, out)}
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := k.support * stretch
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		// The windows are cut with C's conversion, which drops the fraction.
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		w := make([]float64, hi-lo)
		var sum float64
		for j := range w {
			w[j] = k.at((float64(j+lo) - centre + 0.5) * (1 / stretch))
			sum += w[j]
		}
		t.from[i] = lo
		t.weight[i] = make([]int32, len(w))
		for j, v := range w {
			if sum != 0 {
				v /= sum
			}
			t.weight[i][j] = int32(math.Trunc(v*(1<<fixedBits) + math.Copysign(0.5, v)))
		}
	}
	return t
}

// resample resizes interleaved 8-bit pixels [h,w,c] to [height,width,c]: columns, rounding to 8 bits, then rows.
func resample(px []uint8, h, w, c, height, width int, k kernel) []uint8 {
	if w != width {
		t := resampleTaps(w, width, k)
		out := make([]uint8, h*width*c)
		parallel.Ranges(h, width*c*len(t.weight[0]), func(from, to int) {
			for y := from; y < to; y++ {
				src, dst := px[y*w*c:(y+1)*w*c], out[y*width*c:(y+1)*width*c]
				for x, weight := range t.weight {
					for ch := range c {
						sum, at := int32(1<<(fixedBits-1)), t.from[x]*c+ch
						for _, v := range weight {
							sum += v * int32(src[at])
							at += c
						}
						dst[x*c+ch] = clip8(sum >> fixedBits)
					}
				}
			}
		})
		px, w = out, width
	}
	if h != height {
		t := resampleTaps(h, height, k)
		out := make([]uint8, height*w*c)
		row := w * c
		parallel.Ranges(height, row*len(t.weight[0]), func(from, to int) {
			sums := make([]int32, row)
			for y := from; y < to; y++ {
				for i := range sums {
					sums[i] = 1 << (fixedBits - 1)
				}
				for j, v := range t.weight[y] {
					for i, p := range px[(t.from[y]+j)*row:][:row] {
						sums[i] += v * int32(p)
					}
				}
				for i, s := range sums {
					out[y*row+i] = clip8(s >> fixedBits)
				}
			}
		})
		px = out
	}
	return px
}

func clip8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// lanczos goes through 8-bit pixels. Four channels are colour and alpha: colour is premultiplied on the way, so that
// transparent pixels do not bleed.
func lanczos(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	if c != 1 && c != 3 && c != 4 {
		return nil, fmt.Errorf("lanczos resizes pictures of 1, 3 or 4 channels, not %d; use bicubic: %w", c, tensor.ErrShape)
	}
	pixels := Interleave(x)
	out := tensor.New(n, height, width, c)
	for i := range n {
		px := Bytes(pixels.Data[i*h*w*c : (i+1)*h*w*c])
		if h != height || w != width {
			if c == 4 {
				premultiply(px)
			}
			px = resample(px, h, w, c, height, width, lanczos3)
			if c == 4 {
				unpremultiply(px)
			}
		}
		for j, v := range px {
			out.Data[i*height*width*c+j] = float32(v) / 255
		}
	}
	return Planes(out), nil
}

// premultiply multiplies colour by alpha with the rounding of Pillow's RGBA to RGBa.
func premultiply(px []uint8) {
	for i := 0; i < len(px); i += 4 {
		a := uint32(px[i+3])
		for j := i; j < i+3; j++ {
			t := uint32(px[j])*a + 128
			px[j] = uint8((t>>8 + t) >> 8)
		}
	}
}

// unpremultiply is the way back; colour of fully transparent pixels stays.
func unpremultiply(px []uint8) {
	for i := 0; i < len(px); i += 4 {
		a := int32(px[i+3])
		if a == 0 || a == 255 {
			continue
		}
		for j := i; j < i+3; j++ {
			px[j] = clip8(255 * int32(px[j]) / a)
		}
	}
}

// Bytes turns values 0…1 into 8-bit levels: 255·v, clipped, fraction dropped. NaN is 0.
func Bytes(values []float32) []uint8 {
	out := make([]uint8, len(values))
	for i, v := range values {
		switch v *= 255; {
		case v >= 255:
			out[i] = 255
		case v > 0:
			out[i] = uint8(v)
		}
	}
	return out
}

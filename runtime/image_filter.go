package runtime

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Blur is a Gaussian blur; see imaging.Gaussian for the unit of sigma.
func (i Image) Blur(radius int, sigma float64) (Image, error) {
	return i.onPlanes(func(x *tensor.Tensor) (*tensor.Tensor, error) { return imaging.Gaussian(x, radius, sigma) })
}

// Sharpen adds ten times alpha of what a blur takes away, clipped to 0…1.
func (i Image) Sharpen(radius int, sigma, alpha float64) (Image, error) {
	return i.onPlanes(func(x *tensor.Tensor) (*tensor.Tensor, error) {
		y, err := imaging.Sharpen(x, radius, sigma, alpha)
		if err != nil {
			return nil, err
		}
		for k, v := range y.Data {
			y.Data[k] = min(max(v, 0), 1)
		}
		return y, nil
	})
}

// Morphology is one of the operations erode, dilate, open, close, gradient, bottom_hat and top_hat with a square of size cells.
func (i Image) Morphology(operation string, size int) (Image, error) {
	x := imaging.Planes(i.Tensor)
	erode := func(x *tensor.Tensor) *tensor.Tensor { return imaging.ErodeBox(x, size) }
	dilate := func(x *tensor.Tensor) *tensor.Tensor { return imaging.DilateBox(x, size) }
	var out *tensor.Tensor
	switch operation {
	case "erode":
		out = erode(x)
	case "dilate":
		out = dilate(x)
	case "open":
		out = dilate(erode(x))
	case "close":
		out = erode(dilate(x))
	case "gradient":
		out = difference(dilate(x), erode(x))
	case "bottom_hat":
		out = difference(erode(dilate(x)), x)
	case "top_hat":
		out = difference(x, dilate(erode(x)))
	default:
		return Image{}, fmt.Errorf("unknown operation %q; use erode, dilate, open, close, gradient, bottom_hat or top_hat", operation)
	}
	return Image{imaging.Interleave(out)}, nil
}

func difference(a, b *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for k, v := range a.Data {
		out.Data[k] = v - b.Data[k]
	}
	return out
}

// Edges draws the edges that the Canny detector finds in white on black; see imaging.Canny.
func (i Image) Edges(low, high float64) (Image, error) {
	return i.onPlanes(func(x *tensor.Tensor) (*tensor.Tensor, error) {
		y, err := imaging.Canny(x, low, high)
		if err != nil {
			return nil, err
		}
		return tensor.Concat(1, y, y, y)
	})
}

// AddNoise adds normal noise of the seed, times strength, and clips to 0…1.
func (i Image) AddNoise(seed uint64, strength float64) Image {
	noise := make([]float32, i.Len())
	sampling.NewGenerator(seed).Normal(noise)
	out := tensor.New(i.Shape...)
	for k, v := range i.Data {
		out.Data[k] = min(max(v+float32(strength)*noise[k], 0), 1)
	}
	return Image{out}
}

// YCbCr splits pictures into luma and the two chroma planes (ITU-R BT.601, full range), each as a grey picture.
func (i Image) YCbCr() (y, cb, cr Image) {
	rgb := i.withChannels(max(3, i.Dim(3)))
	c := rgb.Dim(3)
	shape := []int{i.Dim(0), i.Dim(1), i.Dim(2), 3}
	y, cb, cr = Image{tensor.New(shape...)}, Image{tensor.New(shape...)}, Image{tensor.New(shape...)}
	for p := range rgb.Len() / c {
		r, g, b := rgb.Data[p*c], rgb.Data[p*c+1], rgb.Data[p*c+2]
		luma := 0.299*r + 0.587*g + 0.114*b
		for k := 3 * p; k < 3*p+3; k++ {
			y.Data[k] = luma
			cb.Data[k] = (b-luma)*0.564 + 0.5
			cr.Data[k] = (r-luma)*0.713 + 0.5
		}
	}
	return y, cb, cr
}

// FromYCbCr is the way back; of each plane the mean over its channels counts. All must be of one size.
func FromYCbCr(y, cb, cr Image) (Image, error) {
	for _, o := range []Image{cb, cr} {
		if o.Dim(0) != y.Dim(0) || o.Dim(1) != y.Dim(1) || o.Dim(2) != y.Dim(2) {
			return Image{}, fmt.Errorf("planes of shapes %v and %v do not go together: %w", y.Shape, o.Shape, tensor.ErrShape)
		}
	}
	out := tensor.New(y.Dim(0), y.Dim(1), y.Dim(2), 3)
	for p := range out.Len() / 3 {
		luma, u, v := y.mean(p), cb.mean(p)-0.5, cr.mean(p)-0.5
		out.Data[3*p] = luma + 1.403*v
		out.Data[3*p+1] = luma - 0.714*v - 0.344*u
		out.Data[3*p+2] = luma + 1.773*u
	}
	return Image{out}, nil
}

// mean is the mean over the channels of pixel p.
func (i Image) mean(p int) float32 {
	c := i.Dim(3)
	var sum float32
	for _, v := range i.Data[p*c : (p+1)*c] {
		sum += v
	}
	return sum / float32(c)
}

// Quantize reduces every picture to at most colors colours; alpha is dropped. See imaging.Quantize.
func (i Image) Quantize(colors int, d imaging.Dither) (Image, error) {
	frames := i.withChannels(3).Frames()
	for b, f := range frames {
		var err error
		if frames[b], err = imaging.Quantize(f, colors, d); err != nil {
			return Image{}, err
		}
	}
	return Image{imaging.Color(frames)}, nil
}

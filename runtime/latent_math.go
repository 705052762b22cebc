package runtime

import (
	"fmt"
	"math"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Add is l + o. As in all operations on two latents, o is fitted to l (bilinear, centre crop, batch repeated), and l gives
// noise mask and batch places.
func (l Latent) Add(o Latent) (Latent, error) {
	return l.combine(o, func(a, b float32) float32 { return a + b })
}

// Subtract is l - o.
func (l Latent) Subtract(o Latent) (Latent, error) {
	return l.combine(o, func(a, b float32) float32 { return a - b })
}

// Multiply is l·factor.
func (l Latent) Multiply(factor float64) Latent {
	out := tensor.New(l.Samples.Shape...)
	for i, v := range l.Samples.Data {
		out.Data[i] = v * float32(factor)
	}
	l.Samples = out
	return l
}

// Blend is l·factor + o·(1-factor); o is fitted bicubic. A batch of one goes with every item of the other.
func (l Latent) Blend(o Latent, factor float64) (Latent, error) {
	if l.Samples.Dim(0) == 1 {
		n := o.Samples.Dim(0)
		l.Samples = l.Samples.Repeat(n)
		if l.BatchIndex != nil {
			l.BatchIndex = slices.Repeat(l.BatchIndex, n) // one place, and so one noise, for all
		}
	}
	b, err := fitLatent(o.Samples, l.Samples, imaging.Bicubic)
	if err != nil {
		return Latent{}, err
	}
	fa, fb := float32(factor), float32(1-factor)
	return l.with(b, func(a, b float32) float32 { return a*fa + b*fb })
}

// Interpolate mixes the directions of the channel vectors and their lengths apart, so that the mix keeps its contrast:
// ratio 1 is l, 0 is o. A vector of length 0 has no direction and gives none.
func (l Latent) Interpolate(o Latent, ratio float64) (Latent, error) {
	other, err := fitLatent(o.Samples, l.Samples, imaging.Bilinear)
	if err != nil {
		return Latent{}, err
	}
	n, c, plane := l.Samples.Dim(0), l.Samples.Dim(1), l.Samples.Dim(2)*l.Samples.Dim(3)
	ra, rb := float32(ratio), float32(1-ratio)
	out := tensor.New(l.Samples.Shape...)
	mix := make([]float32, c)
	for b := range n {
		x, y, z := l.Samples.Data[b*c*plane:], other.Data[b*c*plane:], out.Data[b*c*plane:]
		for p := range plane {
			lenX, lenY := cellNorm(x, p, c, plane), cellNorm(y, p, c, plane)
			for k := range c {
				mix[k] = direction(x[k*plane+p], lenX)*ra + direction(y[k*plane+p], lenY)*rb
			}
			lenMix := cellNorm(mix, 0, c, 1)
			for k := range c {
				z[k*plane+p] = direction(mix[k], lenMix) * (lenX*ra + lenY*rb)
			}
		}
	}
	l.Samples = out
	return l, nil
}

// direction is v/length, 0 where there is no length.
func direction(v, length float32) float32 {
	if length == 0 {
		return 0
	}
	return v / length
}

// cellNorm is the length of the vector over the c channels at cell p; channels lie stride values apart.
func cellNorm(data []float32, p, c, stride int) float32 {
	var sum float64
	for k := range c {
		v := float64(data[k*stride+p])
		sum += v * v
	}
	return float32(math.Sqrt(sum))
}

func (l Latent) combine(o Latent, f func(a, b float32) float32) (Latent, error) {
	b, err := fitLatent(o.Samples, l.Samples, imaging.Bilinear)
	if err != nil {
		return Latent{}, err
	}
	return l.with(b, f)
}

// with replaces the samples by f of them and b, a tensor of the same shape.
func (l Latent) with(b *tensor.Tensor, f func(a, b float32) float32) (Latent, error) {
	out := tensor.New(l.Samples.Shape...)
	for i, v := range l.Samples.Data {
		out.Data[i] = f(v, b.Data[i])
	}
	l.Samples = out
	return l, nil
}

// fitLatent brings x to the size and the batch of like.
func fitLatent(x, like *tensor.Tensor, m imaging.Method) (*tensor.Tensor, error) {
	x, err := fitLatentSize(x, like, m)
	if err != nil {
		return nil, err
	}
	return x.Repeat(like.Dim(0)), nil
}

// fitLatentSize brings x to the height and width of like.
func fitLatentSize(x, like *tensor.Tensor, m imaging.Method) (*tensor.Tensor, error) {
	if x.Dim(1) != like.Dim(1) {
		return nil, fmt.Errorf("latents of %d and %d channels do not go together: both must come from the same kind of model: %w",
			like.Dim(1), x.Dim(1), tensor.ErrShape)
	}
	return imaging.ResizeCrop(x, like.Dim(2), like.Dim(3), m, imaging.CropCenter)
}

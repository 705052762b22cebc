package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// LatentOperation changes latents [B,C,h,w]; it can be applied once or at every step of sampling.
type LatentOperation struct {
	apply func(x *tensor.Tensor) (*tensor.Tensor, error)
}

// Socket is the wire type.
func (LatentOperation) Socket() string { return "LATENT_OPERATION" }

// Apply runs the operation on planes [B,C,h,w] and leaves x as it is.
func (o LatentOperation) Apply(x *tensor.Tensor) (*tensor.Tensor, error) { return o.apply(x) }

// Apply runs an operation on the samples.
func (l Latent) Apply(o LatentOperation) (Latent, error) {
	samples, err := o.Apply(l.Samples)
	if err != nil {
		return Latent{}, err
	}
	l.Samples = samples
	return l, nil
}

// TonemapReinhard compresses the lengths of the channel vectors: m becomes t·(m/t)/(m/t + 1) with
// t = (mean + 5·standard deviation)·multiplier over each item (Reinhard et al. 2002).
func TonemapReinhard(multiplier float64) LatentOperation {
	return LatentOperation{func(x *tensor.Tensor) (*tensor.Tensor, error) {
		n, c, plane := x.Dim(0), x.Dim(1), x.Dim(2)*x.Dim(3)
		out := tensor.New(x.Shape...)
		lengths := make([]float32, plane)
		for b := range n {
			src, dst := x.Data[b*c*plane:], out.Data[b*c*plane:]
			for p := range lengths {
				lengths[p] = cellNorm(src, p, c, plane) + 1e-10 // no division by zero below
			}
			mean, std := moments(lengths)
			top := float32((std*5 + mean) * multiplier)
			for p, length := range lengths {
				m := length / top
				factor := m / (m + 1) * top / length
				if top == 0 {
					factor = 0 // the limit; the formula divides 0 by 0
				}
				for k := range c {
					dst[k*plane+p] = src[k*plane+p] * factor
				}
			}
		}
		return out, nil
	}}
}

// moments is the mean and the standard deviation with n-1 in the denominator.
func moments(v []float32) (mean, std float64) {
	for _, x := range v {
		mean += float64(x)
	}
	mean /= float64(len(v))
	for _, x := range v {
		std += (float64(x) - mean) * (float64(x) - mean)
	}
	return mean, math.Sqrt(std / float64(max(len(v)-1, 1)))
}

// SharpenLatent sharpens the directions of the channel vectors and keeps their lengths. See imaging.Sharpen for the inputs.
func SharpenLatent(radius int, sigma, alpha float64) LatentOperation {
	return LatentOperation{func(x *tensor.Tensor) (*tensor.Tensor, error) {
		n, c, plane := x.Dim(0), x.Dim(1), x.Dim(2)*x.Dim(3)
		directions := tensor.New(x.Shape...)
		lengths := make([]float32, n*plane)
		for b := range n {
			src, dst := x.Data[b*c*plane:], directions.Data[b*c*plane:]
			for p := range plane {
				length := cellNorm(src, p, c, plane) + 1e-6
				lengths[b*plane+p] = length
				for k := range c {
					dst[k*plane+p] = src[k*plane+p] / length
				}
			}
		}
		out, err := imaging.Sharpen(directions, radius, sigma, alpha)
		if err != nil {
			return nil, err
		}
		for i := range out.Data {
			out.Data[i] *= lengths[i/(c*plane)*plane+i%plane]
		}
		return out, nil
	}}
}

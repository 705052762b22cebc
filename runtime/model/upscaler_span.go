package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// spanBlocks is the number of attention blocks of every SPAN.
const spanBlocks = 6

// readSPAN reads SPAN (Wan et al. 2023, arXiv:2311.12770).
func readSPAN(set *weights.Set) (UpscalerConfig, error) {
	c := UpscalerConfig{Features: int(size(set, "conv_1.sk.weight", 0)), blocks: spanBlocks, shuffle: 1}
	out := size(set, "upsampler.0.weight", 0)
	c.Scale = shuffleScale(out)
	if c.Features == 0 || c.Scale == 0 || size(set, "conv_cat.weight", 1) != int64(4*c.Features) {
		return c, fmt.Errorf("weights conv_1, conv_cat or upsampler (%d channels) are missing or of another size: %w", out, ErrUnsupported)
	}
	c.Large = max(3, 4*c.Features/(c.Scale*c.Scale))
	return c, pictureChannels(size(set, "conv_1.sk.weight", 1), 3)
}

func (n *net) span(image *onnx.Value, _ UpscalerConfig) *onnx.Value {
	x := image
	if !n.set.Has("no_norm") {
		mean := n.Const("mean", []float32{0.4488, 0.4371, 0.4040}, 3, 1, 1)
		x = n.Mul(n.Sub(x, mean), n.Scalar(255))
	}
	first := n.threeInOne(x, "conv_1")
	x = first
	var early, inside *onnx.Value // what the first block makes, and the last one begins with
	for i := 1; i <= spanBlocks; i++ {
		x, inside = n.spanBlock(x, fmt.Sprintf("block_%d", i))
		if i == 1 {
			early = x
		}
	}
	x = n.convSame(n.Concat(1, first, n.threeInOne(x, "conv_2"), early, inside), "conv_cat")
	x = n.convSame(x, "upsampler.0")
	return n.shuffled(x, shuffleScale(n.size("upsampler.0.weight", 0)))
}

// spanBlock weighs what three convolutions add to x by a sigmoid of that itself. It also yields the first of them, activated.
func (n *net) spanBlock(x *onnx.Value, path string) (y, inside *onnx.Value) {
	inside = n.silu(n.threeInOne(x, path+".c1_r"))
	y = n.threeInOne(n.silu(n.threeInOne(inside, path+".c2_r")), path+".c3_r")
	weight := n.Sub(n.Op("Sigmoid", y), n.Scalar(0.5))
	return n.Mul(n.Add(y, x), weight), inside
}

// threeInOne is a convolution that was trained as three in a row (1x1, 3x3, 1x1) beside a 1x1 one. Together they are one 3x3 kernel, a
// quarter of the work; the kernels are small, so it is computed here.
func (n *net) threeInOne(x *onnx.Value, path string) *onnx.Value {
	kernel, bias, err := fuseThree(n.set, path)
	if err != nil {
		return n.Fail(fmt.Errorf("%s: %w", path, err))
	}
	k := n.Const(path+".kernel", kernel.Data, int64(kernel.Dim(0)), int64(kernel.Dim(1)), 3, 3)
	return n.convolve(x, k, n.Const(path+".bias", bias, int64(len(bias))), same(3))
}

// fuseThree multiplies the kernels: K[o,i] = Σ w3[o,p]·w2[p,q]·w1[q,i] + sk[o,i] in the middle, and the biases alike.
func fuseThree(set *weights.Set, path string) (kernel *tensor.Tensor, bias []float32, err error) {
	get := func(part string) (t *tensor.Tensor) {
		if err == nil {
			if t, err = set.Float32(path + "." + part); err == nil {
				return t
			}
			err = fmt.Errorf("%w: %w", err, ErrUnsupported)
		}
		return tensor.New(0)
	}
	w1, b1, w2, b2, w3, b3 := get("conv.0.weight"), get("conv.0.bias"), get("conv.1.weight"), get("conv.1.bias"), get("conv.2.weight"), get("conv.2.bias")
	sk, skBias := get("sk.weight"), get("sk.bias")
	if err != nil {
		return nil, nil, err
	}
	out, in := sk.Dim(0), len(sk.Data)/max(1, sk.Dim(0))
	q, p := w1.Dim(0), w2.Dim(0)
	if len(w1.Data) != q*in || len(w2.Data) != p*q*9 || len(w3.Data) != out*p || len(b1.Data) != q || len(b2.Data) != p ||
		len(b3.Data) != out || len(skBias.Data) != out {
		return nil, nil, fmt.Errorf("kernels %v, %v, %v and %v do not follow one another: %w", w1.Shape, w2.Shape, w3.Shape, sk.Shape, ErrUnsupported)
	}
	w2in := tensor.New(p, in, 3, 3) // w2·w1
	for a := range p {
		for b := range q {
			for c := range in {
				f := w1.Data[b*in+c]
				for t := range 9 {
					w2in.Data[(a*in+c)*9+t] += w2.Data[(a*q+b)*9+t] * f
				}
			}
		}
	}
	inner := append([]float32(nil), b2.Data...)
	for a := range p {
		for i, v := range w2.Data[a*q*9 : (a+1)*q*9] {
			inner[a] += v * b1.Data[i/9]
		}
	}
	kernel, bias = tensor.New(out, in, 3, 3), make([]float32, out)
	for o := range out {
		bias[o] = b3.Data[o] + skBias.Data[o]
		row := kernel.Data[o*in*9 : (o+1)*in*9]
		for a := range p {
			f := w3.Data[o*p+a]
			bias[o] += f * inner[a]
			for i, v := range w2in.Data[a*in*9 : (a+1)*in*9] {
				row[i] += f * v
			}
		}
		for c := range in {
			row[c*9+4] += sk.Data[o*in+c]
		}
	}
	return kernel, bias, nil
}

package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// window is how a convolution slides over height and width.
type window struct{ strides, pads, dilations []int64 }

func (u *unit) window() window {
	return window{u.ints("strides", 1, 1), u.ints("pads", 0, 0, 0, 0), u.ints("dilations", 1, 1)}
}

// dense says that the kernel stands on every pixel.
func (w window) dense() bool { return w.strides[0] == 1 && w.strides[1] == 1 }

// point says that every output pixel reads one input pixel, its own.
func (w window) point(kernel onnx.Shape) bool {
	return w.dense() && kernel[2] == 1 && kernel[3] == 1 && !slices.ContainsFunc(w.pads, func(p int64) bool { return p != 0 })
}

func (w window) attrs() []onnx.Arg {
	return []onnx.Arg{onnx.Ints("strides", w.strides...), onnx.Ints("pads", w.pads...), onnx.Ints("dilations", w.dilations...)}
}

// conv: y = W*x + bias with x [N,C,H,W], W [M,C,kh,kw].
func conv(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	if u.int("group", 1) != 1 {
		b.failf("%s %s: convolutions in groups have no rule", u.kind, u.name)
		return nil
	}
	if u.needs(0) {
		dx[0] = b.convInput(u, dy[0])
	}
	if u.needs(1) {
		dx[1] = b.convKernel(u, dy[0])
	}
	if u.needs(2) {
		dx[2] = b.sum(dy[0], false, 0, 2, 3)
	}
	return dx
}

// convInput is the gradient of x. Where the kernel stands on every pixel it is a convolution of dy with the kernel turned around and
// its channels exchanged, which is faster than ConvTranspose.
func (b *backward) convInput(u *unit, d *onnx.Value) *onnx.Value {
	x, kernel, w := u.in[0], u.in[1], u.window()
	if w.point(kernel.Shape) {
		return b.pointInput(kernel, x, d)
	}
	back := window{w.strides, make([]int64, 4), w.dilations}
	for i := range back.pads {
		back.pads[i] = w.dilations[i%2]*(kernel.Shape[2+i%2]-1) - w.pads[i]
	}
	if w.dense() && slices.Min(back.pads) >= 0 {
		return b.Op("Conv", append([]onnx.Arg{d, b.turned(kernel)}, back.attrs()...)...)
	}
	if !b.known(u, &onnx.Value{Name: x.Name, Shape: x.Shape[2:]}) {
		return nil
	}
	extra := make([]int64, 2) // rows at the end that no window reached, and those that a stride jumped over
	for i := range extra {
		extra[i] = x.Shape[2+i] - ((d.Shape[2+i]-1)*w.strides[i] - w.pads[i] - w.pads[i+2] + w.dilations[i]*(kernel.Shape[2+i]-1) + 1)
	}
	return b.Op("ConvTranspose", append([]onnx.Arg{d, kernel, onnx.Ints("output_padding", extra...)}, w.attrs()...)...)
}

// pointInput is the gradient of x [N,C,H,W] in a 1x1 convolution with a kernel [M,C,1,1]: Wᵀ·d for each picture.
func (b *backward) pointInput(kernel, x, d *onnx.Value) *onnx.Value {
	m, c := kernel.Shape[0], kernel.Shape[1]
	pixels := b.Reshape(d, 0, 0, onnx.Unknown)                                                         // [N,M,H·W]
	return b.reshapeLike(b.fused(b.reshape(kernel, onnx.Shape{m, c}, kernel), pixels, true, false), x) // [N,C,H,W]
}

// turned is a kernel [M,C,kh,kw] as [C,M,kh,kw] with height and width reversed.
func (b *backward) turned(kernel *onnx.Value) *onnx.Value {
	s := kernel.Shape
	taps := s[2] * s[3]
	reversed := make([]float32, taps*taps)
	for i := range taps {
		reversed[i*taps+taps-1-i] = 1
	}
	return b.exchanged(kernel, reversed, s[2], s[3])
}

// exchanged is a kernel [M,C,kh,kw] as [C,M,h,w], where each tap of the result is the sum of those taps that mix, a matrix [kh·kw,h·w] of
// zeros and ones, names. onnxruntime does this once, while it loads the graph, if the kernel is a constant; a product is ten times faster
// there than a Gather.
func (b *backward) exchanged(kernel *onnx.Value, mix []float32, h, w int64) *onnx.Value {
	if b.Err() != nil {
		return kernel
	}
	s := kernel.Shape
	from, to := s[2]*s[3], h*w
	y := b.Reshape(kernel, onnx.Unknown, from)
	if from > 1 {
		y = b.MatMul(y, b.Const("mix", mix, from, to)) // [M·C,taps]
	}
	y = b.reshape(y, onnx.Shape{s[0], s[1], to}, y)
	return b.reshape(b.Transpose(y, 1, 0, 2), onnx.Shape{s[1], s[0], h, w}, y)
}

// convKernel is the gradient of the kernel: dy as [M,N·pixels] times, for each tap of the kernel, the pixels that it read.
func (b *backward) convKernel(u *unit, d *onnx.Value) *onnx.Value {
	x, kernel, w := u.in[0], u.in[1], u.window()
	for _, v := range []*onnx.Value{x, d} { // channels may be unknown, such as the rank of a LoRA
		if !b.known(u, &onnx.Value{Name: v.Name, Shape: slices.Concat(v.Shape[:1], v.Shape[2:])}) {
			return nil
		}
	}
	pixels := x.Shape[0] * d.Shape[2] * d.Shape[3]
	rows := b.Reshape(b.Transpose(d, 1, 0, 2, 3), onnx.Unknown, pixels) // [M,N·pixels]
	return b.reshapeLike(b.product(rows, b.columns(x, kernel.Shape, d.Shape, w), nil, false, true), kernel)
}

// columns lists what a kernel reads of x [N,C,H,W]: [C·kh·kw, N·pixels].
func (b *backward) columns(x *onnx.Value, kernel, out onnx.Shape, w window) *onnx.Value {
	n := x.Shape[0]
	if w.point(kernel) {
		return b.Reshape(b.Transpose(x, 1, 0, 2, 3), onnx.Unknown, n*out[2]*out[3])
	}
	p := w.pads
	if slices.Max(p) > 0 {
		x = b.Op("Pad", x, b.Ints(0, 0, p[0], p[1], 0, 0, p[2], p[3]), b.Scalar(0))
	}
	if b.Err() != nil {
		return x
	}
	height, width := x.Shape[2], x.Shape[3]
	index := make([]int64, 0, kernel[2]*kernel[3]*n*out[2]*out[3])
	for i := range kernel[2] * kernel[3] {
		top, left := i/kernel[3]*w.dilations[0], i%kernel[3]*w.dilations[1]
		for picture := range n {
			for r := range out[2] {
				for s := range out[3] {
					index = append(index, (picture*height+r*w.strides[0]+top)*width+s*w.strides[1]+left)
				}
			}
		}
	}
	flat := b.Reshape(b.Transpose(x, 1, 0, 2, 3), onnx.Unknown, n*height*width) // [C,N·H·W]
	return b.Reshape(b.Gather(flat, b.Ints(index...), 1), onnx.Unknown, n*out[2]*out[3])
}

// convTranspose: y = Wᵀ*x with W [C,M,kh,kw], of which Conv is the gradient.
func convTranspose(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	if u.needs(1) || u.needs(2) || u.int("group", 1) != 1 {
		b.failf("%s %s: only the gradient of the input has a rule, without groups", u.kind, u.name)
		return nil
	}
	dx := make([]*onnx.Value, len(u.in))
	dx[0] = b.Op("Conv", append([]onnx.Arg{dy[0], u.in[1]}, u.window().attrs()...)...)
	return dx
}

// upsampleConv is the rule of the group of that name, nearest enlargement by 2 and a 3x3 convolution: x [N,C,H,W], W [M,C,3,3].
//
// A pixel x[p] was copied to rows 2p and 2p+1; there tap a of the kernel was read by output rows 2p-a+1 and 2p-a+2. Seen from p, that is
// a kernel of four taps on rows 2p-1 … 2p+2 of dy, in steps of 2: tap t gets W[2-t] and W[3-t]; columns alike. One convolution with 4/9 of
// the multiplications that the enlarged picture would take.
func upsampleConv(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	sums := make([]float32, 9*16)
	for i := range 3 {
		for j := range 3 {
			for _, t := range []int{2 - i, 3 - i} {
				for _, s := range []int{2 - j, 3 - j} {
					sums[(3*i+j)*16+4*t+s] = 1
				}
			}
		}
	}
	back := b.exchanged(u.in[1], sums, 4, 4)
	dx[0] = b.Op("Conv", dy[0], back, onnx.Ints("strides", 2, 2), onnx.Ints("pads", 1, 1, 1, 1))
	return dx
}

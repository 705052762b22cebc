package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// upsampleDouble is nearest-neighbour enlargement of x [B,C,H,W] by 2 followed by a 3x3 convolution, to [B,M,2H,2W].
//
// Each output pixel of parity (r,s) sees only a 2x2 window of x, because neighbouring rows of the enlarged picture repeat: even
// rows read rows i-1 and i with kernel rows k0 and k1+k2, odd rows read i and i+1 with k0+k1 and k2, and columns alike. So the
// layer is four 2x2 convolutions whose results interleave: the same numbers with 4/9 of the multiplications.
func (n *net) upsampleDouble(x *onnx.Value, path string) *onnx.Value {
	name := path + ".weight"
	y := n.phases(x, n.weight(name), n.bias(path+".bias"))
	return n.convChanges(x, y, name, func(x, kernel *onnx.Value) *onnx.Value { return n.phases(x, kernel, nil) })
}

// phases is the enlargement and convolution above for a kernel [M,C,3,3].
func (n *net) phases(x, kernel, bias *onnx.Value) *onnx.Value {
	return n.Group("UpsampleConv", []*onnx.Value{x, kernel, bias}, func() *onnx.Value {
		parts := make([]*onnx.Value, 0, 4)
		for r := range int64(2) {
			for s := range int64(2) {
				w := window{1, [4]int64{1 - r, 1 - s, r, s}}
				parts = append(parts, n.convolve(x, n.fold(kernel, r, s), bias, w)) // [B,M,H,W]
			}
		}
		return n.Op("DepthToSpace", n.Concat(1, parts...), onnx.Int("blocksize", 2), onnx.Str("mode", "DCR"))
	})
}

// fold sums a kernel [M,C,3,3] to the 2x2 kernel of the output pixels of row parity r and column parity s. It is one product of
// each 3x3 window with a matrix of zeros and ones, which onnxruntime does once, while it loads the graph, if the kernel is constant.
func (n *net) fold(kernel *onnx.Value, r, s int64) *onnx.Value {
	sums := make([]float32, 9*4)
	for i := range int64(3) {
		for j := range int64(3) {
			sums[(3*i+j)*4+2*folded(i, r)+folded(j, s)] = 1
		}
	}
	if n.Err() != nil {
		return kernel
	}
	m, c := kernel.Shape[0], kernel.Shape[1]
	windows := n.Reshape(kernel, onnx.Unknown, 9)
	y := n.MatMul(windows, n.Const(fmt.Sprintf("fold%d%d", r, s), sums, 9, 4))
	return n.Reshape(y, m, c, 2, 2) // m is unknown (-1) for the rank of a LoRA, and then worked out
}

// folded is where kernel row i of 3 goes in 2: [k0, k1+k2] for even pixels, [k0+k1, k2] for odd ones.
func folded(i, odd int64) int64 {
	if i == 1 {
		return 1 - odd
	}
	return i / 2
}

// upsampleTo enlarges x [B,C,H,W] to the height and width of another picture by nearest neighbour, then convolves. Latents of odd
// size need it: halving rounds up, so doubling may overshoot by one.
func (n *net) upsampleTo(x, like *onnx.Value, path string) *onnx.Value {
	y := n.Op("Resize", x, nil, nil, n.Sizes(like, 2, 4), onnx.Ints("axes", 2, 3), onnx.Str("mode", "nearest"),
		onnx.Str("coordinate_transformation_mode", "asymmetric"), onnx.Str("nearest_mode", "floor"))
	return n.convSame(y, path)
}

package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TinyVAEScale is pixels per latent cell along one side of a tiny autoencoder.
const TinyVAEScale = 8

// TinyVAEOptions choose a variant of the graph.
type TinyVAEOptions struct {
	// Scale is that of the family's latents: these networks work in model space, the latents between nodes are divided by it. 1 for
	// latents of the model space itself.
	Scale float32
}

// ReadTinyVAE wants half of a tiny autoencoder (TAESD), a numbered list of layers, and returns the channels of its latents. The error wraps
// ErrUnsupported.
func ReadTinyVAE(set *weights.Set, decoder bool) (channels int, err error) {
	list := tinyLayers(set)
	if len(list) < 2 {
		return 0, fmt.Errorf("tiny autoencoder: no numbered layers in it: %w", ErrUnsupported)
	}
	first, last := list[0].path+".weight", list[len(list)-1].path+".weight"
	in, out := size(set, first, 1), size(set, last, 0)
	switch {
	case decoder && out == 3:
		return int(in), nil
	case !decoder && in == 3:
		return int(out), nil
	}
	half := "encoder"
	if decoder {
		half = "decoder"
	}
	return 0, fmt.Errorf("tiny autoencoder: layers from %d channels to %d are no %s: %w", in, out, half, ErrUnsupported)
}

// tinyLayer is a convolution, or a block of three with a residual.
type tinyLayer struct {
	path  string
	block bool
}

// tinyLayers lists the layers that have weights, in their order.
func tinyLayers(set *weights.Set) []tinyLayer {
	found := map[int]tinyLayer{}
	for _, name := range set.Names() {
		number, part, _ := strings.Cut(name, ".")
		i, err := strconv.Atoi(number)
		switch {
		case err != nil || i < 0 || strconv.Itoa(i) != number:
		case part == "weight":
			found[i] = tinyLayer{path: number}
		case part == "conv.0.weight":
			found[i] = tinyLayer{path: number, block: true}
		}
	}
	var numbers []int
	for i := range found {
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	list := make([]tinyLayer, 0, len(numbers))
	for _, i := range numbers {
		list = append(list, found[i])
	}
	return list
}

// TinyVAEDecoder is the graph from "z" [B,C,h,w] to "image" [B,3,8h,8w], about -1…1, not clamped. Bohan 2023, TAESD.
func TinyVAEDecoder(set *weights.Set, o TinyVAEOptions) (*onnx.Graph, error) {
	channels, err := ReadTinyVAE(set, true)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("tiny VAE decoder")
	n := newNet(b, set, Patches{})
	x := b.Input("z", onnx.Float32, "batch", channels, "height", "width")
	if o.Scale != 1 {
		x = n.Mul(x, n.Scalar(o.Scale))
	}
	x = n.Mul(n.Op("Tanh", n.Op("Div", x, n.Scalar(3))), n.Scalar(3)) // soft limits
	for i, l := range tinyLayers(set) {
		switch {
		case l.block:
			x = n.tinyBlock(x, l.path)
		case i == 0:
			x = n.Op("Relu", n.convSame(x, l.path))
		case n.set.Has(l.path + ".bias"):
			x = n.convSame(x, l.path)
		default: // the convolutions without bias follow an enlargement
			x = n.upsampleDouble(x, l.path)
		}
	}
	b.Output("image", n.Mul(n.Sub(x, n.Scalar(0.5)), n.Scalar(2)))
	return finish(b, "tiny VAE decoder")
}

// TinyVAEEncoder is the graph from "image" [B,3,8h,8w] in -1…1 to "latent" [B,C,h,w].
func TinyVAEEncoder(set *weights.Set, o TinyVAEOptions) (*onnx.Graph, error) {
	if _, err := ReadTinyVAE(set, false); err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("tiny VAE encoder")
	n := newNet(b, set, Patches{})
	image := b.Input("image", onnx.Float32, "batch", 3, "height", "width")
	x := n.Add(n.Mul(image, n.Scalar(0.5)), n.Scalar(0.5))
	for _, l := range tinyLayers(set) {
		switch {
		case l.block:
			x = n.tinyBlock(x, l.path)
		case n.set.Has(l.path + ".bias"):
			x = n.convSame(x, l.path)
		default: // the convolutions without bias halve the picture
			x = n.conv(x, l.path, half)
		}
	}
	if o.Scale != 1 {
		x = n.Op("Div", x, n.Scalar(o.Scale))
	}
	b.Output("latent", x)
	return finish(b, "tiny VAE encoder")
}

// tinyBlock is three convolutions with ReLUs between and behind them, added to x, which goes through a 1x1 convolution where channels change.
func (n *net) tinyBlock(x *onnx.Value, path string) *onnx.Value {
	defer n.Scope(path)()
	y := x
	for i, part := range []string{".conv.0", ".conv.2", ".conv.4"} {
		if i > 0 {
			y = n.Op("Relu", y)
		}
		y = n.convSame(y, path+part)
	}
	if n.set.Has(path + ".skip.weight") {
		x = n.convSame(x, path+".skip")
	}
	return n.Op("Relu", n.Add(y, x))
}

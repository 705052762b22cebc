package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// plksrGroups and plksrEps belong to RealPLKSR's group normalisation.
const (
	plksrGroups = 4
	plksrEps    = 1e-5
)

// readRealPLKSR reads RealPLKSR (Lee et al. 2024, arXiv:2404.11848, in the form of neosr), with pixel shuffle at the end.
func readRealPLKSR(set *weights.Set) (UpscalerConfig, error) {
	c := UpscalerConfig{Features: int(size(set, "feats.0.weight", 0)), shuffle: 1}
	for set.Has(plksrBlock(c.blocks) + ".refine.weight") {
		c.blocks++
	}
	last := plksrLast(c)
	c.Scale = shuffleScale(size(set, last+".weight", 0))
	switch {
	case set.Has("to_img.init_pos"):
		return c, fmt.Errorf("it enlarges by DySample, which does not run: take the model with pixel shuffle if there is one: %w", ErrUnsupported)
	case c.Features == 0 || c.Features%plksrGroups != 0 || c.Scale == 0:
		return c, fmt.Errorf("weights feats.0 or %s are missing or of another size: %w", last, ErrUnsupported)
	}
	c.Large = max(3, 2*c.Features/(c.Scale*c.Scale))
	return c, pictureChannels(size(set, "feats.0.weight", 1), 3)
}

func plksrBlock(i int) string { return fmt.Sprintf("feats.%d", i+1) }

// plksrLast follows the blocks and a dropout that has no weights.
func plksrLast(c UpscalerConfig) string { return fmt.Sprintf("feats.%d", c.blocks+2) }

func (n *net) realPLKSR(image *onnx.Value, c UpscalerConfig) *onnx.Value {
	x := n.convSame(image, "feats.0")
	for i := range c.blocks {
		x = n.plksrBlock(x, plksrBlock(i))
	}
	// The picture itself goes into every pixel of its square: enlarging it after the shuffle is the same.
	repeated := make([]*onnx.Value, 0, 3*c.Scale*c.Scale)
	for k := range int64(3) {
		for range c.Scale * c.Scale {
			repeated = append(repeated, n.Slice(image, 1, k, k+1))
		}
	}
	return n.shuffled(n.Add(n.convSame(x, plksrLast(c)), n.Concat(1, repeated...)), c.Scale)
}

// plksrBlock mixes channels, sees far through a large kernel on the first of them, weighs each value by its surroundings, and is added to x.
func (n *net) plksrBlock(x *onnx.Value, path string) *onnx.Value {
	defer n.Scope(path)()
	y := x
	if n.set.Has(path + ".layer_norm.weight") {
		y = n.channelNorm(y, path+".layer_norm", 1e-6)
	}
	y = n.convSame(n.mish(n.convSame(y, path+".channel_mixer.0")), path+".channel_mixer.2")
	part := n.size(path+".lk.conv.weight", 0)
	y = n.Concat(1, n.convSame(n.Slice(y, 1, 0, part), path+".lk.conv"), n.Slice(y, 1, part, n.channels(y)))
	if n.set.Has(path + ".attn.f.0.weight") {
		y = n.Mul(y, n.Op("Sigmoid", n.convSame(y, path+".attn.f.0")))
	}
	y = n.convSame(y, path+".refine")
	if n.set.Has(path + ".norm.weight") {
		y = n.groupNormIn(y, path+".norm", plksrGroups, plksrEps)
	}
	return n.Add(x, y)
}

// mish is x·tanh(ln(1+eˣ)) = x·(e²+2e)/(e²+2e+2) with e = eˣ, which is x itself long before eˣ overflows.
func (n *net) mish(x *onnx.Value) *onnx.Value {
	e := n.Op("Exp", n.Op("Min", x, n.Scalar(20)))
	m := n.Mul(e, n.Add(e, n.Scalar(2)))
	return n.Mul(x, n.Op("Div", m, n.Add(m, n.Scalar(2))))
}

// channelNorm normalises the channels of every pixel of x [B,C,H,W].
func (n *net) channelNorm(x *onnx.Value, path string, eps float32) *onnx.Value {
	rows := n.Transpose(x, 0, 2, 3, 1)
	return n.Transpose(n.layerNormEps(rows, path, eps), 0, 3, 1, 2)
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// VAEConfig is what the shapes of a variational autoencoder's weights say about it.
type VAEConfig struct {
	LatentChannels int
	ImageChannels  int
	Scale          int // pixels per latent cell along one side, 8

	decoder, encoder []vaeLevel
}

// vaeLevel is the residual blocks of one resolution.
type vaeLevel struct {
	path   string
	blocks int
	resize bool // ends with a change of resolution
}

// VAEOptions choose a variant of the graph: sizes of the input that are fixed, where they are not 0.
type VAEOptions struct {
	Batch, Height, Width int
	Patches
}

// vaeEps is the epsilon of the autoencoder's group normalisations.
const vaeEps = 1e-6

// ReadVAE works out the structure of an autoencoder from weights under latent diffusion names. The error wraps ErrUnsupported.
func ReadVAE(set *weights.Set) (VAEConfig, error) {
	c := VAEConfig{
		LatentChannels: int(size(set, "decoder.conv_in.weight", 1)), ImageChannels: int(size(set, "decoder.conv_out.weight", 0)), Scale: 1,
		decoder: readLevels(set, "decoder.up", "upsample"), encoder: readLevels(set, "encoder.down", "downsample"),
	}
	for _, part := range []struct {
		name   string
		levels []vaeLevel
	}{{"decoder", c.decoder}, {"encoder", c.encoder}} {
		if len(part.levels) == 0 || !set.Has(part.name+".conv_in.weight") || !set.Has(part.name+".conv_out.weight") {
			return c, fmt.Errorf("VAE: weights %s.* are missing or incomplete: %w", part.name, ErrUnsupported)
		}
	}
	for _, l := range c.decoder {
		if l.resize {
			c.Scale *= 2
		}
	}
	return c, nil
}

func readLevels(set *weights.Set, path, resize string) []vaeLevel {
	var levels []vaeLevel
	for {
		l := vaeLevel{path: fmt.Sprintf("%s.%d", path, len(levels))}
		for set.Has(fmt.Sprintf("%s.block.%d.conv1.weight", l.path, l.blocks)) {
			l.blocks++
		}
		if l.blocks == 0 {
			return levels
		}
		l.resize = set.Has(fmt.Sprintf("%s.%s.conv.weight", l.path, resize))
		levels = append(levels, l)
	}
}

// VAEDecoder is the graph from "z" [B,C,h,w], latents divided by the family's scale, to "image" [B,3,8h,8w], about -1…1, not
// clamped.
func VAEDecoder(set *weights.Set, o VAEOptions) (*onnx.Graph, error) {
	c, err := ReadVAE(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("VAE decoder")
	z := b.Input("z", onnx.Float32, fixed(o.Batch, "batch"), c.LatentChannels, fixed(o.Height, "height"), fixed(o.Width, "width"))
	n := newNet(b, set, o.Patches)
	b.Output("image", n.decode(z, c))
	n.checkPatches()
	return finish(b, "VAE decoder")
}

func (n *net) decode(x *onnx.Value, c VAEConfig) *onnx.Value {
	if n.set.Has("post_quant_conv.weight") {
		x = n.convSame(x, "post_quant_conv")
	}
	x = n.vaeMiddle(n.convSame(x, "decoder.conv_in"), "decoder.mid")
	for i := len(c.decoder) - 1; i >= 0; i-- { // level 0 is the finest
		l := c.decoder[i]
		x = n.vaeBlocks(x, l)
		if l.resize {
			x = n.upsampleDouble(x, l.path+".upsample.conv")
		}
	}
	return n.convSame(n.silu(n.groupNorm(x, "decoder.norm_out", vaeEps)), "decoder.conv_out")
}

// VAEEncoder is the graph from "image" [B,3,8h,8w] in -1…1 to "moments" [B,2C,h,w]: the means of the latent's distribution, then
// the logarithms of its variances.
func VAEEncoder(set *weights.Set, o VAEOptions) (*onnx.Graph, error) {
	c, err := ReadVAE(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("VAE encoder")
	image := b.Input("image", onnx.Float32, fixed(o.Batch, "batch"), c.ImageChannels, fixed(o.Height, "height"), fixed(o.Width, "width"))
	n := newNet(b, set, o.Patches)
	b.Output("moments", n.encode(image, c))
	n.checkPatches()
	return finish(b, "VAE encoder")
}

// halfBelow halves height and width with a 3x3 kernel and zeros below and to the right only.
var halfBelow = window{2, [4]int64{0, 0, 1, 1}}

func (n *net) encode(x *onnx.Value, c VAEConfig) *onnx.Value {
	x = n.convSame(x, "encoder.conv_in")
	for _, l := range c.encoder {
		x = n.vaeBlocks(x, l)
		if l.resize {
			x = n.conv(x, l.path+".downsample.conv", halfBelow)
		}
	}
	x = n.vaeMiddle(x, "encoder.mid")
	x = n.convSame(n.silu(n.groupNorm(x, "encoder.norm_out", vaeEps)), "encoder.conv_out")
	if n.set.Has("quant_conv.weight") {
		x = n.convSame(x, "quant_conv")
	}
	return x
}

func (n *net) vaeBlocks(x *onnx.Value, l vaeLevel) *onnx.Value {
	for i := range l.blocks {
		x = n.vaeResidual(x, fmt.Sprintf("%s.block.%d", l.path, i))
	}
	return x
}

func (n *net) vaeMiddle(x *onnx.Value, path string) *onnx.Value {
	x = n.vaeResidual(x, path+".block_1")
	x = n.vaeAttention(x, path+".attn_1")
	return n.vaeResidual(x, path+".block_2")
}

// vaeResidual is x + conv(silu(norm(conv(silu(norm(x)))))), with a 1x1 convolution on x where the channels change.
func (n *net) vaeResidual(x *onnx.Value, path string) *onnx.Value {
	defer n.Scope(path)()
	h := n.convSame(n.silu(n.groupNorm(x, path+".norm1", vaeEps)), path+".conv1")
	h = n.convSame(n.silu(n.groupNorm(h, path+".norm2", vaeEps)), path+".conv2")
	if n.set.Has(path + ".nin_shortcut.weight") {
		x = n.convSame(x, path+".nin_shortcut")
	}
	return n.Add(x, h)
}

// vaeAttention lets all pixels attend to each other in one head.
func (n *net) vaeAttention(x *onnx.Value, path string) *onnx.Value {
	defer n.Scope(path)()
	batch := n.Sizes(x, 0, 1)
	rows, g := n.toTokens(n.groupNorm(x, path+".norm", vaeEps))
	y := n.attend(n.linear(rows, path+".q"), n.linear(rows, path+".k"), n.linear(rows, path+".v"), batch, 1, false)
	return n.Add(x, n.fromTokens(n.linear(y, path+".proj_out"), g))
}

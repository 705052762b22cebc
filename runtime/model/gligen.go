package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// GLIGENConfig is what the weights of a GLIGEN model say about it (Li et al. 2023, arXiv:2301.07093): a net that turns boxes with texts into
// tokens, and for every transformer of a UNet a layer in which its pixels attend to them.
type GLIGENConfig struct {
	TextWidth int     // of the text of a box
	Width     int     // of a token
	Fusers    []int64 // width of each layer, in the order of the UNet's transformers

	fusers []string
	bands  int // frequencies by which corners are told
}

// GLIGENBoxes is how many boxes a picture may have.
const GLIGENBoxes = 30

// ReadGLIGEN works out the structure of a GLIGEN model. The error wraps ErrUnsupported.
func ReadGLIGEN(set *weights.Set) (GLIGENConfig, error) {
	c := GLIGENConfig{
		TextWidth: int(size(set, "position_net.null_positive_feature", 0)), Width: int(size(set, "position_net.linears.4.weight", 0)),
		bands: int(size(set, "position_net.null_position_feature", 0)) / 8,
	}
	for _, place := range []string{"input_blocks", "middle_block", "output_blocks"} {
		for b := range 20 { // as far as the reference looks
			path := fmt.Sprintf("%s.%d.1.transformer_blocks.0.fuser", place, b)
			if place == "middle_block" {
				path = fmt.Sprintf("%s.%d.transformer_blocks.0.fuser", place, b)
			}
			if set.Has(path + ".linear.weight") {
				c.fusers = append(c.fusers, path)
				c.Fusers = append(c.Fusers, size(set, path+".linear.weight", 0))
				if width := size(set, path+".linear.weight", 1); int(width) != c.Width {
					return c, fmt.Errorf("GLIGEN: %s.linear.weight takes tokens of width %d, the position net makes %d: %w", path, width, c.Width, ErrUnsupported)
				}
			}
		}
	}
	if len(c.fusers) == 0 || c.TextWidth == 0 || c.Width == 0 || c.bands == 0 {
		return c, fmt.Errorf("GLIGEN: weights position_net.* or *.fuser.* are missing: %w", ErrUnsupported)
	}
	return c, nil
}

// Fits is an error where the transformers of a UNet, by their widths, are others than those the model has layers for.
func (c GLIGENConfig) Fits(widths []int64) error {
	if len(widths) > len(c.Fusers) {
		return fmt.Errorf("it has layers for %d transformers, the model that samples has %d", len(c.Fusers), len(widths))
	}
	for i, w := range widths {
		if w != c.Fusers[i] {
			return fmt.Errorf("its layers have the widths %v, the transformers of the model that samples %v", c.Fusers, widths)
		}
	}
	return nil
}

// GLIGEN is the edit of a UNet that lets it see boxes. Its inputs are "boxes" [B,30,4], the corners x, y, x, y of each as fractions of the
// picture; "texts" [B,30,TextWidth]; "there" [B,30], 1 for a box and 0 for none; and "gate" [B], 0 for items of the batch that see nothing
// of it.
type GLIGEN struct{ Set *weights.Set }

// String is the same for equal weights.
func (g GLIGEN) String() string { return "gligen " + g.Set.Fingerprint() }

func (g GLIGEN) hooks(u *unet, prefix string) hooks {
	c, err := ReadGLIGEN(g.Set)
	if err != nil {
		u.Fail(err)
		return hooks{}
	}
	input := func(name string, sizes ...any) *onnx.Value {
		return u.Input(prefix+name, onnx.Float32, append([]any{"batch"}, sizes...)...)
	}
	tokens := addTokens(u.Builder, g.Set, c, input("boxes", GLIGENBoxes, 4), input("there", GLIGENBoxes), input("texts", GLIGENBoxes, c.TextWidth))
	gate := u.Unsqueeze(input("gate"), 1, 2)
	transformer := u.config.transformers()
	return hooks{between: func(at layer, x *onnx.Value) *onnx.Value {
		return addFuser(u, g.Set, c, transformer[at.index], x, tokens, gate)
	}}
}

// transformers is for each transformer block the number of the transformer it belongs to, in the order in which they run.
func (c UNetConfig) transformers() (numbers []int) {
	n := 0
	c.eachTransformer(func(p part) {
		for range p.depth {
			numbers = append(numbers, n)
		}
		n++
	})
	return numbers
}

// eachTransformer visits the transformers in the order in which they run.
func (c UNetConfig) eachTransformer(visit func(part)) {
	blocks := append(append(append([]block{}, c.input...), c.middle), c.output...)
	for _, b := range blocks {
		for _, p := range b {
			if p.kind == transformerPart {
				visit(p)
			}
		}
	}
}

// TransformerWidths are the channels of a UNet's transformers, in the order in which they run.
func (c UNetConfig) TransformerWidths(set *weights.Set) (widths []int64) {
	c.eachTransformer(func(p part) { widths = append(widths, size(set, p.outWeight(), 0)) })
	return widths
}

// addTokens writes the position net: boxes [B,30,4], there [B,30] and texts [B,30,TextWidth] to tokens [B,30,Width].
func addTokens(b *onnx.Builder, set *weights.Set, c GLIGENConfig, boxes, there, texts *onnx.Value) *onnx.Value {
	defer b.Scope("gligen")()
	n := newNet(b, set, Patches{})
	there = n.Unsqueeze(there, 2)
	absent := n.Sub(n.Scalar(1), there)
	// what is there, or a learned stand-in for what is not
	or := func(x *onnx.Value, null string) *onnx.Value {
		return n.Add(n.Mul(x, there), n.Mul(absent, n.weight(null)))
	}
	x := n.Concat(2, or(texts, "position_net.null_positive_feature"), or(n.waves(boxes, c.bands), "position_net.null_position_feature"))
	rows := n.Reshape(x, onnx.Unknown, int64(c.TextWidth+8*c.bands))
	rows = n.silu(n.linear(rows, "position_net.linears.0"))
	rows = n.silu(n.linear(rows, "position_net.linears.2"))
	return n.Reshape(n.linear(rows, "position_net.linears.4"), onnx.Unknown, GLIGENBoxes, int64(c.Width))
}

// waves is sine and cosine of x [...,4] at frequencies 100^(k/bands): [...,8·bands], the four sines, then the four cosines of each.
func (n *net) waves(x *onnx.Value, bands int) *onnx.Value {
	var parts []*onnx.Value
	for k := range bands {
		angle := n.Mul(x, n.Scalar(float32(math.Pow(100, float64(float32(k)/float32(bands))))))
		parts = append(parts, n.Op("Sin", angle), n.Op("Cos", angle))
	}
	return n.Concat(2, parts...)
}

// addFuser lets rows x [B·S,C] attend to themselves and to tokens [B,30,D], and mixes the answer in by a learned weight times gate [B,1,1].
func addFuser(u *unet, set *weights.Set, c GLIGENConfig, i int, x, tokens, gate *onnx.Value) *onnx.Value {
	if i >= len(c.fusers) || u.columns(x) != c.Fusers[i] {
		return u.Fail(fmt.Errorf("GLIGEN: it has layers of the widths %v, and transformer %d of the UNet has width %d: %w", c.Fusers, i, u.columns(x), ErrUnsupported))
	}
	path, width := c.fusers[i], c.Fusers[i]
	defer u.Scope("fuser")()
	f := &unet{net: newNet(u.Builder, set, Patches{}), config: u.config, batch: u.batch}
	pictures := u.Concat(0, u.batch, u.Ints(onnx.Unknown, width)) // [B,…,C]
	objects := f.linear(u.Reshape(tokens, onnx.Unknown, int64(c.Width)), path+".linear")
	mixed := func(x, y *onnx.Value, weight string) *onnx.Value {
		factor := u.Mul(u.Op("Tanh", f.weightAs(weight, 1)), gate)
		return u.Add(x, u.Reshape(u.Mul(u.ReshapeTo(y, pictures), factor), onnx.Unknown, width))
	}
	q := f.layerNorm(x, path+".norm1")
	seen := u.Concat(1, u.ReshapeTo(q, pictures), u.ReshapeTo(f.layerNorm(objects, path+".norm1"), pictures))
	seen = u.Reshape(seen, onnx.Unknown, width) // [B·(S+30),C]
	x = mixed(x, f.attention(sources{q, seen, seen, u.batch}, path+".attn", nil), path+".alpha_attn")
	return mixed(x, f.geglu(f.layerNorm(x, path+".norm2"), path+".ff.net"), path+".alpha_dense")
}

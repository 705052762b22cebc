package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// UNetOptions choose a variant of the graph. The zero value takes any latent size and has one output.
type UNetOptions struct {
	// Features adds the output "h" [B,C,h,w]: the state after the last input block, before the middle block.
	Features bool
	// Control adds an input for each residual of a ControlNet: "control.<i>" is added to the result of input block i before an
	// output block reads it, "control.middle" to the middle block's.
	Control bool
	// Adapted adds an input "adapter.<i>" to the result of each of these input blocks, and for Middle "adapter.middle" to that of the
	// middle block, as T2I adapters want it.
	Adapted []int
	// Even promises latents whose height and width are divisible by 2^Levels; enlarging then costs 4/9 of the multiplications.
	Even bool
	// Batch, Height, Width and Tokens fix sizes of the inputs, where they are not 0.
	Batch, Height, Width, Tokens int
	Patches
}

// UNet is the graph of a denoising network.
//
// Inputs: "x" [B,C,H,W] latents scaled by c_in, "timesteps" [B], "context" [B,T,D] unless ContextDim is 0, "y" [B,LabelDim] if
// LabelDim is not 0, and those of the options. Output "out" [B,OutChannels,H,W], and "h" with Features.
func UNet(set *weights.Set, o UNetOptions) (*onnx.Graph, error) {
	c, err := ReadUNet(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("UNet")
	in := unetInputs(b, c, o)
	in.controlInputs(b, c, o)
	out := AddUNet(b, set, c, o, in)
	b.Output("out", out.Out)
	if o.Features {
		b.Output("h", out.Features)
	}
	return finish(b, "UNet")
}

// finish ends a graph and says which network an error is about.
func finish(b *onnx.Builder, what string) (*onnx.Graph, error) {
	g, err := b.Graph()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return g, nil
}

// levelSize is a latent size after it was halved that often, rounding up each time; 0 stays unknown.
func levelSize(size, level int) int {
	for range level {
		size = (size + 1) / 2
	}
	return size
}

// UNetInputs are the values a UNet or ControlNet reads; those after Context are nil where there are none.
type UNetInputs struct {
	X, Timesteps, Context, Y *onnx.Value
	Types                    *onnx.Value   // [Types] of a ControlNet union
	Control                  []*onnx.Value // one per input block
	ControlMiddle            *onnx.Value
	Adapted                  map[int]*onnx.Value // by input block or Middle
}

// UNetOutputs are the values a UNet yields.
type UNetOutputs struct{ Out, Features *onnx.Value }

func unetInputs(b *onnx.Builder, c UNetConfig, o UNetOptions) UNetInputs {
	batch := fixed(o.Batch, "batch")
	in := UNetInputs{
		X:         b.Input("x", onnx.Float32, batch, c.InChannels, fixed(o.Height, "height"), fixed(o.Width, "width")),
		Timesteps: b.Input("timesteps", onnx.Float32, batch),
	}
	if c.ContextDim > 0 {
		in.Context = b.Input("context", onnx.Float32, batch, fixed(o.Tokens, "tokens"), c.ContextDim)
	}
	if c.LabelDim > 0 {
		in.Y = b.Input("y", onnx.Float32, batch, c.LabelDim)
	}
	return in
}

// AddUNet writes a UNet into a graph that already has its inputs, so that several networks may share one graph.
func AddUNet(b *onnx.Builder, set *weights.Set, c UNetConfig, o UNetOptions, in UNetInputs) UNetOutputs {
	u := newUNet(b, set, c, o, in)
	x, skips := u.encode(in.X, in.Adapted)
	features := x
	u.inMiddle = true
	x = u.block(c.middle, x, nil)
	u.inMiddle = false
	x = u.added(x, in.ControlMiddle, in.Adapted[Middle])
	for i, blk := range c.output {
		last := len(skips) - 1 - i
		skip := skips[last]
		if last < len(in.Control) {
			skip = u.Add(skip, in.Control[last])
		}
		var next *onnx.Value // the picture whose size an enlargement must reach, nil for twice the size
		if last > 0 && (!o.Even || reached(o.Edits, last)) {
			next = skips[last-1]
		}
		x, skip = u.edits.join(last, x, skip)
		x = u.block(blk, u.Concat(1, x, skip), next)
	}
	x = u.groupNormSilu(x, "out.0", 1e-5)
	out := UNetOutputs{Out: u.convSame(x, "out.2"), Features: u.edits.features(features)}
	u.checkPatches()
	return out
}

// unet is a UNet (or the encoder half of one) in the making.
type unet struct {
	*net
	config   UNetConfig
	emb      *onnx.Value // silu of the time embedding [B,4·ModelChannels]
	context  *onnx.Value // rows [B·T,ContextDim]
	batch    *onnx.Value // B as a vector of one number
	edits    edits
	layers   int         // transformer blocks so far
	inMiddle bool        // the middle block is being written
	picture  *onnx.Value // what the transformer in the making sees [B,C,H,W]
}

func newUNet(b *onnx.Builder, set *weights.Set, c UNetConfig, o UNetOptions, in UNetInputs) *unet {
	u := &unet{net: newNet(b, set, o.Patches), config: c}
	if in.Context != nil {
		u.context = u.Reshape(in.Context, onnx.Unknown, int64(c.ContextDim))
	}
	u.batch = u.Sizes(in.X, 0, 1)
	emb := u.twoLayers(u.timestepEmbedding(in.Timesteps, c.ModelChannels), "time_embed")
	switch {
	case c.Classes > 0:
		emb = u.Add(emb, u.Gather(u.weight("label_emb.weight"), u.Reshape(u.Cast(in.Y, onnx.Int64), onnx.Unknown), 0))
	case in.Y != nil:
		emb = u.Add(emb, u.twoLayers(in.Y, "label_emb.0"))
	}
	if in.Types != nil {
		emb = u.Add(emb, u.typeEmbedding(in.Types))
	}
	u.emb = u.silu(emb)
	u.edits = newEdits(u, o.Edits)
	return u
}

// twoLayers is linear, SiLU, linear at path.0 and path.2.
func (u *unet) twoLayers(x *onnx.Value, path string) *onnx.Value {
	return u.linear(u.silu(u.linear(x, path+".0")), path+".2")
}

// timestepEmbedding is [cos(t·f), sin(t·f)] for timesteps t [B], with f = Frequencies(width/2); the result is [B,width].
func (n *net) timestepEmbedding(t *onnx.Value, width int) *onnx.Value {
	f := Frequencies(width / 2)
	angle := n.Mul(n.Unsqueeze(t, 1), n.Const("frequencies", f, 1, int64(len(f))))
	return n.Concat(1, n.Op("Cos", angle), n.Op("Sin", angle))
}

// Frequencies are f_k = 10000^(-k/half), by which networks take numbers. They are rounded as float32 arithmetic rounds them: at t = 999
// one bit of f is 6e-5 of the angle.
func Frequencies(half int) []float32 {
	f := make([]float32, half)
	for k := range f {
		f[k] = float32(math.Exp(float64(float32(-math.Log(10000)) * float32(k) / float32(half))))
	}
	return f
}

// encode runs the input blocks and returns the last result and all of them; added has what is added to the results of some.
func (u *unet) encode(x *onnx.Value, added map[int]*onnx.Value) (last *onnx.Value, skips []*onnx.Value) {
	for i, blk := range u.config.input {
		x = u.added(u.block(blk, x, nil), added[i])
		x = u.edits.encoded(i, x)
		skips = append(skips, x)
		x = u.edits.onward(i, x)
	}
	return x, skips
}

// block runs the parts of a block; next is the picture whose size an enlargement must reach, nil for twice the size.
func (u *unet) block(blk block, x, next *onnx.Value) *onnx.Value {
	for _, p := range blk {
		leave := u.Scope(p.path)
		switch p.kind {
		case convPart:
			x = u.convSame(x, p.path)
		case residualPart:
			x = u.residual(x, p.path)
		case transformerPart:
			x = u.transformer(x, p)
		case downPart:
			x = u.conv(x, p.path+".op", half)
		case upPart:
			if next == nil {
				x = u.upsampleDouble(x, p.path+".conv")
			} else {
				x = u.upsampleTo(x, next, p.path+".conv")
			}
		}
		leave()
	}
	return x
}

// residual is x + conv(silu(norm(conv(silu(norm(x))) + emb))), with a convolution on x where the channels change.
func (u *unet) residual(x *onnx.Value, path string) *onnx.Value {
	h := u.groupNormSilu(x, path+".in_layers.0", 1e-5)
	h = u.convSame(h, path+".in_layers.2") // [B,M,H,W]
	emb := u.linear(u.emb, path+".emb_layers.1")
	h = u.Add(h, u.Unsqueeze(emb, 2, 3))
	h = u.groupNormSilu(h, path+".out_layers.0", 1e-5)
	h = u.convSame(h, path+".out_layers.3")
	if u.set.Has(path + ".skip_connection.weight") {
		x = u.convSame(x, path+".skip_connection")
	}
	return u.Add(x, h)
}

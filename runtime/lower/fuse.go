package lower

import (
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// conv is a convolution with channels last. Its kernel must be known beforehand, for it is turned around while the graph is loaded.
func conv(l *lowering, n *onnx.Node) *value {
	x, w, b := l.in(n, 0), l.in(n, 1), l.in(n, 2)
	if n.Int("group", 1) != 1 || slices.Max(n.Ints("dilations", 1, 1)) != 1 || !w.constant || b != nil && !b.constant {
		return nil
	}
	return l.convolution(func() *onnx.Value { return l.picture(x) }, w, b, n.Ints("strides", 1, 1), n.Ints("pads", 0, 0, 0, 0))
}

// convolution is conv of a picture that is made when it is needed; bias may be nil.
func (l *lowering) convolution(picture func() *onnx.Value, w, bias *value, strides, pads []int64) *value {
	run := func(b *value) *onnx.Value {
		x := picture()
		if pads[0] != pads[2] || pads[1] != pads[3] { // the provider convolves with the larger padding and cuts, which costs a copy too
			x = l.Op("Pad", x, l.Ints(0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0))
			pads = []int64{0, 0, 0, 0}
		}
		return l.nhwcConv(x, w, b, onnx.Ints("strides", strides...), onnx.Ints("pads", pads...))
	}
	return l.biased(form{l.half(), true}, bias, run)
}

// biased is a layer whose bias may be left to whoever reads it: run computes it with the bias, or without for nil.
func (l *lowering) biased(f form, bias *value, run func(bias *value) *onnx.Value) *value {
	if bias == nil {
		return later(f, func() *onnx.Value { return run(nil) })
	}
	core := sync.OnceValue(func() *onnx.Value { return run(nil) })
	v := later(f, func() *onnx.Value { return run(bias) })
	v.terms = &terms{core: core, bias: bias}
	return v
}

// gemm is a linear layer.
func gemm(l *lowering, n *onnx.Node) *value {
	a, w, b := l.in(n, 0), l.in(n, 1), l.in(n, 2)
	if n.Int("transA", 0) != 0 || a.constant && w.constant || l.dtype("Gemm", []*value{a, w}) != l.half() {
		return nil
	}
	transB := n.Int("transB", 0) == 1
	if b != nil && (!b.constant || len(b.old.Shape) != 1) {
		return nil
	}
	rows := l.rows(a)
	return l.biased(form{l.half(), false}, b, func(b *value) *onnx.Value {
		var bias *onnx.Value
		if b != nil {
			bias = l.rows(b)
		}
		return l.Gemm(rows, l.rows(w), bias, transB)
	})
}

// add waits for its reader where its operands are rows or pictures.
func add(l *lowering, n *onnx.Node) *value {
	a, b := l.in(n, 0), l.in(n, 1)
	out := n.Out[0].Shape
	pictures := len(out) == 4 && (a.natural.last || b.natural.last)
	rows := len(out) == 2 && out[1] != onnx.Unknown
	if n.Out[0].DType != onnx.Float32 || !pictures && !rows || l.dtype("Add", []*value{a, b}) != l.half() {
		return nil
	}
	if b.biasWaits() && !a.biasWaits() || !a.whole(out) {
		a, b = b, a
	}
	if !a.whole(out) || !b.whole(out) && !(pictures && b.perPicture(out)) {
		if pictures {
			return binary(l, n)
		}
		return nil
	}
	channels := out[1]
	f := form{l.half(), pictures}
	t := &terms{core: func() *onnx.Value { return l.get(a, f) }, skip: b}
	if a.biasWaits() && a.natural == f {
		t.core, t.bias = a.terms.core, a.terms.bias
	}
	v := later(f, func() *onnx.Value {
		if t.bias != nil && b.whole(out) && !l.options.Portable && slices.Contains(biasAddWidths, channels) {
			return l.biasAdd(t.core(), l.rows(t.bias), l.get(b, f))
		}
		return l.Add(l.get(a, f), l.get(b, f))
	})
	v.terms = t
	return v
}

// biasWaits says whether v is a layer and a bias that have not been added yet.
func (v *value) biasWaits() bool { return v.terms != nil && v.terms.skip == nil }

// whole says whether v surely has that shape, and is computed.
func (v *value) whole(shape onnx.Shape) bool {
	return !v.input && !v.constant && v.old.Shape.Equal(shape)
}

// perPicture says whether v is a vector [B,C,1,1] for the pictures of a shape.
func (v *value) perPicture(shape onnx.Shape) bool {
	s := v.old.Shape
	return !v.input && !v.constant && len(s) == 4 && s[2] == 1 && s[3] == 1 && s[0] == shape[0] && s[1] == shape[1]
}

// layerNorm takes the sum in front of it along.
func layerNorm(l *lowering, n *onnx.Node) *value {
	x := l.in(n, 0)
	f := form{l.half(), false}
	if len(n.Out) != 1 || len(n.In) != 3 || x.terms == nil || x.terms.skip == nil || x.natural != f {
		return nil
	}
	args := []onnx.Arg{x.terms.core(), l.get(x.terms.skip, f), l.rows(l.in(n, 1)), l.rows(l.in(n, 2))}
	if b := x.terms.bias; b != nil {
		args = append(args, l.rows(b))
	}
	eps, _ := n.Attr("epsilon").(float32)
	out := l.Ops(4, onnx.Micro+"::SkipLayerNormalization", append(args, onnx.Float("epsilon", eps))...)
	l.LeaveOut(out[1], out[2])
	x.set(out[3])
	return made(n.Out[0], f, out[0])
}

// groupRules rewrite groups as a whole. A rule returns nil where it does not fit; the group is written node by node then.
var groupRules = map[string]func(l *lowering, g *onnx.Group) *value{
	"GroupNorm": groupNorm, "GroupNormSiLU": groupNorm, "GEGLU": geglu, "UpsampleConv": upsampleConv,
}

// groupNorm takes a SiLU behind it and the sum in front of it along.
func groupNorm(l *lowering, g *onnx.Group) *value {
	groups, eps := attr[int64](g, "groups"), attr[float32](g, "epsilon")
	x, gamma, beta := l.values[g.In[0]], l.values[g.In[1]], l.values[g.In[2]]
	if x == nil || gamma == nil || beta == nil || !gamma.constant || !beta.constant { // read inside of the group in another shape
		return nil
	}
	c := gamma.old.Shape.Count()
	if groups != kernelGroups || c%(2*groups) != 0 { // the kernel takes channels of a group in pairs
		return nil
	}
	f := form{l.half(), true}
	o := normOptions{groups: groups, eps: eps, silu: g.Kind == "GroupNormSiLU"}
	after := l.readers[g.Out]
	alone := len(after) == 1 && after[0] != nil && after[0].Type() == onnx.Micro+"::QuickGelu" && after[0].Attr("alpha") == float32(1)
	o.silu = o.silu || alone
	scale, shift := l.vector(gamma, full), l.vector(beta, full)
	var y *onnx.Value
	if t := x.terms; t != nil && t.skip != nil && x.natural == f {
		var bias *onnx.Value
		if t.bias != nil {
			bias = l.rows(t.bias)
		}
		var sum *onnx.Value
		y, sum = l.skipGroupNorm(t.core(), scale, shift, l.get(t.skip, f), bias, o)
		x.set(sum)
	} else {
		y = l.groupNorm(l.get(x, f), scale, shift, o)
	}
	v := made(g.Out, f, y)
	if alone {
		l.values[after[0].Out[0]] = made(after[0].Out[0], f, y)
	}
	return v
}

func attr[T any](g *onnx.Group, name string) T {
	var none T
	for _, a := range g.Attrs {
		if v, ok := a.Value.(T); ok && a.Name == name {
			return v
		}
	}
	return none
}

// geglu is one matrix product for both halves and one pass for the rest, where the halves lie side by side in the file.
func geglu(l *lowering, g *onnx.Group) *value {
	h, gate := g.In[0].Producer, g.In[1].Producer
	if h == nil || gate == nil || h.Op != "Gemm" || gate.Op != "Gemm" || h.In[0] != gate.In[0] || len(h.In) < 3 || len(gate.In) < 3 ||
		h.Int("transB", 0) != 1 || gate.Int("transB", 0) != 1 {
		return nil
	}
	inner := g.Out.Shape[len(g.Out.Shape)-1]
	if !slices.Contains(splitGeluWidths, inner) && !l.options.Portable {
		return nil
	}
	w, bias := l.joined(h.In[1], gate.In[1]), l.joined(h.In[2], gate.In[2])
	if w == nil || bias == nil {
		return nil
	}
	y := l.Gemm(l.rows(l.values[h.In[0]]), l.Cast(w, l.half()), nil, true) // [R,2D]
	return made(g.Out, form{l.half(), false}, l.splitGelu(y, l.Cast(bias, l.half()), inner))
}

// joined is two weights that follow each other in a file as one; nil if they do not.
func (l *lowering) joined(a, b *onnx.Value) *onnx.Value {
	x, y := source(a), source(b)
	if x == nil || y == nil || x.DType != y.DType || x.File.Path != y.File.Path || y.File.Offset != x.File.Offset+x.File.Length ||
		!slices.Equal(x.Shape[1:], y.Shape[1:]) {
		return nil
	}
	shape := slices.Clone(x.Shape)
	shape[0] += y.Shape[0]
	return l.FromFile(x.Name, x.DType, shape, onnx.External{Path: x.File.Path, Offset: x.File.Offset, Length: x.File.Length + y.File.Length})
}

// source is the weight in a file that v is, perhaps widened to float32; nil for anything else.
func source(v *onnx.Value) *onnx.Initializer {
	if p := v.Producer; p != nil && p.Op == "Cast" && v.DType == onnx.Float32 {
		v = p.In[0]
	}
	if v.Init == nil || v.Init.File == nil {
		return nil
	}
	return v.Init
}

// upsampleConv enlarges and convolves: with a GPU's own kernels that is faster than four convolutions with a quarter of the taps each.
func upsampleConv(l *lowering, g *onnx.Group) *value {
	x, w := l.values[g.In[0]], l.values[g.In[1]]
	var bias *value
	if g.In[2] != nil {
		bias = l.values[g.In[2]]
	}
	if !w.constant || bias != nil && !bias.constant {
		return nil
	}
	large := sync.OnceValue(func() *onnx.Value { return l.doubled(l.picture(x)) })
	return l.convolution(large, w, bias, []int64{1, 1}, []int64{1, 1, 1, 1})
}

// doubled is x [B,H,W,C] with every pixel four times. Beside each other in memory lie first the columns, then the rows, so that it takes two
// concatenations; the provider's Resize works out every element's place anew, and waits for its scales to be copied.
func (l *lowering) doubled(x *onnx.Value) *onnx.Value {
	c := x.Shape[3]
	wide := l.Reshape(l.Concat(3, x, x), 0, 0, onnx.Unknown, c) // [B,H,2W,C]
	lines := l.Reshape(wide, 0, 0, onnx.Unknown)                // [B,H,2W*C]
	sizes := l.Concat(0, l.Gather(l.Op("Shape", x), l.Ints(0), 0), l.Ints(onnx.Unknown), l.Gather(l.Op("Shape", wide), l.Ints(2), 0), l.Ints(c))
	return l.ReshapeTo(l.Concat(2, lines, lines), sizes) // [B,2H,2W,C]
}

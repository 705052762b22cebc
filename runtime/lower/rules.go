package lower

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// rules are the operators that are not written as they are. A rule returns nil where it does not fit; the node is copied then.
var rules map[string]func(l *lowering, n *onnx.Node) *value

func init() {
	rules = map[string]func(l *lowering, n *onnx.Node) *value{
		"Cast": cast, "Shape": sizes, "Reshape": reshape, "Transpose": transpose, "Unsqueeze": unsqueeze,
		"Concat": concat, "Resize": resize,
		"Conv": conv, "Gemm": gemm, "Add": add, "LayerNormalization": layerNorm,
	}
	for _, op := range []string{"Neg", "Tanh", "Sigmoid", "Relu", "Gelu", "Identity", onnx.Micro + "::QuickGelu"} {
		rules[op] = unary
	}
	for _, op := range []string{"Sub", "Mul", "Div"} {
		rules[op] = binary
	}
}

// inHalf are operators that are computed in the compute type, whatever type their inputs have, unless nothing that goes in is a network's: neither
// one of its weights nor a result in the compute type.
var inHalf = []string{
	"Conv", "ConvTranspose", "Gemm", "MatMul", "LayerNormalization", "InstanceNormalization",
	onnx.Micro + "::MultiHeadAttention", onnx.Micro + "::FusedMatMul",
}

// inFull are operators that lose too much in half precision, or have no kernel for it.
var inFull = []string{
	"Sin", "Cos", "Acos", "Exp", "Log", "Sqrt", "Reciprocal", "Pow", "Erf", "ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceMax", "Range", "TopK",
	"Abs", "Sign", "Clip", "Trilu", "ScatterElements", "ScatterND", "LeakyRelu", "PRelu", "Min", "Max",
}

// dtype is the type in which an operator on these values is computed: that of its activations, half where one is half. A difference
// to an input of the graph, as in a loss, is taken in float32.
func (l *lowering) dtype(op string, in []*value) onnx.DType {
	half, weight, input := false, false, false
	for _, v := range in {
		if v == nil || v.old.DType != onnx.Float32 {
			continue
		}
		half = half || !v.constant && v.natural.dtype == l.half()
		weight = weight || v.constant
		input = input || v.input && op == "Sub"
	}
	switch {
	case slices.Contains(inFull, op):
		return full
	case slices.Contains(inHalf, op):
		if half || weight {
			return l.half()
		}
		return full
	case half && !input:
		return l.half()
	}
	return full
}

// plain copies a node with channels where the old graph has them.
func (l *lowering) plain(n *onnx.Node) {
	in := make([]*value, len(n.In))
	constant := true
	for i := range n.In {
		if in[i] = l.in(n, i); in[i] != nil && !in[i].constant {
			constant = false
		}
	}
	t := l.dtype(n.Type(), in)
	if constant { // onnxruntime works it out with the CPU's operators, of which many have no half precision
		t = full
	}
	args := make([]onnx.Arg, 0, len(in)+len(n.Attrs))
	for i, v := range in {
		switch {
		case v == nil:
			args = append(args, nil)
		case n.In[i].DType == onnx.Float32:
			args = append(args, l.get(v, form{t, false}))
		default:
			args = append(args, l.get(v, form{n.In[i].DType, false}))
		}
	}
	for _, a := range n.Attrs {
		args = append(args, a)
	}
	out := l.Ops(len(n.Out), n.Type(), args...)
	for i, v := range out {
		made := made(n.Out[i], form{v.DType, false}, v)
		made.constant = constant
		l.values[n.Out[i]] = made
	}
}

// cast between floating-point types is another form of the same value, except where it rounds on purpose.
func cast(l *lowering, n *onnx.Node) *value {
	x := l.in(n, 0)
	to := onnx.DType(n.Int("to", 0))
	if to != onnx.Float32 || !isFloat(n.In[0].DType) {
		return nil
	}
	v := &value{natural: x.natural, forms: x.forms, make: x.make, constant: x.constant}
	if x.make != nil {
		v = later(x.natural, func() *onnx.Value { return l.get(x, x.natural) })
	}
	return v
}

// sizes reads the sizes of a picture where they are. It reads all and chooses: onnxruntime 1.31 takes wrong ones where a Shape of some axes follows a
// Transpose.
func sizes(l *lowering, n *onnx.Node) *value {
	x := l.in(n, 0)
	if len(n.In[0].Shape) != 4 || x.input {
		return nil
	}
	places := []int64{0, 1, 2, 3}
	if x.natural.last {
		places = []int64{0, 3, 1, 2}
	}
	places = places[n.Int("start", 0):n.Int("end", 4)]
	return made(n.Out[0], form{onnx.Int64, false}, l.Gather(l.Op("Shape", l.get(x, x.natural)), l.Ints(places...), 0))
}

// reshape keeps a waiting bias waiting where the last axis stays.
func reshape(l *lowering, n *onnx.Node) *value {
	x, shape := l.in(n, 0), l.in(n, 1)
	if x.terms == nil || x.terms.skip != nil || x.natural.last {
		return nil
	}
	in, out := n.In[0].Shape, n.Out[0].Shape
	if len(out) == 0 || in[len(in)-1] != out[len(out)-1] || out[len(out)-1] == onnx.Unknown {
		return nil
	}
	to := l.get(shape, form{onnx.Int64, false})
	from := x.terms
	v := later(x.natural, func() *onnx.Value { return l.ReshapeTo(l.get(x, x.natural), to) })
	v.terms = &terms{bias: from.bias, core: func() *onnx.Value { return l.ReshapeTo(from.core(), to) }}
	return v
}

// transpose between rows of pixels and pictures is no work with channels last.
func transpose(l *lowering, n *onnx.Node) *value {
	x, perm := l.in(n, 0), n.Ints("perm")
	switch {
	case slices.Equal(perm, []int64{0, 2, 3, 1}) && x.natural.last:
		f := form{x.natural.dtype, false}
		return later(f, func() *onnx.Value { return l.get(x, x.natural) })
	case slices.Equal(perm, []int64{0, 3, 1, 2}) && !x.natural.last && !x.constant && x.natural.dtype == l.half():
		v := later(form{x.natural.dtype, true}, func() *onnx.Value { return l.get(x, x.natural) })
		if x.terms != nil && x.terms.skip == nil {
			v.terms = x.terms
		}
		return v
	}
	return nil
}

// unsqueeze of a vector for every picture to [B,C,1,1] is [B,1,1,C] with channels last.
func unsqueeze(l *lowering, n *onnx.Node) *value {
	x := l.in(n, 0)
	axes, _ := n.In[1].Known()
	if len(n.In[0].Shape) != 2 || !slices.Equal(axes, []int64{2, 3}) || n.In[0].DType != onnx.Float32 {
		return nil
	}
	v := later(form{x.natural.dtype, false}, func() *onnx.Value { return l.Unsqueeze(l.get(x, form{x.natural.dtype, false}), 2, 3) })
	v.other = func(f form) *onnx.Value { return l.Unsqueeze(l.get(x, form{f.dtype, false}), 1, 2) }
	return v
}

// unary keeps the layout.
func unary(l *lowering, n *onnx.Node) *value {
	x := l.in(n, 0)
	if n.In[0].DType != onnx.Float32 {
		return nil
	}
	f := form{l.dtype(n.Type(), []*value{x}), x.natural.last}
	args := []onnx.Arg{l.get(x, f)}
	for _, a := range n.Attrs {
		args = append(args, a)
	}
	v := made(n.Out[0], f, l.Op(n.Type(), args...))
	v.constant = x.constant
	return v
}

// binary is an operation element by element, with channels last where a picture has them.
func binary(l *lowering, n *onnx.Node) *value {
	a, b := l.in(n, 0), l.in(n, 1)
	if len(n.Out[0].Shape) != 4 || n.Out[0].DType != onnx.Float32 || !a.natural.last && !b.natural.last {
		return nil
	}
	f := form{l.dtype(n.Type(), []*value{a, b}), true}
	x, y := l.spread(a, f), l.spread(b, f)
	if x == nil || y == nil {
		return nil
	}
	return made(n.Out[0], f, l.Op(n.Type(), x, y))
}

// spread is an operand of an operation on pictures with channels last: a picture, a number, or a constant for every channel; else nil.
func (l *lowering) spread(v *value, f form) *onnx.Value {
	s := v.old.Shape
	switch {
	case len(s) == 4:
		return l.get(v, f)
	case s.Count() == 1:
		return l.get(v, form{f.dtype, false})
	case len(s) == 3 && s[1] == 1 && s[2] == 1 && s[0] != onnx.Unknown:
		return l.Reshape(l.get(v, form{f.dtype, false}), s[0])
	}
	return nil
}

// concat of pictures along the channels.
func concat(l *lowering, n *onnx.Node) *value {
	if len(n.Out[0].Shape) != 4 || n.Int("axis", 0) != 1 || n.Out[0].DType != onnx.Float32 {
		return nil
	}
	var in []*value
	last := false
	for i := range n.In {
		v := l.in(n, i)
		in = append(in, v)
		last = last || v.natural.last
	}
	if !last {
		return nil
	}
	f := form{l.dtype("Concat", in), true}
	var parts []*onnx.Value
	for _, v := range in {
		parts = append(parts, l.get(v, f))
	}
	return made(n.Out[0], f, l.Concat(3, parts...))
}

// resize of height and width to given sizes.
func resize(l *lowering, n *onnx.Node) *value {
	x, to := l.in(n, 0), l.in(n, 3)
	if !x.natural.last || to == nil || n.In[1] != nil || n.In[2] != nil || !slices.Equal(n.Ints("axes"), []int64{2, 3}) {
		return nil
	}
	// All four sizes: where a Transpose follows, onnxruntime permutes those of some axes as if they were all.
	picture := l.get(x, x.natural)
	all := l.Op("Shape", picture)
	whole := l.Concat(0, l.Gather(all, l.Ints(0), 0), l.get(to, form{onnx.Int64, false}), l.Gather(all, l.Ints(3), 0))
	args := []onnx.Arg{picture, nil, nil, whole}
	for _, a := range n.Attrs {
		if a.Name != "axes" {
			args = append(args, a)
		}
	}
	return made(n.Out[0], x.natural, l.Op("Resize", args...))
}

package autodiff

import (
	"math"
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Recompute says what becomes of activations that the backward pass reads.
type Recompute uint8

// Auto recomputes where what is kept would take more than Options.Room; Keep keeps everything; Again recomputes what follows from a
// normalisation by linear layers and operations element by element, such as queries, keys, values and the inside of feed-forward layers.
const (
	Auto Recompute = iota
	Keep
	Again
)

// cheap are the operators that are run again, but for normalisations, with which a chain of them begins.
var cheap = map[string]bool{
	"Gemm": true, "Gelu": true, "com.microsoft::QuickGelu": true, "Mul": true, "Add": true, "Relu": true,
	"Reshape": true, "Transpose": true, "Unsqueeze": true,
}

// again makes the nodes that run once more.
type again struct {
	*backward
	forward map[*onnx.Node]bool
	can     map[*onnx.Value]bool
	copies  map[*onnx.Value]*onnx.Value
}

// recompute lets the backward pass, the nodes behind the first ones, read copies of activations instead of those of the forward pass, if
// the options say so. recomputeLate puts the copies where they are made late.
func (b *backward) recompute(first int) {
	a := again{b, map[*onnx.Node]bool{}, map[*onnx.Value]bool{}, map[*onnx.Value]*onnx.Value{}}
	for _, n := range b.Nodes()[:first] {
		a.forward[n] = true
	}
	reading := slices.Clone(b.Nodes()[first:])
	if o := b.options; o.Recompute == Keep || o.Recompute == Auto && (o.Room <= 0 || a.kept(reading) <= o.Room) {
		return
	}
	made := len(b.Nodes())
	for _, n := range reading {
		for i, v := range n.In {
			if a.possible(v) {
				n.In[i] = a.copy(v)
			}
		}
	}
	copies := map[*onnx.Node]bool{}
	for _, n := range b.Nodes()[made:] {
		copies[n] = true
	}
	b.MoveUp(first, func(n *onnx.Node) bool { return copies[n] })
}

// kept is the bytes of what the forward pass makes and the nodes read; sizes that are not known count as 1.
func (a *again) kept(reading []*onnx.Node) int64 {
	seen, bytes := map[*onnx.Value]bool{}, int64(0)
	for _, n := range reading {
		for _, v := range n.In {
			if v == nil || seen[v] || !a.forward[v.Producer] {
				continue
			}
			seen[v] = true
			size := v.DType.Size()
			for _, d := range v.Shape {
				if d != onnx.Unknown {
					size *= d
				}
			}
			bytes += size
		}
	}
	return bytes
}

// possible says whether v follows from a normalisation by cheap operators and constants alone.
func (a *again) possible(v *onnx.Value) bool {
	if v == nil || !a.forward[v.Producer] || v != v.Producer.Out[0] {
		return false
	}
	if known, ok := a.can[v]; ok {
		return known
	}
	n := v.Producer
	can := normalises(n)
	if cheap[n.Type()] {
		for _, in := range n.In {
			switch {
			case a.possible(in):
				can = true
			case !fixedValue(in):
				a.can[v] = false
				return false
			}
		}
	}
	a.can[v] = can
	return can
}

func normalises(n *onnx.Node) bool {
	return n.Op == "LayerNormalization" || n.Op == "InstanceNormalization"
}

// fixedValue says whether v is an input, a constant, or a conversion of one: there without being made.
func fixedValue(v *onnx.Value) bool {
	return v == nil || v.Producer == nil || v.Producer.Op == "Cast" && v.Producer.In[0].Producer == nil || v.DType != onnx.Float32
}

// copy makes v once more. A normalisation's epsilon is the next number: onnxruntime would find that equal nodes are one, and keep it. What
// follows from the copy is no longer equal to anything.
func (a *again) copy(v *onnx.Value) *onnx.Value {
	if c, ok := a.copies[v]; ok {
		return c
	}
	n := v.Producer
	args := make([]onnx.Arg, 0, len(n.In)+len(n.Attrs))
	for _, in := range n.In {
		if a.possible(in) {
			in = a.copy(in)
		}
		args = append(args, in)
	}
	for _, attr := range n.Attrs {
		if f, ok := attr.Value.(float32); ok && attr.Name == "epsilon" {
			attr.Value = math.Nextafter32(f, 1)
		}
		args = append(args, attr)
	}
	c := a.Op(n.Type(), args...)
	a.copies[v] = c
	return c
}

package autodiff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// ErrGradient is wrapped by errors about a graph that has no gradient, or none that this package can write.
var ErrGradient = errors.New("no gradient")

// Options of Gradients. The zero value keeps the activations that the backward pass reads, but for those that a rule makes again anyway.
type Options struct {
	// Recompute bounds memory at the price of time; the zero value decides by Room.
	Recompute Recompute
	// Room is the bytes that kept activations may take before Auto recomputes; 0 is no bound.
	Room int64
	// Block bounds the probabilities of attention that exist at a time, in bytes of float32; 0 is 16 MB, which suits a CPU's cache. A GPU wants
	// them in one piece.
	Block int64
	// Align makes the widths of products that a rule chooses multiples of this number, for a GPU's matrix units; 0 is 1.
	Align int64
}

// Gradients writes into b the gradient of loss, one float32 element, with respect to each of wrt: inputs of the graph or values in
// it. Results have the order of wrt and the shapes of its values. b remembers an error, as with every formula; a value that loss does
// not depend on is one, and names it. Errors wrap ErrGradient.
//
// Sizes must be known wherever a gradient flows, except that a size may stay unknown where no rule needs its number (the rank of a LoRA).
func Gradients(b *onnx.Builder, loss *onnx.Value, wrt []*onnx.Value, o Options) []*onnx.Value {
	out := make([]*onnx.Value, len(wrt))
	fail := func(format string, args ...any) []*onnx.Value {
		broken := b.Fail(fmt.Errorf("gradients: "+format+": %w", append(args, ErrGradient)...))
		for i := range out {
			out[i] = broken
		}
		return out
	}
	if b.Err() != nil {
		return fail("the graph has an error already")
	}
	if loss.DType != onnx.Float32 || loss.Shape.Count() != 1 {
		return fail("the loss %s is %v%v, wants one float32 element", loss.Name, loss.DType, loss.Shape)
	}
	p := findPath(b, loss, wrt)
	for i, v := range wrt {
		switch {
		case v.DType != onnx.Float32:
			return fail("%s is %v, wants float32", v.Name, v.DType)
		case !p.has(v):
			return fail("the loss does not depend on %s (value %d of %d)", v.Name, i, len(wrt))
		}
	}
	leave := b.Scope("gradient")
	defer leave()
	w := &backward{Builder: b, options: o, sums: map[*onnx.Value]*onnx.Value{}, wanted: map[*onnx.Value]bool{}}
	for _, v := range wrt {
		w.wanted[v] = true
	}
	first := len(b.Nodes())
	w.seed = b.Op("Expand", b.Scalar(1), b.Ints(loss.Shape...))
	w.sums[loss] = w.seed
	for _, u := range slices.Backward(p.units) {
		w.step(u)
	}
	if b.Err() != nil {
		return fail("%s", b.Err())
	}
	for i, v := range wrt {
		out[i] = w.sums[v]
	}
	w.recompute(first)
	recomputeLate(b, first, w.seed)
	return out
}

// recomputeLate moves the nodes that the rules wrote and that read activations only in front of those that wait for a gradient. So they run
// when the backward pass gets there; in their places they would run during the forward pass, and their results be kept.
func recomputeLate(b *onnx.Builder, first int, seed *onnx.Value) {
	waits := map[*onnx.Value]bool{seed: true}
	for _, n := range b.Nodes()[first:] {
		for _, v := range n.In {
			if waits[v] {
				for _, out := range n.Out {
					waits[out] = true
				}
			}
		}
	}
	b.MoveUp(first, func(n *onnx.Node) bool { return !waits[n.Out[0]] })
}

// backward is a backward pass in the making.
type backward struct {
	*onnx.Builder
	options Options
	seed    *onnx.Value                 // gradient of the loss: 1
	sums    map[*onnx.Value]*onnx.Value // gradient of each value, as far as it has been added up
	wanted  map[*onnx.Value]bool        // values whose gradient is wanted
}

// step adds what one unit contributes to the gradients of its inputs.
func (b *backward) step(u *unit) {
	if b.Err() != nil {
		return
	}
	defer b.Scope(u.name)()
	dy, flows := make([]*onnx.Value, len(u.out)), false
	for i, v := range u.out {
		dy[i] = b.sums[v]
		flows = flows || dy[i] != nil
		if !b.wanted[v] {
			delete(b.sums, v)
		}
	}
	if !flows {
		return
	}
	dx := u.rule(b, u, dy)
	if b.Err() != nil {
		return
	}
	if len(dx) != len(u.in) {
		b.failf("the rule of %s %s returned %d gradients for %d inputs", u.kind, u.name, len(dx), len(u.in))
		return
	}
	for i, v := range u.in {
		if !u.need[i] {
			continue
		}
		if dx[i] == nil {
			b.failf("%s %s: there is no rule for the gradient of input %d, %s", u.kind, u.name, i, v.Name)
			return
		}
		b.add(u, i, dx[i])
	}
}

// add adds a contribution to the gradient of input i of u. It is the one place that undoes broadcasting.
func (b *backward) add(u *unit, i int, d *onnx.Value) {
	v := u.in[i]
	d = b.unbroadcast(d, v)
	if b.Err() == nil && (d.DType != v.DType || !agree(d.Shape, v.Shape)) {
		b.failf("%s %s: the rule's gradient of input %d, %s, is %v%v, wants %v%v", u.kind, u.name, i, v.Name, d.DType, d.Shape, v.DType, v.Shape)
		return
	}
	if before := b.sums[v]; before != nil {
		d = b.Add(before, d)
	}
	b.sums[v] = d
}

// take hands what has been added up for v to a rule that goes on adding by itself; nil when there is nothing yet. The rule's result
// then is the whole sum.
func (b *backward) take(v *onnx.Value) *onnx.Value {
	before := b.sums[v]
	delete(b.sums, v)
	return before
}

// unbroadcast sums d over the axes along which v was repeated.
func (b *backward) unbroadcast(d, v *onnx.Value) *onnx.Value {
	extra := len(d.Shape) - len(v.Shape)
	if b.Err() != nil || extra < 0 {
		return d
	}
	var axes []int64
	for i := range d.Shape {
		if i < extra || v.Shape[i-extra] == 1 && d.Shape[i] != 1 {
			axes = append(axes, int64(i))
		}
	}
	if len(axes) == 0 {
		return d
	}
	return b.reshapeLike(b.sum(d, true, axes...), v)
}

// agree says whether two shapes may be the same; unknown sizes agree with every other.
func agree(s, t onnx.Shape) bool {
	return slices.EqualFunc(s, t, func(a, c int64) bool { return a == c || a == onnx.Unknown || c == onnx.Unknown })
}

func (b *backward) failf(format string, args ...any) *onnx.Value {
	return b.Fail(fmt.Errorf(format+": %w", append(args, ErrGradient)...))
}

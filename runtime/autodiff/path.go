package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// unit is what one rule differentiates: a node, or the nodes of a group together.
type unit struct {
	kind  string // operator as Builder.Op takes it, or kind of the group
	name  string
	in    []*onnx.Value // nil: an optional input left out
	out   []*onnx.Value
	need  []bool // inputs whose gradient is wanted
	rule  rule
	attrs *onnx.Node // holds the attributes
}

func (u *unit) int(name string, otherwise int64) int64 { return u.attrs.Int(name, otherwise) }

func (u *unit) ints(name string, otherwise ...int64) []int64 { return u.attrs.Ints(name, otherwise...) }

func (u *unit) float(name string, otherwise float32) float32 {
	if v, ok := u.attrs.Attr(name).(float32); ok {
		return v
	}
	return otherwise
}

func (u *unit) text(name, otherwise string) string {
	if v, ok := u.attrs.Attr(name).(string); ok {
		return v
	}
	return otherwise
}

// input is input i, nil where it is left out.
func (u *unit) input(i int) *onnx.Value {
	if i < len(u.in) {
		return u.in[i]
	}
	return nil
}

// needs says whether the gradient of input i is wanted.
func (u *unit) needs(i int) bool { return i < len(u.need) && u.need[i] }

// path is the part of a graph through which gradients flow from the loss to the wanted values.
type path struct {
	values map[*onnx.Value]bool
	units  []*unit // in the order in which they run
}

func (p *path) has(v *onnx.Value) bool { return p.values[v] }

// findPath marks the values that depend on one of wrt and that loss depends on, and cuts the nodes between them into units.
func findPath(b *onnx.Builder, loss *onnx.Value, wrt []*onnx.Value) *path {
	depends := map[*onnx.Value]bool{}
	for _, v := range wrt {
		depends[v] = true
	}
	for _, n := range b.Nodes() {
		if stops(n.Type()) || !slices.ContainsFunc(n.In, func(v *onnx.Value) bool { return depends[v] }) {
			continue
		}
		for _, v := range n.Out {
			if v.DType == onnx.Float32 {
				depends[v] = true
			}
		}
	}
	p := &path{values: map[*onnx.Value]bool{}}
	reached := map[*onnx.Value]bool{loss: true}
	var nodes []*onnx.Node
	for _, n := range slices.Backward(b.Nodes()) {
		if stops(n.Type()) || !slices.ContainsFunc(n.Out, func(v *onnx.Value) bool { return reached[v] }) {
			continue
		}
		for _, v := range n.In {
			reached[v] = true
		}
		if slices.ContainsFunc(n.Out, func(v *onnx.Value) bool { return depends[v] }) {
			nodes = append(nodes, n)
		}
	}
	slices.Reverse(nodes)
	for v := range depends {
		p.values[v] = reached[v]
	}
	p.cut(b, nodes, wrt)
	return p
}

// cut makes units of the nodes on the path: of the largest groups that have a rule and that nothing looks into, else of single nodes.
func (p *path) cut(b *onnx.Builder, nodes []*onnx.Node, wrt []*onnx.Value) {
	readers := map[*onnx.Value][]*onnx.Node{}
	for _, n := range nodes {
		for _, v := range n.In {
			readers[v] = append(readers[v], n)
		}
	}
	of := map[*onnx.Node]*unit{}
	for _, g := range slices.Backward(b.Groups()) { // outer groups come after inner ones
		r, ok := groups[g.Kind]
		if !ok || len(g.Nodes) == 0 || of[g.Nodes[len(g.Nodes)-1]] != nil {
			continue
		}
		u := p.unit(g.Kind, g.Nodes[len(g.Nodes)-1].Name, g.In, []*onnx.Value{g.Out}, r.rule)
		u.attrs = &onnx.Node{Attrs: g.Attrs}
		if p.has(g.Out) && r.takes(u) && p.closed(g, readers, wrt) {
			for _, n := range g.Nodes {
				of[n] = u
			}
		}
	}
	done := map[*unit]bool{}
	for _, n := range slices.Backward(nodes) {
		u := of[n]
		if u == nil {
			u = p.unit(n.Type(), n.Name, n.In, n.Out, rules[n.Type()])
			u.attrs = n
		}
		if !done[u] {
			done[u] = true
			p.units = append(p.units, u)
		}
	}
	slices.Reverse(p.units)
}

func (p *path) unit(kind, name string, in, out []*onnx.Value, r rule) *unit {
	u := &unit{kind: kind, name: name, in: in, out: out, rule: r, need: make([]bool, len(in))}
	for i, v := range in {
		u.need[i] = v != nil && p.has(v)
	}
	if r == nil { // nothing behind a stop is on the path
		u.rule = missing
	}
	return u
}

// closed says whether gradients enter a group only through its result and leave it only through the inputs that it names.
func (p *path) closed(g *onnx.Group, readers map[*onnx.Value][]*onnx.Node, wrt []*onnx.Value) bool {
	inside := func(n *onnx.Node) bool { return slices.Contains(g.Nodes, n) }
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if p.has(v) && !slices.Contains(g.In, v) && (v.Producer == nil || !inside(v.Producer)) {
				return false
			}
		}
		for _, v := range n.Out {
			if v == g.Out || !p.has(v) {
				continue
			}
			if slices.Contains(wrt, v) || slices.ContainsFunc(readers[v], func(n *onnx.Node) bool { return !inside(n) }) {
				return false
			}
		}
	}
	return true
}

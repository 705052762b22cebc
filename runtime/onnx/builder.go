package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrGraph is wrapped by every error of a Builder: a formula whose types or shapes do not fit.
var ErrGraph = errors.New("graph")

// Builder writes a graph formula by formula. It remembers its first error and from then on returns placeholder values, so that
// formulas need no error checks between them; Graph reports the error.
type Builder struct {
	graph   Graph
	scope   string
	err     error
	names   map[string]int
	scalars map[string]*Value
	broken  *Value
}

// NewBuilder starts an empty graph.
func NewBuilder(name string) *Builder {
	return &Builder{
		graph:   Graph{Name: name},
		names:   map[string]int{},
		scalars: map[string]*Value{},
		broken:  &Value{Name: "(after an error)", DType: Float32},
	}
}

// Err is the first error so far.
func (b *Builder) Err() error { return b.err }

// Fail records an error of the caller (a missing weight, say), unless there was one before, and returns a placeholder.
func (b *Builder) Fail(err error) *Value {
	if b.err == nil {
		b.err = err
	}
	return b.broken
}

func (b *Builder) failf(format string, args ...any) *Value {
	return b.Fail(fmt.Errorf("graph %s: "+format+": %w", append(append([]any{b.graph.Name}, args...), ErrGraph)...))
}

// Scope puts a path in front of the names of nodes and initializers made until the returned function is called.
func (b *Builder) Scope(path string) (leave func()) {
	outer := b.scope
	b.scope = outer + path + "/"
	return func() { b.scope = outer }
}

// unique returns name, with a number behind it from the second use on.
func (b *Builder) unique(name string) string {
	for {
		n := b.names[name]
		b.names[name] = n + 1
		if n == 0 {
			return name
		}
		if numbered := fmt.Sprintf("%s_%d", name, n); b.names[numbered] == 0 {
			b.names[numbered] = 1
			return numbered
		}
	}
}

// Input declares a graph input. Each size is an int or int64, or a string that names a size known only when the graph runs.
func (b *Builder) Input(name string, t DType, sizes ...any) *Value {
	v := &Value{Name: b.unique(name), DType: t, Shape: make(Shape, len(sizes)), DimNames: make([]string, len(sizes))}
	if v.Name != name {
		return b.failf("input %s: the name is taken", name)
	}
	for i, size := range sizes {
		switch d := size.(type) {
		case int:
			v.Shape[i] = int64(d)
		case int64:
			v.Shape[i] = d
		case string:
			v.Shape[i], v.DimNames[i] = Unknown, d
		default:
			return b.failf("input %s: size %d is a %T; use a number or a name", name, i, size)
		}
		if v.Shape[i] < 0 && v.DimNames[i] == "" {
			return b.failf("input %s: size %d is %d; use a name for an unknown size", name, i, v.Shape[i])
		}
	}
	if t == Int64 && len(v.Shape) == 1 && v.Shape[0] != Unknown {
		v.ints = slices.Repeat([]int64{Unknown}, int(v.Shape[0])) // sizes, maybe
	}
	b.graph.Inputs = append(b.graph.Inputs, v)
	return v
}

// Output makes v a result of the graph under that name.
func (b *Builder) Output(name string, v *Value) {
	if b.err != nil {
		return
	}
	if v.Producer == nil || slices.Contains(b.graph.Outputs, v) {
		v = b.Op("Identity", v)
	}
	old := v.Name
	if v.Name = b.unique(name); v.Name != name {
		b.failf("output %s: the name is taken", name)
		return
	}
	delete(b.names, old)
	b.graph.Outputs = append(b.graph.Outputs, v)
}

// FromFile declares a constant whose values lie in a file.
func (b *Builder) FromFile(name string, t DType, shape Shape, at External) *Value {
	if want := shape.Count() * t.Size(); want != at.Length || want < 0 {
		return b.failf("weight %s: %v of %v is %d bytes, the file has %d", name, shape, t, want, at.Length)
	}
	return b.initializer(&Initializer{Name: name, DType: t, Shape: slices.Clone(shape), File: &at})
}

// Const declares a float32 constant.
func (b *Builder) Const(name string, data []float32, shape ...int64) *Value {
	raw := make([]byte, 0, 4*len(data))
	for _, f := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return b.inline(name, Float32, raw, shape)
}

// Ints declares an int64 constant vector, shared between uses of the same values.
func (b *Builder) Ints(data ...int64) *Value {
	return b.shared(fmt.Sprint("ints", data), func(name string) *Value {
		raw := make([]byte, 0, 8*len(data))
		for _, d := range data {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(d))
		}
		v := b.inline(name, Int64, raw, []int64{int64(len(data))})
		v.ints = slices.Clone(data)
		return v
	})
}

// Int is an int64 scalar constant.
func (b *Builder) Int(i int64) *Value {
	return b.shared(fmt.Sprint("int ", i), func(name string) *Value {
		return b.inline(name, Int64, binary.LittleEndian.AppendUint64(nil, uint64(i)), nil)
	})
}

// Scalar is a float32 scalar constant, shared between uses of the same number.
func (b *Builder) Scalar(f float32) *Value {
	return b.shared(fmt.Sprint("scalar ", f), func(name string) *Value { return b.Const(name, []float32{f}) })
}

// shared makes a constant once; it belongs to no scope.
func (b *Builder) shared(key string, make func(name string) *Value) *Value {
	if v, ok := b.scalars[key]; ok {
		return v
	}
	outer := b.scope
	b.scope = ""
	v := make(key)
	b.scope = outer
	b.scalars[key] = v
	return v
}

// Inline declares a constant of any type by its bytes, little endian.
func (b *Builder) Inline(name string, t DType, raw []byte, shape Shape) *Value {
	v := b.inline(name, t, raw, shape)
	if t == Int64 && len(shape) == 1 {
		for i := 0; i+8 <= len(raw); i += 8 {
			v.ints = append(v.ints, int64(binary.LittleEndian.Uint64(raw[i:])))
		}
	}
	return v
}

func (b *Builder) inline(name string, t DType, raw []byte, shape Shape) *Value {
	if want := shape.Count() * t.Size(); want != int64(len(raw)) {
		return b.failf("constant %s: %v of %v is %d bytes, got %d", name, shape, t, want, len(raw))
	}
	return b.initializer(&Initializer{Name: name, DType: t, Shape: slices.Clone(shape), Data: raw})
}

func (b *Builder) initializer(init *Initializer) *Value {
	init.Name = b.unique(b.scope + init.Name)
	v := &Value{Name: init.Name, DType: init.DType, Shape: init.Shape, Init: init}
	b.graph.Initializers = append(b.graph.Initializers, v)
	return v
}

// Arg is what Op takes after the operator: a *Value (nil for an optional input left out) or an Attr.
type Arg interface{ arg() }

// Op adds a node with one output. Operators of onnxruntime's own domain are written "com.microsoft::QuickGelu".
func (b *Builder) Op(op string, args ...Arg) *Value { return b.Ops(1, op, args...)[0] }

// Ops adds a node with that many outputs.
func (b *Builder) Ops(outputs int, op string, args ...Arg) []*Value {
	out := make([]*Value, outputs)
	for i := range out {
		out[i] = b.broken
	}
	if b.err != nil {
		return out
	}
	n := &Node{Op: op}
	if domain, name, ok := strings.Cut(op, "::"); ok {
		n.Domain, n.Op = domain, name
	}
	for _, a := range args {
		switch a := a.(type) {
		case nil:
			n.In = append(n.In, nil)
		case *Value:
			n.In = append(n.In, a)
		case Attr:
			n.Attrs = append(n.Attrs, a)
		}
	}
	for len(n.In) > 0 && n.In[len(n.In)-1] == nil {
		n.In = n.In[:len(n.In)-1]
	}
	n.Name = b.unique(b.scope + n.Op)
	if err := b.infer(n, outputs); err != nil {
		b.failf("node %s: %w", n.Name, err)
		return out
	}
	for i, v := range n.Out {
		v.Producer = n
		v.Name = b.unique(n.Name + ":" + fmt.Sprint(i))
	}
	b.graph.Nodes = append(b.graph.Nodes, n)
	return n.Out
}

// LeaveOut tells that an optional output in the middle of a node's outputs is not wanted; nothing may read it.
func (b *Builder) LeaveOut(outputs ...*Value) {
	for _, v := range outputs {
		if v != b.broken {
			v.Name = ""
		}
	}
}

// Inputs are the graph's inputs so far; the slice must not be changed.
func (b *Builder) Inputs() []*Value { return b.graph.Inputs }

// Nodes are the nodes so far, in an order in which they can run; the slice must not be changed.
func (b *Builder) Nodes() []*Node { return b.graph.Nodes }

// MoveUp moves those of the nodes behind the first ones forward to right behind these, in their order; they must not read what they
// overtake. The order decides when onnxruntime runs a node: of the nodes that another one waits for, it goes for the last one first, so that
// what stands early is made late, just before it is read.
func (b *Builder) MoveUp(first int, chosen func(n *Node) bool) {
	if b.err != nil {
		return
	}
	var early, late []*Node
	for _, n := range b.graph.Nodes[first:] {
		if chosen(n) {
			early = append(early, n)
		} else {
			late = append(late, n)
		}
	}
	copy(b.graph.Nodes[first:], append(early, late...))
}

// Groups are the groups so far, inner ones before those that contain them; the slice must not be changed.
func (b *Builder) Groups() []*Group { return b.graph.Groups }

// MoreOutputs makes a node yield its optional outputs too, up to that number in all, and returns them.
func (b *Builder) MoreOutputs(n *Node, outputs int) []*Value {
	more := make([]*Value, outputs)
	for i := range more {
		more[i] = b.broken
	}
	if b.err != nil {
		return more
	}
	have := n.Out
	if outputs > len(have) {
		if err := b.infer(n, outputs); err != nil {
			n.Out = have
			b.failf("node %s: %w", n.Name, err)
			return more
		}
		copy(n.Out, have)
		for i, v := range n.Out[len(have):] {
			v.Producer, v.Name = n, b.unique(n.Name+":"+fmt.Sprint(len(have)+i))
		}
	}
	return n.Out[:outputs]
}

// Group marks the nodes that body adds as one operation of that kind.
func (b *Builder) Group(kind string, in []*Value, body func() *Value, attrs ...Attr) *Value {
	from := len(b.graph.Nodes)
	out := body()
	if b.err == nil {
		b.graph.Groups = append(b.graph.Groups, &Group{Kind: kind, Nodes: slices.Clone(b.graph.Nodes[from:]), In: in, Out: out, Attrs: attrs})
	}
	return out
}

// Graph ends the work: what no output needs is dropped. The error is the first one that occurred.
func (b *Builder) Graph() (*Graph, error) {
	if b.err == nil && len(b.graph.Outputs) == 0 {
		b.failf("no outputs")
	}
	if b.err != nil {
		return nil, b.err
	}
	b.graph.prune()
	return &b.graph, nil
}

package onnx

import (
	"slices"
)

// Opset versions that written models import.
const (
	Opset      = 20 // ai.onnx
	OpsetMicro = 1  // com.microsoft, onnxruntime's contrib operators
	irVersion  = 10

	// Micro is the domain of onnxruntime's contrib operators.
	Micro = "com.microsoft"
)

// Value is one edge of a graph: an input, an initializer or the output of a node.
type Value struct {
	Name     string
	DType    DType
	Shape    Shape
	DimNames []string     // names of unknown sizes, "" where there is none; inputs only
	Producer *Node        // nil for inputs and initializers
	Init     *Initializer // nil for everything else

	ints []int64 // contents of a short int64 vector as far as they are known, for shape inference
}

func (*Value) arg() {}

// Known is the contents of a short int64 vector that is a constant or made of known sizes; false where they are not all known.
func (v *Value) Known() ([]int64, bool) {
	return v.ints, v.ints != nil && (v.Init != nil || !slices.Contains(v.ints, Unknown))
}

// Initializer is a constant tensor, either in Data (little endian) or in a range of a file.
type Initializer struct {
	Name  string
	DType DType
	Shape Shape
	Data  []byte
	File  *External
}

// External is a range of bytes of a file, in the byte order of ONNX (little endian).
type External struct {
	Path   string // absolute, links resolved
	Offset int64
	Length int64
}

// Attr is a named attribute of a node; Value is an int64, float32, string, []int64 or []float32.
type Attr struct {
	Name  string
	Value any
}

func (Attr) arg() {}

// Int, Float, Str and Ints are the attributes of the operators in use.
func Int(name string, v int64) Attr     { return Attr{name, v} }
func Float(name string, v float32) Attr { return Attr{name, v} }
func Str(name, v string) Attr           { return Attr{name, v} }
func Ints(name string, v ...int64) Attr { return Attr{name, v} }

// Node is one operation. A nil input is an optional one left out.
type Node struct {
	Op     string
	Domain string // "" is ai.onnx
	Name   string
	In     []*Value
	Out    []*Value
	Attrs  []Attr
}

// Attr returns an attribute, nil if the node has none of that name.
func (n *Node) Attr(name string) any {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// Int returns a whole-number attribute or its default.
func (n *Node) Int(name string, otherwise int64) int64 {
	if v, ok := n.Attr(name).(int64); ok {
		return v
	}
	return otherwise
}

// Type is the operator with its domain, as Builder.Op takes it.
func (n *Node) Type() string {
	if n.Domain == "" {
		return n.Op
	}
	return n.Domain + "::" + n.Op
}

// Ints returns a list attribute or its default.
func (n *Node) Ints(name string, otherwise ...int64) []int64 {
	if v, ok := n.Attr(name).([]int64); ok {
		return v
	}
	return otherwise
}

// Group is a run of nodes that together mean one thing, such as "Attention": In are the values it reads (in an order that the
// kind fixes), Out what the rest of the graph reads of it.
type Group struct {
	Kind  string
	Nodes []*Node
	In    []*Value
	Out   *Value
	Attrs []Attr
}

// Graph is a checked dataflow graph, its nodes in an order in which they can run.
type Graph struct {
	Name         string
	Inputs       []*Value
	Outputs      []*Value
	Initializers []*Value
	Nodes        []*Node
	Groups       []*Group
}

// Input returns the input of that name, nil if there is none.
func (g *Graph) Input(name string) *Value { return find(g.Inputs, name) }

// Output returns the output of that name, nil if there is none.
func (g *Graph) Output(name string) *Value { return find(g.Outputs, name) }

func find(values []*Value, name string) *Value {
	for _, v := range values {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Files lists the files that hold initializers, sorted.
func (g *Graph) Files() []string {
	var paths []string
	for _, v := range g.Initializers {
		if v.Init.File != nil {
			paths = append(paths, v.Init.File.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// WeightBytes is the memory that all initializers take once they are loaded: smaller floating-point types count as float32.
func (g *Graph) WeightBytes() int64 {
	var n int64
	for _, v := range g.Initializers {
		size := v.DType.Size()
		switch v.DType {
		case Float16, BFloat16, Float8E4M3, Float8E5M2:
			size = Float32.Size()
		}
		n += v.Shape.Count() * size
	}
	return n
}

// prune drops nodes and initializers that no output needs, and groups that lost a node.
func (g *Graph) prune() {
	needed := map[*Value]bool{}
	for _, v := range g.Outputs {
		needed[v] = true
	}
	alive := map[*Node]bool{}
	for _, n := range slices.Backward(g.Nodes) {
		if !slices.ContainsFunc(n.Out, func(v *Value) bool { return needed[v] }) {
			continue
		}
		alive[n] = true
		for _, v := range n.In {
			needed[v] = true
		}
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *Node) bool { return !alive[n] })
	g.Initializers = slices.DeleteFunc(g.Initializers, func(v *Value) bool { return !needed[v] })
	g.Groups = slices.DeleteFunc(g.Groups, func(group *Group) bool {
		return slices.ContainsFunc(group.Nodes, func(n *Node) bool { return !alive[n] })
	})
}

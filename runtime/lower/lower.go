package lower

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Options of Graph.
type Options struct {
	// Compute is the type of activations and weights: Float16, or Float32 for layout and fusion alone.
	Compute onnx.DType
	// Portable writes every fused operator as the standard ones it stands for, so that any provider runs the result: for comparisons.
	Portable bool
}

// Graph is g for the CUDA provider. Names, types and shapes of inputs and outputs are those of g.
// The error wraps onnx.ErrGraph where the rewritten graph does not check.
func Graph(g *onnx.Graph, o Options) (*onnx.Graph, error) {
	l := &lowering{
		Builder: onnx.NewBuilder(g.Name), options: o, values: map[*onnx.Value]*value{}, readers: map[*onnx.Value][]*onnx.Node{},
		owner: map[*onnx.Node]*onnx.Group{}, done: map[*onnx.Group]bool{},
	}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			l.readers[v] = append(l.readers[v], n)
		}
	}
	for _, v := range g.Outputs {
		l.readers[v] = append(l.readers[v], nil)
	}
	for _, group := range g.Groups { // inner ones come first, so the outermost that has a rule stays
		if _, ok := groupRules[group.Kind]; ok && l.closed(group) {
			for _, n := range group.Nodes {
				l.owner[n] = group
			}
		}
	}
	for _, v := range g.Inputs {
		sizes := make([]any, len(v.Shape))
		for i, d := range v.Shape {
			sizes[i] = d
			if d == onnx.Unknown {
				sizes[i] = v.DimNames[i]
			}
		}
		l.values[v] = made(v, form{v.DType, false}, l.Input(v.Name, v.DType, sizes...))
		l.values[v].input = true
	}
	for _, v := range g.Initializers {
		l.values[v] = made(v, form{v.DType, false}, l.constant(v))
		l.values[v].constant = true
	}
	for _, n := range g.Nodes {
		if err := l.node(n); err != nil {
			return nil, err
		}
	}
	for _, v := range g.Outputs {
		l.Output(v.Name, l.get(l.values[v], form{v.DType, false}))
	}
	lowered, err := l.Graph()
	if err != nil {
		return nil, fmt.Errorf("for the GPU: %w", err)
	}
	return lowered, nil
}

// lowering is a rewriting under way.
type lowering struct {
	*onnx.Builder
	options Options
	values  map[*onnx.Value]*value       // of the old graph's
	readers map[*onnx.Value][]*onnx.Node // of the old graph's; nil stands for an output
	owner   map[*onnx.Node]*onnx.Group   // the group that is rewritten as a whole
	done    map[*onnx.Group]bool
}

// constant declares an initializer of the old graph in the new one.
func (l *lowering) constant(v *onnx.Value) *onnx.Value {
	if v.Init.File != nil {
		return l.FromFile(v.Name, v.DType, v.Shape, *v.Init.File)
	}
	return l.Inline(v.Name, v.DType, v.Init.Data, v.Shape)
}

// closed says whether nobody outside of a group reads what it computes on the way.
func (l *lowering) closed(group *onnx.Group) bool {
	inside := map[*onnx.Node]bool{}
	for _, n := range group.Nodes {
		inside[n] = true
	}
	for _, n := range group.Nodes {
		for _, v := range n.Out {
			if v == group.Out {
				continue
			}
			for _, r := range l.readers[v] {
				if r == nil || !inside[r] {
					return false
				}
			}
		}
	}
	return true
}

// node writes one node, or the group it belongs to, of which the other nodes are skipped then.
func (l *lowering) node(n *onnx.Node) error {
	group := l.owner[n]
	if group != nil && l.done[group] {
		return nil
	}
	if group != nil {
		if v := groupRules[group.Kind](l, group); v != nil {
			l.done[group] = true
			v.old = group.Out
			l.values[group.Out] = v
			return l.Err()
		}
		for _, inner := range group.Nodes { // it does not fit: node by node
			delete(l.owner, inner)
		}
	}
	if _, done := l.values[n.Out[0]]; done { // taken over by the node before
		return nil
	}
	if rule, ok := rules[n.Type()]; ok {
		if v := rule(l, n); v != nil {
			v.old = n.Out[0]
			l.values[n.Out[0]] = v
			return l.Err()
		}
	}
	l.plain(n)
	return l.Err()
}

// in is input i of a node of the old graph, nil for none.
func (l *lowering) in(n *onnx.Node, i int) *value {
	if i >= len(n.In) || n.In[i] == nil {
		return nil
	}
	return l.values[n.In[i]]
}

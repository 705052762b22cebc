package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// rule works out the outputs of a node from its inputs, which are present up to the rule's minimum.
type rule struct {
	min, max int // number of inputs; max -1 is any number
	outputs  func(n *Node) ([]*Value, error)
}

// infer fills n.Out, or says which input of the node does not fit.
func (b *Builder) infer(n *Node, outputs int) error {
	r, ok := rules[n.Type()]
	if !ok {
		r, ok = fused[n.Type()]
	}
	if !ok {
		return fmt.Errorf("operator %s is not in the table of the builder", n.Type())
	}
	if len(n.In) < r.min || (r.max >= 0 && len(n.In) > r.max) {
		return fmt.Errorf("%d inputs, wants %d to %d", len(n.In), r.min, r.max)
	}
	for i := range r.min {
		if n.In[i] == nil {
			return fmt.Errorf("input %d is missing", i)
		}
	}
	out, err := r.outputs(n)
	if err != nil {
		return fmt.Errorf("%w (inputs %s)", err, describe(n.In))
	}
	if outputs > len(out) {
		return fmt.Errorf("%d outputs wanted, it has %d", outputs, len(out))
	}
	n.Out = out[:outputs]
	return nil
}

// describe lists values with their types and shapes.
func describe(values []*Value) string {
	parts := make([]string, len(values))
	for i, v := range values {
		if parts[i] = "none"; v != nil {
			parts[i] = fmt.Sprintf("%s %v%v", v.Name, v.DType, v.Shape)
		}
	}
	return strings.Join(parts, ", ")
}

func one(t DType, s Shape) []*Value { return []*Value{{DType: t, Shape: s}} }

// axis resolves a possibly negative axis.
func axis(a int64, rank int) (int, error) {
	if a < 0 {
		a += int64(rank)
	}
	if a < 0 || a >= int64(rank) {
		return 0, fmt.Errorf("axis %d of a tensor with %d axes", a, rank)
	}
	return int(a), nil
}

// like is an operation whose output equals its first input in type and shape.
func like(n *Node) ([]*Value, error) { return one(n.In[0].DType, slices.Clone(n.In[0].Shape)), nil }

// elementwise is an operation on two broadcast inputs of one type.
func elementwise(n *Node) ([]*Value, error) {
	a, c := n.In[0], n.In[1]
	if a.DType != c.DType {
		return nil, fmt.Errorf("element types %v and %v differ", a.DType, c.DType)
	}
	s, ok := broadcast(a.Shape, c.Shape)
	if !ok {
		return nil, fmt.Errorf("shapes %v and %v do not broadcast", a.Shape, c.Shape)
	}
	out := one(a.DType, s)
	if a.ints != nil && c.ints != nil && len(s) == 1 && s[0] != Unknown {
		out[0].ints = slices.Repeat([]int64{Unknown}, int(s[0])) // sizes still, which are not known here
	}
	return out, nil
}

// compare is elementwise with a boolean result.
func compare(n *Node) ([]*Value, error) {
	out, err := elementwise(n)
	if err == nil {
		out[0].DType = Bool
	}
	return out, err
}

func where(n *Node) ([]*Value, error) {
	if n.In[0].DType != Bool {
		return nil, fmt.Errorf("the condition is %v, wants bool", n.In[0].DType)
	}
	out, err := elementwise(&Node{In: n.In[1:]})
	if err != nil {
		return nil, err
	}
	s, ok := broadcast(n.In[0].Shape, out[0].Shape)
	if !ok {
		return nil, fmt.Errorf("the condition %v does not broadcast with %v", n.In[0].Shape, out[0].Shape)
	}
	return one(out[0].DType, s), nil
}

func cast(n *Node) ([]*Value, error) {
	to := DType(n.Int("to", 0))
	if to.Size() == 0 {
		return nil, fmt.Errorf("cast to %v", to)
	}
	return one(to, slices.Clone(n.In[0].Shape)), nil
}

// normalise is GroupNorm's and LayerNorm's kind: the output is like the first input, scale and bias have that many values.
func normalise(size func(n *Node) int64) func(n *Node) ([]*Value, error) {
	return func(n *Node) ([]*Value, error) {
		if len(n.In[0].Shape) < 2 {
			return nil, fmt.Errorf("input 0 is %v, wants two axes or more", n.In[0].Shape)
		}
		for i, v := range n.In[1:] {
			if want := (Shape{size(n)}); v != nil && !want.fits(v.Shape) {
				return nil, fmt.Errorf("input %d is %v, wants %v", i+1, v.Shape, want)
			}
		}
		return like(n)
	}
}

func reduce(n *Node) ([]*Value, error) {
	in := n.In[0]
	keep := n.Int("keepdims", 1) == 1
	gone := make([]bool, len(in.Shape))
	if len(n.In) < 2 || n.In[1] == nil {
		for i := range gone {
			gone[i] = true
		}
	} else {
		for _, a := range n.In[1].ints {
			i, err := axis(a, len(in.Shape))
			if err != nil {
				return nil, err
			}
			gone[i] = true
		}
	}
	out := Shape{}
	for i, d := range in.Shape {
		switch {
		case !gone[i]:
			out = append(out, d)
		case keep:
			out = append(out, 1)
		}
	}
	return one(in.DType, out), nil
}

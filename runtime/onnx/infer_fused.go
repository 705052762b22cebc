package onnx

import "fmt"

// Operators of onnxruntime's CUDA provider that do the work of several: names, inputs and layouts are those of its contrib operators.

// fused holds these operators. Most have no kernel on the CPU; package lower writes them, and nothing differentiates them.
var fused = map[string]rule{
	Micro + "::GroupNorm":              {3, 3, channelsLast(1)},
	Micro + "::SkipGroupNorm":          {4, 5, channelsLast(2)},
	Micro + "::NhwcConv":               {2, 3, convChannelsLast},
	Micro + "::BiasSplitGelu":          {2, 2, splitGelu},
	Micro + "::BiasAdd":                {3, 3, like},
	Micro + "::SkipLayerNormalization": {3, 5, skipLayerNormalization},
}

// channelsLast is a group normalisation of [B,H,W,C] with scale and bias [C]: the normalised picture and, of SkipGroupNorm, the sum before it.
func channelsLast(outputs int) func(n *Node) ([]*Value, error) {
	return func(n *Node) ([]*Value, error) {
		x := n.In[0].Shape
		if len(x) != 4 {
			return nil, fmt.Errorf("wants [B,H,W,C], got %v", x)
		}
		for i, v := range n.In[1:] {
			if want := (Shape{x[3]}); v != nil && i != 2 && !want.fits(v.Shape) {
				return nil, fmt.Errorf("input %d is %v, wants %v", i+1, v.Shape, want)
			}
		}
		var out []*Value
		for range outputs {
			out = append(out, one(n.In[0].DType, append(Shape{}, x...))...)
		}
		return out, nil
	}
}

// convChannelsLast is a convolution of [B,H,W,C] with weights [M,kh,kw,C] and an optional bias [M].
func convChannelsLast(n *Node) ([]*Value, error) {
	x, w := *n.In[0], *n.In[1]
	if len(x.Shape) != 4 || len(w.Shape) != 4 {
		return nil, fmt.Errorf("wants [B,H,W,C] and [M,kh,kw,C], got %v and %v", x.Shape, w.Shape)
	}
	first := func(s Shape) Shape { return Shape{s[0], s[3], s[1], s[2]} }
	x.Shape, w.Shape = first(x.Shape), first(w.Shape)
	plain := &Node{Op: "Conv", In: append([]*Value{&x, &w}, n.In[2:]...), Attrs: n.Attrs}
	out, err := conv(plain)
	if err != nil {
		return nil, err
	}
	s := out[0].Shape
	out[0].Shape = Shape{s[0], s[2], s[3], s[1]}
	return out, nil
}

// splitGelu is left * gelu(right) of the halves of [B,S,2D] plus a bias [2D].
func splitGelu(n *Node) ([]*Value, error) {
	x := n.In[0].Shape
	if len(x) != 3 || x[2]%2 != 0 || !(Shape{x[2]}).fits(n.In[1].Shape) {
		return nil, fmt.Errorf("wants [B,S,2D] and [2D]")
	}
	return one(n.In[0].DType, Shape{x[0], x[1], x[2] / 2}), nil
}

// skipLayerNormalization is the normalised sum of two inputs and a bias, mean and reciprocal deviation, and the sum.
func skipLayerNormalization(n *Node) ([]*Value, error) {
	if !n.In[0].Shape.fits(n.In[1].Shape) {
		return nil, fmt.Errorf("the two inputs have different shapes")
	}
	out, err := layerNormalization(&Node{In: n.In[:1]})
	if err != nil {
		return nil, err
	}
	sum, err := like(n)
	return append(out, sum...), err
}

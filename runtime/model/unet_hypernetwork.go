package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Hypernetwork adds strength · network(rows) to the rows that attention makes keys of, and likewise for values, where the rows have one of
// the widths.
//
// Inputs: "strength" [1]; for layer i of the network for keys "WIDTH.k.i.weight" [out,in] and "WIDTH.k.i.bias" [out], with LayerNorm
// "WIDTH.k.i.norm.weight" and "WIDTH.k.i.norm.bias" [out]; for values "WIDTH.v.…".
type Hypernetwork struct {
	Activation     string // as weights.HypernetworkActivations
	ActivateOutput bool
	LayerNorm      bool
	Nets           []HypernetworkNets
}

// HypernetworkNets are the sizes that the layers of one width's networks give; the last is the width.
type HypernetworkNets struct {
	Width      int
	Key, Value []int
}

func (h Hypernetwork) String() string {
	return fmt.Sprintf("hypernetwork %s output %t norm %t %+v", h.Activation, h.ActivateOutput, h.LayerNorm, h.Nets)
}

// multilayer is a network of a hypernetwork, on rows.
type multilayer func(x *onnx.Value) *onnx.Value

func (h Hypernetwork) hooks(u *unet, prefix string) hooks {
	strength := u.Input(prefix+"strength", onnx.Float32, 1)
	type pair struct{ key, value multilayer }
	nets := map[int64]pair{}
	for _, n := range h.Nets {
		nets[int64(n.Width)] = pair{
			key:   h.declare(u.net, fmt.Sprintf("%s%d.k.", prefix, n.Width), n.Width, n.Key),
			value: h.declare(u.net, fmt.Sprintf("%s%d.v.", prefix, n.Width), n.Width, n.Value),
		}
	}
	change := func(_ layer, s sources) sources {
		net, ok := nets[u.columns(s.k)]
		if s.k == nil || !ok {
			return s
		}
		s.k = u.Add(s.k, u.Mul(net.key(s.k), strength))
		s.v = u.Add(s.v, u.Mul(net.value(s.v), strength))
		return s
	}
	return hooks{self: change, cross: change}
}

// declare declares the inputs of a network that leads from width over layers of these sizes.
func (h Hypernetwork) declare(n *net, prefix string, width int, sizes []int) multilayer {
	type dense struct{ weight, bias, scale, shift *onnx.Value }
	layers := make([]dense, len(sizes))
	for i, size := range sizes {
		at := fmt.Sprint(prefix, i)
		layers[i] = dense{weight: n.Input(at+".weight", onnx.Float32, size, width), bias: n.Input(at+".bias", onnx.Float32, size)}
		if h.LayerNorm {
			layers[i].scale, layers[i].shift = n.Input(at+".norm.weight", onnx.Float32, size), n.Input(at+".norm.bias", onnx.Float32, size)
		}
		width = size
	}
	return func(x *onnx.Value) *onnx.Value {
		for i, l := range layers {
			x = n.Gemm(x, l.weight, l.bias, true)
			// With layer normalisation the last layer is activated whatever the file says: so it is in the reference.
			if i < len(layers)-1 || h.ActivateOutput || h.LayerNorm {
				x = n.hyperActivation(x, h.Activation)
			}
			if h.LayerNorm {
				x = n.Op("LayerNormalization", x, l.scale, l.shift, onnx.Int("axis", -1), onnx.Float("epsilon", 1e-5))
			}
		}
		return x
	}
}

// hyperActivation applies an activation by its name in hypernetwork files.
func (n *net) hyperActivation(x *onnx.Value, name string) *onnx.Value {
	one := n.Scalar(1)
	switch name {
	case "linear":
		return x
	case "relu":
		return n.Op("Relu", x)
	case "leakyrelu":
		return n.Op("LeakyRelu", x, onnx.Float("alpha", 0.01))
	case "elu": // x above 0, exp(x)-1 below
		below := n.Op("Exp", n.Op("Neg", n.Op("Relu", n.Op("Neg", x))))
		return n.Add(n.Op("Relu", x), n.Sub(below, one))
	case "swish": // the files mean the hard form, x·clip(x+3, 0, 6)/6
		return n.Mul(x, n.Mul(n.Op("Clip", n.Add(x, n.Scalar(3)), n.Scalar(0), n.Scalar(6)), n.Scalar(1.0/6)))
	case "tanh":
		return n.Op("Tanh", x)
	case "sigmoid":
		return n.Op("Sigmoid", x)
	case "softsign":
		return n.Op("Div", x, n.Add(n.Op("Abs", x), one))
	case "mish": // x·tanh(log(1 + exp x)), without overflow
		soft := n.Add(n.Op("Relu", x), n.Op("Log", n.Add(one, n.Op("Exp", n.Op("Neg", n.Op("Abs", x))))))
		return n.Mul(x, n.Op("Tanh", soft))
	}
	return n.Fail(fmt.Errorf("hypernetwork: activation %q is not known: %w", name, ErrUnsupported))
}

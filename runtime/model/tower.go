package model

import "github.com/oneactor/oneactor/runtime/onnx"

// Epsilons of the layer normalisations of the towers.
const (
	clipEps = 1e-5
	dinoEps = 1e-6
)

// towerLayer is what the weights of a layer do not show.
type towerLayer struct {
	heads      int64
	activation Activation
	causal     bool
	eps        float32
}

// towerLayer is self-attention and a feed-forward layer on rows [B·T,D], each behind a normalisation and beside a residual, as both towers
// of CLIP and DINOv2 have them. DINOv2 scales what is added, channel by channel. batch is a vector of one number, B.
func (n *net) towerLayer(x, batch *onnx.Value, path string, l towerLayer) *onnx.Value {
	defer n.Scope(path)()
	y := n.layerNormEps(x, path+".layer_norm1", l.eps)
	q, k, v := n.linear(y, path+".self_attn.q_proj"), n.linear(y, path+".self_attn.k_proj"), n.linear(y, path+".self_attn.v_proj")
	y = n.linear(n.attend(q, k, v, batch, l.heads, l.causal), path+".self_attn.out_proj")
	x = n.Add(x, n.layerScale(y, path+".layer_scale1.lambda1"))
	y = n.towerMLP(n.layerNormEps(x, path+".layer_norm2", l.eps), path+".mlp", l.activation)
	return n.Add(x, n.layerScale(y, path+".layer_scale2.lambda1"))
}

func (n *net) layerScale(x *onnx.Value, name string) *onnx.Value {
	if !n.set.Has(name) {
		return x
	}
	return n.Mul(x, n.weight(name))
}

// towerMLP is two linear layers with the activation between them. Where the first has twice the rows that the second reads, its first half
// goes through SiLU and gates the other (SwiGLU, the giant DINOv2).
func (n *net) towerMLP(x *onnx.Value, path string, a Activation) *onnx.Value {
	first, second := path+".fc1", path+".fc2"
	if n.set.Has(path + ".weights_in.weight") {
		first, second = path+".weights_in", path+".weights_out"
	}
	if inner := n.size(second+".weight", 1); inner > 0 && n.size(first+".weight", 0) == 2*inner {
		gate, value := n.linearRows(x, first, 0, inner), n.linearRows(x, first, inner, 2*inner)
		return n.linear(n.Mul(n.silu(gate), value), second)
	}
	return n.linear(n.activate(n.linear(x, first), a), second)
}

func (n *net) activate(x *onnx.Value, a Activation) *onnx.Value {
	if a == GELU {
		return n.Op("Gelu", x)
	}
	return n.quickGelu(x, 1.702)
}

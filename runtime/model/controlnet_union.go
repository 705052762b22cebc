package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Weights that only a ControlNet union has: one embedding per kind of hint, and the layers that take the flags of the kinds.
const (
	unionTasks = "task_embedding"
	unionTypes = "control_add_embedding.linear_1.weight"
)

// typeWidth is the width of the embedding of one flag, which is that of a timestep.
const typeWidth = 256

// typeEmbedding is what the flags [Types] of a union add to the time embedding: [1,4·ModelChannels].
func (u *unet) typeEmbedding(types *onnx.Value) *onnx.Value {
	flags := u.Reshape(u.timestepEmbedding(types, typeWidth), 1, u.size(unionTypes, 1))
	return u.linear(u.silu(u.linear(flags, "control_add_embedding.linear_1")), "control_add_embedding.linear_2")
}

// unionHint tells the features x [B,C,h,w] of a hint of which kind it is: their mean, with the embedding of the kind, goes through a
// transformer whose result is added to every cell. Nothing is added where no kind is set (xinsir's ControlNet++).
func (n *net) unionHint(x, types *onnx.Value) *onnx.Value {
	kinds := n.size(unionTasks, 0)
	task := n.Gemm(n.Reshape(types, 1, kinds), n.weight(unionTasks), nil, false)                       // [1,C]
	y := n.Add(n.Op("ReduceMean", x, n.Ints(2, 3), onnx.Int("keepdims", 0)), task)                     // [B,C]
	for i := 0; n.set.Has(fmt.Sprintf("transformer_layes.%d.ln_1.weight", i)) && n.Err() == nil; i++ { // the name is the authors'
		path := fmt.Sprintf("transformer_layes.%d", i)
		y = n.Add(y, n.selfAttentionOfOne(n.layerNorm(y, path+".ln_1"), path+".attn"))
		y = n.Add(y, n.linear(n.quickGelu(n.linear(n.layerNorm(y, path+".ln_2"), path+".mlp.c_fc"), 1.702), path+".mlp.c_proj"))
	}
	told := n.Op("ReduceMax", types, n.Ints(0)) // [1]: 1 where a kind is set
	change := n.Mul(n.linear(y, "spatial_ch_projs"), told)
	return n.Add(x, n.Unsqueeze(change, 2, 3))
}

// selfAttentionOfOne is attention over a sequence of one token, which can but attend to itself: the third part of the joint projection.
func (n *net) selfAttentionOfOne(x *onnx.Value, path string) *onnx.Value {
	rows := n.size(path+".in_proj_weight", 0)
	v := n.Gemm(x, n.weightRows(path+".in_proj_weight", rows/3*2, rows), n.weightRows(path+".in_proj_bias", rows/3*2, rows), true)
	return n.linear(v, path+".out_proj")
}

package model

import (
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// ownBranch is the low-rank change that the weights themselves have for one of them, as a control-LoRA's do: the factors of NAME.weight
// are NAME.down [r,in(,kh,kw)] and NAME.up [out,r(,1,1)]. It is nil where there is none.
func (n *net) ownBranch(name string) *branch {
	path, _ := strings.CutSuffix(name, ".weight")
	down, ok := n.set.Ref(path + ".down")
	if !ok || len(down.Shape) == 0 {
		return nil
	}
	w, ok := n.set.Ref(name)
	if !ok {
		n.missing(name)
		return nil
	}
	rank := down.Shape[0]
	return &branch{
		down: n.weightAs(path+".down", slices.Concat([]int64{rank}, w.Shape[1:])...),
		up:   n.weightAs(path+".up", w.Shape[0], rank),
	}
}

// linearChanges adds every low-rank change of a linear weight to y, its product with rows x; [from,to) are the outputs y has.
func (n *net) linearChanges(x, y *onnx.Value, name string, from, to int64) *onnx.Value {
	y = n.linearBranch(x, y, name, n.ownBranch(name), from, to)
	return n.linearBranch(x, y, name, n.lora[name], from, to)
}

// convChanges adds every low-rank change of a convolution to y; slide applies a kernel to x as the layer does.
func (n *net) convChanges(x, y *onnx.Value, name string, slide func(x, kernel *onnx.Value) *onnx.Value) *onnx.Value {
	y = n.convBranch(x, y, n.ownBranch(name), slide)
	return n.convBranch(x, y, n.lora[name], slide)
}

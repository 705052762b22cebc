package model

import (
	"fmt"
	"maps"
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// branch is a low-rank part of one weight: y += up·down(x).
type branch struct {
	down *onnx.Value // [r,in] or [r,in,kh,kw]
	up   *onnx.Value // [out,r]
	used bool
}

// addBranch declares the inputs of a weight's branch; a rank of 0 is any.
func (n *net) addBranch(name string, fixedRank int) {
	r, ok := n.set.Ref(name)
	if !ok {
		n.missing(name)
		return
	}
	if len(r.Shape) != 2 && len(r.Shape) != 4 {
		n.Fail(fmt.Errorf("weight %s of shape %v: a LoRA needs a matrix or a convolution: %w", name, r.Shape, ErrUnsupported))
		return
	}
	rank := fixed(fixedRank, "rank of "+name)
	sizes := []any{rank}
	for _, d := range r.Shape[1:] {
		sizes = append(sizes, d)
	}
	n.lora[name] = &branch{
		down: n.Input(n.prefix+name+".lora_down", onnx.Float32, sizes...),
		up:   n.Input(n.prefix+name+".lora_up", onnx.Float32, r.Shape[0], rank),
	}
}

// linearBranch adds a branch of a linear weight to y, its product with rows x; [from,to) are the outputs y has. The branch may be nil.
func (n *net) linearBranch(x, y *onnx.Value, name string, l *branch, from, to int64) *onnx.Value {
	if l == nil || n.Err() != nil {
		return y
	}
	l.used = true
	up := l.up
	if from != 0 || to != n.size(name, 0) {
		up = n.Slice(up, 0, from, to)
	}
	down := n.Reshape(l.down, onnx.Unknown, n.size(name, 1))
	return n.Gemm(n.Gemm(x, down, nil, true), up, y, true)
}

// convBranch adds a branch of a convolution to y; slide applies a kernel to x as the layer does. The branch may be nil.
func (n *net) convBranch(x, y *onnx.Value, l *branch, slide func(x, kernel *onnx.Value) *onnx.Value) *onnx.Value {
	if l == nil || n.Err() != nil {
		return y
	}
	l.used = true
	return n.Add(y, n.convolve(slide(x, l.down), n.Unsqueeze(l.up, 2, 3), nil, same(1)))
}

// checkPatches fails when a patched weight is not one of a layer that takes it: its inputs would do nothing.
func (n *net) checkPatches() {
	for _, name := range slices.Sorted(maps.Keys(n.lora)) {
		if !n.lora[name].used {
			n.Fail(fmt.Errorf("weight %s: no linear or convolution layer of this network uses it, so a LoRA on it has no effect: %w", name, ErrUnsupported))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.replaced)) {
		if n.loaded[name] == nil {
			n.Fail(fmt.Errorf("weight %s: this network does not use it: %w", name, ErrUnsupported))
		}
	}
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// UNetEdit is a change of what a UNet computes between its layers. It is plain data, for it is printed into the key of the graph; numbers
// that may change from run to run are graph inputs instead, whose names begin with EditPrefix.
type UNetEdit interface {
	fmt.Stringer
	// hooks declares the edit's inputs and says where it takes part.
	hooks(u *unet, prefix string) hooks
}

// EditPrefix begins the names of the graph inputs of edit i.
func EditPrefix(i int) string { return fmt.Sprintf("edit%d.", i) }

// hooks are the places of a UNet where an edit may take part; nil ones are left alone. Pictures are [B,C,H,W], rows [B·S,C]; skip i is the
// result of input block i.
type hooks struct {
	// encoded changes the result of input block i before it is kept for the output block that reads it, onward only what goes on to block i+1.
	encoded, onward func(i int, x *onnx.Value) *onnx.Value
	// join changes what an output block reads: the picture so far and skip i.
	join func(i int, x, skip *onnx.Value) (*onnx.Value, *onnx.Value)
	// self and cross change what self-attention and cross-attention read, selfOut what self-attention yields, before the residual is added.
	self, cross func(at layer, s sources) sources
	selfOut     func(at layer, y *onnx.Value) *onnx.Value
	// attended changes the answer y of self-attention to queries q before its projection out.
	attended func(at layer, q, k, v, y *onnx.Value) *onnx.Value
	// crossed sees the queries and keys of cross-attention.
	crossed func(at layer, q, k *onnx.Value)
	// features changes what the output "h" is, when all else is written.
	features func(h *onnx.Value) *onnx.Value
	// between changes the rows between self-attention and cross-attention.
	between func(at layer, x *onnx.Value) *onnx.Value
}

// layer is a transformer block of a UNet.
type layer struct {
	index  int // in the order in which blocks run: input, middle, output
	width  int64
	middle bool
}

// nextLayer is the transformer block that is about to read rows x.
func (u *unet) nextLayer(x *onnx.Value) layer {
	u.layers++
	return layer{index: u.layers - 1, width: u.columns(x), middle: u.inMiddle}
}

// edits are the hooks of all edits, each in turn.
type edits []hooks

func newEdits(u *unet, list []UNetEdit) edits {
	var all edits
	for i, e := range list {
		all = append(all, e.hooks(u, EditPrefix(i)))
	}
	return all
}

func (e edits) encoded(i int, x *onnx.Value) *onnx.Value {
	for _, h := range e {
		if h.encoded != nil {
			x = h.encoded(i, x)
		}
	}
	return x
}

func (e edits) onward(i int, x *onnx.Value) *onnx.Value {
	for _, h := range e {
		if h.onward != nil {
			x = h.onward(i, x)
		}
	}
	return x
}

func (e edits) join(i int, x, skip *onnx.Value) (joinedX, joinedSkip *onnx.Value) {
	for _, h := range e {
		if h.join != nil {
			x, skip = h.join(i, x, skip)
		}
	}
	return x, skip
}

func (e edits) self(at layer, s sources) sources {
	for _, h := range e {
		if h.self != nil {
			s = h.self(at, s)
		}
	}
	return s
}

func (e edits) cross(at layer, s sources) sources {
	for _, h := range e {
		if h.cross != nil {
			s = h.cross(at, s)
		}
	}
	return s
}

func (e edits) selfOut(at layer, y *onnx.Value) *onnx.Value {
	for _, h := range e {
		if h.selfOut != nil {
			y = h.selfOut(at, y)
		}
	}
	return y
}

func (e edits) between(at layer, x *onnx.Value) *onnx.Value {
	for _, h := range e {
		if h.between != nil {
			x = h.between(at, x)
		}
	}
	return x
}

// attended is the hooks on the answer of one self-attention.
func (e edits) attended(at layer) func(q, k, v, y *onnx.Value) *onnx.Value {
	return func(q, k, v, y *onnx.Value) *onnx.Value {
		for _, h := range e {
			if h.attended != nil {
				y = h.attended(at, q, k, v, y)
			}
		}
		return y
	}
}

// crossed is the hooks that see the queries and keys of one cross-attention.
func (e edits) crossed(at layer) func(q, k, v, y *onnx.Value) *onnx.Value {
	return func(q, k, _, y *onnx.Value) *onnx.Value {
		for _, h := range e {
			if h.crossed != nil {
				h.crossed(at, q, k)
			}
		}
		return y
	}
}

func (e edits) features(h *onnx.Value) *onnx.Value {
	for _, hook := range e {
		if hook.features != nil {
			h = hook.features(h)
		}
	}
	return h
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// HyperTile has the tokens of self-attention ask in tiles (github.com/tfernd/HyperTile): attention over a part of the picture is much less
// work. As in ComfyUI only the queries are cut into tiles; tile n of N answers from the nth part of the tokens in their order.
//
// Inputs: "tiles.i" int64 [4] for every transformer block i in Layers: tiles along the first side, cells of one, and the same of the second.
type HyperTile struct{ Layers []int }

func (h HyperTile) String() string { return fmt.Sprint("hypertile ", h.Layers) }

func (h HyperTile) hooks(u *unet, prefix string) hooks {
	tiles := map[int]*onnx.Value{}
	for _, i := range h.Layers {
		tiles[i] = u.Input(fmt.Sprint(prefix, "tiles.", i), onnx.Int64, 4)
	}
	part := func(v *onnx.Value, i int64) *onnx.Value { return u.Slice(v, 0, i, i+1) }
	return hooks{
		self: func(at layer, s sources) sources {
			t := tiles[at.index]
			if t == nil {
				return s
			}
			cells := u.ReshapeTo(s.q, u.Concat(0, s.items, t, u.Ints(at.width)))          // [B,n,h,m,w,C]
			s.q = u.Reshape(u.Transpose(cells, 0, 1, 3, 2, 4, 5), onnx.Unknown, at.width) // rows of [B,n,m,h,w]
			s.items = u.Mul(s.items, u.Mul(part(t, 0), part(t, 2)))
			return s
		},
		selfOut: func(at layer, y *onnx.Value) *onnx.Value {
			t := tiles[at.index]
			if t == nil {
				return y
			}
			cells := u.ReshapeTo(y, u.Concat(0, u.batch, part(t, 0), part(t, 2), part(t, 1), part(t, 3), u.Ints(at.width)))
			return u.Reshape(u.Transpose(cells, 0, 1, 3, 2, 4, 5), onnx.Unknown, at.width)
		},
	}
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// MergeTokens has similar tokens ask self-attention as one (Bolya and Hoffman 2023, arXiv:2303.17604, "ToMe for SD"): some tokens are
// destinations, and the sources that resemble one most join its query.
//
// Inputs: "merged" int64 [1], how many sources join; for every transformer block i in Layers the tokens that are sources and destinations,
// "src.i" and "dst.i" int64, and "back.i" int64 [S], where token t stands in the list of sources followed by destinations.
type MergeTokens struct{ Layers []int }

func (m MergeTokens) String() string { return fmt.Sprint("merge tokens ", m.Layers) }

// merging is one layer's merge.
type merging struct {
	src, dst, back *onnx.Value
	place          *onnx.Value // [B,S] which row of the merged queries answers for each source and destination
	rows           *onnx.Value // merged queries of one item, as a vector of one number
}

func (m MergeTokens) hooks(u *unet, prefix string) hooks {
	merged := u.Input(prefix+"merged", onnx.Int64, 1)
	layers := map[int]*merging{}
	for _, i := range m.Layers {
		name := func(what string) string { return fmt.Sprint(prefix, what, ".", i) }
		layers[i] = &merging{
			src: u.Input(name("src"), onnx.Int64, prefix+"sources"), dst: u.Input(name("dst"), onnx.Int64, prefix+"destinations"),
			back: u.Input(name("back"), onnx.Int64, prefix+"tokens"),
		}
	}
	return hooks{
		self: func(at layer, s sources) sources {
			if l := layers[at.index]; l != nil {
				s.q = l.merge(u, s.q, at.width, merged)
			}
			return s
		},
		selfOut: func(at layer, y *onnx.Value) *onnx.Value {
			if l := layers[at.index]; l != nil {
				return l.spread(u, y)
			}
			return y
		},
	}
}

// merge joins the sources that are most like a destination with it: rows [B·S,C] to rows [B·(S-merged),C], of each item the sources that
// stay, then the destinations as means of what joined them.
func (l *merging) merge(u *unet, q *onnx.Value, width int64, merged *onnx.Value) *onnx.Value {
	items := u.ReshapeTo(q, u.Concat(0, u.batch, u.Ints(onnx.Unknown, width))) // [B,S,C]
	unit := u.Op("Div", items, u.Op("Sqrt", u.Op("ReduceSumSquare", items, u.Ints(-1))))
	alike := u.MatMul(u.Gather(unit, l.src, 1), u.Transpose(u.Gather(unit, l.dst, 1), 0, 2, 1)) // [B,src,dst]
	best := u.Ops(2, "TopK", alike, u.Ints(1), onnx.Int("axis", -1))
	likeness, choice := u.Op("Squeeze", best[0], u.Ints(-1)), u.Op("Squeeze", best[1], u.Ints(-1)) // [B,src]
	sources, destinations := u.Sizes(l.src, 0, 1), u.Sizes(l.dst, 0, 1)
	order := u.Ops(2, "TopK", likeness, sources, onnx.Int("axis", -1))[1]
	joins := u.Op("Slice", order, u.Ints(0), merged, u.Ints(1))    // [B,merged]
	stays := u.Op("Slice", order, merged, sources, u.Ints(1))      // [B,src-merged]
	flatChoice := u.Reshape(choice, onnx.Unknown)                  // [B·src]
	flatSources := u.Reshape(u.Gather(items, l.src, 1), -1, width) // [B·src,C]
	sum := u.Reshape(u.Gather(items, l.dst, 1), -1, width)         // [B·dst,C]

	joining := u.ofItems(joins, sources) // [B·merged]
	target := u.Unsqueeze(u.ofItems(u.ReshapeTo(u.Gather(flatChoice, joining, 0), u.Sizes(joins, 0, 2)), destinations), 1)
	ones := func(like *onnx.Value) *onnx.Value {
		return u.Op("Expand", u.Scalar(1), u.Concat(0, u.Sizes(like, 0, 1), u.Ints(1)))
	}
	add := onnx.Str("reduction", "add")
	sum = u.Op("ScatterND", sum, target, u.Gather(flatSources, joining, 0), add)
	count := u.Op("ScatterND", ones(sum), target, ones(target), add)
	mean := u.Op("Div", sum, count)

	l.places(u, choice, stays, destinations)
	staying := u.ReshapeTo(u.Gather(flatSources, u.ofItems(stays, sources), 0), u.Concat(0, u.batch, u.Ints(onnx.Unknown, width)))
	mean = u.ReshapeTo(mean, u.Concat(0, u.batch, u.Ints(onnx.Unknown, width)))
	all := u.Concat(1, staying, mean)
	l.rows = u.Sizes(all, 1, 2)
	return u.Reshape(all, onnx.Unknown, width)
}

// places works out which merged query answers for which token: for a source that stays its own, for one that joined that of its choice.
func (l *merging) places(u *unet, choice, stays, destinations *onnx.Value) {
	kept := u.Sizes(stays, 1, 2)
	shape := u.Sizes(stays, 0, 2)
	sources := u.Op("ScatterElements", u.Add(choice, kept), stays, u.Op("Expand", u.counting(kept), shape), onnx.Int("axis", 1))
	l.place = u.Concat(1, sources, u.Op("Expand", u.Add(u.counting(destinations), kept), u.Concat(0, u.batch, destinations)))
}

// spread gives every token the answer of its query: rows [B·(S-merged),C] to rows [B·S,C].
func (l *merging) spread(u *unet, y *onnx.Value) *onnx.Value {
	return u.Gather(y, u.ofItems(u.Gather(l.place, l.back, 1), l.rows), 0)
}

// ofItems turns places [B,n] in items of a size, a vector of one number, into places [B·n] in all items one behind the other.
func (u *unet) ofItems(place, size *onnx.Value) *onnx.Value {
	first := u.Unsqueeze(u.Mul(u.counting(u.batch), size), 1) // [B,1]
	return u.Reshape(u.Add(place, first), onnx.Unknown)
}

// counting is 0, 1, … below n, a vector of one number.
func (n *net) counting(count *onnx.Value) *onnx.Value {
	return n.Op("Range", n.Int(0), n.Op("Squeeze", count, n.Ints(0)), n.Int(1))
}

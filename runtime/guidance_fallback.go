package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// fallbacks are the parts of the fallback entries of all sides: each weighs what the parts of its side leave of 1 in every cell. A side
// whose parts leave nothing has none.
func fallbacks(q question, parts []part) ([]part, error) {
	h, w := q.x.Dim(2), q.x.Dim(3)
	var out []part
	for side, of := range q.sides {
		entries := of.entries
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.fallback }) {
			continue
		}
		left := leftOver(side, parts, q.x)
		if left == nil {
			continue
		}
		for i := range entries {
			e := &entries[i]
			if !e.fallback || !e.active(q.sigma) {
				continue
			}
			a, err := e.cells(h, w)
			if err != nil {
				return nil, err
			}
			weight, err := crop(left, a)
			if err != nil {
				return nil, err
			}
			out = append(out, part{side, e, a, weight, of.variant})
		}
	}
	return out, nil
}

// leftOver is 1 less the weights of a side's parts, not below 0; nil where that is 0 everywhere.
func leftOver(side int, parts []part, x *tensor.Tensor) *tensor.Tensor {
	left := tensor.Full(1, x.Shape...)
	h, w := x.Dim(2), x.Dim(3)
	for _, p := range parts {
		if p.side != side {
			continue
		}
		for i, v := range p.weight.Data {
			plane, y, column := i/(p.area.h*p.area.w), i/p.area.w%p.area.h, i%p.area.w
			left.Data[(plane*h+p.area.y+y)*w+p.area.x+column] -= v
		}
	}
	for i, v := range left.Data {
		left.Data[i] = max(v, 0)
	}
	if slices.Max(left.Data) == 0 {
		return nil
	}
	return left
}

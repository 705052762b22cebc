package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Operators that move data: sizes in, sizes out.

// known is the contents of an int64 vector as far as inference knows them.
func known(v *Value) ([]int64, error) {
	if v.ints == nil {
		return nil, fmt.Errorf("input %s must be a constant or made of sizes", v.Name)
	}
	return v.ints, nil
}

func reshape(n *Node) ([]*Value, error) {
	in := n.In[0]
	want, err := known(n.In[1])
	if err != nil {
		return nil, err
	}
	out, fixed, free := make(Shape, len(want)), int64(1), -1
	// Sizes copied by a 0 cancel against the input's, known or not.
	rest := int64(1)
	copied := make([]bool, len(in.Shape))
	for i, d := range want {
		switch {
		case d == 0 && i < len(in.Shape):
			out[i], copied[i] = in.Shape[i], true
		case d == 0:
			return nil, fmt.Errorf("reshape %v to %v: no size to copy at place %d", in.Shape, Shape(want), i)
		case d == Unknown:
			out[i] = Unknown
			if free >= 0 {
				free = len(want) // two unknown sizes: nothing to work out
			} else {
				free = i
			}
		default:
			out[i] = d
			fixed *= d
		}
	}
	for i, d := range in.Shape {
		switch {
		case copied[i] || rest == Unknown:
		case d == Unknown:
			rest = Unknown
		default:
			rest *= d
		}
	}
	switch {
	case rest == Unknown || free == len(want):
	case free < 0 && rest != fixed, free >= 0 && (fixed == 0 || rest%fixed != 0):
		return nil, fmt.Errorf("cannot reshape %v to %v", in.Shape, Shape(want))
	case free >= 0:
		out[free] = rest / fixed
	}
	return one(in.DType, out), nil
}

func transpose(n *Node) ([]*Value, error) {
	in := n.In[0]
	perm := n.Ints("perm")
	if len(perm) != len(in.Shape) {
		return nil, fmt.Errorf("perm %v for %v", perm, in.Shape)
	}
	out, seen := make(Shape, len(perm)), map[int64]bool{}
	for i, p := range perm {
		if p < 0 || p >= int64(len(perm)) || seen[p] {
			return nil, fmt.Errorf("perm %v is not a permutation", perm)
		}
		seen[p] = true
		out[i] = in.Shape[p]
	}
	return one(in.DType, out), nil
}

func unsqueeze(n *Node) ([]*Value, error) {
	axes, err := known(n.In[1])
	if err != nil {
		return nil, err
	}
	rank := len(n.In[0].Shape) + len(axes)
	out, fresh := make(Shape, rank), make([]bool, rank)
	for _, a := range axes {
		i, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		out[i], fresh[i] = 1, true
	}
	rest := n.In[0].Shape
	for i := range out {
		if !fresh[i] {
			out[i], rest = rest[0], rest[1:]
		}
	}
	return one(n.In[0].DType, out), nil
}

func squeeze(n *Node) ([]*Value, error) {
	axes, err := known(n.In[1])
	if err != nil {
		return nil, err
	}
	gone := map[int]bool{}
	for _, a := range axes {
		i, err := axis(a, len(n.In[0].Shape))
		if err != nil {
			return nil, err
		}
		if d := n.In[0].Shape[i]; d != 1 && d != Unknown {
			return nil, fmt.Errorf("axis %d of size %d cannot be dropped", i, d)
		}
		gone[i] = true
	}
	out := Shape{}
	for i, d := range n.In[0].Shape {
		if !gone[i] {
			out = append(out, d)
		}
	}
	return one(n.In[0].DType, out), nil
}

func concat(n *Node) ([]*Value, error) {
	first := n.In[0]
	at, err := axis(n.Int("axis", 0), len(first.Shape))
	if err != nil {
		return nil, err
	}
	out, ints := slices.Clone(first.Shape), slices.Clone(first.ints)
	whole := first.ints != nil
	for i, v := range n.In[1:] {
		if v == nil || v.DType != first.DType || len(v.Shape) != len(out) {
			return nil, fmt.Errorf("input %d does not fit input 0", i+1)
		}
		for k, d := range v.Shape {
			switch {
			case k == at && (out[k] == Unknown || d == Unknown):
				out[k] = Unknown
			case k == at:
				out[k] += d
			case out[k] == Unknown:
				out[k] = d
			case d != out[k] && d != Unknown:
				return nil, fmt.Errorf("input %d has size %d on axis %d, input 0 has %d", i+1, d, k, out[k])
			}
		}
		whole = whole && v.ints != nil
		ints = append(ints, v.ints...)
	}
	result := one(first.DType, out)
	if whole {
		result[0].ints = ints
	}
	return result, nil
}

// slice knows constant bounds; a bound that is computed leaves the size unknown.
func slice(n *Node) ([]*Value, error) {
	in := n.In[0]
	var axes, steps []int64
	starts, ends := bounds(n.In[1]), bounds(n.In[2])
	if len(n.In) > 3 && n.In[3] != nil {
		axes = n.In[3].ints
	}
	if axes == nil {
		for i := range in.Shape {
			axes = append(axes, int64(i))
		}
	}
	if len(n.In) > 4 && n.In[4] != nil {
		steps = n.In[4].ints
	}
	out := slices.Clone(in.Shape)
	for i, a := range axes {
		k, err := axis(a, len(out))
		if err != nil {
			return nil, err
		}
		step := int64(1)
		if i < len(steps) {
			step = steps[i]
		}
		if in.Shape[k] == Unknown || i >= len(starts) || i >= len(ends) || step < 1 {
			out[k] = Unknown
			continue
		}
		size := in.Shape[k]
		from, to := clamp(starts[i], size), clamp(ends[i], size)
		out[k] = max(0, (to-from+step-1)/step)
	}
	result := one(in.DType, out)
	if in.ints != nil && len(starts) == 1 && len(ends) == 1 && len(steps) == 0 {
		size := int64(len(in.ints))
		if from, to := clamp(starts[0], size), clamp(ends[0], size); from <= to {
			result[0].ints = in.ints[from:to]
		}
	}
	return result, nil
}

// bounds is the contents of a vector of slice bounds, nil where they are not all known.
func bounds(v *Value) []int64 {
	if ints, ok := v.Known(); ok {
		return ints
	}
	return nil
}

// clamp resolves a slice bound, which may count from the end or lie outside.
func clamp(at, size int64) int64 {
	if at < 0 {
		at += size
	}
	return min(max(at, 0), size)
}

func sizes(n *Node) ([]*Value, error) {
	in := n.In[0]
	rank := int64(len(in.Shape))
	from, to := clamp(n.Int("start", 0), rank), clamp(n.Int("end", rank), rank)
	if from > to {
		return nil, fmt.Errorf("sizes of axes [%d,%d)", from, to)
	}
	out := one(Int64, Shape{to - from})
	out[0].ints = slices.Clone([]int64(in.Shape[from:to]))
	if out[0].ints == nil {
		out[0].ints = []int64{}
	}
	return out, nil
}

func gather(n *Node) ([]*Value, error) {
	in, index := n.In[0], n.In[1]
	at, err := axis(n.Int("axis", 0), len(in.Shape))
	if err != nil {
		return nil, err
	}
	if index.DType != Int64 && index.DType != Int32 {
		return nil, fmt.Errorf("the index is %v, wants int64", index.DType)
	}
	out := one(in.DType, slices.Concat(in.Shape[:at], index.Shape, in.Shape[at+1:]))
	if places, ok := index.Known(); ok && in.ints != nil && len(in.Shape) == 1 { // sizes in another order
		out[0].ints = make([]int64, len(places))
		for i, p := range places {
			if p < 0 || p >= int64(len(in.ints)) {
				return nil, fmt.Errorf("place %d of %d sizes", p, len(in.ints))
			}
			out[0].ints[i] = in.ints[p]
		}
	}
	return out, nil
}

func expand(n *Node) ([]*Value, error) {
	to, err := known(n.In[1])
	if err != nil {
		return nil, err
	}
	s, ok := broadcast(n.In[0].Shape, to)
	if !ok {
		return nil, fmt.Errorf("cannot expand %v to %v", n.In[0].Shape, Shape(to))
	}
	return one(n.In[0].DType, s), nil
}

// numbers is Range: from a start below a limit in steps, all of one type.
func numbers(n *Node) ([]*Value, error) {
	for _, v := range n.In {
		if len(v.Shape) != 0 || v.DType != n.In[0].DType {
			return nil, fmt.Errorf("wants three numbers of one type")
		}
	}
	return one(n.In[0].DType, Shape{Unknown}), nil
}

// topK is the largest (or smallest) values along an axis and their places on it.
func topK(n *Node) ([]*Value, error) {
	in := n.In[0]
	at, err := axis(n.Int("axis", -1), len(in.Shape))
	if err != nil {
		return nil, err
	}
	if n.In[1].DType != Int64 || !n.In[1].Shape.Equal(Shape{1}) {
		return nil, fmt.Errorf("the count is %v%v, wants int64[1]", n.In[1].DType, n.In[1].Shape)
	}
	out := slices.Clone(in.Shape)
	out[at] = Unknown
	if k := n.In[1].ints; len(k) == 1 {
		out[at] = k[0]
	}
	return []*Value{{DType: in.DType, Shape: out}, {DType: Int64, Shape: slices.Clone(out)}}, nil
}

func filled(n *Node) ([]*Value, error) {
	to, err := known(n.In[0])
	if err != nil {
		return nil, err
	}
	return one(Float32, slices.Clone(to)), nil
}

// split divides an axis into equal parts (attribute num_outputs) or parts of the given sizes.
func split(n *Node) ([]*Value, error) {
	in := n.In[0]
	at, err := axis(n.Int("axis", 0), len(in.Shape))
	if err != nil {
		return nil, err
	}
	var parts []int64
	if len(n.In) > 1 && n.In[1] != nil {
		if parts, err = known(n.In[1]); err != nil {
			return nil, err
		}
	} else {
		count := n.Int("num_outputs", 0)
		if count < 1 {
			return nil, fmt.Errorf("split into %d parts", count)
		}
		size := in.Shape[at]
		if size != Unknown {
			if size%count != 0 {
				return nil, fmt.Errorf("split %d into %d equal parts", size, count)
			}
			size /= count
		}
		parts = slices.Repeat([]int64{size}, int(count))
	}
	var out []*Value
	for _, p := range parts {
		s := slices.Clone(in.Shape)
		s[at] = p
		out = append(out, &Value{DType: in.DType, Shape: s})
	}
	return out, nil
}

func pad(n *Node) ([]*Value, error) {
	in := n.In[0]
	pads, err := known(n.In[1])
	if err != nil {
		return nil, err
	}
	rank := len(in.Shape)
	if len(pads) != 2*rank {
		return nil, fmt.Errorf("%d pads for %d axes", len(pads), rank)
	}
	out := slices.Clone(in.Shape)
	for i := range out {
		if out[i] != Unknown {
			out[i] += pads[i] + pads[i+rank]
		}
	}
	return one(in.DType, out), nil
}

// blocks is DepthToSpace (up = true) and SpaceToDepth.
func blocks(up bool) func(n *Node) ([]*Value, error) {
	return func(n *Node) ([]*Value, error) {
		in, size := n.In[0], n.Int("blocksize", 0)
		if len(in.Shape) != 4 || size < 1 {
			return nil, fmt.Errorf("wants [N,C,H,W] and a blocksize, got %v and %d", in.Shape, size)
		}
		out := slices.Clone(in.Shape)
		for i := 1; i < 4; i++ {
			factor, divide := size, i == 1
			if i == 1 {
				factor = size * size
			}
			switch {
			case out[i] == Unknown:
			case divide != up:
				out[i] *= factor
			case out[i]%factor != 0:
				return nil, fmt.Errorf("size %d of axis %d is not a multiple of %d", out[i], i, factor)
			default:
				out[i] /= factor
			}
		}
		return one(in.DType, out), nil
	}
}

// resize knows constant or derived sizes (input 3); scales leave the sizes unknown.
func resize(n *Node) ([]*Value, error) {
	in := n.In[0]
	axes := n.Ints("axes")
	if axes == nil {
		for i := range in.Shape {
			axes = append(axes, int64(i))
		}
	}
	var to []int64
	if len(n.In) > 3 && n.In[3] != nil {
		to = n.In[3].ints
	}
	out := slices.Clone(in.Shape)
	if len(n.In) > 2 && n.In[2] != nil && n.In[2].Init != nil {
		for i, a := range axes {
			scale := math.Float32frombits(binary.LittleEndian.Uint32(n.In[2].Init.Data[4*i:]))
			to = append(to, Unknown)
			if d := in.Shape[a]; d != Unknown {
				to[i] = int64(math.Floor(float64(d) * float64(scale)))
			}
		}
	}
	for i, a := range axes {
		k, err := axis(a, len(out))
		if err != nil {
			return nil, err
		}
		out[k] = Unknown
		if i < len(to) {
			out[k] = to[i]
		}
	}
	return one(in.DType, out), nil
}

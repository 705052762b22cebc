package autodiff

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Rules of operators that move elements.

// likeInput undoes a change of shape: Reshape, Unsqueeze, Squeeze.
func likeInput(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	dx[0] = b.reshapeLike(dy[0], u.in[0])
	return dx
}

// transpose undoes a permutation of axes.
func transpose(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	perm := u.ints("perm")
	inverse := make([]int64, len(perm))
	for i, p := range perm {
		inverse[p] = int64(i)
	}
	return one(b.Transpose(dy[0], inverse...))
}

// concat cuts dy into the parts that were joined.
func concat(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	at := axis(u.int("axis", 0), u.out[0])
	dx := make([]*onnx.Value, len(u.in))
	from := int64(0)
	for i, v := range u.in {
		size := v.Shape[at]
		if size == onnx.Unknown {
			b.known(u, v)
			return nil
		}
		if u.needs(i) {
			dx[i] = b.Slice(dy[0], at, from, from+size)
		}
		from += size
	}
	return dx
}

// split joins the gradients of the parts; a part that nothing reads has none.
func split(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	parts := slices.Clone(dy)
	for i, d := range parts {
		if d == nil {
			parts[i] = b.zeros(u.out[i])
		}
	}
	dx := make([]*onnx.Value, len(u.in))
	dx[0] = b.Concat(u.int("axis", 0), parts...)
	return dx
}

// slice puts dy back to its place among zeros.
func slice(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	from, ok := constants(b, u)
	if !ok {
		return nil
	}
	x, d := u.in[0], dy[0]
	rank := len(x.Shape)
	pads, padded := make([]int64, 2*rank), false
	for _, s := range from {
		if x.Shape[s.axis] == onnx.Unknown {
			b.known(u, x)
			return nil
		}
		if s.step != 1 {
			d = b.spread(d, s, x.Shape[s.axis])
			continue
		}
		pads[s.axis], pads[rank+int(s.axis)] = s.from, x.Shape[s.axis]-s.from-d.Shape[s.axis]
		padded = padded || pads[s.axis] != 0 || pads[rank+int(s.axis)] != 0
	}
	if padded {
		d = b.Op("Pad", d, b.Ints(pads...), b.Scalar(0))
	}
	dx[0] = d
	return dx
}

// cut is a slice of one axis: every step-th element from one on.
type cut struct{ axis, from, step int64 }

// constants reads the bounds of a Slice.
func constants(b *backward, u *unit) ([]cut, bool) {
	x := u.in[0]
	values := make([][]int64, 5)
	for i := 1; i < len(u.in); i++ {
		if u.in[i] == nil {
			continue
		}
		v, ok := u.in[i].Known()
		if !ok {
			b.failf("%s %s: input %d, %s, is not a constant", u.kind, u.name, i, u.in[i].Name)
			return nil, false
		}
		values[i] = v
	}
	var cuts []cut
	for i, from := range values[1] {
		c := cut{axis: int64(i), from: from, step: 1}
		if values[3] != nil {
			c.axis = axis(values[3][i], x)
		}
		if values[4] != nil {
			c.step = values[4][i]
		}
		if size := x.Shape[c.axis]; c.from < 0 {
			c.from = max(c.from+size, 0)
		} else {
			c.from = min(c.from, size)
		}
		if c.step < 1 {
			b.failf("%s %s: a step of %d has no rule", u.kind, u.name, c.step)
			return nil, false
		}
		cuts = append(cuts, c)
	}
	return cuts, true
}

// spread puts the elements of d along one axis to the places of a cut among size zeros.
func (b *backward) spread(d *onnx.Value, c cut, size int64) *onnx.Value {
	if b.Err() != nil {
		return d
	}
	places := make([]int64, d.Shape[c.axis])
	for i := range places {
		places[i] = c.from + int64(i)*c.step
	}
	to := slices.Clone(d.Shape)
	to[c.axis] = size
	zeros := b.Op("Expand", b.Scalar(0), b.Ints(to...))
	return b.scatterRows(zeros, b.Ints(places...), d, c.axis)
}

// scatterRows adds the rows of d along an axis to the rows of zeros that index names, a vector; the same row may come up again.
func (b *backward) scatterRows(zeros, index, d *onnx.Value, at int64) *onnx.Value {
	if b.Err() != nil {
		return d
	}
	shape := slices.Repeat([]int64{1}, len(d.Shape))
	shape[at] = onnx.Unknown
	index = b.Op("Expand", b.Reshape(index, shape...), b.sizes(d))
	return b.Op("ScatterElements", zeros, index, d, onnx.Int("axis", at), onnx.Str("reduction", "add"))
}

// gather adds each row of dy to the row it was taken from.
func gather(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	x, index := u.in[0], u.in[1]
	at := axis(u.int("axis", 0), x)
	flat := slices.Concat(x.Shape[:at], onnx.Shape{index.Shape.Count()}, x.Shape[at+1:])
	d := b.reshape(dy[0], flat, dy[0])
	if b.Err() == nil && len(d.Shape) != len(x.Shape) {
		b.known(u, dy[0])
		return nil
	}
	dx := make([]*onnx.Value, 2)
	dx[0] = b.scatterRows(b.zeros(x), b.Reshape(index, onnx.Unknown), d, at)
	return dx
}

// scatter with reduction "add": y = x plus updates at their places.
func scatter(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	if u.text("reduction", "none") != "add" || u.needs(2) {
		b.failf("%s %s: only the first input of a ScatterElements that adds has a rule", u.kind, u.name)
		return nil
	}
	return []*onnx.Value{dy[0], nil, nil}
}

// scatterND with reduction "add" of rows: y = x plus updates [n,…] at rows index [n,1] of x.
func scatterND(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	index := u.in[1]
	if u.text("reduction", "none") != "add" || len(index.Shape) != 2 || index.Shape[1] != 1 {
		b.failf("%s %s: only a ScatterND that adds rows has a rule", u.kind, u.name)
		return nil
	}
	dx := []*onnx.Value{dy[0], nil, nil}
	if u.needs(2) {
		dx[2] = b.Gather(dy[0], b.Reshape(index, onnx.Unknown), 0)
	}
	return dx
}

// pad drops what was put around.
func pad(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	x := u.in[0]
	pads, ok := u.in[1].Known()
	if !ok || u.text("mode", "constant") != "constant" || u.input(3) != nil {
		b.failf("%s %s: only constant pads of all axes with a constant have a rule", u.kind, u.name)
		return nil
	}
	rank := len(x.Shape)
	var from, to, axes []int64
	for i := range rank {
		if before, after := pads[i], pads[rank+i]; before != 0 || after != 0 {
			from, axes = append(from, before), append(axes, int64(i))
			if end := -after; end != 0 {
				to = append(to, end)
			} else {
				to = append(to, 1<<31-1)
			}
		}
	}
	dx := make([]*onnx.Value, len(u.in))
	if dx[0] = dy[0]; len(axes) > 0 {
		dx[0] = b.Op("Slice", dy[0], b.Ints(from...), b.Ints(to...), b.Ints(axes...))
	}
	return dx
}

// depthToSpace in mode DCR is the inverse of SpaceToDepth.
func depthToSpace(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	if mode := u.text("mode", "DCR"); mode != "DCR" {
		b.failf("%s %s: mode %s has no rule", u.kind, u.name, mode)
		return nil
	}
	return one(b.Op("SpaceToDepth", dy[0], onnx.Int("blocksize", u.int("blocksize", 0))))
}

func spaceToDepth(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("DepthToSpace", dy[0], onnx.Int("blocksize", u.int("blocksize", 0)), onnx.Str("mode", "DCR")))
}

// resize by nearest neighbour on the last two axes: each pixel gets the sum of its copies. As the rows and columns that are copies are
// known, that is a product with a matrix of zeros and ones on either side.
func resize(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	x, y := u.in[0], u.out[0]
	if u.text("mode", "nearest") != "nearest" || u.text("coordinate_transformation_mode", "half_pixel") != "asymmetric" ||
		u.text("nearest_mode", "round_prefer_floor") != "floor" || len(x.Shape) != 4 || x.Shape[0] != y.Shape[0] || x.Shape[1] != y.Shape[1] {
		b.failf("%s %s: only nearest, asymmetric, floor on height and width has a rule", u.kind, u.name)
		return nil
	}
	if !b.known(u, x) || !b.known(u, y) {
		return nil
	}
	rows := b.Const("copies", copies(x.Shape[2], y.Shape[2]), x.Shape[2], y.Shape[2])
	columns := b.Const("copies", copies(x.Shape[3], y.Shape[3]), x.Shape[3], y.Shape[3])
	dx := make([]*onnx.Value, len(u.in))
	dx[0] = b.fused(b.MatMul(rows, dy[0]), columns, false, true)
	return dx
}

// copies is the matrix [in,out] with a one where output j is a copy of input i: i = floor(j·in/out).
func copies(in, out int64) []float32 {
	m := make([]float32, in*out)
	scale := float32(out) / float32(in)
	for j := range out {
		i := min(int64(float32(j)/scale), in-1)
		m[i*out+j] = 1
	}
	return m
}

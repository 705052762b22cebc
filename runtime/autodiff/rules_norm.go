package autodiff

import "github.com/oneactor/oneactor/runtime/onnx"

// layerNorm over the last axis: y = γ·x̂ + β with x̂ = (x - μ)·r, r = 1/√(variance + ε). With g = γ·dy, and means over the row,
// dx = r·(g - mean(g) - x̂·mean(g·x̂)), dγ = Σ dy·x̂, dβ = Σ dy. The operator gives μ and r as its outputs 2 and 3.
func layerNorm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	x, d := u.in[0], dy[0]
	if d == nil || len(dy) > 1 && (dy[1] != nil || len(dy) > 2 && dy[2] != nil) {
		b.failf("%s %s: only the first output has a rule", u.kind, u.name)
		return nil
	}
	if a := axis(u.int("axis", -1), x); a != int64(len(x.Shape))-1 {
		b.failf("%s %s: axis %d; only the last one has a rule", u.kind, u.name, a)
		return nil
	}
	all := b.MoreOutputs(u.attrs, 3)
	mean, deviation := all[1], all[2]
	normal := b.Mul(b.Sub(x, mean), deviation)
	if u.needs(0) {
		g := b.Mul(d, u.in[1])
		inner := b.Mul(normal, b.mean(b.Mul(g, normal), -1))
		dx[0] = b.Mul(b.Sub(b.Sub(g, b.mean(g, -1)), inner), deviation)
	}
	if u.needs(1) {
		dx[1] = b.Mul(d, normal)
	}
	if u.needs(2) {
		dx[2] = d
	}
	return dx
}

// instanceNorm normalises each channel of each picture [N,C,…] alone: a group normalisation with as many groups as channels.
func instanceNorm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return b.groupNormal(u, u.in[0].Shape[1], dy[0], false)
}

// groupNorm is the rule of the group of that name, on x [N,C,H,W] with γ and β [C,1,1].
func groupNorm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return b.groupNormal(u, u.int("groups", 0), dy[0], false)
}

// groupNormSilu is the same with z = y·sigmoid(y) behind it.
func groupNormSilu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return b.groupNormal(u, u.int("groups", 0), dy[0], true)
}

// groupNormal: y = γ·x̂ + β, where x̂ has mean 0 and deviation 1 in each group of channels of each picture, and then perhaps
// z = y·s, s = sigmoid(y). With r = 1/√(variance + ε), dy = dz·s·(1 + y - z), g = γ·dy and means over the group,
//
//	dx = r·(g - mean(g) - x̂·mean(g·x̂)), dγ = Σ dy·x̂, dβ = Σ dy.
//
// x̂ and r are computed again from x, in one LayerNormalization over the rows [N·groups]: so neither x̂ nor y nor z need to be kept.
func (b *backward) groupNormal(u *unit, groups int64, d *onnx.Value, silu bool) []*onnx.Value {
	x := u.in[0]
	c := x.Shape[1]
	if groups < 1 || c == onnx.Unknown || c%groups != 0 {
		b.failf("%s %s: %d groups of %d channels", u.kind, u.name, groups, c)
		return nil
	}
	inGroups := func(v *onnx.Value) *onnx.Value { return b.Reshape(v, 0, groups, onnx.Unknown) } // [N,G,C/G·P]
	inChannels := func(v *onnx.Value) *onnx.Value { return b.Reshape(v, 0, c, onnx.Unknown) }    // [N,C,P]
	rows := inGroups(x)
	if !b.known(u, &onnx.Value{Name: x.Name, Shape: x.Shape[1:]}) {
		return nil
	}
	all := b.Ops(3, "LayerNormalization", rows, b.ones(rows.Shape[2]), onnx.Int("axis", -1), onnx.Float("epsilon", u.float("epsilon", 1e-5)))
	normal, r := all[0], all[2]
	gamma, beta := b.reshape(u.in[1], onnx.Shape{c, 1}, u.in[1]), b.reshape(u.in[2], onnx.Shape{c, 1}, u.in[2])
	d = inChannels(d)
	if silu {
		y := b.Add(b.Mul(inChannels(normal), gamma), beta)
		s := b.Op("Sigmoid", y)
		d = b.Mul(d, b.Mul(s, b.Add(b.Sub(y, b.Mul(y, s)), b.Scalar(1))))
	}
	dx := make([]*onnx.Value, len(u.in))
	if u.needs(0) {
		g := inGroups(b.Mul(d, gamma))
		g = b.Sub(b.Sub(g, b.Mul(normal, b.mean(b.Mul(g, normal), 2))), b.mean(g, 2))
		dx[0] = b.reshapeLike(b.Mul(g, r), x)
	}
	if u.needs(1) {
		dx[1] = b.reshapeLike(b.sum(b.Mul(d, inChannels(normal)), false, 0, 2), u.in[1])
	}
	if u.needs(2) {
		dx[2] = b.reshapeLike(b.sum(d, false, 0, 2), u.in[2])
	}
	return dx
}

// ones is a constant vector of n ones.
func (b *backward) ones(n int64) *onnx.Value {
	return b.Op("Expand", b.Scalar(1), b.Ints(n))
}

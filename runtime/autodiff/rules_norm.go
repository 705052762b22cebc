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
	return b.groupNormal(u, u.in[0].Shape[1], dy[0])
}

// groupNorm is the rule of the group of that name, on x [N,C,H,W] with γ and β [C,1,1].
func groupNorm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return b.groupNormal(u, u.int("groups", 0), dy[0])
}

// groupNormal: y = γ·x̂ + β with mean μ and 1/deviation r of each group of channels in each picture. With a = γ·r, and means over the
// group of g = γ·dy,
//
//	dx = dy·a - x·B + C,  c1 = mean(g),  c2 = r·(mean(g·x) - μ·c1),  B = r²·c2,  C = B·μ - r·c1.
//
// Sums over the pixels of each channel come first; the rest is a few numbers per channel, but for two products, a difference and a sum.
func (b *backward) groupNormal(u *unit, groups int64, d *onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	x := u.in[0]
	c := x.Shape[1]
	if groups < 1 || c == onnx.Unknown || c%groups != 0 {
		b.failf("%s %s: %d groups of %d channels", u.kind, u.name, groups, c)
		return nil
	}
	each := c / groups
	pixels := b.Reshape(x, 0, c, onnx.Unknown)                                                             // [N,C,P]
	dPixels := b.Reshape(d, 0, c, onnx.Unknown)                                                            // [N,C,P]
	perChannel := func(v *onnx.Value) *onnx.Value { return b.Reshape(b.sum(v, true, 2), 0, groups, each) } // [N,G,C/G]
	perGroup := func(v *onnx.Value) *onnx.Value { return b.mean(v, 2) }                                    // [N,G,1]
	count := pixels.Shape[2]
	if count == onnx.Unknown {
		b.known(u, x)
		return nil
	}
	gamma := b.Reshape(u.in[1], 1, groups, each)
	mu := perGroup(b.Reshape(b.mean(pixels, 2), 0, groups, each))
	centred := b.Sub(b.Reshape(pixels, 0, groups, onnx.Unknown), mu) // [N,G,C/G·P]
	variance := b.Op("ReduceSumSquare", centred, b.Ints(2))
	variance = b.scale(variance, 1/float64(each*count))
	r := b.Op("Reciprocal", b.Op("Sqrt", b.Add(variance, b.Scalar(u.float("epsilon", 1e-5))))) // [N,G,1]
	sumD, sumDX := perChannel(dPixels), perChannel(b.Mul(dPixels, pixels))
	if u.needs(0) {
		c1 := b.scale(perGroup(b.Mul(gamma, sumD)), 1/float64(count))
		c2 := b.Mul(r, b.Sub(b.scale(perGroup(b.Mul(gamma, sumDX)), 1/float64(count)), b.Mul(mu, c1)))
		slope := b.Mul(b.Mul(r, r), c2)                                // [N,G,1]
		shift := b.Sub(b.Mul(slope, mu), b.Mul(r, c1))                 // [N,G,1]
		a := b.Reshape(b.Mul(gamma, r), 0, c, 1)                       // [N,C,1]
		first := b.Reshape(b.Mul(dPixels, a), 0, groups, onnx.Unknown) // [N,G,C/G·P]
		second := b.Mul(b.Reshape(pixels, 0, groups, onnx.Unknown), slope)
		dx[0] = b.reshapeLike(b.Add(b.Sub(first, second), shift), x)
	}
	if u.needs(1) {
		normal := b.Mul(r, b.Sub(sumDX, b.Mul(mu, sumD)))
		dx[1] = b.reshapeLike(b.sum(normal, false, 0), u.in[1])
	}
	if u.needs(2) {
		dx[2] = b.reshapeLike(b.sum(sumD, false, 0), u.in[2])
	}
	return dx
}

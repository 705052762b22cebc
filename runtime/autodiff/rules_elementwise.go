package autodiff

import (
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// The rules here are of operations element by element, y = f(x): dx = dy·f'(x).

func one(v *onnx.Value) []*onnx.Value { return []*onnx.Value{v} }

// same: y = x, perhaps repeated or of another type.
func same(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	dx[0] = b.Cast(dy[0], u.in[0].DType)
	return dx
}

// negate: y = -x.
func negate(b *backward, _ *unit, dy []*onnx.Value) []*onnx.Value { return one(b.Op("Neg", dy[0])) }

// squareRoot: y = √x, dx = dy / 2y.
func squareRoot(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("Div", b.scale(dy[0], 0.5), u.out[0]))
}

// reciprocal: y = 1/x, dx = -dy·y².
func reciprocal(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("Neg", b.Mul(dy[0], b.Mul(u.out[0], u.out[0]))))
}

// exponential: y = eˣ, dx = dy·y.
func exponential(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Mul(dy[0], u.out[0]))
}

// logarithm: y = ln x, dx = dy / x.
func logarithm(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("Div", dy[0], u.in[0]))
}

// errorFunction: y = erf x, dx = dy·2/√π·exp(-x²).
func errorFunction(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	bell := b.Op("Exp", b.Op("Neg", b.Mul(u.in[0], u.in[0])))
	return one(b.Mul(b.scale(dy[0], 2/math.Sqrt(math.Pi)), bell))
}

// sine: y = sin x, dx = dy·cos x.
func sine(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Mul(dy[0], b.Op("Cos", u.in[0])))
}

// cosine: y = cos x, dx = -dy·sin x.
func cosine(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("Neg", b.Mul(dy[0], b.Op("Sin", u.in[0]))))
}

// arcCosine: y = arccos x, dx = -dy/√(1-x²) = -dy/sin y.
func arcCosine(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Op("Neg", b.Op("Div", dy[0], b.Op("Sin", u.out[0]))))
}

// tanh: dx = dy·(1 - y²).
func tanh(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Mul(dy[0], b.Sub(b.Scalar(1), b.Mul(u.out[0], u.out[0]))))
}

// sigmoid: dx = dy·y(1 - y).
func sigmoid(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	y := u.out[0]
	return one(b.Mul(b.Mul(dy[0], y), b.Sub(b.Scalar(1), y)))
}

// relu: y = max(x, 0), dx = dy where y > 0. Reading y instead of x lets x go.
func relu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Mul(dy[0], b.Op("Sign", u.out[0])))
}

// leakyRelu: y = x, or alpha·x where x < 0.
func leakyRelu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	slope := b.Op("Where", b.Op("Less", u.in[0], b.Scalar(0)), b.Scalar(u.float("alpha", 0.01)), b.Scalar(1))
	return one(b.Mul(dy[0], slope))
}

// pRelu: y = x, or slope·x where x < 0; the slope is an input.
func pRelu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	x, slope := u.in[0], u.in[1]
	below := b.Op("Less", x, b.Scalar(0))
	return []*onnx.Value{
		b.Mul(dy[0], b.Op("Where", below, slope, b.Scalar(1))),
		b.Mul(dy[0], b.Op("Where", below, x, b.Scalar(0))),
	}
}

// gelu: y = x·Φ(x), dx = dy·(Φ + x·φ). With v = x/√2: Φ = (1 + erf v)/2 and x·φ = v·exp(-v²)/√π.
func gelu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	if u.text("approximate", "none") != "none" {
		b.failf("Gelu %s: the tanh approximation has no rule", u.name)
		return nil
	}
	_, slope := b.gelu(u.in[0])
	return one(b.Mul(dy[0], slope))
}

// gelu is Φ(x) and the slope of x·Φ(x).
func (b *backward) gelu(x *onnx.Value) (share, slope *onnx.Value) {
	v := b.scale(x, math.Sqrt2/2)
	bell := b.Op("Exp", b.Op("Neg", b.Mul(v, v)))
	share = b.scale(b.Add(b.Op("Erf", v), b.Scalar(1)), 0.5)
	return share, b.Add(share, b.Mul(v, b.scale(bell, 1/math.Sqrt(math.Pi))))
}

// geglu is the rule of the group of that name, y = h·gelu(g). The gelu is computed again from Φ, one product instead of a kept tensor.
func geglu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	h, g := u.in[0], u.in[1]
	share, slope := b.gelu(g)
	dx := make([]*onnx.Value, 2)
	if u.needs(0) {
		dx[0] = b.Mul(dy[0], b.Mul(g, share))
	}
	if u.needs(1) {
		dx[1] = b.Mul(dy[0], b.Mul(h, slope))
	}
	return dx
}

// quickGelu: y = x·s with s = sigmoid(αx): dx = dy·s·(1 + αx(1 - s)) = dy·(s + α·y·(1 - s)).
func quickGelu(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	alpha := float64(u.float("alpha", 1.702))
	x, y := b.scale(u.in[0], alpha), b.scale(u.out[0], alpha)
	// s·(1 + αx - αy): one pass less than the form above.
	slope := b.Mul(b.Op("Sigmoid", x), b.Add(b.Sub(x, y), b.Scalar(1)))
	return one(b.Mul(dy[0], slope))
}

// absolute: y = |x|, dx = dy·sign x.
func absolute(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	return one(b.Mul(dy[0], b.Op("Sign", u.in[0])))
}

// clip: y = min(max(x, low), high); nothing flows where a limit holds.
func clip(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	inside := b.Op("Equal", u.in[0], u.out[0])
	dx[0] = b.Op("Where", inside, dy[0], b.Scalar(0))
	return dx
}

// add: y = a + c.
func add(_ *backward, _ *unit, dy []*onnx.Value) []*onnx.Value { return []*onnx.Value{dy[0], dy[0]} }

// subtract: y = a - c.
func subtract(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := []*onnx.Value{dy[0], nil}
	if u.needs(1) {
		dx[1] = b.Op("Neg", dy[0])
	}
	return dx
}

// multiply: y = a·c, da = dy·c, dc = dy·a.
func multiply(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, 2)
	for i := range dx {
		if u.needs(i) {
			dx[i] = b.Mul(dy[0], u.in[1-i])
		}
	}
	return dx
}

// divide: y = a/c, da = dy/c, dc = -da·y.
func divide(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	da := b.Op("Div", dy[0], u.in[1])
	dx := []*onnx.Value{da, nil}
	if u.needs(1) {
		dx[1] = b.Op("Neg", b.Mul(da, u.out[0]))
	}
	return dx
}

// power: y = aᶜ, da = dy·c·aᶜ⁻¹, dc = dy·y·ln a.
func power(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	a, c := u.in[0], u.in[1]
	dx := make([]*onnx.Value, 2)
	if u.needs(0) {
		dx[0] = b.Mul(dy[0], b.Mul(c, b.Op("Pow", a, b.Sub(c, b.Scalar(1)))))
	}
	if u.needs(1) {
		dx[1] = b.Mul(dy[0], b.Mul(u.out[0], b.Op("Log", a)))
	}
	return dx
}

// extreme is the rule of Min and Max: dy goes to the second input where the comparison prefers it, else to the first.
func extreme(better string) rule {
	return func(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
		second := b.Op(better, u.in[1], u.in[0])
		zero := b.Scalar(0)
		return []*onnx.Value{b.Op("Where", second, zero, dy[0]), b.Op("Where", second, dy[0], zero)}
	}
}

// where: y = a where the condition holds, else c.
func where(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	zero := b.Scalar(0)
	dx := make([]*onnx.Value, 3)
	if u.needs(1) {
		dx[1] = b.Op("Where", u.in[0], dy[0], zero)
	}
	if u.needs(2) {
		dx[2] = b.Op("Where", u.in[0], zero, dy[0])
	}
	return dx
}

// triangle: what Trilu keeps.
func triangle(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	dx := make([]*onnx.Value, len(u.in))
	args := []onnx.Arg{dy[0]}
	if u.input(1) != nil {
		args = append(args, u.in[1])
	}
	dx[0] = b.Op("Trilu", append(args, onnx.Int("upper", u.int("upper", 1)))...)
	return dx
}

// softmax: dx = y·(dy - Σ y·dy) over its axis.
func softmax(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	y := u.out[0]
	sum := b.sum(b.Mul(y, dy[0]), true, u.int("axis", -1))
	return one(b.Mul(y, b.Sub(dy[0], sum)))
}

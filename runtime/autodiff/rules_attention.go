package autodiff

import (
	"cmp"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// cacheBlock is Options.Block where it is not set.
const cacheBlock = 16 << 20

func (b *backward) block() int64 { return cmp.Or(b.options.Block, cacheBlock) }

// attentionRows is the rule of the group "Attention": q is rows [B·S,C], k and v are rows [B·T,C], the fourth input is B.
func attentionRows(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	batch, ok := u.in[3].Known()
	if !ok || len(batch) != 1 {
		b.failf("%s %s: the batch %s is not known; fix it before differentiating", u.kind, u.name, u.in[3].Name)
		return nil
	}
	dx := append(b.attention(u, batch[0], dy[0]), nil)
	for i, d := range dx {
		if d != nil {
			dx[i] = b.reshapeLike(d, u.in[i])
		}
	}
	return dx
}

// multiHeadAttention is the rule of the operator on q [B,S,C], k and v [B,T,C].
func multiHeadAttention(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value {
	if len(u.in) > 3 {
		b.failf("%s %s: bias, masks and past keys have no rule", u.kind, u.name)
		return nil
	}
	if !b.known(u, u.in[0]) {
		return nil
	}
	dx := b.attention(u, u.in[0].Shape[0], dy[0])
	for i, d := range dx {
		if d != nil {
			dx[i] = b.reshapeLike(d, u.in[i])
		}
	}
	return dx
}

// attention: O = P·V with P = softmax(s·Q·Kᵀ), s = 1/√d, in each head of each picture:
//
//	D = rowsum(dO·O),  dS = P·(dO·Vᵀ - D),  dQ = s·dS·K,  dK = s·dSᵀ·Q,  dV = Pᵀ·dO.
//
// P is computed again, for one picture and a block of rows at a time unless all of it is small. D rides along in the product dO·Vᵀ as one more column of dO, with a
// column of -1 in V. In a picture tokens stay in front of the heads, [S,heads,d]: the products read them so, nothing is transposed but results.
func (b *backward) attention(u *unit, batch int64, dO *onnx.Value) []*onnx.Value {
	q, k, v := u.in[0], u.in[1], u.in[2]
	for _, in := range u.in[:3] {
		if !b.known(u, in) {
			return nil
		}
	}
	heads, width := u.int("num_heads", 1), q.Shape[len(q.Shape)-1]
	valueWidth := v.Shape[len(v.Shape)-1]
	s, t := q.Shape.Count()/width/batch, k.Shape.Count()/width/batch
	causal := u.int("unidirectional", 0) == 1
	if width%heads != 0 || valueWidth%heads != 0 || causal && s != t {
		b.failf("%s %s: %d heads on widths %d and %d, %d queries and %d keys, causal: %v", u.kind, u.name, heads, width, valueWidth, s, t, causal)
		return nil
	}
	d, dv := width/heads, valueWidth/heads
	scale := u.float("scale", 0)
	if scale == 0 {
		scale = float32(1 / math.Sqrt(float64(d)))
	}
	a := attending{b, heads, s, t, scale, causal, u}
	q, k, v = b.Reshape(q, batch, s, heads, d), b.Reshape(k, batch, t, heads, d), b.Reshape(v, batch, t, heads, dv)
	o := b.Reshape(u.out[0], batch, s, heads, dv)
	dO = b.Reshape(dO, batch, s, heads, dv)
	if u.needs(0) || u.needs(1) {
		rows := b.sum(b.Mul(dO, o), true, 3) // D [B,S,heads,1]
		left, right := []*onnx.Value{dO, rows}, []*onnx.Value{v, b.Op("Expand", b.Scalar(-1), b.Ints(batch, t, heads, 1))}
		if align := max(b.options.Align, 1); (dv+1)%align != 0 {
			more := align - (dv+1)%align
			left = append(left, b.Op("Expand", b.Scalar(0), b.Ints(batch, s, heads, more)))
			right = append(right, b.Op("Expand", b.Scalar(0), b.Ints(batch, t, heads, more)))
		}
		dO, v = b.Concat(3, left...), b.Concat(3, right...)
	}
	var dx []*onnx.Value
	if 4*batch*heads*s*t <= b.block() {
		dx = a.together(q, k, v, dO)
	} else {
		dx = a.apart(batch, q, k, v, dO)
	}
	if dx[2] != nil && (u.needs(0) || u.needs(1)) {
		dx[2] = b.Slice(dx[2], 3, 0, dv) // without the column that was added
	}
	return dx
}

// apart goes picture by picture through q, k, v and dO [B,tokens,heads,d].
func (a *attending) apart(batch int64, q, k, v, dO *onnx.Value) []*onnx.Value {
	var parts [3][]*onnx.Value
	for i := range batch {
		picture := func(v *onnx.Value) *onnx.Value { return a.Reshape(a.Slice(v, 0, i, i+1), v.Shape[1:]...) }
		if a.Err() != nil {
			return make([]*onnx.Value, 3)
		}
		for j, g := range a.picture(picture(q), picture(k), picture(v), picture(dO)) {
			if g != nil {
				parts[j] = append(parts[j], a.Unsqueeze(g, 0))
			}
		}
	}
	dx := make([]*onnx.Value, 3)
	for i, p := range parts {
		if len(p) > 0 {
			dx[i] = a.join(0, p)
		}
	}
	return dx
}

// together takes all pictures in one product each, with the heads in front: fewer nodes, where they are small.
func (a *attending) together(q, k, v, dO *onnx.Value) []*onnx.Value {
	swap := func(v *onnx.Value) *onnx.Value { return a.Transpose(v, 0, 2, 1, 3) } // [B,heads,tokens,d]
	q, k, v, dO = swap(q), swap(k), swap(v), swap(dO)
	scale := onnx.Float("alpha", a.scale)
	scores := a.fused(q, k, false, true, scale)
	if a.causal {
		scores = a.Add(scores, a.hidden(0, a.s))
	}
	p := a.Op("Softmax", scores, onnx.Int("axis", -1)) // [B,heads,S,T]
	dx := make([]*onnx.Value, 3)
	if a.u.needs(2) {
		dx[2] = swap(a.fused(p, dO, true, false))
	}
	if !a.u.needs(0) && !a.u.needs(1) {
		return dx
	}
	dS := a.Mul(p, a.fused(dO, v, false, true))
	if a.u.needs(0) {
		dx[0] = swap(a.fused(dS, k, false, false, scale))
	}
	if a.u.needs(1) {
		dx[1] = swap(a.fused(dS, q, true, false, scale))
	}
	return dx
}

// join is Concat of one or more.
func (b *backward) join(axis int64, parts []*onnx.Value) *onnx.Value {
	if len(parts) == 1 {
		return parts[0]
	}
	return b.Concat(axis, parts...)
}

// attending is the attention of one picture in the making: s rows ask t rows.
type attending struct {
	*backward
	heads, s, t int64
	scale       float32
	causal      bool
	u           *unit
}

// picture returns the gradients of q, k and v, each as rows [tokens,heads,d].
func (a *attending) picture(q, k, v, dO *onnx.Value) []*onnx.Value {
	block := max(1, a.block()/(4*a.heads*a.t))
	blocks := (a.s + block - 1) / block
	block = (a.s + blocks - 1) / blocks // of equal size
	var dq []*onnx.Value
	var dk, dv *onnx.Value
	for from := int64(0); from < a.s; from += block {
		to := min(from+block, a.s)
		rows := func(v *onnx.Value) *onnx.Value {
			if to-from == a.s {
				return v
			}
			return a.Slice(v, 0, from, to)
		}
		q, dO := rows(q), rows(dO)
		p := a.probabilities(q, k, from, to)
		if a.u.needs(2) {
			dv = a.plus(dv, a.fused(p, dO, true, false, onnx.Int("transBatchB", 1))) // [heads,T,d]
		}
		if !a.u.needs(0) && !a.u.needs(1) {
			continue
		}
		dS := a.Mul(p, a.fused(dO, v, false, true, onnx.Int("transBatchA", 1), onnx.Int("transBatchB", 1))) // [heads,rows,T]
		scale := onnx.Float("alpha", a.scale)
		if a.u.needs(0) {
			dq = append(dq, a.Transpose(a.fused(dS, k, false, false, scale, onnx.Int("transBatchB", 1)), 1, 0, 2))
		}
		if a.u.needs(1) {
			dk = a.plus(dk, a.fused(dS, q, true, false, scale, onnx.Int("transBatchB", 1))) // [heads,T,d]
		}
	}
	out := make([]*onnx.Value, 3)
	if len(dq) > 0 {
		out[0] = a.join(0, dq)
	}
	if dk != nil {
		out[1] = a.Transpose(dk, 1, 0, 2)
	}
	if dv != nil {
		out[2] = a.Transpose(dv, 1, 0, 2)
	}
	return out
}

// probabilities is P [heads,rows,T] for rows [from,to) of the picture, of which q are the queries.
func (a *attending) probabilities(q, k *onnx.Value, from, to int64) *onnx.Value {
	scores := a.fused(q, k, false, true, onnx.Float("alpha", a.scale), onnx.Int("transBatchA", 1), onnx.Int("transBatchB", 1))
	if a.causal {
		scores = a.Add(scores, a.hidden(from, to))
	}
	return a.Op("Softmax", scores, onnx.Int("axis", -1))
}

// hidden is a mask [rows,T] that takes what comes later out of a softmax.
func (a *attending) hidden(from, to int64) *onnx.Value {
	mask := make([]float32, (to-from)*a.t)
	for i := from; i < to; i++ {
		for j := i + 1; j < a.t; j++ {
			mask[(i-from)*a.t+j] = -math.MaxFloat32
		}
	}
	return a.Const("later", mask, to-from, a.t)
}

// plus adds to a sum that may be empty.
func (a *attending) plus(sum, v *onnx.Value) *onnx.Value {
	if sum == nil {
		return v
	}
	return a.Add(sum, v)
}

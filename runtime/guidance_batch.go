package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// question is what one step asks of a model.
type question struct {
	x        *tensor.Tensor // [B,C,H,W] in model space
	sigma    float32
	sides    []side
	features bool // means.h is wanted
	// attention has means.attention filled in, for the side attentionOf.
	attention   bool
	attentionOf int
}

// side is a list of entries whose predictions are averaged, and the variant of the network that makes them.
type side struct {
	entries []entry
	variant variant
}

// part is one entry's share of a model call.
type part struct {
	side    int
	entry   *entry
	area    cells
	weight  *tensor.Tensor // nil where it is the whole of its side
	variant variant
}

// means are the predictions of the sides of a run.
type means struct {
	x0 []*tensor.Tensor // per side [B,C,H,W]
	// counts are per side the weights that x0 is a mean over, next to nothing where no entry applies; nil for the prediction of one entry.
	counts []*tensor.Tensor
	h      *tensor.Tensor // [B,C',h',w'] of the first entry of the first side that covers the whole latent; nil if not asked for
	// attention [B,T] is that of the last evaluated entry of the side asked for, as in prediction; nil for none.
	attention *tensor.Tensor
}

// average evaluates every active entry of every side at once where shapes and variants allow and returns per side the weighted mean of
// their predictions; a side without an active entry is zero. Results depend on the batching by rounding only.
func average(ctx context.Context, m predictor, q question) (means, error) {
	x := q.x
	batch, channels, h, w := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	var waiting []part
	out := means{x0: make([]*tensor.Tensor, len(q.sides)), counts: make([]*tensor.Tensor, len(q.sides))}
	for side, of := range q.sides {
		if e := of.alone(q.sigma); e != nil {
			a, err := e.cells(h, w)
			if err != nil {
				return means{}, err
			}
			waiting = append(waiting, part{side: side, entry: e, area: a, variant: of.variant})
			continue
		}
		out.x0[side], out.counts[side] = tensor.New(x.Shape...), tensor.Full(1e-37, x.Shape...)
		for i := range of.entries {
			e := &of.entries[i]
			if e.fallback || !e.active(q.sigma) {
				continue
			}
			a, err := e.cells(h, w)
			if err != nil {
				return means{}, err
			}
			waiting = append(waiting, part{side, e, a, e.weight(batch, channels, a, h, w), of.variant})
		}
	}
	rest, err := fallbacks(q, waiting)
	if err != nil {
		return means{}, err
	}
	waiting = append(waiting, rest...)
	var source *entry // of h
	for i := range waiting {
		if p := waiting[i]; q.features && p.side == 0 && p.entry.area == nil {
			source = p.entry
			break
		}
	}
	for len(waiting) > 0 {
		var run, rest []part
		for _, p := range waiting {
			if p.joins(waiting[0]) {
				run = append(run, p)
			} else {
				rest = append(rest, p)
			}
		}
		waiting = rest
		if err := evaluate(ctx, m, q, run, &out, source); err != nil {
			return means{}, err
		}
	}
	for side := range out.x0 {
		if out.counts[side] == nil {
			continue
		}
		for i, n := range out.counts[side].Data {
			out.x0[side].Data[i] /= n
		}
	}
	return out, nil
}

// alone is the entry that makes the whole prediction of a side at a noise level, as the only one and with full weight everywhere; nil where
// there is a mean to take.
func (s side) alone(sigma float32) *entry {
	var out *entry
	for i := range s.entries {
		e := &s.entries[i]
		switch {
		case e.fallback:
			return nil
		case !e.active(sigma):
		case out != nil || e.area != nil || e.mask != nil || e.strength != 1:
			return nil
		default:
			out = e
		}
	}
	return out
}

// cells is the area of the entry on a latent of height h and width w, which must be the one that it was made ready for where it holds
// something of that size.
func (e *entry) cells(h, w int) (cells, error) {
	for _, t := range []*tensor.Tensor{e.mask, e.planes} {
		if t == nil {
			continue
		}
		if n := len(t.Shape); t.Shape[n-2] != h || t.Shape[n-1] != w {
			return cells{}, fmt.Errorf("the sampler changed the latent's size to %dx%d cells, and masks or pictures of the conditioning are for %dx%d: take them away, or use a sampler that keeps the size",
				w, h, t.Shape[n-1], t.Shape[n-2])
		}
	}
	if e.area == nil {
		return cells{h: h, w: w}, nil
	}
	a := e.area.clip(h, w)
	if a.h <= 0 || a.w <= 0 {
		return a, fmt.Errorf("conditioning area at x=%d, y=%d (latent cells of 8 px) lies outside the latent of %dx%d cells: move it inside", a.x, a.y, w, h)
	}
	return a, nil
}

// joins reports whether two parts may share a batch: equal shapes, the same control, the same variant of the network, and prompts whose
// least common length is at most four times the shorter one.
func (p part) joins(q part) bool {
	a, b := p.entry.embedding, q.entry.embedding
	if p.variant != q.variant || p.area.h != q.area.h || p.area.w != q.area.w || p.entry.control != q.entry.control || a.Dim(0) != b.Dim(0) {
		return false
	}
	if !sameNet(p.entry.boxes, q.entry.boxes) {
		return false
	}
	if !sameKind(p.entry.vector, q.entry.vector) || !sameKind(p.entry.planes, q.entry.planes) {
		return false
	}
	return alikeText(a, b) && alikeText(p.entry.controlText, q.entry.controlText)
}

// alikeText reports whether two optional prompts may share a batch.
func alikeText(a, b *tensor.Tensor) bool {
	if a == nil || b == nil {
		return a == b
	}
	n, m := a.Dim(1), b.Dim(1)
	return a.Dim(2) == b.Dim(2) && (n == m || lcm(n, m)/min(n, m) <= 4)
}

// sameNet reports whether boxes are placed by one model, as far as there are any.
func sameNet(a, b *Boxes) bool { return a == nil || b == nil || a.net.set == b.net.set }

// sameKind reports whether two optional tensors are both absent, or alike but for the batch.
func sameKind(a, b *tensor.Tensor) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(a.Shape[1:], b.Shape[1:])
}

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// evaluate runs the parts as one batch and adds their weighted predictions to the sums of their sides; out takes h of the entry source.
func evaluate(ctx context.Context, m predictor, q question, run []part, out *means, source *entry) error {
	x, sigma := q.x, q.sigma
	batch, channels := x.Dim(0), x.Dim(1)
	// The reference collects parts last to first; the order of a sum of two sides' own parts follows it.
	slices.Reverse(run)
	call := modelCall{sigma: sigma, control: run[0].entry.control, groups: len(run), variant: run[0].variant}
	var err error
	var xs, texts, controlTexts, vectors, planes []*tensor.Tensor
	for _, p := range run {
		var piece *tensor.Tensor
		if piece, err = crop(x, p.area); err != nil {
			return err
		}
		xs = append(xs, piece)
		texts = append(texts, p.entry.text(sigma))
		if t := p.entry.controlText; t != nil {
			controlTexts = append(controlTexts, t)
		}
		if v := p.entry.vector; v != nil {
			vectors = append(vectors, v.Repeat(batch))
		}
		if c := p.entry.planes; c != nil {
			if c, err = crop(c, p.area); err != nil {
				return err
			}
			planes = append(planes, c.Repeat(batch))
		}
		call.boxes = append(call.boxes, p.entry.boxes)
		call.features = call.features || source != nil && p.entry == source
		call.attention = call.attention || q.attention && p.side == q.attentionOf
	}
	if call.x, err = tensor.Concat(0, xs...); err != nil {
		return err
	}
	if call.text, err = joinTexts(texts, batch); err != nil {
		return err
	}
	if call.controlText, err = joinTexts(controlTexts, batch); err != nil {
		return err
	}
	if len(vectors) > 0 {
		if call.vector, err = tensor.Concat(0, vectors...); err != nil {
			return err
		}
	}
	if len(planes) > 0 {
		if call.planes, err = tensor.Concat(0, planes...); err != nil {
			return err
		}
	}
	predicted, err := m.predict(ctx, call)
	if err != nil {
		return err
	}
	seen := false
	for i, p := range run {
		d := predicted.x0.Rows(i*batch, (i+1)*batch)
		if p.weight == nil {
			out.x0[p.side] = d
		} else {
			add(out.x0[p.side], out.counts[p.side], d, p.weight, p.area, channels)
		}
		if p.entry == source {
			out.h = predicted.h.Rows(i*batch, (i+1)*batch).Clone()
		}
		if call.attention && !seen && p.side == q.attentionOf {
			out.attention, seen = predicted.attention.Rows(i*batch, (i+1)*batch).Clone(), true
		}
	}
	return nil
}

// add accumulates d·weight and weight over the area of sum and count.
func add(sum, count, d, weight *tensor.Tensor, a cells, channels int) {
	h, w := sum.Dim(2), sum.Dim(3)
	for plane := range sum.Dim(0) * channels {
		for y := range a.h {
			from := (plane*a.h + y) * a.w
			to := (plane*h+a.y+y)*w + a.x
			for i := range a.w {
				sum.Data[to+i] += d.Data[from+i] * weight.Data[from+i]
				count.Data[to+i] += weight.Data[from+i]
			}
		}
	}
}

// crop is area a of every plane of x.
func crop(x *tensor.Tensor, a cells) (*tensor.Tensor, error) {
	if a == (cells{h: x.Dim(2), w: x.Dim(3)}) {
		return x, nil
	}
	return imaging.Window(x, a.y, a.x, a.h, a.w)
}

// joinTexts is one batch [n·batch,T,D] of n prompts [1,T',D], each tiled to their least common length and repeated; nil for none.
func joinTexts(texts []*tensor.Tensor, batch int) (*tensor.Tensor, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	tokens := 1
	for _, t := range texts {
		tokens = lcm(tokens, t.Dim(1))
	}
	parts := make([]*tensor.Tensor, len(texts))
	for i, t := range texts {
		parts[i] = repeatTokens(t, tokens).Repeat(batch)
	}
	joined, err := tensor.Concat(0, parts...)
	if err != nil {
		return nil, fmt.Errorf("prompts cannot share a batch: %w", err)
	}
	return joined, nil
}

// repeatTokens tiles the rows of text [1,T,D] to n tokens; n is a multiple of T.
func repeatTokens(text *tensor.Tensor, n int) *tensor.Tensor {
	t, d := text.Dim(1), text.Dim(2)
	if t == n {
		return text
	}
	out := tensor.New(text.Dim(0), n, d)
	for b := range text.Dim(0) {
		for i := range n {
			copy(out.Data[(b*n+i)*d:][:d], text.Data[(b*t+i%t)*d:][:d])
		}
	}
	return out
}

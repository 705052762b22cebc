package runtime

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// predictor is the model as guidance sees it: one batched call at one noise level.
//
// x is [N,C,h,w] in model space, text [N,T,D], pooled [N,P] or nil; control belongs to the whole batch, which holds
// several entries of groups items each. The result is the prediction of x0, [N,C,h,w].
type predictor interface {
	predict(ctx context.Context, call modelCall) (*tensor.Tensor, error)
}

// modelCall is one batched evaluation of the model.
type modelCall struct {
	x       *tensor.Tensor
	sigma   float32
	text    *tensor.Tensor
	pooled  *tensor.Tensor
	control *Control
	groups  int // entries concatenated in the batch
}

// guidance is classifier-free guidance over entries with areas, masks and ranges. It implements sampling.Denoiser.
type guidance struct {
	model              predictor
	positive, negative []entry
	cfg                float64
	hooks              []preCFG
	needUncond         bool // a sampler wants the negative prediction even at cfg 1
}

var _ sampling.Denoiser = (*guidance)(nil)

// Denoise predicts x0 of x [B,C,H,W] at noise level sigma: U + (C-U)·cfg, each side the weighted mean of its entries.
// At cfg 1 the negative side is not evaluated unless it is needed.
func (g *guidance) Denoise(ctx context.Context, x *tensor.Tensor, sigma float32) (sampling.Prediction, error) {
	sides := [][]entry{g.positive, g.negative}
	plain := isOne(g.cfg) && !g.needUncond
	if plain {
		sides[1] = nil
	}
	d, err := average(ctx, g.model, sides, x, sigma)
	if err != nil {
		return sampling.Prediction{}, err
	}
	cond, uncond := d[0], d[1]
	if plain {
		uncond = nil
	}
	for _, hook := range g.hooks {
		if cond, err = hook(cond, uncond); err != nil {
			return sampling.Prediction{}, err
		}
	}
	if plain {
		return sampling.Prediction{Denoised: cond}, nil
	}
	out, scale := tensor.New(x.Shape...), float32(g.cfg)
	for i, u := range uncond.Data {
		out.Data[i] = u + (cond.Data[i]-u)*scale
	}
	return sampling.Prediction{Denoised: out, Uncond: uncond}, nil
}

// isOne is Python's math.isclose(v, 1).
func isOne(v float64) bool { return math.Abs(v-1) <= 1e-9*max(1, math.Abs(v)) }

// part is one entry's share of a model call.
type part struct {
	side   int
	entry  *entry
	area   cells
	weight *tensor.Tensor
}

// average evaluates every active entry of every side at once where shapes allow and returns per side the weighted mean of their
// predictions; a side without an active entry is zero. Results depend on the batching by rounding only.
func average(ctx context.Context, m predictor, sides [][]entry, x *tensor.Tensor, sigma float32) ([]*tensor.Tensor, error) {
	batch, channels, h, w := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	var waiting []part
	sums, counts := make([]*tensor.Tensor, len(sides)), make([]*tensor.Tensor, len(sides))
	for side, entries := range sides {
		sums[side], counts[side] = tensor.New(x.Shape...), tensor.Full(1e-37, x.Shape...)
		for i := range entries {
			e := &entries[i]
			if !e.active(sigma) {
				continue
			}
			a := cells{h: h, w: w}
			if e.area != nil {
				a = e.area.clip(h, w)
			}
			if a.h <= 0 || a.w <= 0 {
				return nil, fmt.Errorf("conditioning area at x=%d, y=%d (latent cells of 8 px) lies outside the latent of %dx%d cells: move it inside",
					a.x, a.y, w, h)
			}
			waiting = append(waiting, part{side, e, a, e.weight(batch, channels, a, h, w)})
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
		if err := evaluate(ctx, m, run, x, sigma, sums, counts); err != nil {
			return nil, err
		}
	}
	for side := range sums {
		for i, n := range counts[side].Data {
			sums[side].Data[i] /= n
		}
	}
	return sums, nil
}

// joins reports whether two parts may share a batch: equal shapes, the same control, and prompts whose least common length is at
// most four times the shorter one.
func (p part) joins(q part) bool {
	a, b := p.entry.embedding, q.entry.embedding
	if p.area.h != q.area.h || p.area.w != q.area.w || p.entry.control != q.entry.control || a.Dim(0) != b.Dim(0) || a.Dim(2) != b.Dim(2) {
		return false
	}
	if (p.entry.pooled == nil) != (q.entry.pooled == nil) {
		return false
	}
	n, m := a.Dim(1), b.Dim(1)
	return n == m || lcm(n, m)/min(n, m) <= 4
}

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// evaluate runs the parts as one batch and adds their weighted predictions to the sums of their sides.
func evaluate(ctx context.Context, m predictor, run []part, x *tensor.Tensor, sigma float32, sums, counts []*tensor.Tensor) error {
	batch, channels := x.Dim(0), x.Dim(1)
	tokens := 1
	for _, p := range run {
		tokens = lcm(tokens, p.entry.embedding.Dim(1))
	}
	// The reference collects parts last to first; the order of a sum of two sides' own parts follows it.
	slices.Reverse(run)
	var xs, texts, pooled []*tensor.Tensor
	for _, p := range run {
		piece, err := crop(x, p.area)
		if err != nil {
			return err
		}
		xs = append(xs, piece)
		texts = append(texts, repeatTokens(p.entry.embedding, tokens).Repeat(batch))
		if p.entry.pooled != nil {
			pooled = append(pooled, p.entry.pooled.Repeat(batch))
		}
	}
	call := modelCall{sigma: sigma, control: run[0].entry.control, groups: len(run)}
	var err error
	if call.x, err = tensor.Concat(0, xs...); err != nil {
		return err
	}
	if call.text, err = tensor.Concat(0, texts...); err != nil {
		return fmt.Errorf("prompts cannot share a batch: %w", err)
	}
	if len(pooled) > 0 {
		if call.pooled, err = tensor.Concat(0, pooled...); err != nil {
			return fmt.Errorf("pooled prompts cannot share a batch: %w", err)
		}
	}
	predicted, err := m.predict(ctx, call)
	if err != nil {
		return err
	}
	for i, p := range run {
		d := predicted.Rows(i*batch, (i+1)*batch)
		add(sums[p.side], counts[p.side], d, p.weight, p.area, channels)
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

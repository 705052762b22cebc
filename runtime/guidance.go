package runtime

import (
	"context"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// predictor is the model as guidance sees it: one batched call at one noise level.
type predictor interface {
	predict(ctx context.Context, call modelCall) (prediction, error)
}

// modelCall is one batched evaluation of the model; control belongs to the whole batch, which holds several entries of groups items each.
type modelCall struct {
	x       *tensor.Tensor // [N,C,h,w] in model space
	sigma   float32
	text    *tensor.Tensor // [N,T,D]
	vector  *tensor.Tensor // [N,LabelDim] or nil, as told.vector
	planes  *tensor.Tensor // [N,C',h,w] or nil, as told.planes
	boxes   []*Boxes       // of each entry of the batch, nil where it has none
	control *Control
	// controlText is what ControlNets read instead of text [N,T',D]; nil for the same.
	controlText *tensor.Tensor
	groups      int     // entries concatenated in the batch
	variant     variant // of the network
	features    bool    // prediction.h is wanted
	attention   bool    // prediction.attention is wanted
}

// prediction is what a model makes of a batch.
type prediction struct {
	x0 *tensor.Tensor // [N,C,h,w]
	h  *tensor.Tensor // [N,C',h',w'], the state before the middle block; nil where it was not asked for
	// attention [N,T] is how much each token gets in the self-attention of the first transformer block in the middle: weights summed over
	// the tokens that look and averaged over heads; nil where it was not asked for.
	attention *tensor.Tensor
}

// guidance is a guider at work on one latent: the predictions of its branches, mixed by its formula. It implements sampling.Denoiser.
type guidance struct {
	model      predictor
	branches   [][]entry // in the order of the formula
	formula    formula
	hooks      []running
	wishes     []readyWish
	clusters   []cluster
	needUncond bool // a sampler wants the prediction without prompt even where the formula could do without

	features bool           // h is wanted
	h        *tensor.Tensor // [B,C',h',w'] of the first branch at the last call, where it was wanted
	sigma    float32        // of that call
}

// readyWish is a wish of a hook, made ready for one run.
type readyWish struct {
	wish
	entries []entry // of its own prompt
}

var _ sampling.Denoiser = (*guidance)(nil)

// Denoise predicts x0 of x [B,C,H,W] at noise level sigma. All branches that the formula, the hooks and the active clusters need are
// evaluated together, each as the weighted mean of its entries.
func (g *guidance) Denoise(ctx context.Context, x *tensor.Tensor, sigma float32) (sampling.Prediction, error) {
	active := activeClusters(g.clusters, sigma)
	q := question{x: x, sigma: sigma, sides: make([]side, len(g.branches)), features: g.features}
	uncond := g.needUncond || len(active) > 0 || asks(g.hooks, func(p points) bool { return p.uncond })
	needs := g.formula.needs(uncond)
	for i, need := range needs {
		if need {
			q.sides[i].entries = g.branches[i]
		}
	}
	for _, c := range active {
		q.sides = append(q.sides, side{entries: c.entries})
	}
	s := &guidedStep{x: x, sigma: sigma, scale: g.formula.guidanceScale(), guidance: g, hooks: g.hooks}
	roles := g.formula.roles()
	for i, branch := range roles {
		s.roles[i] = q.sides[branch].entries
	}
	if asks(g.hooks, func(p points) bool { return p.attention }) {
		q.attention, q.attentionOf = true, roles[negative]
	}
	for _, w := range g.wishes {
		entries := w.entries
		if w.prompt == nil {
			entries = s.roles[w.of]
		}
		q.sides = append(q.sides, side{entries, w.variant})
	}
	mean, err := average(ctx, g.model, q)
	if err != nil {
		return sampling.Prediction{}, err
	}
	if mean.h != nil {
		g.h, g.sigma = mean.h, sigma
	}
	s.attention, s.extra = mean.attention, mean.x0[len(g.branches)+len(active):]
	d := make([]*tensor.Tensor, len(g.branches))
	for i, need := range needs {
		if need {
			d[i] = mean.x0[i]
		}
	}
	p, err := g.formula.mix(ctx, s, d)
	if err != nil {
		return sampling.Prediction{}, err
	}
	for i, c := range active {
		side := len(g.branches) + i
		p.Denoised = c.push(p.Denoised, mean.x0[side], mean.counts[side], d[g.formula.null()])
	}
	return p, nil
}

package runtime

import (
	"errors"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
)

// middleAttention lets hooks of guidance watch and perturb the self-attention of the middle block. Runs have it behind the patches of their
// model; models do not.
type middleAttention struct {
	unlearned
	graph model.MiddleAttention
}

// withMiddle adds what the hooks of a run need of its network behind the patches there. One graph serves all predictions of a step.
func (g *guidance) withMiddle(patches []networkPatch) []networkPatch {
	p := middleAttention{graph: model.MiddleAttention{Record: asks(g.hooks, func(p points) bool { return p.attention })}}
	for _, w := range g.wishes {
		p.graph.Perturb = p.graph.Perturb || w.variant.identityAttention
	}
	if p.graph == (model.MiddleAttention{}) {
		return patches
	}
	return append(slices.Clone(patches), p)
}

func (m middleAttention) edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	from, to := c.config.MiddleLayers()
	if from == to {
		return nil, nil, errors.New("guidance by the self-attention of the middle block (PAG, SAG): this model has none there")
	}
	for _, n := range c.queries[from:to] {
		if n == 0 {
			return nil, nil, errors.New("HyperTile cuts up the middle block, whose self-attention guides this run (PAG, SAG): use a smaller max_depth")
		}
	}
	inputs := map[string]ort.Value{}
	if m.graph.Perturb {
		inputs["identity"] = ort.FromBool([]bool{c.call.variant.identityAttention}, 1)
	}
	return m.graph, inputs, nil
}

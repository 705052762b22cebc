package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
)

// networkPatch is a change of how a UNet computes, apart from its weights. It never changes; a model has a list of them, in the order in
// which they were added.
type networkPatch interface {
	// edit is the change of the graph for one call of the network, and the values of its inputs by their names without the prefix; a nil
	// edit leaves the network as it is for this call.
	edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error)
	// learned identifies what the patch adds to what the network knows, as a LoRA does: training through the network sees such a patch too,
	// and its edit is the same for every call. It is "" for patches that change how the network is run.
	learned() string
	// Bytes is the memory held.
	Bytes() int64
}

// patchedCall is one call of a patched network, as patches see it.
type patchedCall struct {
	config   model.UNetConfig
	call     modelCall
	sizes    model.UNetSizes
	queries  []int // tokens with which the self-attention of each transformer block asks; 0 where they are no picture
	patches  []networkPatch
	at       int                   // the patch whose turn it is
	shrunk   map[int][2]model.Size // what the deep shrink in that place makes of which size
	returned map[int]bool          // skips to whose size a deep shrink enlarges

	random *sampling.Generator
	draws  [][]func(*sampling.Generator) // of each transformer block
}

// withNetworkPatch adds a patch behind those the model has.
func (m Model) withNetworkPatch(p networkPatch) (Model, error) {
	if err := m.checkWeights(); err != nil {
		return Model{}, err
	}
	m.network = append(slices.Clone(m.network), p)
	return m, nil
}

// newPatchedCall works out the sizes of a call.
func newPatchedCall(m Model, patches []networkPatch, call modelCall, random *sampling.Generator) *patchedCall {
	c := &patchedCall{config: m.config, call: call, patches: patches, returned: map[int]bool{}, random: random}
	c.sizes, c.shrunk = shrunk(m.config, patches, call)
	for _, s := range c.sizes.Layers {
		c.queries = append(c.queries, s.H*s.W)
	}
	c.draws = make([][]func(*sampling.Generator), len(c.queries))
	return c
}

// draw has a patch draw random numbers for a transformer block: all patches for the first block draw before any for the second, since that
// is the order in which the network runs.
func (c *patchedCall) draw(block int, f func(*sampling.Generator)) {
	c.draws[block] = append(c.draws[block], f)
}

// edits are the changes that patches make for a call, and the graph inputs that hold their numbers.
func (c *patchedCall) edits() ([]model.UNetEdit, map[string]ort.Value, error) {
	var list []model.UNetEdit
	inputs := map[string]ort.Value{}
	for i, p := range c.patches {
		c.at = i
		edit, own, err := p.edit(c)
		if err != nil {
			return nil, nil, err
		}
		if edit == nil {
			continue
		}
		for name, v := range own {
			inputs[model.EditPrefix(len(list))+name] = v
		}
		list = append(list, edit)
	}
	for _, block := range c.draws {
		for _, draw := range block {
			draw(c.random)
		}
	}
	return list, inputs, nil
}

// learnedEdits are the edits of the patches that belong to what the network knows.
func (m Model) learnedEdits() ([]model.UNetEdit, map[string]ort.Value, error) {
	c := &patchedCall{config: m.config}
	for _, p := range m.network {
		if p.learned() != "" {
			c.patches = append(c.patches, p)
		}
	}
	return c.edits()
}

// unlearned is what the patches that change how a network is run share, their name for users.
type unlearned string

func (unlearned) learned() string { return "" }
func (unlearned) Bytes() int64    { return 0 }

package runtime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/weights"
)

// encoder is where the names of the weights that a ControlNet shares with a UNet begin.
var encoder = []string{"input_blocks.", "middle_block.", "time_embed.", "label_emb."}

// over is the weights of a control-LoRA on a model: the model's own, where they lie, with low-rank changes, and some instead of the model's.
// What patches the model's weights patches the net's too.
func (n ControlNet) over(m Model) (*weights.Set, patchedWeights, error) {
	own, base := n.file.Set, m.patched()
	if n.file.Family != "" && n.file.Family != m.family {
		return nil, base, n.misfit(m, "")
	}
	for _, name := range own.Names() {
		if err := n.covers(m, name); err != nil {
			return nil, base, err
		}
	}
	base.patches = nil
	for _, p := range m.changes {
		changes := map[string]weights.Change{}
		for name, c := range p.changes {
			shared := slices.ContainsFunc(encoder, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
			if shared && !own.Has(name) {
				changes[name] = c
			}
		}
		if len(changes) > 0 {
			base.patches = append(base.patches, weightPatch{changes, p.strength})
		}
	}
	return own.Over(m.set), base, nil
}

// covers checks a tensor of a control-LoRA against the weight of the model that it changes or stands for.
func (n ControlNet) covers(m Model, name string) error {
	r, _ := n.file.Set.Ref(name)
	if path, ok := strings.CutSuffix(name, ".up"); ok {
		w, found := m.set.Ref(path + ".weight")
		if !found {
			return n.misfit(m, fmt.Sprintf("the model has no %s.weight", path))
		}
		down, found := n.file.Set.Ref(path + ".down")
		if !found {
			return fmt.Errorf("%s has no %s.down beside it: the file is incomplete", name, path)
		}
		if len(r.Shape) < 2 || len(down.Shape) < 2 || r.Shape[0] != w.Shape[0] || down.Shape[1] != w.Shape[1] || r.Shape[1] != down.Shape[0] {
			return n.misfit(m, fmt.Sprintf("%s %v and %s.down %v do not fit the model's weight %v", name, r.Shape, path, down.Shape, w.Shape))
		}
		return nil
	}
	if w, found := m.set.Ref(name); found && !slices.Equal(w.Shape, r.Shape) {
		return n.misfit(m, fmt.Sprintf("%s has shape %v, the model's %v", name, r.Shape, w.Shape))
	}
	return nil
}

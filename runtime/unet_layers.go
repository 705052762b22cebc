package runtime

import (
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// openLayers are the weights that have a low-rank branch in a packed graph, sorted: those of the run's LoRAs and, ready for others, all
// linear layers and those around the transformers, which are what LoRAs change that leave convolutions as they are. Weights that patches replace as a whole are
// left out: where they change the branches do not help.
func (u *unetRun) openLayers() []string {
	layers := slices.Clone(u.patches.LoRA)
	for _, name := range u.model.set.Names() {
		if usuallyChanged(name) && !slices.Contains(u.patches.Replaced, name) {
			layers = append(layers, name)
		}
	}
	slices.Sort(layers)
	return slices.Compact(layers)
}

func usuallyChanged(name string) bool {
	module, ok := strings.CutSuffix(name, ".weight")
	if !ok {
		return false
	}
	if _, inside, ok := strings.Cut(module, ".transformer_blocks."); ok {
		return strings.Contains(inside, ".attn") || strings.Contains(inside, ".ff.")
	}
	for _, layer := range []string{".1.proj_in", ".1.proj_out", ".emb_layers.1", "time_embed.0", "time_embed.2", "label_emb.0.0", "label_emb.0.2"} {
		if strings.HasSuffix(module, layer) {
			return true
		}
	}
	return false
}

// addEmptyPair adds the factors of a branch that changes nothing, unless the inputs have its factors.
func (u *unetRun) addEmptyPair(inputs map[string]ort.Value, name string) {
	if _, ok := inputs[name+".lora_down"]; ok {
		return
	}
	r, ok := u.model.set.Ref(name)
	if !ok {
		return
	}
	down := []int{0}
	for _, d := range r.Shape[1:] {
		down = append(down, int(d))
	}
	inputs[name+".lora_down"] = ort.FromTensor(tensor.New(down...))
	inputs[name+".lora_up"] = ort.FromTensor(tensor.New(int(r.Shape[0]), 0))
}

package runtime

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// loraPatch is the part of one LoRA that concerns one network, with its strength.
type loraPatch struct {
	changes  map[string]weights.LowRank // by canonical weight name
	strength float32
}

// ApplyLoRA adds a LoRA of models/loras to a model and its text encoder. A strength of 0 leaves that part as it is. Nothing is merged: the
// factors become inputs of the graphs, so another strength costs nothing and the weights stay in their file.
func (rt *Runtime) ApplyLoRA(m Model, c CLIP, name string, strengthModel, strengthCLIP float64) (Model, CLIP, error) {
	if strengthModel == 0 && strengthCLIP == 0 {
		return m, c, nil
	}
	path, err := rt.Folders.Find("loras", name)
	if err != nil {
		return m, c, err
	}
	lora, err := opened(&rt.files, "lora", path, weights.OpenLoRA, func(l *weights.LoRA) []*weights.File { return []*weights.File{l.File()} })
	if err != nil {
		return m, c, err
	}
	if m.set != nil && strengthModel != 0 {
		changes, err := lora.UNet(m.set)
		if err != nil {
			return m, c, err
		}
		m.loras = withPatch(m.loras, changes, strengthModel)
	}
	if c.set != nil && strengthCLIP != 0 {
		changes, err := lora.Text(c.set)
		if err != nil {
			return m, c, err
		}
		c.loras = withPatch(c.loras, changes, strengthCLIP)
	}
	left := lora.Unmatched(m.set, c.set, nil)
	for _, u := range left {
		if u.Format != "" {
			return m, c, fmt.Errorf("LoRA %s: module %s is stored as %s, which cannot be applied yet: %w", name, u.Module, u.Format, model.ErrUnsupported)
		}
	}
	logUnmatched(name, left, c.set == nil)
	return m, c, nil
}

// WithLoRA adds changes, by name of the weight, as ApplyLoRA does with those of a file.
func (m Model) WithLoRA(changes map[string]weights.LowRank, strength float64) Model {
	m.loras = withPatch(m.loras, changes, strength)
	return m
}

// loraBytes is the memory that the factors of patches take.
func loraBytes(patches []loraPatch) int64 {
	var n int64
	for _, p := range patches {
		for _, c := range p.changes {
			n += c.Down.Bytes() + c.Up.Bytes() + c.Mid.Bytes()
		}
	}
	return n
}

func withPatch(list []loraPatch, changes map[string]weights.LowRank, strength float64) []loraPatch {
	if len(changes) == 0 {
		return list
	}
	return append(slices.Clone(list), loraPatch{changes, float32(strength)})
}

// logUnmatched tells which modules of a LoRA were left out; those of a text encoder that is not there are expected.
func logUnmatched(name string, list []weights.Unmatched, withoutText bool) {
	if withoutText {
		list = slices.DeleteFunc(list, func(u weights.Unmatched) bool { return strings.HasPrefix(u.Module, "lora_te") })
	}
	if len(list) == 0 {
		return
	}
	first := list[0]
	slog.Warn("LoRA: modules left out", "file", name, "count", len(list), "first", first.Module, "reason", first.Reason)
}

// loraTargets lists the weights that any of the patches changes, sorted: graphs with equal lists are equal.
func loraTargets(patches []loraPatch) []string {
	names := map[string]bool{}
	for _, p := range patches {
		for name := range p.changes {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// loraInputs are the factors of all patches as graph inputs: per weight the ranks of all LoRAs are concatenated, and
// strength · alpha / rank is part of the upper factor.
func loraInputs(patches []loraPatch) (map[string]ort.Value, error) {
	inputs := map[string]ort.Value{}
	for _, name := range loraTargets(patches) {
		var downs, ups []*tensor.Tensor
		for _, p := range patches {
			change, ok := p.changes[name]
			if !ok {
				continue
			}
			down, err := change.DenseDown()
			if err != nil {
				return nil, fmt.Errorf("LoRA on %s: %w", name, err)
			}
			up := tensor.New(change.Up.Dim(0), change.Rank)
			scale := p.strength * change.Scale()
			for i, v := range change.Up.Data {
				up.Data[i] = v * scale
			}
			downs, ups = append(downs, down), append(ups, up)
		}
		down, err := tensor.Concat(0, downs...)
		if err != nil {
			return nil, fmt.Errorf("LoRAs on %s do not fit together: %w", name, err)
		}
		up, err := tensor.Concat(1, ups...)
		if err != nil {
			return nil, fmt.Errorf("LoRAs on %s do not fit together: %w", name, err)
		}
		inputs[name+".lora_down"], inputs[name+".lora_up"] = ort.FromTensor(down), ort.FromTensor(up)
	}
	return inputs, nil
}

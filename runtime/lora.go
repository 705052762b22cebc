package runtime

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/weights"
)

// ApplyLoRA adds a LoRA of models/loras to a model and its text encoders. A strength of 0 leaves that part as it is. Nothing is read but the
// names: low-rank pairs become inputs of the graphs, so another strength costs nothing; changes of other kinds are merged into the weights
// they change when those are needed. The weights stay in their file.
func (rt *Runtime) ApplyLoRA(m Model, c CLIP, name string, strengthModel, strengthCLIP float64) (Model, CLIP, error) {
	if strengthModel == 0 && strengthCLIP == 0 {
		return m, c, nil
	}
	if m.exported != nil || c.isExported() {
		return m, c, fmt.Errorf("LoRA %s: %w", name, ErrExported)
	}
	path, err := rt.Folders.Find("loras", name)
	if err != nil {
		return m, c, err
	}
	lora, err := opened(&rt.files, "lora", path, weights.OpenLoRA, func(l *weights.LoRA) []*weights.File { return []*weights.File{l.File()} })
	if err != nil {
		return m, c, err
	}
	var targets []weights.LoRATarget
	changed := 0
	if m.set != nil {
		target := weights.LoRATargetUNet(m.set)
		changes, err := lora.Changes(target)
		if err != nil {
			return m, c, err
		}
		m.changes = withPatch(m.changes, changes, strengthModel)
		targets, changed = append(targets, target), changed+len(changes)
	}
	beside := len(c.encoders) > 1
	c, err = c.each(func(e *textEncoder) error {
		target := weights.LoRATargetText(e.set, e.kind, beside)
		changes, err := lora.Changes(target)
		e.changes = withPatch(e.changes, changes, strengthCLIP)
		targets, changed = append(targets, target), changed+len(changes)
		return err
	})
	if err != nil {
		return m, c, err
	}
	left, err := lora.Unmatched(targets...)
	if err != nil {
		return m, c, err
	}
	if len(c.encoders) == 0 {
		left = slices.DeleteFunc(left, func(u weights.Unmatched) bool { return isTextModule(u.Module) })
	}
	if changed == 0 && len(left) > 0 {
		return m, c, fmt.Errorf("LoRA %s: %w", name, lora.NoMatch(left, targets...))
	}
	logUnmatched(name, left, changed)
	return m, c, nil
}

// WithLoRA adds changes, by name of the weight, as ApplyLoRA does with those of a file.
func (m Model) WithLoRA(changes map[string]weights.LowRank, strength float64) Model {
	all := map[string]weights.Change{}
	for name, c := range changes {
		all[name] = c
	}
	m.changes = withPatch(m.changes, all, strength)
	return m
}

// isTextModule tells modules of text encoders by their names.
func isTextModule(module string) bool {
	return strings.HasPrefix(module, "lora_te") || strings.HasPrefix(module, "text_encoder")
}

// logUnmatched tells which modules of a LoRA were left out.
func logUnmatched(name string, list []weights.Unmatched, changed int) {
	if changed == 0 {
		slog.Warn("LoRA: it changes only the text encoder, which is not connected: use LoraLoader", "file", name)
	}
	if len(list) == 0 {
		return
	}
	first := list[0]
	if i := slices.IndexFunc(list, func(u weights.Unmatched) bool { return u.Known }); i >= 0 {
		first = list[i]
	}
	slog.Warn("LoRA: modules left out", "file", name, "count", len(list), "first", first.Module, "reason", first.Reason)
}

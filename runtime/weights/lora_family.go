package weights

import (
	"fmt"
	"slices"
	"strings"
)

// loraMarks are parts of module names by which LoRAs for other families are told.
var loraMarks = []struct{ part, family string }{
	{"double_blocks", "Flux"}, {"single_transformer_blocks", "Flux"}, {"single_blocks", "Flux"},
	{"joint_blocks", "Stable Diffusion 3"}, {"attn_add_q_proj", "Stable Diffusion 3"}, {"attn.add_q_proj", "Stable Diffusion 3"},
	{"lora_prior_unet", "Stable Cascade"},
	{"double_stream_blocks", "HiDream"}, {"motion_modules", "AnimateDiff"},
	{"self_attn.o", "Wan"}, {"img_mod", "Qwen-Image"},
}

// Family guesses what model a file is for: by names of other families, and by the width of the text that attention to it reads. It is ""
// where nothing tells.
func (l *LoRA) Family() Family {
	for _, m := range l.modules() {
		for _, mark := range loraMarks {
			if strings.Contains(m.name, mark.part) {
				return Family(mark.family)
			}
		}
	}
	for _, m := range l.modules() {
		if !strings.Contains(m.name, "attn2") || !strings.HasSuffix(m.name, "to_k") && !strings.HasSuffix(m.name, "to_v") {
			continue
		}
		for _, suffix := range []string{".lora_down.weight", "_lora.down.weight", ".lora_A.weight", ".lora.down.weight", ".hada_w1_b", ".diff"} {
			t, ok := l.file.Info(m.tensors[suffix])
			if ok && len(t.Shape) >= 2 {
				if f, ok := textWidths[t.Shape[1]]; ok {
					return f
				}
			}
		}
	}
	if slices.ContainsFunc(l.modules(), func(m *module) bool {
		return strings.HasPrefix(m.name, "lora_te2_") || strings.HasPrefix(m.name, "text_encoder_2.")
	}) {
		return SDXL
	}
	return ""
}

// textWidths is the width of the text that the published models read.
var textWidths = map[int64]Family{768: SD1, 1024: SD2, 1280: SDXLRefiner, 2048: SDXL}

// NoMatch says that a file changes nothing in these networks: what it has, what would be expected, and what the file seems to be for.
func (l *LoRA) NoMatch(unmatched []Unmatched, targets ...LoRATarget) error {
	var names []string
	for _, u := range unmatched {
		if u.Known {
			names = append(names, fmt.Sprintf("%s (%s)", u.Module, u.Reason))
		}
	}
	known := len(names) > 0
	for _, u := range unmatched {
		if !known {
			names = append(names, u.Module)
		}
	}
	text := fmt.Sprintf("none of its %d modules fits the model: it has %s", len(unmatched), firstOf(names, 3))
	if expected := expectedNames(targets); len(expected) > 0 && !known {
		text += fmt.Sprintf("; expected are names like %s", strings.Join(expected, " or "))
	}
	if f := l.Family(); f != "" {
		text += fmt.Sprintf("; it seems to be for %s: load a model of that family, or choose another LoRA", f)
	} else {
		text += "; it seems to be for a model of another family: choose another LoRA"
	}
	return fmt.Errorf("%s: %w", text, ErrFamily)
}

func firstOf(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + ", …"
}

// expectedNames is one spelling of each of the common kinds that a target has.
func expectedNames(targets []LoRATarget) []string {
	var list []string
	for _, prefix := range []string{"lora_unet_down_blocks_", "lora_unet_input_blocks_", "unet.down_blocks.", "lora_te_", "lora_te1_", "lora_te2_"} {
		var found []string
		for _, t := range targets {
			for name := range t.names {
				if strings.HasPrefix(name, prefix) && (strings.Contains(name, "attn2") || strings.Contains(name, "q_proj")) {
					found = append(found, name)
				}
			}
		}
		if len(found) > 0 {
			list = append(list, slices.Min(found))
		}
	}
	return list[:min(3, len(list))]
}

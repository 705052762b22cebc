package weights

import (
	"fmt"
	"slices"
	"strings"
)

// pairSuffixes is how trainers spell the two halves of a low-rank pair, in the order of preference.
var pairSuffixes = []struct{ up, down string }{
	{".lora_up.weight", ".lora_down.weight"},
	{"_lora.up.weight", "_lora.down.weight"},
	{".lora_B.weight", ".lora_A.weight"},
	{".lora.up.weight", ".lora.down.weight"},
	{".lora_B", ".lora_A"},
	{".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"},
	{".lora_B.default.weight", ".lora_A.default.weight"},
}

// otherSuffixes are those of everything but a pair.
var otherSuffixes = []string{
	".lora_mid.weight", ".alpha", ".dora_scale", ".reshape_weight",
	".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b", ".hada_t1", ".hada_t2",
	".lokr_w1", ".lokr_w2", ".lokr_w1_a", ".lokr_w1_b", ".lokr_w2_a", ".lokr_w2_b", ".lokr_t2",
	".a1.weight", ".a2.weight", ".b1.weight", ".b2.weight",
	".oft_blocks", ".rescale",
	".diff", ".diff_b", ".set_weight", ".w_norm", ".b_norm",
}

// loraSuffixes is every suffix a module's tensors may have.
var loraSuffixes = func() []string {
	list := slices.Clone(otherSuffixes)
	for _, p := range pairSuffixes {
		list = append(list, p.up, p.down)
	}
	return list
}()

// splitLoRA cuts the name of a tensor into its module and the longest known suffix, "" when there is none.
func splitLoRA(name string) (module, suffix string) {
	for _, s := range loraSuffixes {
		if len(s) > len(suffix) && strings.HasSuffix(name, s) {
			suffix = s
		}
	}
	return strings.TrimSuffix(name, suffix), suffix
}

// unetLoRANames maps every spelling of a module to the weight of the UNet it means.
//
// PEFT's own spelling of the attention ("unet.….attn1.to_q") is missing on purpose: ComfyUI does not know it either, so
// a picture would come out different; it expects ".processor.to_q" there.
func unetLoRANames(set *Set) map[string]string {
	names := map[string]string{}
	if set == nil {
		return names
	}
	toDiffusers := ldmUNet(newCounter(set)).modules().inverse()
	for _, name := range set.Names() {
		module, ok := strings.CutSuffix(name, ".weight")
		if !ok {
			names["diffusion_model."+name] = name // what is no weight is a module of its own
			continue
		}
		names["lora_unet_"+underscored(module)] = name
		names["diffusion_model."+module] = name
		diffusers, ok := toDiffusers.rename(module)
		if !ok {
			continue
		}
		spellings := []string{diffusers}
		if part, ok := strings.CutPrefix(diffusers, "add_embedding."); ok {
			spellings = append(spellings, "class_embedding."+part)
		}
		for _, diffusers := range spellings {
			names["lora_unet_"+underscored(diffusers)] = name
			names["lycoris_"+underscored(diffusers)] = name
			processor := strings.ReplaceAll(diffusers, ".to_", ".processor.to_")
			if cut, ok := strings.CutSuffix(processor, ".to_out.0"); ok {
				processor = cut + ".to_out"
			}
			names[processor] = name
			names["unet."+processor] = name
		}
	}
	return names
}

// LoRATargetUNet is a UNet, of which set has latent diffusion names.
func LoRATargetUNet(set *Set) LoRATarget { return LoRATarget{set, unetLoRANames(set)} }

// LoRATargetText is a text encoder under Hugging Face names. beside says that it is the second of two, as OpenCLIP-G is in SDXL.
func LoRATargetText(set *Set, kind TextKind, beside bool) LoRATarget {
	switch {
	case kind == CLIPG && beside:
		return LoRATarget{set, clipLoRANames(set, []string{"lora_te2_"}, "text_encoder_2.", "clip_g", "lora_te2_text_projection")}
	case kind == CLIPG:
		return LoRATarget{set, clipLoRANames(set, []string{"lora_te_"}, "text_encoder.", "clip_g", "lora_te2_text_projection")}
	case kind == CLIPH:
		return LoRATarget{set, clipLoRANames(set, []string{"lora_te_", "lora_te1_"}, "text_encoder.", "clip_h", "")}
	}
	return LoRATarget{set, clipLoRANames(set, []string{"lora_te_", "lora_te1_"}, "text_encoder.", "clip_l", "lora_te1_text_projection")}
}

// openCLIPProjection is the name of the projection that is stored as the transpose of a linear layer's weight.
const openCLIPProjection = "text_projection"

func clipLoRANames(set *Set, kohya []string, diffusers, key, projection string) map[string]string {
	names := map[string]string{}
	if set == nil {
		return names
	}
	for _, name := range set.Names() {
		module, ok := strings.CutSuffix(name, ".weight")
		if !ok && name != openCLIPProjection {
			continue
		}
		names[fmt.Sprintf("text_encoders.%s.transformer.%s", key, module)] = name
		if module == openCLIPProjection && projection != "" {
			names[projection] = name
		}
		if !strings.HasPrefix(module, "text_model.encoder.layers.") || strings.Contains(module, "layer_norm") {
			continue
		}
		for _, prefix := range kohya {
			names[prefix+underscored(module)] = name
		}
		names[diffusers+module] = name
	}
	return names
}

func underscored(module string) string { return strings.ReplaceAll(module, ".", "_") }

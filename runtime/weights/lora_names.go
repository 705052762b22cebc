package weights

import (
	"fmt"
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

// otherFormats is the suffixes by which changes of other kinds are told, and what they are called.
var otherFormats = map[string]string{
	".dora_scale": "DoRA",
	".hada_w1_a":  "LoHa", ".hada_w1_b": "LoHa", ".hada_w2_a": "LoHa", ".hada_w2_b": "LoHa", ".hada_t1": "LoHa", ".hada_t2": "LoHa",
	".lokr_w1": "LoKr", ".lokr_w2": "LoKr", ".lokr_w1_a": "LoKr", ".lokr_w1_b": "LoKr", ".lokr_w2_a": "LoKr", ".lokr_w2_b": "LoKr",
	".lokr_t2": "LoKr",
	".diff":    "a weight difference", ".diff_b": "a bias difference", ".set_weight": "a replaced weight",
	".w_norm": "a norm difference", ".b_norm": "a norm difference",
	".a1.weight": "GLoRA", ".a2.weight": "GLoRA", ".b1.weight": "GLoRA", ".b2.weight": "GLoRA",
	".oft_blocks": "OFT", ".oft_diag": "OFT", ".rescale": "BOFT",
	".reshape_weight": "a LoRA that changes the shape of a weight",
}

// loraSuffixes is every suffix a module's tensors may have.
var loraSuffixes = func() []string {
	list := []string{".lora_mid.weight", ".alpha"}
	for _, p := range pairSuffixes {
		list = append(list, p.up, p.down)
	}
	for s := range otherFormats {
		list = append(list, s)
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

// textLoRANames is the same for the first text encoder.
func textLoRANames(set *Set) map[string]string {
	return clipLoRANames(set, []string{"lora_te_", "lora_te1_"}, "text_encoder.", "clip_l", "clip_h")
}

// textGLoRANames is the same for SDXL's second text encoder.
func textGLoRANames(set *Set) map[string]string {
	return clipLoRANames(set, []string{"lora_te2_"}, "text_encoder_2.", "clip_g")
}

func clipLoRANames(set *Set, kohya []string, diffusers string, keys ...string) map[string]string {
	names := map[string]string{}
	if set == nil {
		return names
	}
	for _, name := range set.Names() {
		module, ok := strings.CutSuffix(name, ".weight")
		if !ok {
			continue
		}
		for _, key := range keys {
			names[fmt.Sprintf("text_encoders.%s.transformer.%s", key, module)] = name
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

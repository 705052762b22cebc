package weights

import (
	"errors"
	"fmt"
	"strings"
)

// ErrFamily is wrapped by errors about a model that is recognised but not one this build runs.
var ErrFamily = errors.New("model family is not supported")

// Family is the architecture of a diffusion model, by the name its users know.
type Family string

// The families whose tensors this package can lay out. Check says which of them run.
const (
	SD1         Family = "SD 1.x"
	SD2         Family = "SD 2.x"
	SD2UnCLIP   Family = "SD 2.x unCLIP"
	SDXL        Family = "SDXL"
	SDXLRefiner Family = "SDXL refiner"
	Upscaler    Family = "SD x4 upscaler"
)

// running is the families that the rest of the runtime can build.
var running = []Family{SD1, SD2, SD2UnCLIP, SDXL, SDXLRefiner, Upscaler}

// Check is nil for a family that runs; otherwise the error names it and wraps ErrFamily.
func (f Family) Check() error {
	names := make([]string, len(running))
	for i, r := range running {
		if r == f {
			return nil
		}
		names[i] = string(r)
	}
	return fmt.Errorf("this is a model of the family %s; oneactor runs %s: %w", f, strings.Join(names, ", "), ErrFamily)
}

// Prediction is what a UNet predicts.
type Prediction uint8

// The predictions. EDM is the parameterisation of Karras et al. 2022; VEDM its combination with v.
const (
	Epsilon Prediction = iota
	V
	EDM
	VEDM
)

// String is "epsilon", "v", "EDM" or "v-EDM".
func (p Prediction) String() string {
	switch p {
	case V:
		return "v"
	case EDM:
		return "EDM"
	case VEDM:
		return "v-EDM"
	}
	return "epsilon"
}

// foreign is the tensors by which models of other families are told, so that an error can name them. The first row
// that fits counts: later families often contain the modules of earlier ones.
var foreign = []struct{ family, tensor string }{
	{"Stable Video Diffusion", "input_blocks.1.0.time_stack.in_layers.0.weight"},
	{"Stable Zero123", "cc_projection.weight"},
	{"Stable Diffusion 3", "joint_blocks.0.context_block.attn.qkv.weight"},
	{"Chroma", "distilled_guidance_layer.0.norms.0.scale"},
	{"Chroma", "distilled_guidance_layer.norms.0.scale"},
	{"Flux", "double_blocks.0.img_attn.norm.key_norm.scale"},
	{"Flux", "single_transformer_blocks.0.attn.norm_q.weight"},
	{"Hunyuan Video", "txt_in.individual_token_refiner.blocks.0.norm1.weight"},
	{"Hunyuan 3D", "latent_in.weight"},
	{"Hunyuan-DiT", "mlp_t5.0.weight"},
	{"Stable Cascade", "clf.1.weight"},
	{"Stable Cascade", "clip_txt_mapper.weight"},
	{"Stable Cascade", "clip_mapper.weight"},
	{"Stable Audio", "transformer.rotary_pos_emb.inv_freq"},
	{"AuraFlow", "double_layers.0.attn.w1q.weight"},
	{"Mochi", "t5_yproj.weight"},
	{"LTX-Video", "patchify_proj.weight"},
	{"PixArt", "t_block.1.weight"},
	{"PixArt", "y_embedder.y_embedding"},
	{"Cosmos", "blocks.block0.blocks.0.block.attn.to_q.0.weight"},
	{"Cosmos Predict2", "blocks.0.mlp.layer1.weight"},
	{"Lumina 2", "cap_embedder.1.weight"},
	{"Wan", "head.modulation"},
	{"HiDream", "caption_projection.0.linear.weight"},
	{"ACE-Step", "genre_embedder.weight"},
	{"OmniGen 2", "time_caption_embed.timestep_embedder.linear_1.bias"},
	{"Qwen-Image", "txt_norm.weight"},
	{"Stable Diffusion 3", "transformer_blocks.0.attn.add_q_proj.weight"},
	{"AnimateDiff motion module", "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight"},
}

// unetPrefixes is where files keep a diffusion model.
var unetPrefixes = []string{"model.diffusion_model.", "model.model.", "net.", "unet.", "model.", ""}

// foreignFamily names the family of a model that we do not lay out, "" when none is recognised.
func foreignFamily(s *Set) string {
	for _, row := range foreign {
		for _, prefix := range unetPrefixes {
			if s.Has(prefix + row.tensor) {
				return row.family
			}
		}
	}
	return ""
}

package weights

import (
	"errors"
	"strings"
	"testing"
)

// TestControlKinds recognises control networks by a few of their tensors.
func TestControlKinds(t *testing.T) {
	net := func(prefix string, more map[string][]int) map[string][]int {
		all := map[string][]int{prefix + "zero_convs.0.0.weight": {4, 4, 1, 1}, prefix + "input_hint_block.0.weight": {4, 3, 3, 3}}
		for name, shape := range more {
			all[name] = shape
		}
		return all
	}
	adapter := func(prefix string, in int) map[string][]int {
		return map[string][]int{prefix + "conv_in.weight": {4, in, 3, 3}, prefix + "body.0.block1.weight": {4, 4, 3, 3}}
	}
	diffusers := map[string][]int{
		"controlnet_cond_embedding.conv_in.weight": {4, 3, 3, 3}, "conv_in.weight": {4, 4, 3, 3}, "time_embedding.linear_1.weight": {4, 4},
		"mid_block.resnets.0.conv1.weight": {4, 4, 3, 3}, "mid_block.attentions.0.proj_in.weight": {4, 4}, "mid_block.resnets.1.conv1.weight": {4, 4, 3, 3},
		"add_embedding.linear_1.weight": {4, 8}, "add_embedding.linear_2.weight": {4, 4},
	}
	union := map[string][]int{"control_add_embedding.linear_1.bias": {4}}
	for name, shape := range diffusers {
		union[name] = shape
	}
	tests := map[string]struct {
		tensors map[string][]int
		kind    ControlKind
		family  Family
		has     string // a canonical name
	}{
		"SD 1.x":                  {net("", map[string][]int{"middle_block.1.proj_in.weight": {4, 4, 1, 1}}), PlainControl, SD1, "zero_convs.0.0.weight"},
		"SD 1.x, prefix":          {net("control_model.", map[string][]int{"control_model.middle_block.1.proj_in.weight": {4, 4, 1, 1}}), PlainControl, SD1, "zero_convs.0.0.weight"},
		"SD 2.x":                  {net("", map[string][]int{"middle_block.1.proj_in.weight": {4, 4}}), PlainControl, SD2, "zero_convs.0.0.weight"},
		"SDXL":                    {net("", map[string][]int{"middle_block.1.proj_in.weight": {4, 4}, "label_emb.0.0.weight": {4, 4}}), PlainControl, SDXL, "label_emb.0.0.weight"},
		"SDXL, diffusers":         {diffusers, PlainControl, SDXL, "label_emb.0.2.weight"},
		"union":                   {union, UnionControl, SDXL, "control_add_embedding.linear_1.bias"},
		"control-LoRA":            {map[string][]int{"lora_controlnet": {0}, "middle_block.1.proj_in.down": {2, 4}, "label_emb.0.0.down": {2, 4}}, LowRankControl, SDXL, "middle_block.1.proj_in.down"},
		"control-LoRA, SD 1.x":    {map[string][]int{"lora_controlnet": {0}, "middle_block.1.proj_in.down": {2, 4, 1, 1}}, LowRankControl, SD1, "middle_block.1.proj_in.down"},
		"difference":              {net("control_model.", map[string][]int{"difference": {1}}), DifferenceControl, "", "zero_convs.0.0.weight"},
		"adapter":                 {adapter("", 64), AdapterControl, SD1, "body.0.block1.weight"},
		"adapter in a checkpoint": {adapter("adapter.", 192), AdapterControl, SD1, "body.0.block1.weight"},
		"adapter of SDXL":         {adapter("", 768), AdapterControl, SDXL, "body.0.block1.weight"},
		"adapter, diffusers": {map[string][]int{"adapter.conv_in.weight": {4, 192, 3, 3}, "adapter.body.0.resnets.0.block1.weight": {4, 4, 3, 3},
			"adapter.body.0.resnets.1.block1.weight": {4, 4, 3, 3}, "adapter.body.1.in_conv.weight": {8, 4, 1, 1}, "adapter.body.1.resnets.0.block1.weight": {8, 8, 3, 3}}, AdapterControl, SD1, "body.2.in_conv.weight"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := OpenControlNet(saved(t, "x.safetensors", tt.tensors))
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind != tt.kind || c.Family != tt.family || !c.Set.Has(tt.has) {
				t.Errorf("%s for %q with %v, want %s for %q with %s", c.Kind, c.Family, c.Set.Names(), tt.kind, tt.family, tt.has)
			}
		})
	}
}

// TestForeignControls names the family of ControlNets that do not run here.
func TestForeignControls(t *testing.T) {
	tests := map[string]struct {
		tensors []string
		family  string
	}{
		"Stable Diffusion 3, and AliMama's for inpainting": {[]string{"controlnet_blocks.0.weight", "pos_embed_input.proj.weight"}, "Stable Diffusion 3"},
		"Flux, and AliMama's for inpainting":               {[]string{"controlnet_blocks.0.weight", "controlnet_x_embedder.weight"}, "Flux"},
		"XLabs":                                            {[]string{"controlnet_blocks.0.weight", "double_blocks.0.img_attn.norm.key_norm.scale"}, "Flux"},
		"MistoLine":                                        {[]string{"controlnet_blocks.0.linear.weight"}, "Flux"},
		"Qwen":                                             {[]string{"controlnet_blocks.0.weight", "controlnet_x_embedder.weight", "transformer_blocks.0.img_mlp.net.0.proj.weight"}, "Qwen Image"},
		"Hunyuan":                                          {[]string{"after_proj_list.18.bias"}, "Hunyuan DiT"},
		"Cascade":                                          {[]string{"backbone.0.0.weight"}, "Stable Cascade"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			shapes := map[string][]int{}
			for _, n := range tt.tensors {
				shapes[n] = []int{1}
			}
			if _, err := OpenControlNet(saved(t, "x.safetensors", shapes)); !errors.Is(err, ErrFamily) || !strings.Contains(err.Error(), "family "+tt.family) {
				t.Errorf("%v, want ErrFamily and %s", err, tt.family)
			}
		})
	}
}

// TestHalfEmbedding: of an added embedding that is split between the two modules diffusers has, nothing is used.
func TestHalfEmbedding(t *testing.T) {
	path := saved(t, "x.safetensors", map[string][]int{
		"controlnet_cond_embedding.conv_in.weight": {4, 3, 3, 3}, "mid_block.resnets.0.conv1.weight": {4, 4, 3, 3}, "mid_block.attentions.0.proj_in.weight": {4, 4},
		"mid_block.resnets.1.conv1.weight": {4, 4, 3, 3}, "class_embedding.linear_1.weight": {4, 8}, "add_embedding.linear_2.weight": {4, 4},
	})
	c, err := OpenControlNet(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Set.Has("label_emb.0.0.weight") || c.Set.Has("label_emb.0.2.weight") || c.Family != SDXL {
		t.Errorf("%v for %s", c.Set.Names(), c.Family)
	}
}

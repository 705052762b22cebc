package weights

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestUNetNames checks names of published models, whose numbering differs with the number of blocks.
func TestUNetNames(t *testing.T) {
	sd15 := unetLayout{
		down: []unetLevel{{2, true, true}, {2, true, true}, {2, true, true}, {2, false, false}},
		up:   []unetLevel{{3, false, true}, {3, true, true}, {3, true, true}, {3, true, false}}, middle: unetLevel{2, true, false},
	}
	sdxl := unetLayout{
		down: []unetLevel{{2, false, true}, {2, true, true}, {2, true, false}},
		up:   []unetLevel{{3, true, true}, {3, true, true}, {3, false, false}}, middle: unetLevel{2, true, false},
	}
	ssd1b := sdxl // one residual block in the middle, no transformer
	ssd1b.middle = unetLevel{1, false, false}
	tests := []struct {
		layout         unetLayout
		diffusers, ldm string
	}{
		{sd15, "conv_in.weight", "input_blocks.0.0.weight"},
		{sd15, "time_embedding.linear_2.bias", "time_embed.2.bias"},
		{sd15, "down_blocks.0.resnets.0.norm1.weight", "input_blocks.1.0.in_layers.0.weight"},
		{sd15, "down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_out.0.bias", "input_blocks.2.1.transformer_blocks.0.attn1.to_out.0.bias"},
		{sd15, "down_blocks.0.downsamplers.0.conv.weight", "input_blocks.3.0.op.weight"},
		{sd15, "down_blocks.1.resnets.0.conv_shortcut.weight", "input_blocks.4.0.skip_connection.weight"},
		{sd15, "down_blocks.3.resnets.1.time_emb_proj.weight", "input_blocks.11.0.emb_layers.1.weight"},
		{sd15, "mid_block.resnets.0.conv1.weight", "middle_block.0.in_layers.2.weight"},
		{sd15, "mid_block.attentions.0.proj_in.weight", "middle_block.1.proj_in.weight"},
		{sd15, "mid_block.resnets.1.conv2.weight", "middle_block.2.out_layers.3.weight"},
		{sd15, "up_blocks.0.upsamplers.0.conv.weight", "output_blocks.2.1.conv.weight"},
		{sd15, "up_blocks.1.upsamplers.0.conv.weight", "output_blocks.5.2.conv.weight"},
		{sd15, "up_blocks.3.attentions.2.norm.weight", "output_blocks.11.1.norm.weight"},
		{sd15, "conv_norm_out.weight", "out.0.weight"},
		{sd15, "conv_out.bias", "out.2.bias"},
		{sdxl, "add_embedding.linear_1.weight", "label_emb.0.0.weight"},
		{sdxl, "down_blocks.1.attentions.0.transformer_blocks.1.ff.net.0.proj.weight", "input_blocks.4.1.transformer_blocks.1.ff.net.0.proj.weight"},
		{sdxl, "down_blocks.2.resnets.1.norm2.weight", "input_blocks.8.0.out_layers.0.weight"},
		{sdxl, "up_blocks.0.upsamplers.0.conv.weight", "output_blocks.2.2.conv.weight"},
		{sdxl, "up_blocks.2.resnets.2.conv1.weight", "output_blocks.8.0.in_layers.2.weight"},
		{ssd1b, "mid_block.resnets.0.conv1.weight", "middle_block.0.in_layers.2.weight"},
	}
	for _, tt := range tests {
		t.Run(tt.diffusers, func(t *testing.T) {
			if got, ok := tt.layout.modules().rename(tt.diffusers); !ok || got != tt.ldm {
				t.Errorf("got %s, want %s", got, tt.ldm)
			}
			if got, ok := tt.layout.modules().inverse().rename(tt.ldm); !ok || got != tt.diffusers {
				t.Errorf("back: got %s, want %s", got, tt.diffusers)
			}
		})
	}
}

// TestUNetLayouts counts the same blocks from either naming, for sizes no published model has.
func TestUNetLayouts(t *testing.T) {
	tests := map[string]unetLayout{
		"one level": {down: []unetLevel{{1, true, false}}, up: []unetLevel{{2, true, false}}, middle: unetLevel{2, true, false}},
		"uneven": {
			down: []unetLevel{{1, false, true}, {3, true, true}, {2, false, false}},
			up:   []unetLevel{{3, false, true}, {4, true, true}, {2, false, false}}, middle: unetLevel{2, true, false},
		},
		"no attention at all": {
			down: []unetLevel{{2, false, true}, {2, false, false}}, up: []unetLevel{{3, false, true}, {3, false, false}},
			middle: unetLevel{2, false, false},
		},
		"middle of one block": {down: []unetLevel{{1, true, false}}, up: []unetLevel{{2, true, false}}, middle: unetLevel{1, false, false}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			s := named(diffusersNames(want)...)
			if got := diffusersUNet(newCounter(s)); !sameLayout(got, want) {
				t.Errorf("diffusers: got %+v, want %+v", got, want)
			}
			ldm := canonicalUNet(s)
			if ldm == nil || ldm.Len() != s.Len() {
				t.Fatal("names were lost")
			}
			if got := ldmUNet(newCounter(ldm)); !sameLayout(got, want) {
				t.Errorf("latent diffusion: got %+v, want %+v", got, want)
			}
		})
	}
}

// diffusersNames lists one tensor of every module of a UNet.
func diffusersNames(l unetLayout) []string {
	list := []string{"conv_in.weight", "time_embedding.linear_1.weight", "conv_out.weight"}
	levels := func(kind, resample string, levels []unetLevel) {
		for i, level := range levels {
			block := fmt.Sprintf("%s.%d.", kind, i)
			for j := range level.resnets {
				list = append(list, fmt.Sprintf("%sresnets.%d.conv1.weight", block, j))
				if level.attention {
					list = append(list, fmt.Sprintf("%sattentions.%d.transformer_blocks.0.norm1.weight", block, j))
				}
			}
			if level.resample {
				list = append(list, block+resample+".0.conv.weight")
			}
		}
	}
	levels("down_blocks", "downsamplers", l.down)
	levels("up_blocks", "upsamplers", l.up)
	for j := range l.middle.resnets {
		list = append(list, fmt.Sprintf("mid_block.resnets.%d.conv1.weight", j))
	}
	if l.middle.attention {
		list = append(list, "mid_block.attentions.0.transformer_blocks.0.norm1.weight")
	}
	return list
}

func sameLayout(a, b unetLayout) bool {
	return slices.Equal(a.down, b.down) && slices.Equal(a.up, b.up) && a.middle == b.middle
}

func TestVAENames(t *testing.T) {
	stored := map[string][]int64{
		"encoder.conv_in.weight": {8, 3, 3, 3}, "encoder.down_blocks.0.resnets.0.norm1.weight": {8},
		"encoder.down_blocks.1.resnets.0.conv_shortcut.weight": {8, 8, 1, 1}, "encoder.down_blocks.0.downsamplers.0.conv.bias": {8},
		"encoder.mid_block.resnets.1.conv2.weight": {8, 8, 3, 3}, "encoder.conv_norm_out.bias": {8},
		"encoder.mid_block.attentions.0.query.weight": {8, 8}, "encoder.mid_block.attentions.0.key.bias": {8},
		"encoder.mid_block.attentions.0.value.weight": {8, 8}, "encoder.mid_block.attentions.0.proj_attn.weight": {8, 8},
		"encoder.mid_block.attentions.0.group_norm.weight":   {8},
		"decoder.up_blocks.0.resnets.0.norm1.weight":         {8},
		"decoder.up_blocks.2.resnets.1.conv_shortcut.weight": {8, 8, 1, 1}, "decoder.up_blocks.1.resnets.0.norm1.weight": {8},
		"decoder.up_blocks.0.upsamplers.0.conv.weight": {8, 8, 3, 3}, "decoder.up_blocks.2.resnets.0.norm1.weight": {8},
		"decoder.mid_block.attentions.0.to_q.weight": {8, 8}, "decoder.mid_block.attentions.0.to_out.0.weight": {8, 8, 1, 1},
		"quant_conv.weight": {8, 8, 1, 1}, "loss.logvar": {},
	}
	want := map[string][]int64{
		"encoder.conv_in.weight": {8, 3, 3, 3}, "encoder.down.0.block.0.norm1.weight": {8},
		"encoder.down.1.block.0.nin_shortcut.weight": {8, 8, 1, 1}, "encoder.down.0.downsample.conv.bias": {8},
		"encoder.mid.block_2.conv2.weight": {8, 8, 3, 3}, "encoder.norm_out.bias": {8},
		"encoder.mid.attn_1.q.weight": {8, 8, 1, 1}, "encoder.mid.attn_1.k.bias": {8},
		"encoder.mid.attn_1.v.weight": {8, 8, 1, 1}, "encoder.mid.attn_1.proj_out.weight": {8, 8, 1, 1},
		"encoder.mid.attn_1.norm.weight":           {8},
		"decoder.up.2.block.0.norm1.weight":        {8},
		"decoder.up.0.block.1.nin_shortcut.weight": {8, 8, 1, 1}, "decoder.up.1.block.0.norm1.weight": {8},
		"decoder.up.2.upsample.conv.weight": {8, 8, 3, 3}, "decoder.up.0.block.0.norm1.weight": {8},
		"decoder.mid.attn_1.q.weight": {8, 8, 1, 1}, "decoder.mid.attn_1.proj_out.weight": {8, 8, 1, 1},
		"quant_conv.weight": {8, 8, 1, 1},
	}
	refs := map[string]Ref{}
	for name, shape := range stored {
		refs[name] = Ref{Shape: shape}
	}
	got := canonicalVAE(newSet(refs))
	if got == nil || got.Len() != len(want) {
		t.Fatalf("got %v", got.Names())
	}
	for name, shape := range want {
		if r, ok := got.Ref(name); !ok || !slices.Equal(r.Shape, shape) {
			t.Errorf("%s: %v, want %v", name, r.Shape, shape)
		}
	}
}

// TestOpenCLIPNames cuts the joint weight of query, key and value into the rows of each.
func TestOpenCLIPNames(t *testing.T) {
	stored := newSet(map[string]Ref{
		"token_embedding.weight":                      {Shape: []int64{9, 2}, DType: F16, Bytes: 36},
		"positional_embedding":                        {Shape: []int64{77, 2}},
		"text_projection":                             {Shape: []int64{2, 4}},
		"logit_scale":                                 {},
		"ln_final.bias":                               {Shape: []int64{2}},
		"transformer.resblocks.0.ln_1.weight":         {Shape: []int64{2}},
		"transformer.resblocks.0.mlp.c_proj.weight":   {Shape: []int64{2, 8}},
		"transformer.resblocks.10.attn.in_proj_bias":  {Shape: []int64{6}, DType: F16, Offset: 100, Bytes: 12},
		"transformer.resblocks.0.attn.in_proj_weight": {Shape: []int64{6, 2}, DType: F16, Offset: 200, Bytes: 24},
		"transformer.resblocks.0.attn.out_proj.bias":  {Shape: []int64{2}},
	})
	got := canonicalText(stored)
	if got == nil {
		t.Fatal("not recognised")
	}
	want := map[string]Ref{
		"text_model.embeddings.token_embedding.weight":    {Shape: []int64{9, 2}, DType: F16, Bytes: 36},
		"text_model.embeddings.position_embedding.weight": {Shape: []int64{77, 2}},
		"text_projection":                                     {Shape: []int64{2, 4}},
		"text_model.final_layer_norm.bias":                    {Shape: []int64{2}},
		"text_model.encoder.layers.0.layer_norm1.weight":      {Shape: []int64{2}},
		"text_model.encoder.layers.0.mlp.fc2.weight":          {Shape: []int64{2, 8}},
		"text_model.encoder.layers.10.self_attn.q_proj.bias":  {Shape: []int64{2}, DType: F16, Offset: 100, Bytes: 4},
		"text_model.encoder.layers.10.self_attn.k_proj.bias":  {Shape: []int64{2}, DType: F16, Offset: 104, Bytes: 4},
		"text_model.encoder.layers.10.self_attn.v_proj.bias":  {Shape: []int64{2}, DType: F16, Offset: 108, Bytes: 4},
		"text_model.encoder.layers.0.self_attn.q_proj.weight": {Shape: []int64{2, 2}, DType: F16, Offset: 200, Bytes: 8},
		"text_model.encoder.layers.0.self_attn.k_proj.weight": {Shape: []int64{2, 2}, DType: F16, Offset: 208, Bytes: 8},
		"text_model.encoder.layers.0.self_attn.v_proj.weight": {Shape: []int64{2, 2}, DType: F16, Offset: 216, Bytes: 8},
		"text_model.encoder.layers.0.self_attn.out_proj.bias": {Shape: []int64{2}},
	}
	if got.Len() != len(want) {
		t.Errorf("names %v", got.Names())
	}
	for name, w := range want {
		r, ok := got.Ref(name)
		if !ok || !slices.Equal(r.Shape, w.Shape) || r.DType != w.DType || r.Offset != w.Offset || r.Bytes != w.Bytes {
			t.Errorf("%s: %+v, want %+v", name, r, w)
		}
	}
}

func TestTextKind(t *testing.T) {
	tests := map[string]struct {
		layers int
		openAI bool // Hugging Face names
		want   TextKind
	}{
		"L":                   {12, true, CLIPL},
		"H":                   {24, false, CLIPH},
		"H, last one cut":     {23, true, CLIPH},
		"G":                   {32, true, CLIPG},
		"small G, open names": {4, false, CLIPG},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			names := []string{"token_embedding.weight"}
			layer := "transformer.resblocks.%d.ln_1.weight"
			if tt.openAI {
				names = []string{"text_model.embeddings.token_embedding.weight"}
				layer = "text_model.encoder.layers.%d.layer_norm1.weight"
			}
			for i := range tt.layers {
				names = append(names, fmt.Sprintf(layer, i))
			}
			stored := named(names...)
			if got := textKind(stored, canonicalText(stored)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestVisionNames brings the names of DINOv2's authors and of timm, and those of OpenCLIP, to the same as Hugging Face's.
func TestVisionNames(t *testing.T) {
	joint := Ref{Shape: []int64{6, 2}, DType: F16, Offset: 200, Bytes: 24}
	tests := map[string]struct {
		stored map[string]Ref
		want   []string
	}{
		"authors of DINOv2": {map[string]Ref{
			"cls_token": {}, "pos_embed": {}, "mask_token": {}, "patch_embed.proj.weight": {}, "norm.bias": {}, "register_tokens": {},
			"blocks.0.attn.qkv.weight": joint, "blocks.0.attn.proj.bias": {}, "blocks.0.ls1.gamma": {}, "blocks.0.ls2.gamma": {},
			"blocks.0.norm1.weight": {}, "blocks.0.mlp.w12.weight": {}, "blocks.0.mlp.w3.weight": {},
		}, []string{
			"embeddings.class_embedding", "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight", "embeddings.register_tokens",
			"encoder.layers.0.layer_norm1.weight", "encoder.layers.0.layer_scale1.lambda1", "encoder.layers.0.layer_scale2.lambda1",
			"encoder.layers.0.mlp.weights_in.weight", "encoder.layers.0.mlp.weights_out.weight", "encoder.layers.0.self_attn.k_proj.weight",
			"encoder.layers.0.self_attn.out_proj.bias", "encoder.layers.0.self_attn.q_proj.weight", "encoder.layers.0.self_attn.v_proj.weight",
			"post_layernorm.bias",
		}},
		"timm": {map[string]Ref{
			"cls_token": {}, "reg_token": {}, "blocks.10.ls1.gamma": {}, "blocks.0.ls1.gamma": {}, "blocks.0.mlp.fc1.bias": {},
		}, []string{
			"embeddings.class_embedding", "embeddings.register_tokens", "encoder.layers.0.layer_scale1.lambda1", "encoder.layers.0.mlp.fc1.bias",
			"encoder.layers.10.layer_scale1.lambda1",
		}},
		"OpenCLIP": {map[string]Ref{
			"class_embedding": {}, "conv1.weight": {}, "ln_pre.weight": {}, "ln_post.bias": {}, "positional_embedding": {}, "proj": {},
			"transformer.resblocks.0.ln_1.weight": {}, "transformer.resblocks.0.attn.in_proj_bias": {Shape: []int64{7}},
		}, []string{
			"embeddings.class_embedding", "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight",
			"encoder.layers.0.layer_norm1.weight", "post_layernorm.bias", "pre_layrnorm.weight",
		}},
		"a ResNet": {map[string]Ref{"conv1.weight": {}, "layer1.0.conv1.weight": {}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := canonicalVision(newSet(tt.stored))
			if (s == nil) != (tt.want == nil) {
				t.Fatalf("recognised as %v", s)
			}
			if s == nil {
				return
			}
			var got []string
			for _, n := range s.Names() {
				if rest, ok := strings.CutPrefix(n, "vision_model."); ok {
					got = append(got, rest)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("names %q, want %q", got, tt.want)
			}
		})
	}
}

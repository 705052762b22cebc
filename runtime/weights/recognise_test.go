package weights

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// smallUNet is the tensors by which a UNet with attention on the given levels is recognised.
func smallUNet(prefix string, channels int, projection []int, label int, attention ...bool) map[string][]int {
	s := map[string][]int{
		"input_blocks.0.0.weight": {8, channels, 3, 3}, "middle_block.0.in_layers.0.weight": {8},
		"middle_block.1.proj_in.weight": projection, "middle_block.1.transformer_blocks.0.norm1.weight": {8},
		"middle_block.2.in_layers.0.weight": {8},
	}
	at := 1
	for i, has := range attention {
		block := "input_blocks." + string(rune('0'+at)) + "."
		s[block+"0.in_layers.0.weight"] = []int{8}
		if has {
			s[block+"1.proj_in.weight"] = projection
		}
		at++
		if i < len(attention)-1 {
			s["input_blocks."+string(rune('0'+at))+".0.op.weight"] = []int{8, 8, 3, 3}
			at++
		}
	}
	if label > 0 {
		s["label_emb.0.0.weight"] = []int{8, label}
	}
	out := map[string][]int{}
	for name, shape := range s {
		out[prefix+name] = shape
	}
	return out
}

func TestRecognise(t *testing.T) {
	conv, linear := []int{8, 8, 1, 1}, []int{8, 8}
	const ldm = "model.diffusion_model."
	with := func(s map[string][]int, names ...string) map[string][]int {
		for _, n := range names {
			s[n] = []int{1}
		}
		return s
	}
	tests := map[string]struct {
		tensors    map[string][]int
		family     Family
		prediction Prediction
		channels   int
	}{
		"SD 1":              {smallUNet(ldm, 4, conv, 0, true, true, false), SD1, Epsilon, 4},
		"SD 1, bare":        {smallUNet("", 4, conv, 0, true, true, false), SD1, Epsilon, 4},
		"SD 1 inpainting":   {smallUNet(ldm, 9, conv, 0, true, true, false), SD1, Epsilon, 9},
		"SD 1 pix2pix":      {smallUNet(ldm, 8, conv, 0, true, true, false), SD1, Epsilon, 8},
		"SD 2":              {smallUNet(ldm, 4, linear, 0, true, true, false), SD2, Epsilon, 4},
		"unCLIP":            {smallUNet(ldm, 4, linear, 2048, true, true, false), SD2UnCLIP, Epsilon, 4},
		"SDXL":              {smallUNet(ldm, 4, linear, 2816, false, true, true), SDXL, Epsilon, 4},
		"SDXL v":            {with(smallUNet(ldm, 4, linear, 2816, false, true, true), "v_pred", "ztsnr"), SDXL, V, 4},
		"SDXL EDM":          {with(smallUNet(ldm, 4, linear, 2816, false, true, true), "edm_mean", "edm_std"), SDXL, EDM, 4},
		"refiner":           {smallUNet(ldm, 4, linear, 2560, false, true, false), SDXLRefiner, Epsilon, 4},
		"SD 1 with v_pred":  {with(smallUNet(ldm, 4, conv, 0, true, true, false), "v_pred"), SD1, Epsilon, 4},
		"SD 1, averages":    {with(smallUNet(ldm, 4, conv, 0, true, true, false), "model_ema.decay", "betas"), SD1, Epsilon, 4},
		"SD 1, prefix unet": {smallUNet("unet.", 4, conv, 0, true, true, false), SD1, Epsilon, 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := OpenCheckpoint(saved(t, "x.safetensors", tt.tensors))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Family != tt.family || c.Prediction != tt.prediction || c.Channels != tt.channels {
				t.Errorf("got %s, %s, %d channels, want %s, %s, %d", c.Family, c.Prediction, c.Channels, tt.family, tt.prediction, tt.channels)
			}
			if c.ZeroTerminalSNR != (name == "SDXL v") {
				t.Errorf("zero terminal SNR %v", c.ZeroTerminalSNR)
			}
			if !c.UNet.Has("input_blocks.0.0.weight") || c.VAE != nil || c.Text != nil || c.TextG != nil || c.Vision != nil {
				t.Errorf("parts: %v", parts(c))
			}
			if err := c.Family.Check(); (err == nil) != slices.Contains(running, c.Family) || err != nil && !errors.Is(err, ErrFamily) {
				t.Errorf("check: %v", err)
			}
		})
	}
}

// TestPredictSD2 tells v by the spread of one bias.
func TestPredictSD2(t *testing.T) {
	const bias = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
	tests := map[string]struct {
		bias     []float32
		channels int
		want     Prediction
	}{
		"wide":             {[]float32{0.1, -0.1, 0.1, -0.1}, 4, V},
		"wide, shifted":    {[]float32{1.1, 0.9, 1.1, 0.9}, 4, V},
		"narrow":           {[]float32{0.08, -0.08, 0.08, -0.08}, 4, Epsilon},
		"sample, not v":    {[]float32{0.085, -0.085}, 4, Epsilon}, // the unbiased deviation would be 0.12
		"wide, inpainting": {[]float32{0.1, -0.1}, 9, Epsilon},
		"no values":        {nil, 4, Epsilon},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var entries []Entry
			for name, shape := range smallUNet("model.diffusion_model.", tt.channels, []int{8, 8}, 0, true, false) {
				entries = append(entries, Float32Entry(name, tensor.New(shape...)))
			}
			entries = append(entries, Float32Entry(bias, &tensor.Tensor{Shape: []int{len(tt.bias)}, Data: tt.bias}))
			path := filepath.Join(t.TempDir(), "x.safetensors")
			if err := Save(t.Context(), path, nil, entries); err != nil {
				t.Fatal(err)
			}
			c, err := OpenCheckpoint(path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Family != SD2 || c.Prediction != tt.want {
				t.Errorf("got %s, %s, want %s", c.Family, c.Prediction, tt.want)
			}
		})
	}
}

// TestForeignFamilies names each family by each of its signs, under each prefix.
func TestForeignFamilies(t *testing.T) {
	for _, row := range foreign {
		for _, prefix := range unetPrefixes {
			if got := foreignFamily(named(prefix + row.tensor)); got != row.family {
				t.Errorf("%s%s is %q, want %s", prefix, row.tensor, got, row.family)
			}
		}
		_, err := OpenCheckpoint(saved(t, "x.safetensors", map[string][]int{row.tensor: {1}, "z": {1}}))
		if !errors.Is(err, ErrFamily) || !strings.Contains(err.Error(), row.family) || !strings.Contains(err.Error(), "SD 1.x") {
			t.Errorf("%s: %v, want ErrFamily naming %s", row.tensor, err, row.family)
		}
	}
}

// named is a set of tensors without shape or bytes.
func named(names ...string) *Set {
	refs := map[string]Ref{}
	for _, n := range names {
		refs[n] = Ref{}
	}
	return newSet(refs)
}

// TestForeignOrder checks models that show the signs of several families.
func TestForeignOrder(t *testing.T) {
	tests := map[string]struct {
		tensors []string
		want    string
	}{
		"Chroma":          {[]string{"distilled_guidance_layer.0.norms.0.scale", "double_blocks.0.img_attn.norm.key_norm.scale"}, "Chroma"},
		"Flux, diffusers": {[]string{"single_transformer_blocks.0.attn.norm_q.weight", "transformer_blocks.0.attn.add_q_proj.weight"}, "Flux"},
		"Qwen-Image":      {[]string{"txt_norm.weight", "transformer_blocks.0.attn.add_q_proj.weight"}, "Qwen-Image"},
		"Hunyuan Video":   {[]string{"txt_in.individual_token_refiner.blocks.0.norm1.weight", "double_blocks.0.img_attn.proj.weight"}, "Hunyuan Video"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := foreignFamily(named(tt.tensors...).under("model.diffusion_model.")); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNotACheckpoint says of files of other kinds what they are.
func TestNotACheckpoint(t *testing.T) {
	tests := map[string]struct {
		tensors map[string][]int
		want    string
	}{
		"empty":            {nil, "no tensors"},
		"VAE":              {map[string][]int{"decoder.conv_in.weight": {4, 4, 3, 3}}, "VAELoader"},
		"text encoder":     {map[string][]int{"text_model.embeddings.token_embedding.weight": {4, 4}}, "CLIPLoader"},
		"OpenCLIP":         {map[string][]int{"token_embedding.weight": {4, 4}, "transformer.resblocks.0.ln_1.weight": {4}}, "CLIPLoader"},
		"T5":               {map[string][]int{"encoder.block.0.layer.0.SelfAttention.k.weight": {4, 4}}, "T5"},
		"LoRA":             {map[string][]int{"lora_unet_input_blocks_1_1_proj_in.lora_up.weight": {4, 4}}, "LoraLoader"},
		"LoRA, diffusers":  {map[string][]int{"unet.down_blocks.0.attentions.0.proj_in.lora_A.weight": {4, 4}}, "LoraLoader"},
		"embedding":        {map[string][]int{"emb_params": {2, 4}}, "embedding:NAME"},
		"SDXL embedding":   {map[string][]int{"clip_l": {2, 4}, "clip_g": {2, 4}}, "embedding:NAME"},
		"ControlNet":       {map[string][]int{"control_model.zero_convs.0.0.weight": {4, 4, 1, 1}, "control_model.input_hint_block.0.weight": {4, 3, 3, 3}}, "ControlNetLoader"},
		"T2I adapter":      {map[string][]int{"conv_in.weight": {4, 64, 3, 3}, "body.0.block1.weight": {4, 4, 3, 3}}, "ControlNetLoader"},
		"upscale model":    {map[string][]int{"model.0.weight": {4, 3, 3, 3}}, "UpscaleModelLoader"},
		"vision":           {map[string][]int{"vision_model.embeddings.class_embedding": {4}}, "CLIPVisionLoader"},
		"something else":   {map[string][]int{"x": {4}}, "no known kind"},
		"UNet of no kind":  {smallUNet("", 4, []int{8, 8, 1}, 0, true), "unknown kind"},
		"first not a conv": {map[string][]int{"input_blocks.0.0.weight": {4, 4}}, "no convolution"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := saved(t, "x.safetensors", tt.tensors)
			for kind, open := range map[string]func(string) (*Checkpoint, error){"checkpoint": OpenCheckpoint, "UNet": OpenUNet} {
				_, err := open(path)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %v, want %q", kind, err, tt.want)
				}
			}
		})
	}
}

// TestWrongKind opens a VAE as everything else.
func TestWrongKind(t *testing.T) {
	path := saved(t, "x.safetensors", map[string][]int{"decoder.conv_in.weight": {4, 4, 3, 3}})
	_, _, textErr := OpenTextEncoder(path)
	_, controlErr := OpenControlNet(path)
	_, loraErr := OpenLoRA(path)
	for name, err := range map[string]error{"text encoder": textErr, "ControlNet": controlErr, "LoRA": loraErr} {
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "VAELoader") {
			t.Errorf("%s: %v, want ErrFormat and the right loader", name, err)
		}
	}
	lora := saved(t, "l.safetensors", map[string][]int{"lora_unet_x.alpha": {}})
	if _, err := OpenVAE(lora); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "LoraLoader") {
		t.Errorf("VAE: %v, want ErrFormat and the right loader", err)
	}
}

// TestForeignVAE names autoencoders that only look like ours.
func TestForeignVAE(t *testing.T) {
	tests := map[string]struct {
		shape []int
		want  string // "" is ours
	}{
		"ours":       {[]int{8, 4, 3, 3}, ""},
		"Flux":       {[]int{8, 16, 3, 3}, "16 latent channels"},
		"video":      {[]int{8, 4, 3, 3, 3}, "video"},
		"sound, 1-D": {[]int{8, 64, 7}, "sound"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := OpenVAE(saved(t, "x.safetensors", map[string][]int{"decoder.conv_in.weight": tt.shape}))
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, ErrFamily) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestTextPlaces finds the text encoder in each place where checkpoints keep it.
func TestTextPlaces(t *testing.T) {
	const inner = "text_model.encoder.layers.0.layer_norm1.weight"
	tests := map[string]struct {
		tensors map[string][]int
		text, g bool
	}{
		"SD 1":              {map[string][]int{"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": {4, 4}, "cond_stage_model.transformer." + inner: {4}}, true, false},
		"SD 1, early":       {map[string][]int{"cond_stage_model.transformer.embeddings.token_embedding.weight": {4, 4}, "cond_stage_model.transformer.encoder.layers.0.layer_norm1.weight": {4}}, true, false},
		"SD 1, no prefix":   {map[string][]int{"text_model.embeddings.token_embedding.weight": {4, 4}, inner: {4}}, true, false},
		"SD 2":              {map[string][]int{"cond_stage_model.model.token_embedding.weight": {4, 4}, "cond_stage_model.model.transformer.resblocks.0.ln_1.weight": {4}}, true, false},
		"SDXL, first":       {map[string][]int{"conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight": {4, 4}, "conditioner.embedders.0.transformer." + inner: {4}}, true, false},
		"SDXL, second":      {map[string][]int{"conditioner.embedders.1.model.token_embedding.weight": {4, 4}, "conditioner.embedders.1.model.transformer.resblocks.0.ln_1.weight": {4}}, false, true},
		"refiner":           {map[string][]int{"conditioner.embedders.0.model.token_embedding.weight": {4, 4}, "conditioner.embedders.0.model.transformer.resblocks.0.ln_1.weight": {4}}, false, true},
		"none":              {nil, false, false},
		"embeddings absent": {map[string][]int{"cond_stage_model.transformer." + inner: {4}}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tensors := smallUNet("model.diffusion_model.", 4, []int{8, 8, 1, 1}, 0, true)
			for n, shape := range tt.tensors {
				tensors[n] = shape
			}
			tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = []int{1, 77}
			c, err := OpenCheckpoint(saved(t, "x.safetensors", tensors))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if (c.Text != nil) != tt.text || (c.TextG != nil) != tt.g {
				t.Fatalf("text %v, second %v", c.Text != nil, c.TextG != nil)
			}
			for _, s := range []*Set{c.Text, c.TextG} {
				if s != nil && (!s.Has(inner) || s.Has("text_model.embeddings.position_ids")) {
					t.Errorf("names %v", s.Names())
				}
			}
		})
	}
}

// TestEDMSigmas reads the noise levels of a model that predicts v over continuous levels.
func TestEDMSigmas(t *testing.T) {
	tests := map[string]struct {
		marks    map[string]float32
		min, max float64
		err      string
	}{
		"both":      {map[string]float32{"edm_vpred.sigma_max": 100, "edm_vpred.sigma_min": 0.25}, 0.25, 100, ""},
		"highest":   {map[string]float32{"edm_vpred.sigma_max": 100}, 0.002, 100, ""},
		"upside":    {map[string]float32{"edm_vpred.sigma_max": 0.5, "edm_vpred.sigma_min": 1}, 0, 0, "no range of noise levels"},
		"no number": {map[string]float32{"edm_vpred.sigma_max": float32(math.NaN())}, 0, 0, "no range of noise levels"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var entries []Entry
			for name, shape := range smallUNet("model.diffusion_model.", 4, []int{8, 8}, 2816, false, true, true) {
				entries = append(entries, Float16Entry(name, tensor.New(shape...)))
			}
			for name, v := range tt.marks {
				entries = append(entries, Float32Entry(name, tensor.Full(v, 1)))
			}
			path := filepath.Join(t.TempDir(), "x.safetensors")
			if err := Save(t.Context(), path, nil, entries); err != nil {
				t.Fatal(err)
			}
			c, err := OpenCheckpoint(path)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v; want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Prediction != VEDM || c.SigmaMax != tt.max || math.Abs(c.SigmaMin-tt.min) > 1e-9 {
				t.Errorf("%s from %g to %g, want %g to %g", c.Prediction, c.SigmaMin, c.SigmaMax, tt.min, tt.max)
			}
		})
	}
}

package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenLoRAMistakes: a file that cannot change the model says why: what it has, what the model expects, what it seems to be for.
func TestGoldenLoRAMistakes(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	pair := func(module string, out, rank, in int) []weights.Entry {
		return []weights.Entry{
			weights.Float32Entry(module+".lora_down.weight", tensor.Full(0.1, rank, in)), weights.Float32Entry(module+".lora_up.weight", tensor.Full(0.1, out, rank)),
		}
	}
	const key = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
	whole, err := os.ReadFile(filepath.Join(s.base, "models", "loras", "kohya.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]struct {
		entries []weights.Entry
		text    []byte
		says    []string
	}{
		"flux":      {pair("lora_unet_double_blocks_0_img_attn_qkv", 96, 4, 32), nil, []string{"none of its 1 modules", "lora_unet_double_blocks_0_img_attn_qkv", "Flux"}},
		"unknown":   {pair("lora_unet_hello", 8, 2, 8), nil, []string{"none of its 1 modules", "lora_unet_hello", "expected are names like lora_unet_down_blocks"}},
		"shape":     {pair(key, 64, 4, 999), nil, []string{"none of its 1 modules", "do not fit the weight"}},
		"half":      {pair(key, 64, 4, 64)[:1], nil, []string{"lora_up"}},
		"cut":       {nil, whole[:len(whole)/2], []string{"incomplete"}},
		"nothing":   {nil, nil, []string{"too short"}},
		"no lora":   {[]weights.Entry{weights.Float32Entry("first_stage_model.decoder.conv_in.weight", tensor.New(1, 1, 3, 3))}, nil, []string{"no LoRA in it"}},
		"a picture": {nil, []byte("\x89PNG\r\n\x1a\n and so on and so on"), []string{"not a readable weights file"}},
	}
	for name, tt := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(s.base, "models", "loras", name+".safetensors")
			if tt.entries != nil {
				if err := weights.Save(t.Context(), path, nil, tt.entries); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, tt.text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.ApplyLoRA(c.Model, c.CLIP, name+".safetensors", 1, 1)
			if err == nil {
				t.Fatal("it was applied")
			}
			for _, want := range append(tt.says, name+".safetensors") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v; want %q", err, want)
				}
			}
		})
	}
	if _, _, err := s.ApplyLoRA(c.Model, c.CLIP, "nowhere.safetensors", 1, 1); err == nil || !strings.Contains(err.Error(), "nowhere.safetensors") {
		t.Errorf("a file that is not there: %v", err)
	}
}

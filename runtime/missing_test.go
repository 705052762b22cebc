package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

func emptyRuntime(t *testing.T) *Runtime {
	t.Helper()
	folders, err := folder.New(folder.Config{Base: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := New(Config{Folders: folders})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	return rt
}

// TestMissingParts asks for parts that are not there: what a checkpoint lacks is told by the node that needs it.
func TestMissingParts(t *testing.T) {
	rt := emptyRuntime(t)
	picture := Image{tensor.New(1, 8, 8, 3)}
	tests := map[string]struct {
		call func() error
		want string
	}{
		"prompt without text encoder": {func() error { _, err := rt.EncodeText(t.Context(), CLIP{}, "a cat"); return err }, "CLIPLoader"},
		"decode without VAE":          {func() error { _, err := rt.Decode(t.Context(), VAE{}, ZeroLatent(1, 4, 8, 8)); return err }, "VAELoader"},
		"encode without VAE":          {func() error { _, err := rt.Encode(t.Context(), VAE{}, picture); return err }, "VAELoader"},
		"sample without model":        {func() error { _, err := rt.Sample(t.Context(), SampleRequest{}); return err }, "no diffusion model"},
		"no such checkpoint":          {func() error { _, err := rt.LoadCheckpoint("cat.safetensors"); return err }, "'cat.safetensors' not found"},
		"no such LoRA": {func() error {
			_, _, err := rt.ApplyLoRA(Model{}, CLIP{}, "style.safetensors", 1, 1)
			return err
		}, "'style.safetensors' not found"},
		"text encoder of another family": {func() error { _, err := rt.LoadCLIP("t5.safetensors", "sd3"); return err }, `"sd3"`},
		"pixels of one channel": {func() error {
			_, err := rt.Decode(t.Context(), VAE{pixels: true}, ZeroLatent(1, 1, 8, 8))
			return err
		}, "3 or 4 channels"},
		"no tiny autoencoder":              {func() error { _, err := rt.LoadVAE("taesd"); return err }, "taesd_encoder"},
		"tiny autoencoder of other models": {func() error { _, err := rt.LoadVAE("taef1"); return err }, "Flux"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

func TestPixelSpace(t *testing.T) {
	rt := emptyRuntime(t)
	v, err := rt.LoadVAE("pixel_space")
	if err != nil {
		t.Fatal(err)
	}
	picture := Image{tensor.New(1, 5, 7, 3)}
	for i := range picture.Data {
		picture.Data[i] = float32(i) / 105
	}
	l, err := rt.Encode(t.Context(), v, picture)
	if err != nil {
		t.Fatal(err)
	}
	back, err := rt.Decode(t.Context(), v, l)
	if err != nil {
		t.Fatal(err)
	}
	for i := range picture.Data {
		if back.Data[i] != picture.Data[i] {
			t.Fatalf("sample %d: %g, want %g", i, back.Data[i], picture.Data[i])
		}
	}
}

// TestIncompleteFiles have enough tensors to be recognised, and no more. The error names the file.
func TestIncompleteFiles(t *testing.T) {
	rt := emptyRuntime(t)
	tests := map[string]struct {
		folder  string
		tensors map[string][]int
		load    func(name string) error
	}{
		"VAE": {"vae", map[string][]int{"decoder.conv_in.weight": {8, 4, 3, 3}}, func(name string) error { _, err := rt.LoadVAE(name); return err }},
		"text encoder": {"text_encoders", map[string][]int{"text_model.embeddings.token_embedding.weight": {10, 768}},
			func(name string) error { _, err := rt.LoadCLIP(name, "stable_diffusion"); return err }},
		"ControlNet": {"controlnet", map[string][]int{"zero_convs.0.0.weight": {8, 8, 1, 1}, "input_hint_block.0.weight": {8, 3, 3, 3}},
			func(name string) error { _, err := rt.LoadControlNet(name); return err }},
		"UNet": {"diffusion_models", map[string][]int{"input_blocks.0.0.weight": {8, 4, 3, 3}}, func(name string) error { _, err := rt.LoadUNet(name); return err }},
		"checkpoint": {"checkpoints", map[string][]int{"model.diffusion_model.input_blocks.0.0.weight": {8, 4, 3, 3}},
			func(name string) error { _, err := rt.LoadCheckpoint(name); return err }},
		"LoRA": {"loras", map[string][]int{"some.weight": {2}}, func(name string) error {
			_, _, err := rt.ApplyLoRA(Model{}, CLIP{}, name, 1, 1)
			return err
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(rt.Folders.Base(), "models", tt.folder, "half.safetensors")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			var entries []weights.Entry
			for name, shape := range tt.tensors {
				entries = append(entries, weights.Float32Entry(name, tensor.New(shape...)))
			}
			if err := weights.Save(t.Context(), path, nil, entries); err != nil {
				t.Fatal(err)
			}
			if err := tt.load("half.safetensors"); err == nil || strings.Count(err.Error(), path) != 1 {
				t.Errorf("error %v; want one that names %s once", err, path)
			}
		})
	}
}

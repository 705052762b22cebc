package runtime

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/tensor"
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
		"tiny autoencoder": {func() error { _, err := rt.LoadVAE("taesd"); return err }, "does not run yet"},
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

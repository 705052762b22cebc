package weights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
)

// TestGoldenDescribeFile: every kind of model file of the fixtures, given where another kind is wanted, is named with the loader for it.
func TestGoldenDescribeFile(t *testing.T) {
	loaders := map[string]string{
		"checkpoints": "CheckpointLoaderSimple", "loras": "LoraLoader", "vae": "VAELoader", "diffusion_models": "UNETLoader", "controlnet": "ControlNetLoader",
		"t2i_adapter": "ControlNetLoader", "gligen": "GLIGENLoader", "text_encoders": "CLIPLoader", "clip_vision": "CLIPVisionLoader",
		"upscale_models": "UpscaleModelLoader", "style_models": "StyleModelLoader", "embeddings": "embedding:NAME", "vae_approx": "models/vae_approx",
	}
	seen := 0
	for kind, loader := range loaders {
		files, err := filepath.Glob(filepath.Join(goldentest.Models(t), kind, "*.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if info, err := os.Stat(path); err != nil || info.Size() < 100 { // a note of where the file is
				continue
			}
			f, err := Open(path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if got := describeFile(f.All()); !strings.Contains(got, loader) {
				t.Errorf("%s/%s: %q; want %s", kind, filepath.Base(path), got, loader)
			}
			f.Close()
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("%d files, want 20 or more", seen)
	}
}

package weights

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenDiffusers(t *testing.T) {
	unet := smallDiffusersUNet(4)
	fp16 := smallDiffusersUNet(9)
	vae := map[string][]int{"encoder.conv_in.weight": {8, 3, 3, 3}, "encoder.down_blocks.0.resnets.0.norm1.weight": {8}}
	text := map[string][]int{"text_model.embeddings.token_embedding.weight": {4, 4}}
	const file = "diffusion_pytorch_model.safetensors"
	tests := map[string]struct {
		files    map[string]map[string][]int
		channels int
		parts    string
		want     string // part of an error
	}{
		"all":            {map[string]map[string][]int{"unet/" + file: unet, "vae/" + file: vae, "text_encoder/model.safetensors": text}, 4, "VAE Text", ""},
		"UNet alone":     {map[string]map[string][]int{"unet/" + file: unet}, 4, "", ""},
		"fp16 preferred": {map[string]map[string][]int{"unet/" + file: unet, "unet/diffusion_pytorch_model.fp16.safetensors": fp16}, 9, "", ""},
		"no UNet":        {map[string]map[string][]int{"vae/" + file: vae}, 0, "", "diffusion_pytorch_model.fp16.safetensors, "},
		"broken VAE":     {map[string]map[string][]int{"unet/" + file: unet, "vae/" + file: text}, 0, "", "no VAE"},
		"broken text":    {map[string]map[string][]int{"unet/" + file: unet, "text_encoder/model.safetensors": vae}, 0, "", "no CLIP text encoder"},
		"shards":         {map[string]map[string][]int{"unet/diffusion_pytorch_model.safetensors.index.json": nil}, 0, "", "several files"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "model_index.json"), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, tensors := range tt.files {
				to := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(saved(t, "x", tensors), to); err != nil {
					t.Fatal(err)
				}
			}
			c, err := OpenDiffusers(dir)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := strings.Join(parts(c), " "); got != tt.parts || c.Channels != tt.channels || c.Family != SD1 || c.Path != dir {
				t.Errorf("got %s with %d channels, %s at %s", got, c.Channels, c.Family, c.Path)
			}
			if len(c.Files()) != len(strings.Fields(tt.parts))+1 {
				t.Errorf("%d files", len(c.Files()))
			}
		})
	}
	if _, err := OpenDiffusers(t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "model_index.json") {
		t.Errorf("an empty folder: %v", err)
	}
}

// smallDiffusersUNet has the tensors of a UNet of one level by which it is recognised.
func smallDiffusersUNet(channels int) map[string][]int {
	return map[string][]int{
		"conv_in.weight": {8, channels, 3, 3}, "time_embedding.linear_1.weight": {8, 8}, "down_blocks.0.resnets.0.conv1.weight": {8, 8, 3, 3},
		"down_blocks.0.attentions.0.proj_in.weight": {8, 8, 1, 1}, "mid_block.resnets.0.conv1.weight": {8, 8, 3, 3},
		"mid_block.attentions.0.proj_in.weight": {8, 8, 1, 1}, "mid_block.resnets.1.conv1.weight": {8, 8, 3, 3},
	}
}

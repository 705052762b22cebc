package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// modelFiles and textFiles are the names under which diffusers keeps weights, best first.
var (
	modelFiles = []string{"diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors",
		"diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.bin"}
	textFiles = []string{"model.fp16.safetensors", "model.safetensors", "pytorch_model.fp16.bin", "pytorch_model.bin"}
)

// OpenDiffusers reads a folder as diffusers saves it, with model_index.json and one folder per part. The UNet must be
// there; the other parts may be missing.
func OpenDiffusers(dir string) (*Checkpoint, error) {
	if _, err := os.Stat(filepath.Join(dir, "model_index.json")); err != nil {
		return nil, fmt.Errorf("%s is no diffusers folder: %w; choose the folder that holds model_index.json", dir, err)
	}
	path, err := firstFile(filepath.Join(dir, "unet"), modelFiles)
	if err != nil {
		return nil, err
	}
	c, err := OpenUNet(path)
	if err != nil {
		return nil, err
	}
	if c.Path, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		folder string
		names  []string
		open   func(path string) error
	}{
		{"vae", modelFiles, func(path string) (err error) { c.VAE, err = OpenVAE(path); return err }},
		{"text_encoder", textFiles, c.openText},
		{"text_encoder_2", textFiles, c.openText},
	} {
		path, err := firstFile(filepath.Join(dir, part.folder), part.names)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = part.open(path)
		}
		if err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

func (c *Checkpoint) openText(path string) error {
	text, kind, err := OpenTextEncoder(path)
	if kind == CLIPG {
		c.TextG = text
	} else {
		c.Text = text
	}
	return err
}

// firstFile is the first of names in dir. Without one, the error wraps fs.ErrNotExist and says what was looked for.
func firstFile(dir string, names []string) (string, error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if shards, _ := filepath.Glob(filepath.Join(dir, "*.index.json")); len(shards) > 0 {
		return "", fmt.Errorf("%s: weights in several files (%s) are not read; save them as one %s", dir,
			filepath.Base(shards[0]), names[1])
	}
	return "", fmt.Errorf("%s: none of %s: %w", dir, strings.Join(names, ", "), fs.ErrNotExist)
}

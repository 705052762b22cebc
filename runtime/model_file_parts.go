package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/runtime/weights"
)

// CLIPFile is one text encoder to be saved.
type CLIPFile struct {
	Suffix  string // of the file's name: "clip_l", "clip_h" or "clip_g"
	encoder textEncoder
}

var clipSuffixes = map[weights.TextKind]string{weights.CLIPL: "clip_l", weights.CLIPH: "clip_h", weights.CLIPG: "clip_g"}

// Files are the text encoders, each for a file of its own.
func (c CLIP) Files() ([]CLIPFile, error) {
	if len(c.encoders) == 0 {
		return nil, ErrNoCLIP
	}
	if c.isExported() {
		return nil, fmt.Errorf("save the text encoders: %w", ErrExported)
	}
	var files []CLIPFile
	for _, e := range c.encoders {
		files = append(files, CLIPFile{clipSuffixes[e.kind], e})
	}
	return files, nil
}

// Encode writes the text encoder under Hugging Face names with its patches merged in.
func (c CLIPFile) Encode(ctx context.Context, w io.Writer, f ModelFile) error {
	entries, err := c.encoder.patched().saved(weights.SavedAlone(c.encoder.set))
	if err != nil {
		return err
	}
	return f.encode(ctx, w, []weights.Pair{{Key: "format", Value: "pt"}}, entries)
}

// EncodeFile writes the VAE alone.
func (v VAE) EncodeFile(ctx context.Context, w io.Writer, f ModelFile) error {
	entries, err := v.saved(weights.SavedAlone)
	if err != nil {
		return err
	}
	return f.encode(ctx, w, nil, entries)
}

func (v VAE) saved(names func(*weights.Set) []weights.SavedName) ([]weights.Entry, error) {
	switch {
	case v.exported != nil:
		return nil, fmt.Errorf("save the VAE: %w", ErrExported)
	case v.pixels || v.tiny != nil:
		return nil, errors.New("save the VAE: a tiny VAE is two files of models/vae_approx, and pixel_space is none: connect a full VAE")
	case v.set == nil:
		return nil, ErrNoVAE
	}
	return patchedWeights{set: v.set}.saved(names(v.set))
}

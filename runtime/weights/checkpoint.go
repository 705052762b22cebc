package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Checkpoint is what a file or folder holds. A part that is not there is nil.
type Checkpoint struct {
	Path       string
	Family     Family
	Prediction Prediction
	// ZeroTerminalSNR asks for a noise schedule whose last step is pure noise.
	ZeroTerminalSNR bool
	// SigmaMin and SigmaMax are the ends of the noise levels where the prediction is VEDM.
	SigmaMin, SigmaMax float64
	// Channels is the input channels of the UNet: 4, 9 for inpainting models, 8 for those that edit a picture.
	Channels int

	UNet *Set // latent diffusion names: input_blocks.…, middle_block.…, output_blocks.…, …
	VAE  *Set // latent diffusion names: encoder.…, decoder.…, quant_conv.…, post_quant_conv.…
	// Text is the text encoder under Hugging Face names (text_model.…): CLIP-L for SD 1.x and SDXL, OpenCLIP-H for SD 2.x.
	Text *Set
	// TextG is the OpenCLIP-G encoder of SDXL and its refiner.
	TextG *Set
	// Vision is the picture encoder of an unCLIP checkpoint under Hugging Face names: vision_model.… and visual_projection.
	Vision *Set
}

// Files lists the files the parts lie in, each once, sorted by path.
func (c *Checkpoint) Files() []*File { return filesOf(c.UNet, c.VAE, c.Text, c.TextG, c.Vision) }

// Close closes the files. No part may be used any more.
func (c *Checkpoint) Close() error {
	var errs []error
	for _, f := range c.Files() {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// textPrefixes is where checkpoints keep their text encoders, and which of the two it is.
var textPrefixes = []struct {
	prefix string
	g      bool
}{
	{"cond_stage_model.transformer.", false},
	{"cond_stage_model.model.", false},
	{"conditioner.embedders.0.transformer.", false},
	{"conditioner.embedders.1.model.", true},
	{"conditioner.embedders.0.model.", true},
}

// OpenCheckpoint recognises a checkpoint by its tensors. A file with a UNet alone is one too. The family may be one
// that does not run (Family.Check); a family that cannot even be laid out is an error that names it and wraps
// ErrFamily, a file that is no checkpoint one that says what it is.
func OpenCheckpoint(path string) (*Checkpoint, error) {
	return opened(path, func(f *File) (*Checkpoint, error) {
		all := f.All()
		c, err := requireUNet(f, all)
		if err != nil {
			return nil, err
		}
		c.VAE = canonicalVAE(all.Sub("first_stage_model."))
		for _, t := range textPrefixes {
			text := canonicalText(all.Sub(t.prefix))
			if t.g && c.TextG == nil {
				c.TextG = text
			} else if !t.g && c.Text == nil {
				c.Text = text
			}
		}
		if c.Text == nil && c.TextG == nil {
			c.Text = canonicalText(all.only("text_model.")) // some old files keep it beside the UNet
		}
		if vision := canonicalVision(all.Sub("embedder.model.visual.")); vision != nil {
			c.Vision = vision
		}
		return c, nil
	})
}

// OpenUNet reads a file with a diffusion model, alone under latent diffusion or diffusers names or in a checkpoint; the
// other parts of the result are nil.
func OpenUNet(path string) (*Checkpoint, error) {
	return opened(path, func(f *File) (*Checkpoint, error) { return requireUNet(f, f.All()) })
}

func requireUNet(f *File, all *Set) (*Checkpoint, error) {
	if family := foreignFamily(all); family != "" {
		return nil, Family(family).Check()
	}
	c, err := findUNet(all)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, fmt.Errorf("no diffusion model in it; %s: %w", describeFile(all), ErrFormat)
	}
	c.Path = f.path
	return c, nil
}

// OpenVAE reads a file with an autoencoder: alone under latent diffusion or diffusers names, or in a checkpoint.
func OpenVAE(path string) (*Set, error) {
	return opened(path, func(f *File) (*Set, error) {
		all := f.All()
		for _, prefix := range []string{"", "first_stage_model.", "vae."} {
			if s := canonicalVAE(all.Sub(prefix)); s != nil {
				return s, checkVAE(s)
			}
		}
		return nil, fmt.Errorf("no VAE in it; %s: %w", describeFile(all), ErrFormat)
	})
}

// checkVAE refuses the autoencoders of other families, which look much alike: theirs have more latent channels, or work
// on video with convolutions of three dimensions.
func checkVAE(s *Set) error {
	first, ok := s.Ref("decoder.conv_in.weight")
	if !ok || len(first.Shape) == 4 && first.Shape[1] == 4 {
		return nil
	}
	if len(first.Shape) != 4 {
		return fmt.Errorf("this is a VAE for video or sound (decoder.conv_in %v): %w", first.Shape, ErrFamily)
	}
	return fmt.Errorf("this is a VAE with %d latent channels, as SD 3, Flux and others have; the models that oneactor runs have 4: %w",
		first.Shape[1], ErrFamily)
}

// OpenTextEncoder reads a file with a CLIP text encoder, under Hugging Face or OpenCLIP names, with the prefix of a
// checkpoint or without.
func OpenTextEncoder(path string) (*Set, TextKind, error) {
	type text struct {
		set  *Set
		kind TextKind
	}
	t, err := opened(path, func(f *File) (text, error) {
		all := f.All()
		prefixes := []string{"", "text_encoder.", "clip_l.", "transformer."}
		for _, p := range textPrefixes {
			prefixes = append(prefixes, p.prefix)
		}
		for _, prefix := range prefixes {
			stored := all.Sub(prefix)
			if s := canonicalText(stored); s != nil {
				return text{s, textKind(stored, s)}, nil
			}
		}
		return text{}, fmt.Errorf("no CLIP text encoder in it; %s: %w", describeFile(all), ErrFormat)
	})
	return t.set, t.kind, err
}

// opened opens a file and reads it; the file is closed again when that fails, and the error names it.
func opened[T any](path string, read func(*File) (T, error)) (T, error) {
	f, err := Open(path)
	if err != nil {
		var none T
		return none, err
	}
	v, err := read(f)
	if err != nil {
		f.Close()
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// describeFile says what a file without the wanted part seems to be and how it is loaded.
func describeFile(s *Set) string {
	c := newCounter(s)
	begins := func(prefix string) bool {
		return slices.ContainsFunc(s.Names(), func(n string) bool { return strings.HasPrefix(n, prefix) })
	}
	switch {
	case foreignFamily(s) != "":
		return "it is a model of the family " + foreignFamily(s)
	case controlKind(s) != "":
		return "it is a ControlNet or T2I adapter: load it with ControlNetLoader from models/controlnet"
	case isGLIGEN(s):
		return "it is a GLIGEN model: load it with GLIGENLoader from models/gligen"
	case begins("lora_"), begins("unet.down_blocks"), begins("base_model.model"), begins("text_encoder.text_model"):
		return "it is a LoRA: load it with LoraLoader from models/loras"
	case s.Has("emb_params"), s.Has("clip_l") || s.Has("clip_g"):
		return "it is a textual inversion: put it into models/embeddings and write embedding:NAME in the prompt"
	case s.Has("style_embedding"):
		return "it is a style model: load it with StyleModelLoader from models/style_models"
	case s.Has("model.diffusion_model.time_embed.0.weight"), s.Has("time_embed.0.weight"), s.Has("time_embedding.linear_1.weight"):
		return "it is a diffusion model: load it with CheckpointLoaderSimple from models/checkpoints, or with UNETLoader from models/diffusion_models"
	case s.Has("1.conv.0.weight"), s.Has("3.conv.0.weight"):
		return "it is a TAESD encoder or decoder: put both into models/vae_approx and load the VAE taesd, or taesdxl"
	case canonicalVAE(s) != nil:
		return "it is a VAE: load it with VAELoader from models/vae"
	case canonicalText(s) != nil:
		return "it is a text encoder: load it with CLIPLoader from models/text_encoders"
	case c.has("encoder.block.0"):
		return "it is a T5 text encoder, which no model that oneactor runs uses"
	case c.has("params_ema"), s.Has("conv_first.weight"), s.Has("model.0.weight"):
		return "it is an upscale model: load it with UpscaleModelLoader from models/upscale_models"
	case c.has("vision_model"), c.has("visual"), canonicalVision(s) != nil:
		return "it is a CLIP vision model: load it with CLIPVisionLoader from models/clip_vision"
	case s.Len() == 0:
		return "it holds no tensors"
	}
	return fmt.Sprintf("its tensors (%s, …) are of no known kind", s.Names()[0])
}

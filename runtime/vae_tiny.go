package runtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/weights"
)

// tinyVAE is an autoencoder of a few small layers: rougher pictures in a fraction of the time. Its halves lie in files of their own.
type tinyVAE struct {
	encoder, decoder *weights.Set
	scale            float32 // of the family's latents
}

// tinyFamilies are the tiny autoencoders by the name that a drop-down offers.
var tinyFamilies = map[string]struct {
	format sampling.LatentFormat
	family string // of models that do not run here
}{
	"taesd":   {format: sampling.SD15Latents},
	"taesdxl": {format: sampling.SDXLLatents},
	"taesd3":  {family: "Stable Diffusion 3"},
	"taef1":   {family: "Flux"},
}

// loadTinyVAE opens the pair <name>_encoder and <name>_decoder in models/vae_approx.
func (rt *Runtime) loadTinyVAE(name string) (VAE, error) {
	kind := tinyFamilies[name]
	if kind.family != "" {
		return VAE{}, fmt.Errorf("the tiny autoencoder %q belongs to the family %s: %w", name, kind.family, weights.ErrFamily)
	}
	t := tinyVAE{scale: kind.format.Scale}
	var channels [2]int
	for i, half := range []struct {
		suffix string
		to     **weights.Set
	}{{"_encoder", &t.encoder}, {"_decoder", &t.decoder}} {
		set, path, err := rt.openTinyVAE(name + half.suffix)
		if err != nil {
			return VAE{}, err
		}
		if channels[i], err = model.ReadTinyVAE(set, half.suffix == "_decoder"); err != nil {
			return VAE{}, fmt.Errorf("%s: %w", path, err)
		}
		*half.to = set
	}
	if channels[0] != channels[1] {
		return VAE{}, fmt.Errorf("%s_encoder makes latents of %d channels, %s_decoder reads %d: the files do not belong together: %w",
			name, channels[0], name, channels[1], model.ErrUnsupported)
	}
	return VAE{
		set: t.decoder, tiny: &t,
		config: model.VAEConfig{LatentChannels: channels[0], ImageChannels: 3, Scale: model.TinyVAEScale},
	}, nil
}

// openTinyVAE opens the first file of models/vae_approx whose name begins so, as ComfyUI does; the error wraps errNoTinyVAE where there is none.
func (rt *Runtime) openTinyVAE(prefix string) (*weights.Set, string, error) {
	files, err := rt.Folders.List("vae_approx")
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(files, func(f string) bool { return strings.HasPrefix(f, prefix+".") })
	if i < 0 {
		return nil, "", fmt.Errorf("no file %s.safetensors or .pth in models/vae_approx: %w", prefix, errNoTinyVAE)
	}
	path, err := rt.Folders.Find("vae_approx", files[i])
	if err != nil {
		return nil, "", err
	}
	set, err := opened(&rt.files, "tiny vae", path, openAll, (*weights.Set).Files)
	return set, path, err
}

var errNoTinyVAE = errors.New("download it from github.com/madebyollin/taesd")

func openAll(path string) (*weights.Set, error) {
	f, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	return f.All(), nil
}

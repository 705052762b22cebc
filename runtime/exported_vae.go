package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// exportedVAE is the two halves of a VAE, each an .onnx file; nil for one that is not there.
type exportedVAE struct{ encoder, decoder *exportedNet }

// The inputs and outputs of an exported VAE. Encoders give the moments of the latents, or a sample of them with noise of the export's own.
const (
	vaePicture = "sample"
	vaeMoments = "latent_parameters"
	vaeLatent  = "latent_sample"
)

// vaeSettings is what config.json beside half of a VAE says.
type vaeSettings struct {
	Levels []int `json:"block_out_channels"`
	Latent int   `json:"latent_channels"`
}

// openExportedVAE reads vae_encoder/model.onnx and vae_decoder/model.onnx; a path is "" for one that is not there.
func openExportedVAE(encoder, decoder string, s vaeSettings) (VAE, error) {
	v := VAE{exported: &exportedVAE{}, config: model.VAEConfig{LatentChannels: firstKnown(s.Latent, 4), ImageChannels: 3, Scale: 8}}
	if n := len(s.Levels); n > 0 && n < 8 {
		v.config.Scale = 1 << (n - 1)
	}
	for _, half := range []struct {
		path, name string
		input      string
		outputs    []string
		into       **exportedNet
	}{
		{encoder, exportedEncoder, vaePicture, []string{vaeMoments, vaeLatent}, &v.exported.encoder},
		{decoder, exportedDecoder, vaeLatent, []string{vaePicture}, &v.exported.decoder},
	} {
		if half.path == "" {
			continue
		}
		net, err := openExportedNet(half.path, half.name, []string{half.input}, half.outputs, nil)
		if err != nil {
			return VAE{}, err
		}
		if half.input == vaeLatent {
			v.config.LatentChannels = firstKnown(size(net.file.Inputs[vaeLatent], 1), v.config.LatentChannels)
		}
		*half.into = &net
	}
	return v, nil
}

// decode is the step from latents to pictures.
func (v *exportedVAE) decode(s *ort.Session) step { return v.decoder.half(s, vaeLatent, vaePicture) }

// encode is the step from pictures to planes whose first channels are the latent.
func (v *exportedVAE) encode(s *ort.Session) step {
	output := vaeMoments
	if !v.encoder.gives(output) {
		output = vaeLatent
	}
	return v.encoder.half(s, vaePicture, output)
}

// half runs half of a VAE on each item of a batch.
func (n *exportedNet) half(s *ort.Session, input, output string) step {
	misfit := func(_ string, have, want []int) error {
		slices.Reverse(want[2:])
		return fmt.Errorf("it was exported for %s of %v and gets %v: choose that size, or export it with free sizes", input, want[2:], []int{have[3], have[2]})
	}
	return func(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
		var items []*tensor.Tensor
		for b := range x.Dim(0) {
			out, err := n.run(ctx, s, exportedCall{items: 1, rows: map[string]*tensor.Tensor{input: x.Rows(b, b+1)}, misfit: misfit}, output)
			if err != nil {
				return nil, err
			}
			items = append(items, out[0])
		}
		return tensor.Concat(0, items...)
	}
}

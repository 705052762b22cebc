package runtime

import (
	"context"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

const (
	latentTensor = "latent_tensor"
	// latentFormat is an empty tensor whose presence says that values are not multiplied by the latent scale.
	latentFormat = "latent_format_version_0"
	// oldLatentScale is what files from before latentFormat are multiplied by: the latent scale of SD 1.x.
	oldLatentScale = 0.18215
)

// Encode writes the samples as a .latent file, which is a safetensors file; masks and batch places are not kept.
func (l Latent) Encode(ctx context.Context, w io.Writer, texts []imaging.Text) error {
	var metadata []weights.Pair
	for _, t := range texts {
		metadata = append(metadata, weights.Pair{Key: t.Key, Value: t.Value})
	}
	return weights.Encode(ctx, w, metadata, []weights.Entry{
		weights.Float32Entry(latentTensor, l.Samples),
		weights.Float32Entry(latentFormat, tensor.New(0)),
	})
}

// LoadLatent reads a .latent file. The error wraps weights.ErrFormat when it is none.
func LoadLatent(path string) (Latent, error) {
	f, err := weights.Open(path)
	if err != nil {
		return Latent{}, err
	}
	defer f.Close()
	if _, ok := f.Info(latentTensor); !ok {
		return Latent{}, fmt.Errorf("%s holds no tensor %q, so it is no latent: %w", path, latentTensor, weights.ErrFormat)
	}
	samples, err := f.Float32(latentTensor)
	if err != nil {
		return Latent{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(samples.Shape) != 4 || samples.Len() == 0 {
		return Latent{}, fmt.Errorf("%s: the latent has shape %v; want [B,C,h,w]: %w", path, samples.Shape, weights.ErrFormat)
	}
	l := Latent{Samples: samples}
	if _, ok := f.Info(latentFormat); !ok {
		l = l.Multiply(1 / oldLatentScale)
	}
	return l, nil
}

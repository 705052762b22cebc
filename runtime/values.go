package runtime

import (
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Latent is a batch of latents in VAE space (not multiplied by the model's latent scale).
type Latent struct {
	Samples    *tensor.Tensor // [B,C,H/8,W/8]
	NoiseMask  *tensor.Tensor // [1 or B,1,h,w] at any resolution, nil where nothing is masked; 1 = repaint
	BatchIndex []int          // place of each item in the batch its noise is drawn for; nil means 0…B-1 in one draw
}

// Socket is the wire type.
func (Latent) Socket() string { return "LATENT" }

// Bytes is the memory held.
func (l Latent) Bytes() int64 {
	return l.Samples.Bytes() + l.NoiseMask.Bytes() + int64(len(l.BatchIndex))*8
}

// Image is a batch of pictures [B,H,W,C], C = 3 or 4, values 0…1.
type Image struct{ *tensor.Tensor }

// Socket is the wire type.
func (Image) Socket() string { return "IMAGE" }

// Mask is a batch of masks [B,H,W], values 0…1.
type Mask struct{ *tensor.Tensor }

// Socket is the wire type.
func (Mask) Socket() string { return "MASK" }

// ZeroLatent is an empty latent [batch,channels,height,width], sizes in latent cells.
func ZeroLatent(batch, channels, height, width int) Latent {
	return Latent{Samples: tensor.New(batch, channels, height, width)}
}

package imaging

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// LatentRGB is a linear map from a latent cell to a colour -1…1, a cheap stand-in for the VAE decoder.
type LatentRGB struct {
	Rows [4][3]float32 // one row per latent channel
	Bias [3]float32
}

// The maps of the latent spaces, for latents in model space (multiplied by the latent scale).
var (
	LatentRGBSD15 = LatentRGB{Rows: [4][3]float32{
		{0.3512, 0.2297, 0.3227},
		{0.3250, 0.4974, 0.2350},
		{-0.2829, 0.1762, 0.2721},
		{-0.2120, -0.2616, -0.7177},
	}}
	LatentRGBSDXL = LatentRGB{Rows: [4][3]float32{
		{0.3651, 0.4232, 0.4341},
		{-0.2533, -0.0042, 0.1068},
		{0.1076, 0.1111, -0.0362},
		{-0.3165, -0.2492, -0.2188},
	}, Bias: [3]float32{0.1084, -0.0175, -0.0011}}
	LatentRGBUpscaler = LatentRGB{Rows: [4][3]float32{
		{-0.2340, -0.3863, -0.3257},
		{0.0994, 0.0885, -0.0908},
		{-0.2833, -0.2349, -0.3741},
		{0.2523, -0.0055, -0.1651},
	}}
	LatentRGBPlayground25 = LatentRGB{Rows: [4][3]float32{
		{0.3920, 0.4054, 0.4549},
		{-0.2634, -0.0196, 0.0653},
		{0.0568, 0.1687, -0.0755},
		{-0.3112, -0.2359, -0.2076},
	}}
)

// Preview shows the first item of a latent [B,4,h,w] in model space as a picture of h x w pixels.
func (m LatentRGB) Preview(x *tensor.Tensor) (Frame, error) {
	_, c, h, w, err := planeShape("latent preview", x)
	if err != nil {
		return Frame{}, err
	}
	if c != len(m.Rows) {
		return Frame{}, fmt.Errorf("latent preview: %d channels; want %d: %w", c, len(m.Rows), tensor.ErrShape)
	}
	f := Frame{Width: w, Height: h, Pixels: make([]uint8, h*w*4)}
	rgb := make([]float32, 3)
	for p := range h * w {
		for k := range rgb {
			v := m.Bias[k]
			for ch := range m.Rows {
				v += x.Data[ch*h*w+p] * m.Rows[ch][k]
			}
			rgb[k] = (v + 1) / 2
		}
		copy(f.Pixels[p*4:], Bytes(rgb))
		f.Pixels[p*4+3] = 255
	}
	return f, nil
}

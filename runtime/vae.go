package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// VAE translates between pictures and latents. The zero value is the missing VAE of a checkpoint without one.
type VAE struct {
	set    *weights.Set
	config model.VAEConfig
	// pixels marks the VAE that changes nothing: its latents are the pictures themselves.
	pixels   bool
	tiny     *tinyVAE     // nil for full ones
	exported *exportedVAE // instead of set
}

// Socket is the wire type.
func (VAE) Socket() string { return "VAE" }

// ErrNoVAE is returned when a checkpoint without VAE is asked to encode or decode.
var ErrNoVAE = errors.New("this checkpoint has no VAE: load one with the node VAELoader and connect it instead")

// ratio is how many pixels wide a latent cell is.
func (v VAE) ratio() int {
	if v.pixels {
		return 1
	}
	return max(1, v.config.Scale)
}

// LoadVAE opens a VAE by its name in models/vae, or one of those that a drop-down adds: taesd and taesdxl lie in models/vae_approx,
// pixel_space needs no file.
func (rt *Runtime) LoadVAE(name string) (VAE, error) {
	if name == "pixel_space" {
		return VAE{pixels: true}, nil
	}
	if _, tiny := tinyFamilies[name]; tiny {
		return rt.loadTinyVAE(name)
	}
	path, err := rt.Folders.Find("vae", name)
	if err != nil {
		return VAE{}, err
	}
	set, err := opened(&rt.files, "vae", path, weights.OpenVAE, (*weights.Set).Files)
	if err != nil {
		return VAE{}, err
	}
	v, err := newVAE(set)
	if err != nil {
		return VAE{}, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

func newVAE(set *weights.Set) (VAE, error) {
	config, err := model.ReadVAE(set)
	return VAE{set: set, config: config}, err
}

// Decode turns latents [B,C,h,w] into pictures [B,8h,8w,3], values 0…1.
func (rt *Runtime) Decode(ctx context.Context, v VAE, l Latent) (Image, error) {
	return rt.decode(ctx, v, l, func(ctx context.Context, z *tensor.Tensor, f step) (*tensor.Tensor, error) { return f(ctx, z) })
}

// DecodeTiled is Decode piece by piece: Tiles are in pixels; an overlap of more than a quarter of a tile is reduced to that.
func (rt *Runtime) DecodeTiled(ctx context.Context, v VAE, l Latent, t Tiles) (Image, error) {
	if t.Size < t.Overlap*4 {
		t.Overlap = t.Size / 4
	}
	cells := Tiles{Size: t.Size / v.ratio(), Overlap: t.Overlap / v.ratio()}
	return rt.decode(ctx, v, l, func(ctx context.Context, z *tensor.Tensor, f step) (*tensor.Tensor, error) {
		return averagePasses(ctx, z, cells, float64(v.ratio()), 3, f)
	})
}

// Encode turns pictures [B,H,W,C] into latents: the mean of the posterior of the first three channels. Sizes that the ratio does
// not divide are cut on both sides.
func (rt *Runtime) Encode(ctx context.Context, v VAE, i Image) (Latent, error) {
	return rt.encode(ctx, v, i, func(ctx context.Context, x *tensor.Tensor, f step) (*tensor.Tensor, error) { return f(ctx, x) })
}

// EncodeTiled is Encode piece by piece: Tiles are in pixels.
func (rt *Runtime) EncodeTiled(ctx context.Context, v VAE, i Image, t Tiles) (Latent, error) {
	return rt.encode(ctx, v, i, func(ctx context.Context, x *tensor.Tensor, f step) (*tensor.Tensor, error) {
		return averagePasses(ctx, x, t, 1/float64(v.ratio()), v.config.LatentChannels, f)
	})
}

// EncodeForInpaint greys the masked part of a picture out, encodes it, and keeps the mask, grown by some pixels, as the noise mask.
func (rt *Runtime) EncodeForInpaint(ctx context.Context, v VAE, i Image, m Mask, grow int) (Latent, error) {
	picture, mask, err := MaskForInpaint(i, m, v.ratio(), grow)
	if err != nil {
		return Latent{}, fmt.Errorf("VAE encode for inpainting: %w", err)
	}
	l, err := rt.Encode(ctx, v, picture)
	l.NoiseMask = mask
	return l, err
}

// vaeWork is how many operations a weight of the SD VAE takes part in per latent cell (0.62 TFLOP at 32x32 cells, 49M weights).
const vaeWork = 12

// step is one run of half of the VAE on planes [B,C,H,W].
type step = func(context.Context, *tensor.Tensor) (*tensor.Tensor, error)

// pieces runs a step on the whole of its input or on parts of it.
type pieces = func(ctx context.Context, x *tensor.Tensor, f step) (*tensor.Tensor, error)

func (rt *Runtime) decode(ctx context.Context, v VAE, l Latent, split pieces) (Image, error) {
	switch channels := l.Samples.Dim(1); {
	case v.pixels && channels != 3 && channels != 4:
		return Image{}, fmt.Errorf("pixel_space shows latents of 3 or 4 channels as they are, not of %d: use the VAE that belongs to the model", channels)
	case v.pixels:
		return Image{imaging.Interleave(l.Samples)}, nil
	case v.set == nil && v.exported == nil:
		return Image{}, ErrNoVAE
	case v.exported != nil && v.exported.decoder == nil:
		return Image{}, fmt.Errorf("VAE decode: this exported pipeline has no vae_decoder/model.onnx: %w", ErrNoVAE)
	case channels != v.config.LatentChannels:
		return Image{}, fmt.Errorf("this VAE decodes latents of %d channels, not %d: use the VAE that belongs to the model",
			v.config.LatentChannels, channels)
	}
	spec, run := v.decoder()
	spec.Runs, spec.Work, spec.Rare = l.Samples.Dim(0), vaeWork*float64(l.Samples.Dim(2)*l.Samples.Dim(3)), true
	session, release, err := rt.sessions.acquire(ctx, spec)
	if err != nil {
		return Image{}, fmt.Errorf("VAE decode: %w", err)
	}
	defer release()
	planes, err := split(ctx, l.Samples, run(session))
	if err != nil {
		return Image{}, fmt.Errorf("VAE decode: %w", err)
	}
	picture := imaging.Interleave(planes)
	for i, y := range picture.Data {
		picture.Data[i] = min(max((y+1)/2, 0), 1)
	}
	return Image{picture}, nil
}

func (rt *Runtime) encode(ctx context.Context, v VAE, i Image, split pieces) (Latent, error) {
	if v.pixels {
		return Latent{Samples: imaging.Planes(i.Colours().Tensor)}, nil
	}
	z, err := rt.posterior(ctx, v, i, func(ctx context.Context, x *tensor.Tensor, moments step) (*tensor.Tensor, error) {
		return split(ctx, x, func(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
			m, err := moments(ctx, x)
			if err != nil {
				return nil, err
			}
			return channelRange(m, 0, v.config.LatentChannels), nil
		})
	})
	return Latent{Samples: z}, err
}

// Moments is the distribution of the latents of pictures [B,H,W,C]: its mean and the logarithm of its variance, both [B,C,h,w] in VAE
// space. Sizes that the ratio does not divide are cut on both sides.
func (rt *Runtime) Moments(ctx context.Context, v VAE, i Image) (mean, logVariance *tensor.Tensor, err error) {
	if v.pixels {
		return nil, nil, errors.New("pixel_space has no distribution of latents: use the VAE that belongs to the model")
	}
	m, err := rt.posterior(ctx, v, i, func(ctx context.Context, x *tensor.Tensor, moments step) (*tensor.Tensor, error) {
		return moments(ctx, x)
	})
	if err != nil {
		return nil, nil, err
	}
	c := v.config.LatentChannels
	if m.Dim(1) < 2*c { // it knows no spread: the smallest that full ones are held to
		return m, tensor.Full(-30, m.Shape...), nil
	}
	return channelRange(m, 0, c), channelRange(m, c, 2*c), nil
}

// decoder is the graph that makes pictures of latents; how long it will be used is left to say.
func (v VAE) decoder() (spec GraphSpec, run func(*ort.Session) step) {
	run = func(s *ort.Session) step { return oneByOne(s, "z", "image") }
	switch {
	case v.exported != nil:
		return v.exported.decoder.spec(), v.exported.decode
	case v.tiny != nil:
		o := model.TinyVAEOptions{Scale: v.tiny.scale}
		return GraphSpec{Key: GraphKey("tiny vae decoder", v.set, o), Build: func() (*onnx.Graph, error) { return model.TinyVAEDecoder(v.set, o) }}, run
	}
	var o model.VAEOptions
	return GraphSpec{Key: GraphKey("vae decoder", v.set, o), Precise: true, Build: func() (*onnx.Graph, error) { return model.VAEDecoder(v.set, o) }}, run
}

// encoder is the graph from pictures to planes whose first channels are the latent.
func (v VAE) encoder() (spec GraphSpec, run func(*ort.Session) step) {
	switch {
	case v.exported != nil:
		return v.exported.encoder.spec(), v.exported.encode
	case v.tiny != nil:
		set, o := v.tiny.encoder, model.TinyVAEOptions{Scale: v.tiny.scale}
		return GraphSpec{Key: GraphKey("tiny vae encoder", set, o), Build: func() (*onnx.Graph, error) { return model.TinyVAEEncoder(set, o) }},
			func(s *ort.Session) step { return oneByOne(s, "image", "latent") }
	}
	var o model.VAEOptions
	return GraphSpec{Key: GraphKey("vae encoder", v.set, o), Precise: true, Build: func() (*onnx.Graph, error) { return model.VAEEncoder(v.set, o) }},
		func(s *ort.Session) step { return oneByOne(s, "image", "moments") }
}

// posterior runs the encoder on pictures, in pieces.
func (rt *Runtime) posterior(ctx context.Context, v VAE, i Image, split pieces) (*tensor.Tensor, error) {
	i = cropToRatio(i.Colours(), v.ratio())
	switch {
	case v.set == nil && v.exported == nil:
		return nil, ErrNoVAE
	case v.exported != nil && v.exported.encoder == nil:
		return nil, fmt.Errorf("VAE encode: this exported pipeline has no vae_encoder/model.onnx: %w", ErrNoVAE)
	case i.Len() == 0:
		return nil, fmt.Errorf("VAE encode: a picture of %dx%d is smaller than one latent cell of %d px", i.Dim(2), i.Dim(1), v.ratio())
	}
	x := imaging.Planes(i.Tensor)
	for k, p := range x.Data {
		x.Data[k] = 2*p - 1
	}
	spec, run := v.encoder()
	spec.Runs, spec.Work, spec.Rare = i.Dim(0), vaeWork*float64(x.Dim(2)*x.Dim(3))/float64(v.ratio()*v.ratio()), true
	session, release, err := rt.sessions.acquire(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("VAE encode: %w", err)
	}
	defer release()
	z, err := split(ctx, x, run(session))
	if err != nil {
		return nil, fmt.Errorf("VAE encode: %w", err)
	}
	return z, nil
}

// oneByOne runs a session on each item of a batch, since activations of full-size pictures are large.
func oneByOne(s *ort.Session, input, output string) step {
	return func(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
		var items []*tensor.Tensor
		for b := range x.Dim(0) {
			y, err := s.Run(ctx, map[string]ort.Value{input: ort.FromTensor(x.Rows(b, b+1))}, output)
			if err != nil {
				return nil, err
			}
			items = append(items, y[0])
		}
		return tensor.Concat(0, items...)
	}
}

// channelRange is channels [from,to) of planes [B,C,H,W].
func channelRange(t *tensor.Tensor, from, to int) *tensor.Tensor {
	plane := t.Dim(2) * t.Dim(3)
	n := (to - from) * plane
	out := tensor.New(t.Dim(0), to-from, t.Dim(2), t.Dim(3))
	for b := range t.Dim(0) {
		copy(out.Data[b*n:(b+1)*n], t.Data[(b*t.Dim(1)+from)*plane:])
	}
	return out
}

// Colours is the first three channels of pictures; a grey one is repeated.
func (i Image) Colours() Image {
	c := i.Dim(3)
	if c == 3 {
		return i
	}
	out := tensor.New(i.Dim(0), i.Dim(1), i.Dim(2), 3)
	for p := range len(i.Data) / c {
		for k := range 3 {
			out.Data[p*3+k] = i.Data[p*c+min(k, c-1)]
		}
	}
	return Image{out}
}

// cropToRatio cuts a picture evenly on both sides to a multiple of the ratio.
func cropToRatio(i Image, ratio int) Image {
	h, w := i.Dim(1)/ratio*ratio, i.Dim(2)/ratio*ratio
	if h == i.Dim(1) && w == i.Dim(2) {
		return i
	}
	top, left := (i.Dim(1)%ratio)/2, (i.Dim(2)%ratio)/2
	return cutImage(i, top, left, h, w)
}

// cutImage is a rectangle of a picture, which must lie inside it.
func cutImage(i Image, top, left, h, w int) Image {
	c := i.Dim(3)
	out := tensor.New(i.Dim(0), h, w, c)
	for b := range i.Dim(0) {
		for y := range h {
			from := ((b*i.Dim(1)+top+y)*i.Dim(2) + left) * c
			copy(out.Data[((b*h+y)*w)*c:][:w*c], i.Data[from:from+w*c])
		}
	}
	return Image{out}
}

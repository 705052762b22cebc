package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Preview is a picture that is shown and not kept: work in progress, or what a node sends to its client. Listeners of the engine get it with
// the progress of a node.
type Preview struct {
	imaging.Frame
	Whole bool // sent in full and without loss; others are made to fit
}

// Encode is the picture as a client gets it: a PNG where it is whole, and else a JPEG whose longer side has side pixels.
func (p Preview) Encode(side int) (mime string, file []byte, err error) {
	if p.Whole {
		file, err = imaging.EncodeFramePNG(p.Frame)
		return "image/png", file, err
	}
	file, err = imaging.EncodeJPEG(imaging.Contain(p.Frame, side), 95)
	return "image/jpeg", file, err
}

// Progress is told how much of something is done, maybe with a picture of it so far, which may be nil.
type Progress func(done, total int, picture *Preview)

// PreviewMethod is how latents are shown while they are sampled; the values are those of --preview-method.
type PreviewMethod string

// The methods. Auto is the one that needs no file.
const (
	PreviewNone      PreviewMethod = "none"
	PreviewAuto      PreviewMethod = "auto"
	PreviewLatentRGB PreviewMethod = "latent2rgb" // a colour for every latent cell
	PreviewTAESD     PreviewMethod = "taesd"      // through a tiny autoencoder of models/vae_approx
)

// Choices lists the methods.
func (PreviewMethod) Choices() []string {
	return []string{string(PreviewNone), string(PreviewAuto), string(PreviewLatentRGB), string(PreviewTAESD)}
}

// previewer shows latents [B,C,h,w] of a model's own space; the zero value shows nothing.
type previewer struct {
	colours imaging.LatentRGB
	tiny    *weights.Set // decoder, nil for colours alone
}

// latentLook is how the latents of a model are shown: colours, and the file of a tiny decoder, "" where there is none.
func (m Model) latentLook() (colours imaging.LatentRGB, decoder string) {
	switch {
	case len(m.format.Mean) > 0:
		return imaging.LatentRGBPlayground25, "taesdxl_decoder"
	case m.family == weights.Upscaler:
		return imaging.LatentRGBUpscaler, ""
	case m.family == weights.SDXL || m.family == weights.SDXLRefiner:
		return imaging.LatentRGBSDXL, "taesdxl_decoder"
	}
	return imaging.LatentRGBSD15, "taesd_decoder"
}

// previewer is the one for a model; nil for the method none. Colours alone show all of a batch: decoding every picture would take longer than a step. A decoder that is missing or broken is told once, and colours take its place.
func (rt *Runtime) previewer(m Model, all bool) *previewer {
	if rt.previews == "" || rt.previews == PreviewNone {
		return nil
	}
	colours, decoder := m.latentLook()
	p := &previewer{colours: colours}
	if rt.previews != PreviewTAESD || decoder == "" || all {
		return p
	}
	set, path, err := rt.openTinyVAE(decoder)
	if err == nil {
		if _, err = model.ReadTinyVAE(set, true); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		slog.Warn("previews are coarse: no tiny decoder for this model", "problem", err)
		return p
	}
	p.tiny = set
	return p
}

// sideBySide is the items of a latent [B,C,h,w] as one [1,C,rows·h,columns·w], row by row in about a square.
func sideBySide(x *tensor.Tensor) *tensor.Tensor {
	n, c, h, w := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	columns := int(math.Ceil(math.Sqrt(float64(n))))
	rows := (n + columns - 1) / columns
	out := tensor.New(1, c, rows*h, columns*w)
	for i := range n {
		for ch := range c {
			for y := range h {
				copy(out.Data[((ch*rows+i/columns)*h+y)*columns*w+i%columns*w:][:w], x.Data[((i*c+ch)*h+y)*w:][:w])
			}
		}
	}
	return out
}

// show is the first item of a latent as a picture.
func (rt *Runtime) show(ctx context.Context, p *previewer, x *tensor.Tensor) (Preview, error) {
	if p.tiny == nil {
		f, err := p.colours.Preview(x)
		return Preview{Frame: f}, err
	}
	if x.Len() == 0 {
		return Preview{}, errors.New("preview of an empty latent")
	}
	o := model.TinyVAEOptions{Scale: 1}
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Key:   GraphKey("tiny vae decoder", p.tiny, o),
		Runs:  1,
		Work:  vaeWork * float64(x.Dim(2)*x.Dim(3)),
		Rare:  true,
		Build: func() (*onnx.Graph, error) { return model.TinyVAEDecoder(p.tiny, o) },
	})
	if err != nil {
		return Preview{}, err
	}
	defer release()
	out, err := session.Run(ctx, map[string]ort.Value{"z": ort.FromTensor(x.Rows(0, 1))}, "image")
	if err != nil {
		return Preview{}, err
	}
	picture := Image{imaging.Interleave(out[0])}
	for i, y := range picture.Data {
		picture.Data[i] = (y + 1) / 2
	}
	return Preview{Frame: picture.Frames()[0]}, nil
}

// stepProgress tells progress of each step, with a preview of the latent so far, of all its items where all is set; nil where nobody is to be told.
func (rt *Runtime) stepProgress(ctx context.Context, m Model, progress Progress, all bool) func(step, total int, x0 *tensor.Tensor) {
	if progress == nil {
		return nil
	}
	p := rt.previewer(m, all)
	return func(step, total int, x0 *tensor.Tensor) {
		if p == nil {
			progress(step+1, total, nil)
			return
		}
		if all {
			x0 = sideBySide(x0)
		}
		picture, err := rt.show(ctx, p, x0)
		if err != nil {
			slog.Warn("no more previews of this run", "problem", err)
			p = nil
			progress(step+1, total, nil)
			return
		}
		progress(step+1, total, &picture)
	}
}

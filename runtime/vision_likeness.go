package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// The functions below measure pictures. They prepare them as the published scores do, and not as ComfyUI prepares pictures for models that see.

// likenessSide and dinoShorter are the usual preparation for DINOv2: the shorter side at 256 pixels, and the middle 224 of it.
const (
	likenessSide = 224
	dinoShorter  = 256
)

// ErrNoTextTower is returned when a vision model is to judge texts whose file holds no text encoder of CLIP.
var ErrNoTextTower = errors.New("the file of the vision model has no text encoder with text_projection: use a whole CLIP, such as model.safetensors of openai/clip-vit-large-patch14")

// LikenessVectors are vectors of length 1 [B,P] whose products say how alike pictures [B,H,W,C] are. Where a mask is given, [1 or B,h,w] at any
// resolution, what it leaves out becomes the mean colour of the network's training. The middle square of a picture counts.
func (rt *Runtime) LikenessVectors(ctx context.Context, v CLIPVision, i Image, mask *Mask) (*tensor.Tensor, error) {
	switch {
	case v.set == nil:
		return nil, ErrNoVision
	case i.Tensor == nil || i.Len() == 0:
		return nil, fmt.Errorf("the batch of pictures is empty: %w", tensor.ErrShape)
	}
	if mask != nil {
		var err error
		if i, err = i.onGround(*mask, v.levels().mean); err != nil {
			return nil, err
		}
	}
	side, shorter := v.config.Side, v.config.Side
	if v.config.Kind == model.DINOv2 && likenessSide%v.config.Patch == 0 && side > likenessSide {
		side, shorter = likenessSide, dinoShorter
	}
	h, w := sidesFor(i, shorter)
	pixels, err := pixelsOf(i, h, w, side, v.levels())
	if err != nil {
		return nil, err
	}
	out, err := rt.runVision(ctx, v, pixels)
	if err != nil {
		return nil, err
	}
	return ofLengthOne(out.Embeds), nil
}

// onGround keeps what a mask marks and puts the rest onto a plain colour.
func (i Image) onGround(m Mask, colour [3]float32) (Image, error) {
	i = i.Colours()
	n, h, w := i.Dim(0), i.Dim(1), i.Dim(2)
	if m.Tensor == nil || m.Len() == 0 || m.Dim(0) != 1 && m.Dim(0) != n {
		return Image{}, fmt.Errorf("masks of shape %v for %d pictures: give one for each, or one for all: %w", shapeOrNil(m.Tensor), n, tensor.ErrShape)
	}
	planes, err := m.Reshape(m.Dim(0), 1, m.Dim(1), m.Dim(2))
	if err != nil {
		return Image{}, err
	}
	if planes, err = imaging.Resize(planes, h, w, imaging.Bilinear); err != nil {
		return Image{}, err
	}
	planes = planes.Repeat(n)
	out := tensor.New(i.Shape...)
	for p := range n * h * w {
		kept := planes.Data[p]
		for c := range 3 {
			out.Data[p*3+c] = i.Data[p*3+c]*kept + colour[c]*(1-kept)
		}
	}
	return Image{out}, nil
}

func shapeOrNil(t *tensor.Tensor) []int {
	if t == nil {
		return nil
	}
	return t.Shape
}

// TextVectors are vectors of length 1 [N,P] of texts, to be multiplied with those of pictures. What goes beyond the length of a prompt is cut off;
// weights in brackets do not count. The error wraps ErrNoTextTower where the vision model's file has no text encoder.
func (rt *Runtime) TextVectors(ctx context.Context, v CLIPVision, texts []string) (*tensor.Tensor, error) {
	if v.text == nil {
		return nil, ErrNoTextTower
	}
	config, err := model.ReadCLIP(v.text)
	if err != nil {
		return nil, err
	}
	if config.Projection == 0 || config.Projection != v.config.Projection {
		return nil, fmt.Errorf("text_projection of width %d, visual_projection of width %d: %w", config.Projection, v.config.Projection, ErrNoTextTower)
	}
	var chunks [][]tokenizer.Token
	for _, text := range texts {
		prompt, err := tokenizer.Tokenize(text, tokenizer.Options{Encoder: tokenizer.EncoderL})
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, prompt.Chunks[0])
	}
	o := model.CLIPOptions{Project: true, Activation: v.config.Activation}
	batch := newTokenBatch(chunks, config.Vocabulary)
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Precise: true,
		Key:     GraphKey("clip", v.text, o),
		Runs:    1,
		Work:    2 * float64(len(batch.tokens)),
		Rare:    true,
		Build:   func() (*onnx.Graph, error) { return model.CLIP(v.text, o) },
	})
	if err != nil {
		return nil, fmt.Errorf("text encoder: %w", err)
	}
	defer release()
	out, err := session.Run(ctx, batch.inputs(config.Width), "pooled")
	if err != nil {
		return nil, fmt.Errorf("text encoder: %w", err)
	}
	return ofLengthOne(out[0]), nil
}

// ofLengthOne divides each row [N,D] by its length. Rows of zeros stay.
func ofLengthOne(x *tensor.Tensor) *tensor.Tensor {
	width := x.Dim(1)
	for r := range x.Dim(0) {
		row := x.Data[r*width : (r+1)*width]
		var squares float64
		for _, v := range row {
			squares += float64(v) * float64(v)
		}
		if squares == 0 {
			continue
		}
		f := float32(1 / math.Sqrt(squares))
		for i := range row {
			row[i] *= f
		}
	}
	return x
}

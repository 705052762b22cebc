package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// StyleModel turns what a vision model says about a picture into rows of a prompt.
type StyleModel struct {
	set    *weights.Set
	config model.StyleConfig
}

// Socket is the wire type.
func (StyleModel) Socket() string { return "STYLE_MODEL" }

// LoadStyleModel opens a T2I style adapter by its name in models/style_models.
func (rt *Runtime) LoadStyleModel(name string) (StyleModel, error) {
	path, err := rt.Folders.Find("style_models", name)
	if err != nil {
		return StyleModel{}, err
	}
	set, err := opened(&rt.files, "style model", path, weights.OpenStyleModel, (*weights.Set).Files)
	if err != nil {
		return StyleModel{}, err
	}
	config, err := model.ReadStyle(set)
	if err != nil {
		return StyleModel{}, fmt.Errorf("%s: %w", path, err)
	}
	return StyleModel{set, config}, nil
}

// StyleStrength says how the strength of a style works; the values are the wire names.
type StyleStrength string

const (
	// StyleMultiply multiplies the rows.
	StyleMultiply StyleStrength = "multiply"
	// StyleAttentionBias is a bias on the attention to the rows. Only networks of other families read it, in ComfyUI and here, so that
	// the rows count in full.
	StyleAttentionBias StyleStrength = "attn_bias"
)

// Choices lists the ways.
func (StyleStrength) Choices() []string {
	return []string{string(StyleMultiply), string(StyleAttentionBias)}
}

// ApplyStyle appends the rows of a style to every entry of a prompt; those of a batch of pictures follow one another.
func (rt *Runtime) ApplyStyle(ctx context.Context, c Conditioning, s StyleModel, picture CLIPVisionOutput, strength float64, how StyleStrength) (Conditioning, error) {
	rows, err := rt.styleRows(ctx, s, picture)
	if err != nil {
		return nil, fmt.Errorf("style model: %w", err)
	}
	if how == StyleMultiply {
		for i := range rows.Data {
			rows.Data[i] *= float32(strength)
		}
	}
	out := c.each(func(e *Cond) {
		joined, concatErr := tensor.Concat(1, e.Embedding, rows.Repeat(e.Embedding.Dim(0)))
		if concatErr != nil {
			err = fmt.Errorf("the style model makes rows of %d values, the prompt has %d: it belongs to another family of models (T2I style adapters to SD 1.x)",
				s.config.Context, e.Embedding.Dim(2))
			return
		}
		e.Embedding = joined
	})
	if err != nil {
		return nil, fmt.Errorf("style model: %w", err)
	}
	return out, nil
}

// styleRows is the rows [1,B·tokens,context] of a batch of pictures.
func (rt *Runtime) styleRows(ctx context.Context, s StyleModel, picture CLIPVisionOutput) (*tensor.Tensor, error) {
	switch last := picture.Last; {
	case s.set == nil:
		return nil, errors.New("no style model is loaded")
	case last == nil || last.Len() == 0:
		return nil, fmt.Errorf("the vision model saw no picture: %w", tensor.ErrShape)
	case last.Dim(2) != s.config.Width:
		return nil, fmt.Errorf("it reads tokens of width %d, the vision model has %d: use the vision model that it was made for (CLIP ViT-L/14)",
			s.config.Width, last.Dim(2))
	}
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Key:   GraphKey("style", s.set, struct{}{}),
		Runs:  1,
		Work:  2 * float64(picture.Last.Dim(0)*picture.Last.Dim(1)),
		Rare:  true,
		Build: func() (*onnx.Graph, error) { return model.Style(s.set) },
	})
	if err != nil {
		return nil, err
	}
	defer release()
	out, err := session.Run(ctx, map[string]ort.Value{"picture": ort.FromTensor(picture.Last)}, "style")
	if err != nil {
		return nil, err
	}
	return out[0].Reshape(1, -1, s.config.Context)
}

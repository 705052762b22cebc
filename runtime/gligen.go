package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// GLIGEN lets a UNet place texts in boxes of the picture. Nothing is loaded until a sampler needs it.
type GLIGEN struct {
	set    *weights.Set
	config model.GLIGENConfig
	name   string
}

// Socket is the wire type.
func (GLIGEN) Socket() string { return "GLIGEN" }

// LoadGLIGEN opens a GLIGEN model by its name in models/gligen.
func (rt *Runtime) LoadGLIGEN(name string) (GLIGEN, error) {
	path, err := rt.Folders.Find("gligen", name)
	if err != nil {
		return GLIGEN{}, err
	}
	set, err := opened(&rt.files, "gligen", path, weights.OpenGLIGEN, (*weights.Set).Files)
	if err != nil {
		return GLIGEN{}, err
	}
	config, err := model.ReadGLIGEN(set)
	if err != nil {
		return GLIGEN{}, fmt.Errorf("%s: %w", path, err)
	}
	return GLIGEN{set, config, name}, nil
}

// Boxes are the texts that an entry of a conditioning places in the picture, and the model that does. They never change.
type Boxes struct {
	net  GLIGEN
	list []box
}

// box is a text in a rectangle.
type box struct {
	text *tensor.Tensor // [1,D], the pooled row of the text before any projection
	area cells
}

// texts are the texts of all boxes, none of nil.
func (b *Boxes) texts() (list []*tensor.Tensor) {
	if b != nil {
		for _, box := range b.list {
			list = append(list, box.text)
		}
	}
	return list
}

// TextBox is a text and where it belongs, in pixels of the picture.
type TextBox struct {
	Text                string
	Width, Height, X, Y int
}

// WithTextBox adds a box to every entry; the model places those that were added before, too.
func (rt *Runtime) WithTextBox(ctx context.Context, c Conditioning, clip CLIP, net GLIGEN, b TextBox) (Conditioning, error) {
	if net.set == nil {
		return nil, errors.New("there is no GLIGEN model: connect the node GLIGENLoader")
	}
	unprojected, err := clip.each(func(e *textEncoder) error { e.rule.project = false; return nil })
	if err != nil {
		return nil, err
	}
	encoded, err := rt.EncodeText(ctx, unprojected, b.Text)
	if err != nil {
		return nil, err
	}
	own := box{text: encoded[0].Pooled, area: cells{h: b.Height / 8, w: b.Width / 8, y: b.Y / 8, x: b.X / 8}}
	if d := own.text.Dim(1); d != net.config.TextWidth {
		return nil, fmt.Errorf("GLIGEN %s wants texts of width %d and the text encoder makes %d: it was made for another family of models", net.name, net.config.TextWidth, d)
	}
	var failed error
	out := c.each(func(e *Cond) {
		var before []box
		if e.Boxes != nil {
			before = e.Boxes.list
		}
		e.Boxes = &Boxes{net, append(slices.Clone(before), own)}
		if len(e.Boxes.list) > model.GLIGENBoxes {
			failed = fmt.Errorf("GLIGEN places up to %d boxes in a picture; leave some out", model.GLIGENBoxes)
		}
	})
	return out, failed
}

// inside is an error where a box lies outside a latent of height h and width w.
func (b *Boxes) inside(h, w int) error {
	if b == nil {
		return nil
	}
	for _, box := range b.list {
		if a := box.area; a.x >= w || a.y >= h {
			return fmt.Errorf("the GLIGEN box at x=%d, y=%d lies outside the picture of %dx%d px: move it inside", 8*a.x, 8*a.y, 8*w, 8*h)
		}
	}
	return nil
}

// withBoxes is the model of a run in which entries may have boxes; a GLIGEN model that does not fit is an error.
func (m Model) withBoxes(entries [][]entry) (Model, error) {
	var first *GLIGEN
	for _, e := range slices.Concat(entries...) {
		if e.boxes == nil {
			continue
		}
		net := e.boxes.net
		if err := net.config.Fits(m.config.TransformerWidths(m.set)); err != nil {
			return m, fmt.Errorf("GLIGEN %s does not fit the model: %w", net.name, err)
		}
		if first == nil {
			first = &net
		}
	}
	if first == nil {
		return m, nil
	}
	return m.withNetworkPatch(boxPatch{*first})
}

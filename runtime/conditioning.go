package runtime

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// Conditioning is a list of entries; each is evaluated by itself and the predictions are averaged over their areas.
type Conditioning []Cond

// Socket is the wire type.
func (Conditioning) Socket() string { return "CONDITIONING" }

// Bytes is the memory held by embeddings, masks and the pictures of controls; what entries share counts once.
func (c Conditioning) Bytes() int64 {
	held := map[*tensor.Tensor]bool{}
	for _, e := range c {
		for _, t := range []*tensor.Tensor{e.Embedding, e.Pooled, e.Mask, e.Picture, e.PictureMask, e.ControlText} {
			held[t] = true
		}
		for _, t := range e.Boxes.texts() {
			held[t] = true
		}
		if e.LowResolution != nil {
			held[e.LowResolution.pixels] = true
		}
		for _, p := range e.UnCLIP {
			held[p.Embeds] = true
		}
		for control := e.Control; control != nil; control = control.previous {
			held[control.hint] = true
		}
	}
	var n int64
	for t := range held {
		n += t.Bytes()
	}
	return n
}

// Cond is one entry of a conditioning: a text embedding and where, when and how strongly it applies.
type Cond struct {
	Embedding *tensor.Tensor // [1,T,D]
	Pooled    *tensor.Tensor // [1,P], nil for encoders without one
	Prompts   []PlacedPrompt // which rows of Embedding belong to which words
	Shifts    []Shift        // what actors add to rows of Embedding

	Area     *Area
	Strength float32 // weight of the entry where it applies

	Mask         *tensor.Tensor // [B,H,W] at any resolution, nil for none
	MaskStrength float32
	MaskBounds   bool // restrict the model call to the bounding box of Mask

	Sizes *PictureSizes // what SDXL is told of the picture, nil for the defaults

	Range *Range // part of the run the entry applies in, nil for all of it

	Control *Control // newest of a chain of ControlNets, nil for none
	// ControlToUncond lends Control to entries of the negative prompt that have none (the old ControlNetApply node).
	ControlToUncond bool
	Boxes           *Boxes // texts that GLIGEN places in boxes, nil for none
	// ControlText is what ControlNets read instead of Embedding [1,T',D]; nil for the same.
	ControlText *tensor.Tensor

	Picture     *tensor.Tensor // [B,C,h,w] latents that inpainting and editing models see beside theirs, in VAE space; nil for none
	PictureMask *tensor.Tensor // [B,1,H,W] what of Picture to paint anew, at any resolution; nil takes the noise mask of the latent

	LowResolution *LowResolution // the picture that an upscaler enlarges; nil for none

	UnCLIP []UnCLIPPicture // pictures told by their vectors

	// Fallback entries apply where the others of their list leave something.
	Fallback bool
}

// Range is a part of a sampling run, as fractions of it: 0 is the start (high noise), 1 the end.
type Range struct{ Start, End float64 }

// Area is a rectangle an entry is confined to: fractions of the latent's size, or latent cells.
type Area struct {
	Height, Width, Y, X float64
	Percentage          bool
}

// PlacedPrompt is a tokenised prompt whose encoded rows begin at Row of an embedding; Prompt.Find gives the rows of a word.
type PlacedPrompt struct {
	Prompt  *tokenizer.Prompt
	Row     int
	Columns Columns // what of the rows stands for this prompt, where two text encoders read different ones
}

// Columns is a range of the features of an embedding; the zero value is all of them.
type Columns struct{ From, To int }

// Of is the range in an embedding of the given width.
func (c Columns) Of(width int) (from, to int) {
	if c == (Columns{}) {
		return 0, width
	}
	return c.From, c.To
}

// NewCond is an entry that applies everywhere, with full strength.
func NewCond(embedding, pooled *tensor.Tensor, prompts []PlacedPrompt) Cond {
	return Cond{Embedding: embedding, Pooled: pooled, Prompts: prompts, Strength: 1, MaskStrength: 1}
}

// each returns a copy with change applied to every entry.
func (c Conditioning) each(change func(*Cond)) Conditioning {
	out := make(Conditioning, len(c))
	for i, e := range c {
		change(&e)
		out[i] = e
	}
	return out
}

// Combine lists the entries of both: they are evaluated separately and averaged.
func (c Conditioning) Combine(other Conditioning) Conditioning {
	return append(append(make(Conditioning, 0, len(c)+len(other)), c...), other...)
}

// Concat appends the tokens of the first entry of from to every entry.
func (c Conditioning) Concat(from Conditioning) (Conditioning, error) {
	if len(from) == 0 {
		return nil, fmt.Errorf("conditioning concat: conditioning_from has no entry")
	}
	var failed error
	out := c.each(func(e *Cond) {
		rows := e.Embedding.Dim(1)
		joined, err := tensor.Concat(1, e.Embedding, from[0].Embedding)
		if err != nil {
			failed = fmt.Errorf("conditioning concat: the two prompts come from different text encoders: %w", err)
			return
		}
		e.Embedding = joined
		prompts := slices.Clone(e.Prompts)
		for _, p := range from[0].Prompts {
			p.Row += rows
			prompts = append(prompts, p)
		}
		e.Prompts = prompts
		e.Shifts = append(slices.Clone(e.Shifts), moved(from[0].Shifts, rows)...)
	})
	return out, failed
}

// Average mixes every entry with the first of from: to·strength + from·(1-strength). The tokens of from are cut or padded
// with zeros to the length of the entry; pooled parts are mixed alike, and an entry without one takes that of from.
func (c Conditioning) Average(from Conditioning, strength float32) (Conditioning, error) {
	if len(from) == 0 {
		return nil, fmt.Errorf("conditioning average: conditioning_from has no entry")
	}
	var failed error
	out := c.each(func(e *Cond) {
		to, other := e.Embedding, from[0].Embedding
		if to.Dim(2) != other.Dim(2) {
			failed = fmt.Errorf("conditioning average: widths %d and %d differ: the two prompts come from different text encoders",
				to.Dim(2), other.Dim(2))
			return
		}
		e.Embedding = mix(to, other, strength)
		e.Shifts = mixShifts(e.Shifts, from[0].Shifts, strength, to.Dim(1))
		switch p := from[0].Pooled; {
		case e.Pooled == nil:
			e.Pooled = p
		case p != nil && tensor.SameShape(p, e.Pooled):
			e.Pooled = mix(e.Pooled, p, strength)
		}
	})
	return out, failed
}

// mix is a·s + b·(1-s); b is cut or padded with zeros to the length of a.
func mix(a, b *tensor.Tensor, s float32) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for i, v := range a.Data {
		out.Data[i] = v * s
		if i < len(b.Data) {
			out.Data[i] += b.Data[i] * (1 - s)
		}
	}
	return out
}

// WithArea confines every entry to an area. It replaces an area that follows the bounds of a mask.
func (c Conditioning) WithArea(area Area, strength float32) Conditioning {
	return c.each(func(e *Cond) { e.Area, e.Strength, e.MaskBounds = &area, strength, false })
}

// WithStrength overrides the strength of every entry.
func (c Conditioning) WithStrength(strength float32) Conditioning {
	return c.each(func(e *Cond) { e.Strength = strength })
}

// WithMask weights every entry by a mask [B,H,W]; bounds restricts the model call to the mask's bounding box.
func (c Conditioning) WithMask(mask Mask, strength float32, bounds bool) Conditioning {
	return c.each(func(e *Cond) { e.Mask, e.MaskStrength, e.MaskBounds = mask.Tensor, strength, bounds })
}

// WithFallback adds entries that apply where those of c leave something.
func (c Conditioning) WithFallback(rest Conditioning) Conditioning {
	return c.Combine(rest.each(func(e *Cond) { e.Fallback = true }))
}

// WithRange confines every entry to a part of the run.
func (c Conditioning) WithRange(start, end float64) Conditioning {
	return c.each(func(e *Cond) { e.Range = &Range{Start: start, End: end} })
}

// WithPicture gives every entry the picture that inpainting and editing models see; a nil mask leaves that of the entry.
func (c Conditioning) WithPicture(picture Latent, mask *tensor.Tensor) Conditioning {
	return c.each(func(e *Cond) {
		e.Picture = picture.Samples
		if mask != nil {
			e.PictureMask = mask
		}
	})
}

// Zero replaces embeddings and pooled parts by zeros of the same shape.
func (c Conditioning) Zero() Conditioning {
	return c.each(func(e *Cond) {
		e.Embedding, e.Shifts = tensor.New(e.Embedding.Shape...), nil
		if e.Pooled != nil {
			e.Pooled = tensor.New(e.Pooled.Shape...)
		}
	})
}

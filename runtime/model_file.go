package runtime

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ModelFile is what goes into a file of a model besides its weights.
type ModelFile struct {
	Title string         // of the model, as the file's specification has it
	Texts []imaging.Text // prompt and workflow
	// Progress is told how many tensors are written; nil for nobody.
	Progress func(done, total int)
}

// EncodeCheckpoint writes a checkpoint with the names of latent diffusion, which ComfyUI and others load: the UNet, and text encoders and
// VAE where they are not nil, all with their patches merged in. Every tensor keeps the type it has in its file, but for patched ones of
// 8 bits, which become float16. One tensor at a time is in memory. The header says what ComfyUI's does, and so do the empty tensors by
// which SDXL's other predictions are told.
func (m Model) EncodeCheckpoint(ctx context.Context, w io.Writer, c *CLIP, v *VAE, f ModelFile) error {
	if err := m.checkWeights(); err != nil {
		return fmt.Errorf("save the model: %w", err)
	}
	entries, err := patchedWeights{set: m.set, patches: m.changes}.saved(weights.SavedUNet(m.set))
	if err != nil {
		return err
	}
	if c != nil {
		list, err := m.savedCLIP(*c)
		if err != nil {
			return fmt.Errorf("save the text encoders: %w", err)
		}
		entries = append(entries, list...)
	}
	if v != nil {
		list, err := v.saved(weights.SavedVAE)
		if err != nil {
			return err
		}
		entries = append(entries, list...)
	}
	pairs, marks := m.marks(f.Title)
	return f.encode(ctx, w, pairs, append(entries, marks...))
}

// savedCLIP is the text encoders of a checkpoint; they must be those of its family.
func (m Model) savedCLIP(c CLIP) ([]weights.Entry, error) {
	if err := c.checkWeights(); err != nil {
		return nil, err
	}
	var entries []weights.Entry
	wanted := m.family.SavedTextKinds()
	for _, e := range c.encoders {
		names, err := m.family.SavedText(e.set, e.kind)
		if err != nil {
			return nil, err
		}
		list, err := e.patched().saved(names)
		if err != nil {
			return nil, err
		}
		entries = append(entries, list...)
		wanted = slices.DeleteFunc(wanted, func(k weights.TextKind) bool { return k == e.kind })
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("checkpoints of the family %s have the text encoder %s too, which is not connected: load it with DualCLIPLoader, or save model and text encoder apart (ModelSave, CLIPSave): %w",
			m.family, wanted[0], weights.ErrFamily)
	}
	if m.family == weights.SDXL { // some programs insist on the numbers of the places, which are in the original file
		const places = 77
		ids := make([]byte, 0, 8*places)
		for i := range uint64(places) {
			ids = binary.LittleEndian.AppendUint64(ids, i)
		}
		entries = append(entries, weights.RawEntry("conditioner.embedders.0.transformer.text_model.embeddings.position_ids", weights.I64, []int64{1, places}, ids))
	}
	return entries, nil
}

// encode adds the texts and writes the file.
func (f ModelFile) encode(ctx context.Context, w io.Writer, pairs []weights.Pair, entries []weights.Entry) error {
	for _, t := range f.Texts {
		pairs = append(pairs, weights.Pair{Key: t.Key, Value: t.Value})
	}
	if f.Progress != nil {
		entries = weights.Counted(entries, f.Progress)
	}
	return weights.Encode(ctx, w, pairs, entries)
}

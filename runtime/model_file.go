package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
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

// CLIPFile is one text encoder to be saved.
type CLIPFile struct {
	Suffix  string // of the file's name: "clip_l", "clip_h" or "clip_g"
	encoder textEncoder
}

var clipSuffixes = map[weights.TextKind]string{weights.CLIPL: "clip_l", weights.CLIPH: "clip_h", weights.CLIPG: "clip_g"}

// Files are the text encoders, each for a file of its own.
func (c CLIP) Files() ([]CLIPFile, error) {
	if len(c.encoders) == 0 {
		return nil, ErrNoCLIP
	}
	if c.isExported() {
		return nil, fmt.Errorf("save the text encoders: %w", ErrExported)
	}
	var files []CLIPFile
	for _, e := range c.encoders {
		files = append(files, CLIPFile{clipSuffixes[e.kind], e})
	}
	return files, nil
}

// Encode writes the text encoder under Hugging Face names with its patches merged in.
func (c CLIPFile) Encode(ctx context.Context, w io.Writer, f ModelFile) error {
	entries, err := c.encoder.patched().saved(weights.SavedAlone(c.encoder.set))
	if err != nil {
		return err
	}
	return f.encode(ctx, w, []weights.Pair{{Key: "format", Value: "pt"}}, entries)
}

// EncodeFile writes the VAE alone.
func (v VAE) EncodeFile(ctx context.Context, w io.Writer, f ModelFile) error {
	entries, err := v.saved(weights.SavedAlone)
	if err != nil {
		return err
	}
	return f.encode(ctx, w, nil, entries)
}

func (v VAE) saved(names func(*weights.Set) []weights.SavedName) ([]weights.Entry, error) {
	switch {
	case v.exported != nil:
		return nil, fmt.Errorf("save the VAE: %w", ErrExported)
	case v.pixels || v.tiny != nil:
		return nil, errors.New("save the VAE: a tiny VAE is two files of models/vae_approx, and pixel_space is none: connect a full VAE")
	case v.set == nil:
		return nil, ErrNoVAE
	}
	return patchedWeights{set: v.set}.saved(names(v.set))
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

// architectures are the families that the specification of model files has a name for and ComfyUI writes it.
var architectures = map[weights.Family]string{
	weights.SDXL:        "stable-diffusion-xl-v1-base",
	weights.SDXLRefiner: "stable-diffusion-xl-v1-refiner",
}

// marks are the header and the tensors that say what a model predicts, for the sampling it has now.
func (m Model) marks(title string) (pairs []weights.Pair, tensors []weights.Entry) {
	if architecture, ok := architectures[m.family]; ok {
		if m.family == weights.SDXL && m.sees == editSight {
			architecture = "stable-diffusion-xl-v1-edit"
		}
		pairs = []weights.Pair{
			{Key: "modelspec.architecture", Value: architecture}, {Key: "modelspec.sai_model_spec", Value: "1.0.0"},
			{Key: "modelspec.implementation", Value: "sgm"}, {Key: "modelspec.title", Value: title},
		}
	}
	mark := func(name string, values ...float32) {
		t := tensor.New(len(values))
		if len(values) == 1 {
			t = tensor.New() // of no axes
		}
		copy(t.Data, values)
		tensors = append(tensors, weights.Float32Entry(name, t))
	}
	_, continuous := m.sampling.Levels.(sampling.ContinuousLevels)
	sigmas := m.sampling.Sigmas()
	switch p := m.sampling.Parameterization; {
	case p == sampling.EDM:
		mark("edm_mean")
		mark("edm_std")
	case p == sampling.V && continuous:
		mark("edm_vpred.sigma_max", sigmas[len(sigmas)-1])
		mark("edm_vpred.sigma_min", sigmas[0])
	case p == sampling.V:
		pairs = append(pairs, weights.Pair{Key: "modelspec.predict_key", Value: "v"})
		mark("v_pred")
		if sigmas[len(sigmas)-1] > 1000 { // 4518 with a zero terminal SNR, some 15 without
			mark("ztsnr")
		}
	case p == sampling.Epsilon:
		pairs = append(pairs, weights.Pair{Key: "modelspec.predict_key", Value: "epsilon"})
	}
	return pairs, tensors
}

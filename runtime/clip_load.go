package runtime

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/weights"
)

// textFile is a file with a text encoder.
type textFile struct {
	set  *weights.Set
	kind weights.TextKind
}

// otherPairings are the types of CLIPLoader that read a CLIP encoder in another way than the Stable Diffusion models do; all further ones
// take a CLIP encoder for what it is.
var otherPairings = []string{"stable_cascade", "sd3", "hidream"}

// LoadCLIP opens a text encoder by its name in models/text_encoders. Which it is is told from its tensors, as in ComfyUI: CLIP-L is read
// as SD 1.x does, OpenCLIP-H as SD 2.x and OpenCLIP-G as the SDXL refiner. kind is the pairing that the node names.
func (rt *Runtime) LoadCLIP(name, kind string) (CLIP, error) {
	if slices.Contains(otherPairings, kind) {
		return CLIP{}, fmt.Errorf("text encoders of type %q do not run here: use stable_diffusion for SD 1.x, SD 2.x and the SDXL refiner, and DualCLIPLoader for SDXL: %w",
			kind, weights.ErrFamily)
	}
	e, err := rt.openTextEncoder(name)
	if err != nil {
		return CLIP{}, err
	}
	return newCLIP(e), nil
}

// LoadDualCLIP opens the two text encoders of SDXL by their names in models/text_encoders, in any order.
func (rt *Runtime) LoadDualCLIP(name1, name2, kind string) (CLIP, error) {
	if kind != "sdxl" {
		return CLIP{}, fmt.Errorf("two text encoders of type %q do not run here: use sdxl: %w", kind, weights.ErrFamily)
	}
	first, err := rt.openTextEncoder(name1)
	if err != nil {
		return CLIP{}, err
	}
	second, err := rt.openTextEncoder(name2)
	if err != nil {
		return CLIP{}, err
	}
	if first.kind == weights.CLIPG {
		first, second = second, first
		name1, name2 = name2, name1
	}
	if first.kind != weights.CLIPL || second.kind != weights.CLIPG {
		return CLIP{}, fmt.Errorf("SDXL wants a text encoder of each kind, %s and %s; %s is %s and %s is %s: choose the other file for one of them",
			weights.CLIPL, weights.CLIPG, name1, first.kind, name2, second.kind)
	}
	return newCLIP(first, second), nil
}

func (rt *Runtime) openTextEncoder(name string) (textEncoder, error) {
	path, err := rt.Folders.Find("text_encoders", name)
	if err != nil {
		return textEncoder{}, err
	}
	f, err := opened(&rt.files, "text encoder", path, func(path string) (textFile, error) {
		set, kind, err := weights.OpenTextEncoder(path)
		return textFile{set, kind}, err
	}, func(f textFile) []*weights.File { return f.set.Files() })
	if err != nil {
		return textEncoder{}, err
	}
	e, err := newTextEncoder(f.set, f.kind)
	if err != nil {
		return textEncoder{}, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

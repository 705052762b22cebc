package runtime

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ControlNet is a net that steers a UNet by a picture: a ControlNet of any kind or a T2I adapter. Nothing is loaded until a sampler
// needs it.
type ControlNet struct {
	file *weights.ControlNet
	name string
	// pooled nets work with the spatial mean of their residuals ("shuffle").
	pooled bool
	// kind is what the hints of a union show, by its number; -1 leaves it open.
	kind int
	// changes add a model's weights to a difference ControlNet.
	changes []weightPatch
}

// Socket is the wire type.
func (ControlNet) Socket() string { return "CONTROL_NET" }

// Bytes is the memory held; weights stay in their files.
func (n ControlNet) Bytes() int64 { return patchBytes(n.changes) }

// Control is one use of a ControlNet: a hint picture, a strength and a part of the run, behind an earlier control whose residuals
// are added. It never changes; entries of a conditioning that share one are evaluated in one batch.
type Control struct {
	net      ControlNet
	hint     *tensor.Tensor // [B,3,H,W] 0…1, at any resolution
	strength float32
	during   Range
	previous *Control
}

// chain is a control and those before it, newest first.
func (c *Control) chain() (list []*Control) {
	for ; c != nil; c = c.previous {
		list = append(list, c)
	}
	return list
}

// LoadControlNet opens a ControlNet or T2I adapter by its name in models/controlnet or models/t2i_adapter.
func (rt *Runtime) LoadControlNet(name string) (ControlNet, error) {
	n, err := rt.openControlNet(name)
	if err == nil && n.file.Kind == weights.DifferenceControl {
		err = fmt.Errorf("%s holds differences to the model it was trained with: load it with DiffControlNetLoader, which has an input for the model", name)
	}
	return n, err
}

func (rt *Runtime) openControlNet(name string) (ControlNet, error) {
	path, err := rt.Folders.Find("controlnet", name)
	if err != nil {
		return ControlNet{}, err
	}
	file, err := opened(&rt.files, "controlnet", path, weights.OpenControlNet, (*weights.ControlNet).Files)
	if err != nil {
		return ControlNet{}, err
	}
	switch file.Kind {
	case weights.LowRankControl: // its structure is that of the model it is used with
	case weights.AdapterControl:
		_, err = model.ReadAdapter(file.Set)
	default:
		_, err = model.ReadControlNet(file.Set)
	}
	if err != nil {
		return ControlNet{}, fmt.Errorf("%s: %w", path, err)
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	return ControlNet{file: file, name: name, kind: -1, pooled: strings.HasSuffix(stem, "_shuffle") || strings.HasSuffix(stem, "_shuffle_fp16")}, nil
}

// WithControl adds a control to every entry, for the whole run; entries of the negative prompt borrow it (ComfyUI's old node).
func (c Conditioning) WithControl(net ControlNet, hint Image, strength float64) Conditioning {
	if strength == 0 {
		return c
	}
	picture := hintPlanes(hint)
	return c.each(func(e *Cond) {
		e.Control = &Control{net: net, hint: picture, strength: float32(strength), during: Range{0, 1}, previous: e.Control}
		e.ControlToUncond = true
	})
}

// ControlBoth adds a control to every entry of both prompts; entries with the same earlier control share the new one.
func ControlBoth(positive, negative Conditioning, net ControlNet, hint Image, strength float64, during Range) (p, n Conditioning) {
	if strength == 0 {
		return positive, negative
	}
	picture := hintPlanes(hint)
	after := map[*Control]*Control{}
	add := func(e *Cond) {
		c, ok := after[e.Control]
		if !ok {
			c = &Control{net: net, hint: picture, strength: float32(strength), during: during, previous: e.Control}
			after[e.Control] = c
		}
		e.Control, e.ControlToUncond = c, false
	}
	return positive.each(add), negative.each(add)
}

// hintPlanes is the first three channels of a picture as [B,3,H,W].
func hintPlanes(i Image) *tensor.Tensor { return imaging.Planes(i.Colours().Tensor) }

// misfit is the error of a net in a run of a model it was not made for.
func (n ControlNet) misfit(m Model, detail string) error {
	if n.file.Family != "" && n.file.Family != m.family {
		return fmt.Errorf("it is a %s for models of the family %s, and the model that samples is one of %s: load one made for %[3]s",
			n.file.Kind, n.file.Family, m.family)
	}
	return fmt.Errorf("this %s was made for another model than the one that samples (%s): %s", n.file.Kind, m.family, detail)
}

// matches reports whether a net that is the encoder half of a UNet belongs to the family of a model.
func (n ControlNet) matches(c model.ControlNetConfig, m Model) error {
	switch {
	case c.ContextDim != m.config.ContextDim:
		return n.misfit(m, fmt.Sprintf("its prompts have width %d, the model's %d", c.ContextDim, m.config.ContextDim))
	case c.LabelDim != 0 && c.LabelDim != m.config.LabelDim:
		return n.misfit(m, fmt.Sprintf("its added embedding has width %d, the model's %d", c.LabelDim, m.config.LabelDim))
	case c.MiddleChannels != m.config.MiddleChannels || !slices.Equal(c.SkipChannels, m.config.SkipChannels):
		return n.misfit(m, fmt.Sprintf("its blocks have %v channels, the model's %v", c.SkipChannels, m.config.SkipChannels))
	case c.InChannels != m.config.OutChannels:
		return fmt.Errorf("this %s sees %d channels, and the latent has %d: it does not run with models that see a mask or a picture beside the latent",
			n.file.Kind, c.InChannels, m.config.OutChannels)
	case c.HintChannels != 3:
		return fmt.Errorf("it wants pictures of %d channels; there are only those with 3", c.HintChannels)
	}
	return nil
}

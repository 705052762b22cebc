package runtime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ControlNet is a net that steers a UNet by a picture. Nothing is loaded until a sampler needs it.
type ControlNet struct {
	set    *weights.Set
	config model.ControlNetConfig
	name   string
	// pooled nets work with the spatial mean of their residuals ("shuffle").
	pooled bool
}

// Socket is the wire type.
func (ControlNet) Socket() string { return "CONTROL_NET" }

// Control is one use of a ControlNet: a hint picture, a strength and a part of the run, behind an earlier control whose residuals
// are added. It never changes; entries of a conditioning that share one are evaluated in one batch.
type Control struct {
	net      ControlNet
	hint     *tensor.Tensor // [B,3,H,W] 0…1, at any resolution
	strength float32
	during   Range
	previous *Control
}

// LoadControlNet opens a ControlNet by its name in models/controlnet.
func (rt *Runtime) LoadControlNet(name string) (ControlNet, error) {
	path, err := rt.Folders.Find("controlnet", name)
	if err != nil {
		return ControlNet{}, err
	}
	set, err := opened(&rt.files, "controlnet", path, weights.OpenControlNet, (*weights.Set).Files)
	if err != nil {
		return ControlNet{}, err
	}
	config, err := model.ReadControlNet(set)
	if err != nil {
		return ControlNet{}, fmt.Errorf("%s: %w", path, err)
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(name, ".safetensors"), "_fp16")
	return ControlNet{set: set, config: config, name: name, pooled: strings.HasSuffix(stem, "_shuffle")}, nil
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

// matches reports whether the net belongs to the family of a model.
func (n ControlNet) matches(m Model) error {
	if n.config.ContextDim != m.config.ContextDim || n.config.LabelDim != 0 && n.config.LabelDim != m.config.LabelDim || n.config.MiddleChannels != m.config.MiddleChannels ||
		!slices.Equal(n.config.SkipChannels, m.config.SkipChannels) {
		return fmt.Errorf("it was made for another family of models than the one that samples (prompt width %d and %d, channels %v and %v)",
			n.config.ContextDim, m.config.ContextDim, n.config.SkipChannels, m.config.SkipChannels)
	}
	return nil
}

// hint is the picture of a control at the size of a batch: cropped to its aspect, resized, and repeated for every item of
// every entry. As in ComfyUI a batch of pictures that happens to be as long as the model's batch is taken as it is, even where that
// gives different entries different pictures, and what was chosen once is chosen from the next time.
func (u *unetRun) hint(c *Control, call modelCall) (*tensor.Tensor, error) {
	scale := c.net.config.HintScale
	height, width := call.x.Dim(2)*scale, call.x.Dim(3)*scale
	hint := u.hints[c]
	if hint == nil || hint.Dim(2) != height || hint.Dim(3) != width {
		var err error
		if hint, err = imaging.ResizeCrop(c.hint, height, width, imaging.NearestExact, imaging.CropCenter); err != nil {
			return nil, err
		}
	}
	n := call.x.Dim(0)
	if hint.Dim(0) != 1 && hint.Dim(0) != n {
		// One entry's share of pictures first: a batch of several entries repeats it as a whole.
		hint = hint.Repeat(max(1, n/call.groups)).Repeat(n)
	}
	u.hints[c] = hint
	return hint.Repeat(n), nil
}

// hintPlanes is the first three channels of a picture as [B,3,H,W].
func hintPlanes(i Image) *tensor.Tensor { return imaging.Planes(i.Colours().Tensor) }

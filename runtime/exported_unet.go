package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// exportedUNet is a UNet of an .onnx file in place of weights.
type exportedUNet struct {
	exportedNet
	pooled   int // of the vector of SDXL, what comes before the sizes; 0 for families without a vector
	guidance int // width of the embedding of the guidance scale, 0 where config.json does not say
}

// The inputs and outputs of an exported UNet.
const (
	unetSample   = "sample"
	unetTimestep = "timestep"
	unetContext  = "encoder_hidden_states"
	unetPooled   = "text_embeds"
	unetSizes    = "time_ids"
	unetGuidance = "timestep_cond" // of LCM models
	unetOut      = "out_sample"
)

// unetSettings is what config.json beside a UNet says.
type unetSettings struct {
	InChannels  int `json:"in_channels"`
	OutChannels int `json:"out_channels"`
	Context     any `json:"cross_attention_dim"` // a number, or a list with one for each level
	Guidance    int `json:"time_cond_proj_dim"`
}

// context is the width of the prompt, -1 where it is not known.
func (s unetSettings) context() int {
	v := s.Context
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	if n, ok := v.(float64); ok {
		return int(n)
	}
	return -1
}

// openExportedUNet reads unet/model.onnx: the network and what its ports say about its structure.
func openExportedUNet(path, name string, s unetSettings) (*exportedUNet, model.UNetConfig, error) {
	net, err := openExportedNet(path, name, []string{unetSample, unetTimestep, unetContext}, []string{unetOut},
		[]string{unetPooled, unetSizes, unetGuidance})
	if err != nil {
		return nil, model.UNetConfig{}, err
	}
	u := &exportedUNet{exportedNet: net, guidance: s.Guidance}
	c := model.UNetConfig{
		InChannels:  firstKnown(size(net.file.Inputs[unetSample], 1), s.InChannels, 4),
		OutChannels: firstKnown(size(net.file.Outputs[unetOut], 1), s.OutChannels, 4),
		ContextDim:  firstKnown(size(net.file.Inputs[unetContext], 2), s.context(), 0),
	}
	if c.ContextDim == 0 {
		return nil, c, fmt.Errorf("%s: how wide the prompt is says neither the file nor config.json beside it (cross_attention_dim): copy that file, too: %w",
			path, model.ErrUnsupported)
	}
	if net.has(unetPooled) != net.has(unetSizes) {
		return nil, c, fmt.Errorf("%s wants one of %s and %s without the other: %w", path, unetPooled, unetSizes, model.ErrUnsupported)
	}
	if net.has(unetPooled) {
		u.pooled = firstKnown(size(net.file.Inputs[unetPooled], 1), 1280)
		c.LabelDim = u.pooled + firstKnown(size(net.file.Inputs[unetSizes], 1), sizesSDXL)
	}
	return u, c, nil
}

// sizesSDXL and sizesRefiner are how many numbers the UNets are told of a picture's size.
const sizesSDXL, sizesRefiner = 6, 5

// family is that of the vector; without one it is of the text encoder.
func (u *exportedUNet) family(c model.UNetConfig, text weights.TextKind) weights.Family {
	switch {
	case u.pooled > 0 && c.LabelDim-u.pooled == sizesRefiner:
		return weights.SDXLRefiner
	case u.pooled > 0:
		return weights.SDXL
	case text == weights.CLIPH || text == "" && c.ContextDim == 1024:
		return weights.SD2
	}
	return weights.SD1
}

// firstKnown is the first positive number, 0 if there is none.
func firstKnown(list ...int) int {
	for _, n := range list {
		if n > 0 {
			return n
		}
	}
	return 0
}

// checkEntries says what of prompts an exported UNet cannot do.
func (u *exportedUNet) checkEntries(entries [][]entry) error {
	for _, e := range slices.Concat(entries...) {
		switch {
		case e.control != nil:
			return fmt.Errorf("ControlNet: %w", ErrExported)
		case e.boxes != nil:
			return fmt.Errorf("GLIGEN: %w", ErrExported)
		}
	}
	return nil
}

// checkExported says what of a call an exported UNet cannot do.
func checkExported(call modelCall) error {
	switch {
	case call.features:
		return fmt.Errorf("the state of the UNet, from which actors are tuned and scored, is not an output of it: %w", ErrExported)
	case call.attention || call.variant != variant{}:
		return fmt.Errorf("guidance by a changed attention: %w", ErrExported)
	}
	return nil
}

// runExported is the output of an exported UNet for a batch.
func (u *unetRun) runExported(ctx context.Context, call modelCall, seen *tensor.Tensor) (*tensor.Tensor, error) {
	if err := checkExported(call); err != nil {
		return nil, err
	}
	net := u.model.exported
	c := exportedCall{
		items: seen.Dim(0), rows: map[string]*tensor.Tensor{unetSample: seen, unetContext: call.text},
		whole: map[string]*tensor.Tensor{}, misfit: unetSizeError,
	}
	// The timestep is one number, or one for each item.
	timestep, p := u.model.sampling.Timestep(call.sigma), net.file.Inputs[unetTimestep]
	if name := sizeName(p, 0); size(p, 0) > 1 || name != "" && name == sizeName(net.file.Inputs[unetSample], 0) {
		c.rows[unetTimestep] = tensor.Full(timestep, c.items)
	} else {
		c.whole[unetTimestep] = tensor.Full(timestep, 1)
	}
	if net.pooled > 0 {
		if call.vector == nil || call.vector.Dim(1) != u.model.config.LabelDim {
			return nil, fmt.Errorf("%s wants a pooled text of %d numbers beside the prompt: encode the prompt with the text encoders that belong to the model", net.name, net.pooled)
		}
		c.rows[unetPooled] = columns(call.vector, 0, net.pooled)
		c.rows[unetSizes] = columns(call.vector, net.pooled, call.vector.Dim(1))
	}
	if net.has(unetGuidance) {
		// As in ComfyUI the guidance scale that LCM models can be told is left out: the embedding of nothing.
		c.rows[unetGuidance] = tensor.New(c.items, firstKnown(size(net.file.Inputs[unetGuidance], 1), net.guidance, 256))
	}
	session, err := u.hold(ctx, seen, net.spec())
	if err != nil {
		return nil, err
	}
	out, err := net.run(ctx, session, c, unetOut)
	if err != nil {
		return nil, err
	}
	if out[0].Dim(1) != call.x.Dim(1) {
		return nil, fmt.Errorf("%s gives %d channels for latents of %d: %w", net.name, out[0].Dim(1), call.x.Dim(1), model.ErrUnsupported)
	}
	return out[0], nil
}

// unetSizeError says which sizes a UNet was exported for.
func unetSizeError(input string, have, want []int) error {
	switch input {
	case unetSample:
		return fmt.Errorf("it was exported for latents of %dx%d cells (%dx%d px) and gets %dx%d: choose that size for the empty latent, or export it with free sizes",
			want[3], want[2], want[3]*8, want[2]*8, have[3], have[2])
	case unetContext:
		return fmt.Errorf("it was exported for prompts of %d tokens and gets %d: shorten the prompt to one part of 75 tokens, or export it with free sizes", want[1], have[1])
	}
	return fmt.Errorf("%s has sizes %v and was exported for %v: export it with free sizes", input, have, want)
}

// columns is columns [from,to) of rows [N,C].
func columns(t *tensor.Tensor, from, to int) *tensor.Tensor {
	width := t.Dim(1)
	out := tensor.New(t.Dim(0), to-from)
	for i := range t.Dim(0) {
		copy(out.Data[i*(to-from):(i+1)*(to-from)], t.Data[i*width+from:])
	}
	return out
}

// check is nil for a model that can sample.
func (m Model) check() error {
	if m.set == nil && m.exported == nil {
		return ErrNoModel
	}
	return nil
}

// checkWeights is nil for a model whose weights and layers can be changed.
func (m Model) checkWeights() error {
	if m.exported != nil {
		return fmt.Errorf("%s: %w", m.exported.name, ErrExported)
	}
	return m.check()
}

// fingerprint is that of the files; the weights have no names that could be compared with those of a checkpoint.
func (u *exportedUNet) fingerprint() string {
	sum := sha256.Sum256([]byte(u.file.Fingerprint()))
	return "exported " + hex.EncodeToString(sum[:16])
}

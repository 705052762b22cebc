package runtime

import (
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// CLIP is the text encoders of a model, one or (SDXL) two, and the patches on them. It is a description; nothing is loaded until a prompt
// is encoded. The zero value is the missing text encoder of a checkpoint without one.
type CLIP struct {
	encoders []textEncoder    // in the order in which their features are joined
	layer    int              // hidden state that conditions, -1 the last; 0 for that of each encoder
	lacks    weights.TextKind // the encoder that the file should have beside, "" for none
}

// textEncoder is one of the encoders of a CLIP, and how the model reads it.
type textEncoder struct {
	kind     weights.TextKind
	set      *weights.Set
	exported *exportedText // instead of set
	config   model.CLIPConfig
	rule     layerRule
	changes  []weightPatch // of the weights
}

// layerRule is what of a text encoder conditions a model: which hidden state, whether it is left without the final normalisation, and
// whether the pooled row is projected.
type layerRule struct {
	layer        int
	raw, project bool
}

// Socket is the wire type.
func (CLIP) Socket() string { return "CLIP" }

// Bytes is the memory held by patches; weights stay in their file.
func (c CLIP) Bytes() int64 {
	var n int64
	for _, e := range c.encoders {
		n += patchBytes(e.changes)
	}
	return n
}

// ErrNoCLIP is returned when a checkpoint without text encoder is asked to encode a prompt.
var ErrNoCLIP = errors.New("this checkpoint has no text encoder: load one with the node CLIPLoader and connect it instead")

// check says why a prompt cannot be encoded.
func (c CLIP) check() error {
	switch {
	case len(c.encoders) == 0:
		return ErrNoCLIP
	case c.lacks != "":
		return fmt.Errorf("SDXL has two text encoders and this checkpoint holds %s alone, without %s: load both with the node DualCLIPLoader and connect it instead",
			c.encoders[0].kind, c.lacks)
	}
	return nil
}

// each is a copy with change applied to every encoder.
func (c CLIP) each(change func(*textEncoder) error) (CLIP, error) {
	c.encoders = slices.Clone(c.encoders)
	for i := range c.encoders {
		if err := change(&c.encoders[i]); err != nil {
			return c, err
		}
	}
	return c, nil
}

// WithLastLayer is the CLIP with the output of another layer of every encoder: -1 is the last, -2 the one before ("clip skip 2").
func (c CLIP) WithLastLayer(layer int) CLIP {
	c.layer = layer
	return c
}

// textKinds are the text encoders that run: who reads the prompt for them, what their layers compute, and how models read them that have
// the encoder alone. A CLIP-L beside another is read as SDXL does.
var textKinds = map[weights.TextKind]struct {
	tokens     tokenizer.Encoder
	activation model.Activation
	alone      layerRule
}{
	weights.CLIPL: {tokenizer.EncoderL, model.QuickGELU, layerRule{layer: -1}},
	weights.CLIPH: {tokenizer.EncoderH, model.GELU, layerRule{layer: -2, project: true}},
	weights.CLIPG: {tokenizer.EncoderG, model.GELU, layerRule{layer: -2, raw: true, project: true}},
}

// layersH is the layers of OpenCLIP-H. Models read the one before the last, so diffusers leaves the last out of its files.
const layersH = 24

// options are how the graph is written that yields the hidden state of a layer; 0 is that of the rule. As in ComfyUI a layer that the
// encoder does not have means the last one, normalised.
func (e textEncoder) options(layer int) model.CLIPOptions {
	o := model.CLIPOptions{
		Layer: e.rule.layer, Raw: e.rule.raw, Project: e.rule.project, Activation: textKinds[e.kind].activation,
		Patches: e.patched().graphPatches(),
	}
	if layer != 0 {
		o.Layer = layer
	}
	layers := e.config.Layers
	if e.kind == weights.CLIPH && layers == layersH-1 {
		layers, o.Layer = layersH, o.Layer+1
	}
	if -o.Layer > layers {
		o.Layer, o.Raw = -1, false
	}
	if o.Layer >= -1 {
		o.Layer = 0 // one spelling of the last, so that equal graphs have equal keys
	}
	return o
}

// tokens is the encoder that the tokenizer knows.
func (e textEncoder) tokens() tokenizer.Encoder { return textKinds[e.kind].tokens }

func newTextEncoder(set *weights.Set, kind weights.TextKind) (textEncoder, error) {
	config, err := model.ReadCLIP(set)
	return textEncoder{kind: kind, set: set, config: config, rule: textKinds[kind].alone}, err
}

// newCLIP makes a CLIP of one encoder, or of CLIP-L and OpenCLIP-G.
func newCLIP(encoders ...textEncoder) CLIP {
	if len(encoders) == 2 {
		encoders[0].rule = layerRule{layer: -2, raw: true}
	}
	return CLIP{encoders: encoders}
}

// checkpointCLIP is the text encoders of a checkpoint; those of SDXL are a pair, and a lone one is kept for messages.
func checkpointCLIP(c *weights.Checkpoint) (CLIP, error) {
	first := weights.CLIPL
	if c.Family == weights.SD2 || c.Family == weights.SD2UnCLIP || c.Family == weights.Upscaler {
		first = weights.CLIPH
	}
	var encoders []textEncoder
	for _, part := range []struct {
		set  *weights.Set
		kind weights.TextKind
	}{{c.Text, first}, {c.TextG, weights.CLIPG}} {
		if part.set == nil {
			continue
		}
		e, err := newTextEncoder(part.set, part.kind)
		if err != nil {
			return CLIP{}, err
		}
		encoders = append(encoders, e)
	}
	out := newCLIP(encoders...)
	if c.Family == weights.SDXL && len(encoders) == 1 {
		out.lacks = weights.CLIPG
		if c.Text == nil {
			out.lacks = weights.CLIPL
		}
	}
	return out, nil
}

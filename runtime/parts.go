package runtime

import (
	"context"
	"fmt"
	"maps"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// The accessors below are for packages that write graphs over the parts of a model, such as actor. Nodes do not need them.

// Identity says which checkpoint a model is of. Patches do not change it.
type Identity struct {
	Family weights.Family
	// Fingerprint is that of the UNet's weights, whatever file they lie in (weights.Set.ContentHash).
	Fingerprint string
}

// Identity is empty for the missing model.
func (m Model) Identity() (Identity, error) {
	if err := m.check(); err != nil {
		return Identity{}, err
	}
	if m.exported != nil {
		return Identity{Family: m.family, Fingerprint: m.exported.fingerprint()}, nil
	}
	hash, err := m.set.ContentHash()
	return Identity{Family: m.family, Fingerprint: hash}, err
}

// UNet is the weights of the network and their structure; ErrNoModel for the missing model, ErrExported for one without weights of its own.
func (m Model) UNet() (*weights.Set, model.UNetConfig, error) {
	if err := m.checkWeights(); err != nil {
		return nil, model.UNetConfig{}, err
	}
	if m.sees != latentOnly {
		return nil, model.UNetConfig{}, fmt.Errorf("this UNet sees %d channels beside the latent, as models for inpainting and picture editing do: tune and train on one that sees the latent alone: %w",
			m.config.InChannels-m.config.OutChannels, model.ErrUnsupported)
	}
	return m.set, m.config, nil
}

// Sampling is the noise schedule and what the network predicts.
func (m Model) Sampling() sampling.ModelSampling { return m.sampling }

// LatentFormat is the scale between VAE latents and those the network works on.
func (m Model) LatentFormat() sampling.LatentFormat { return m.format }

// Patches are how the graph of a model's network is written where weights are changed and where edits belong to what it knows
// (hypernetworks), and the graph inputs that hold what changed. Patches that change how the network is run, such as FreeU, are not among them.
func (rt *Runtime) Patches(ctx context.Context, m Model) (model.Patches, map[string]ort.Value, error) {
	return rt.learnedPatches(ctx, m, m.patched())
}

// MergedPatches is Patches without branches: every changed weight is an input of its own.
func (rt *Runtime) MergedPatches(ctx context.Context, m Model) (model.Patches, map[string]ort.Value, error) {
	p := m.patched()
	p.merge = func(string) bool { return true }
	return rt.learnedPatches(ctx, m, p)
}

func (rt *Runtime) learnedPatches(ctx context.Context, m Model, p patchedWeights) (model.Patches, map[string]ort.Value, error) {
	inputs, err := rt.weightInputs(ctx, p)
	if err != nil {
		return model.Patches{}, nil, err
	}
	out := p.graphPatches()
	edits, numbers, err := m.learnedEdits()
	if err != nil {
		return model.Patches{}, nil, err
	}
	out.Edits = edits
	maps.Copy(inputs, numbers)
	return out, inputs, nil
}

// Encoder is one text encoder of a CLIP, as graphs are written over it.
type Encoder struct {
	Kind    weights.TextKind
	Tokens  tokenizer.Encoder
	Set     *weights.Set
	Config  model.CLIPConfig
	Options model.CLIPOptions
	Inputs  map[string]ort.Value // of the graph, that hold what patches changed
}

// Encoders are the text encoders in the order in which their features are joined; ErrNoCLIP for the missing text encoder.
func (rt *Runtime) Encoders(ctx context.Context, c CLIP) ([]Encoder, error) {
	if err := c.checkWeights(); err != nil {
		return nil, err
	}
	var out []Encoder
	for _, e := range c.encoders {
		inputs, err := rt.weightInputs(ctx, e.patched())
		if err != nil {
			return nil, err
		}
		out = append(out, Encoder{e.kind, e.tokens(), e.set, e.config, e.options(c.layer), inputs})
	}
	return out, nil
}

// PatchHash changes with everything that patches do to the weights, the noise levels and the meaning of what is predicted; it is the same
// for the same patches of another session. Patches of guidance change how a model is sampled, not what it is.
func (m Model) PatchHash() string {
	hash := m.patched().contentHash()
	for _, p := range m.network {
		hash += p.learned()
	}
	if m.resampled != "" {
		hash += ", " + m.resampled
	}
	return hash
}

package runtime

import (
	"context"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
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
	if m.set == nil {
		return Identity{}, ErrNoModel
	}
	hash, err := m.set.ContentHash()
	return Identity{Family: m.family, Fingerprint: hash}, err
}

// UNet is the weights of the network and their structure; ErrNoModel for the missing model.
func (m Model) UNet() (*weights.Set, model.UNetConfig, error) {
	if m.set == nil {
		return nil, model.UNetConfig{}, ErrNoModel
	}
	return m.set, m.config, nil
}

// Sampling is the noise schedule and what the network predicts.
func (m Model) Sampling() sampling.ModelSampling { return m.sampling }

// LatentFormat is the scale between VAE latents and those the network works on.
func (m Model) LatentFormat() sampling.LatentFormat { return m.format }

// Patches are how the graph of a model's network is written where weights are changed, and the graph inputs that hold what changed.
func (rt *Runtime) Patches(ctx context.Context, m Model) (model.Patches, map[string]ort.Value, error) {
	inputs, err := rt.weightInputs(ctx, m.patched())
	return m.patched().graphPatches(), inputs, err
}

// MergedPatches is Patches without branches: every changed weight is an input of its own.
func (rt *Runtime) MergedPatches(ctx context.Context, m Model) (model.Patches, map[string]ort.Value, error) {
	p := m.patched()
	p.merge = func(string) bool { return true }
	inputs, err := rt.weightInputs(ctx, p)
	return p.graphPatches(), inputs, err
}

// Encoder is the weights of the text encoder, its structure, how its graph is written, and the graph inputs that hold what patches
// changed;
// ErrNoCLIP for the missing text encoder.
func (rt *Runtime) Encoder(ctx context.Context, c CLIP) (*weights.Set, model.CLIPConfig, model.CLIPOptions, map[string]ort.Value, error) {
	if c.set == nil {
		return nil, model.CLIPConfig{}, model.CLIPOptions{}, nil, ErrNoCLIP
	}
	inputs, err := rt.weightInputs(ctx, c.patched())
	return c.set, c.config, model.CLIPOptions{Layer: c.layer, Patches: c.patched().graphPatches()}, inputs, err
}

// PatchHash changes with everything that patches do to the weights; it is the same for the same patches of another session.
func (m Model) PatchHash() string { return m.patched().contentHash() }

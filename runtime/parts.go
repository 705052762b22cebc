package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
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

// Patches are the weights of the network that LoRAs change, and the graph inputs that hold their factors.
func (m Model) Patches() (model.Patches, map[string]ort.Value, error) {
	inputs, err := loraInputs(m.loras)
	return model.Patches{LoRA: loraTargets(m.loras)}, inputs, err
}

// Encoder is the weights of the text encoder, its structure, how its graph is written, and the graph inputs that hold the factors of LoRAs;
// ErrNoCLIP for the missing text encoder.
func (c CLIP) Encoder() (*weights.Set, model.CLIPConfig, model.CLIPOptions, map[string]ort.Value, error) {
	if c.set == nil {
		return nil, model.CLIPConfig{}, model.CLIPOptions{}, nil, ErrNoCLIP
	}
	inputs, err := loraInputs(c.loras)
	return c.set, c.config, model.CLIPOptions{Layer: c.layer, Patches: model.Patches{LoRA: loraTargets(c.loras)}}, inputs, err
}

// PatchHash changes with everything that patches do to the weights; it is the same for the same patches of another session.
func (m Model) PatchHash() string {
	h := sha256.New()
	for _, p := range m.loras {
		fmt.Fprintln(h, "lora", p.strength)
		for _, name := range slices.Sorted(maps.Keys(p.changes)) {
			c := p.changes[name]
			fmt.Fprintln(h, name, c.Rank, c.Scale())
			for _, t := range []*tensor.Tensor{c.Down, c.Up, c.Mid} {
				if t != nil {
					_ = binary.Write(h, binary.LittleEndian, t.Data) // a hash takes everything
				}
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

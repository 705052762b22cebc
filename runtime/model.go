package runtime

import (
	"fmt"
	"log/slog"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Model is a diffusion model: a UNet and the patches on it. It is a description; nothing is loaded until a sampler needs it, and a patch
// makes a new value. The zero value is the missing model of a file without one.
type Model struct {
	set       *weights.Set
	exported  *exportedUNet // instead of set
	config    model.UNetConfig
	family    weights.Family
	sampling  sampling.ModelSampling
	resampled string // what replaced sampling, in words; empty for what belongs to the file
	format    sampling.LatentFormat
	sees      sight
	changes   []weightPatch // of the weights
	compute   ComputeType
	hooks     []hook
	masking   *sampling.Differential
	network   []networkPatch
	clusters  []clusterGuidance
}

// Socket is the wire type.
func (Model) Socket() string { return "MODEL" }

// Bytes is the memory held by patches; weights stay in their file.
func (m Model) Bytes() int64 {
	n := patchBytes(m.changes)
	for _, p := range m.network {
		n += p.Bytes()
	}
	held := m.hookPrompts()
	for _, c := range m.clusters {
		held = append(held, c.average...)
	}
	return n + held.Bytes()
}

// Checkpoint is the parts of a checkpoint; those the file lacks are zero.
type Checkpoint struct {
	Model Model
	CLIP  CLIP
	VAE   VAE
}

// LoadCheckpoint opens a checkpoint by its name in models/checkpoints. Only headers are read.
func (rt *Runtime) LoadCheckpoint(name string) (Checkpoint, error) {
	path, err := rt.Folders.Find("checkpoints", name)
	if err != nil {
		return Checkpoint{}, err
	}
	return rt.openCheckpoint("checkpoint", path, weights.OpenCheckpoint)
}

// LoadDiffusers opens a folder of models/diffusers: weights, or networks exported to .onnx files.
func (rt *Runtime) LoadDiffusers(name string) (Checkpoint, error) {
	path, err := rt.Folders.Find("diffusers", name)
	if err != nil {
		return Checkpoint{}, err
	}
	if isExported(path) {
		return openExported(path)
	}
	return rt.openCheckpoint("diffusers", path, weights.OpenDiffusers)
}

// LoadUNet opens a file that holds only a UNet by its name in models/diffusion_models.
func (rt *Runtime) LoadUNet(name string) (Model, error) {
	path, err := rt.Folders.Find("diffusion_models", name)
	if err != nil {
		return Model{}, err
	}
	c, err := rt.openCheckpoint("unet", path, weights.OpenUNet)
	return c.Model, err
}

func (rt *Runtime) openCheckpoint(kind, path string, open func(string) (*weights.Checkpoint, error)) (Checkpoint, error) {
	c, err := opened(&rt.files, kind, path, open, (*weights.Checkpoint).Files)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := c.Family.Check(); err != nil {
		return Checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	var out Checkpoint
	if c.UNet != nil {
		if out.Model, err = newModel(c); err != nil {
			return Checkpoint{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	if out.CLIP, err = checkpointCLIP(c); err != nil {
		return Checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.VAE != nil {
		if out.VAE, err = newVAE(c.VAE); err != nil {
			return Checkpoint{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return out, nil
}

func newModel(c *weights.Checkpoint) (Model, error) {
	config, err := model.ReadUNet(c.UNet)
	if err != nil {
		return Model{}, err
	}
	sees, err := sightOf(config, c.Family, c.Prediction)
	if err != nil {
		return Model{}, err
	}
	if c.UNet.Has("time_embed.cond_proj.weight") || c.UNet.Has("time_embedding.cond_proj.weight") {
		slog.Warn("this LCM model can be told the guidance scale, which is left out, as in ComfyUI: use a scale of 1 to 2 in the sampler", "file", c.Path)
	}
	s, format := familySampling(c)
	return Model{set: c.UNet, config: config, family: c.Family, sampling: s, format: format, sees: sees}, nil
}

package runtime

import (
	"fmt"
	"os"

	"gopkg.in/yaml.v3"

	"github.com/oneactor/oneactor/runtime/sampling"
)

// modelConfig is what counts of a configuration of latent diffusion; everything else is told from the tensors.
type modelConfig struct {
	Model struct {
		Params struct {
			Parameterization string `yaml:"parameterization"`
			TextEncoder      struct {
				Params struct {
					Layer *int `yaml:"layer_idx"`
				} `yaml:"params"`
			} `yaml:"cond_stage_config"`
		} `yaml:"params"`
	} `yaml:"model"`
}

// LoadCheckpointConfig opens a checkpoint with a configuration of models/configs, which may say that the model predicts v and which layer
// of the text encoder conditions it.
func (rt *Runtime) LoadCheckpointConfig(config, name string) (Checkpoint, error) {
	path, err := rt.Folders.Find("configs", config)
	if err != nil {
		return Checkpoint{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Checkpoint{}, err
	}
	var c modelConfig
	if err := yaml.Unmarshal(text, &c); err != nil {
		return Checkpoint{}, fmt.Errorf("%s is no model configuration: %w", path, err)
	}
	out, err := rt.LoadCheckpoint(name)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Model.Params.Parameterization == "v" && out.Model.check() == nil {
		out.Model.sampling = sampling.StableDiffusion(sampling.V)
	}
	if layer := c.Model.Params.TextEncoder.Params.Layer; layer != nil {
		out.CLIP = out.CLIP.WithLastLayer(*layer)
	}
	return out, nil
}

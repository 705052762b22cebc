package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func unclipNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[UnCLIPCheckpointLoader](),
		graph.Declare[ImageOnlyCheckpointLoader](),
		graph.Declare[UnCLIPConditioning](),
	}
}

// UnCLIPCheckpointLoader opens a checkpoint with the vision model in it.
type UnCLIPCheckpointLoader struct {
	_ graph.Meta `category:"loaders" class:"unCLIPCheckpointLoader" module:"nodes"`

	CkptName string `choices:"checkpoints"`
}

// Run returns the parts of the checkpoint; one the file lacks is empty, and its consumer says so.
func (n UnCLIPCheckpointLoader) Run(ctx context.Context) (runtime.UnCLIPCheckpoint, error) {
	return runtime.FromContext(ctx).LoadUnCLIP(n.CkptName)
}

// ImageOnlyCheckpointLoader opens a checkpoint whose model is told of pictures and of no text. ComfyUI's front end needs the class: without it
// no loader of checkpoints, LoRAs and VAEs gets its list.
type ImageOnlyCheckpointLoader struct {
	_ graph.Meta `category:"loaders/video_models" title:"Image Only Checkpoint Loader (img2vid model)" module:"comfy_extras.nodes_video_model"`

	CkptName string `choices:"checkpoints"`
}

// Run returns the parts of the checkpoint; one the file lacks is empty, and its consumer says so.
func (n ImageOnlyCheckpointLoader) Run(ctx context.Context) (runtime.ImageOnlyCheckpoint, error) {
	return runtime.FromContext(ctx).LoadImageOnly(n.CkptName)
}

// UnCLIPConditioning tells a model of a picture beside the prompt.
type UnCLIPConditioning struct {
	_ graph.Meta `category:"conditioning" class:"unCLIPConditioning" module:"nodes"`

	Conditioning      runtime.Conditioning
	ClipVisionOutput  runtime.CLIPVisionOutput
	Strength          float64 `default:"1.0" min:"-10.0" max:"10.0" step:"0.01"`
	NoiseAugmentation float64 `default:"0.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run adds the picture to those the prompt has; strength 0 adds nothing.
func (n UnCLIPConditioning) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.WithUnCLIP(n.ClipVisionOutput, n.Strength, n.NoiseAugmentation), nil
}

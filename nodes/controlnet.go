package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func controlNetNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ControlNetLoader](),
		graph.Declare[ControlNetApply](),
		graph.Declare[ControlNetApplyAdvanced](),
	}
}

// ControlNetLoader opens a ControlNet.
type ControlNetLoader struct {
	_ graph.Meta `category:"loaders" title:"Load ControlNet Model" module:"nodes"`

	ControlNetName string `choices:"controlnet"`
}

// Run recognises the file by its tensors.
func (n ControlNetLoader) Run(ctx context.Context) (runtime.ControlNet, error) {
	return runtime.FromContext(ctx).LoadControlNet(n.ControlNetName)
}

// ControlNetApply steers a prompt by a picture; the same control is lent to the negative prompt.
type ControlNetApply struct {
	_ graph.Meta `category:"conditioning/controlnet" title:"Apply ControlNet (OLD)" module:"nodes" deprecated:"true"`

	Conditioning runtime.Conditioning
	ControlNet   runtime.ControlNet
	Image        runtime.Image
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run passes the conditioning through at strength 0.
func (n ControlNetApply) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.WithControl(n.ControlNet, n.Image, n.Strength), nil
}

// ControlNetApplyAdvanced steers both prompts by a picture during a part of the run.
type ControlNetApplyAdvanced struct {
	_ graph.Meta `category:"conditioning/controlnet" title:"Apply ControlNet" module:"nodes"`

	Positive     runtime.Conditioning
	Negative     runtime.Conditioning
	ControlNet   runtime.ControlNet
	Image        runtime.Image
	Strength     float64      `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	StartPercent float64      `default:"0.0" min:"0.0" max:"1.0" step:"0.001"`
	EndPercent   float64      `default:"1.0" min:"0.0" max:"1.0" step:"0.001"`
	VAE          *runtime.VAE `optional:"true"`
}

type promptPair struct {
	Positive runtime.Conditioning `out:"positive"`
	Negative runtime.Conditioning `out:"negative"`
}

// Run passes the prompts through at strength 0. The VAE is for nets that take latents as hints; those of SD 1.x take pictures.
func (n ControlNetApplyAdvanced) Run(context.Context) (promptPair, error) {
	during := runtime.Range{Start: n.StartPercent, End: n.EndPercent}
	positive, negative := runtime.ControlBoth(n.Positive, n.Negative, n.ControlNet, n.Image, n.Strength, during)
	return promptPair{positive, negative}, nil
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func controlNetNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ControlNetLoader](),
		graph.Declare[DiffControlNetLoader](),
		graph.Declare[ControlNetApply](),
		graph.Declare[ControlNetApplyAdvanced](),
		graph.Declare[SetUnionControlNetType](),
		graph.Declare[ControlNetInpaintingAliMamaApply](),
		graph.Declare[CLIPTextEncodeControlnet](),
	}
}

// ControlNetLoader opens a ControlNet, a control-LoRA or a T2I adapter.
type ControlNetLoader struct {
	_ graph.Meta `category:"loaders" title:"Load ControlNet Model" module:"nodes"`

	ControlNetName string `choices:"controlnet"`
}

// Run recognises the file by its tensors.
func (n ControlNetLoader) Run(ctx context.Context) (runtime.ControlNet, error) {
	return runtime.FromContext(ctx).LoadControlNet(n.ControlNetName)
}

// DiffControlNetLoader opens a ControlNet that holds differences to a model.
type DiffControlNetLoader struct {
	_ graph.Meta `category:"loaders" title:"Load ControlNet Model (diff)" module:"nodes"`

	Model          runtime.Model
	ControlNetName string `choices:"controlnet"`
}

// Run recognises the file by its tensors; one of another kind leaves the model alone.
func (n DiffControlNetLoader) Run(ctx context.Context) (runtime.ControlNet, error) {
	return runtime.FromContext(ctx).LoadDifferenceControlNet(n.Model, n.ControlNetName)
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

// SetUnionControlNetType tells a ControlNet for many kinds of hints which one it gets.
type SetUnionControlNetType struct {
	_ graph.Meta `category:"conditioning/controlnet" module:"comfy_extras.nodes_controlnet"`

	ControlNet runtime.ControlNet
	Type       runtime.HintKind
}

// Run leaves other ControlNets as they are.
func (n SetUnionControlNetType) Run(context.Context) (runtime.ControlNet, error) {
	return n.ControlNet.WithHintKind(n.Type)
}

// ControlNetInpaintingAliMamaApply steers both prompts by a picture with a hole.
type ControlNetInpaintingAliMamaApply struct {
	_ graph.Meta `category:"conditioning/controlnet" module:"comfy_extras.nodes_controlnet"`

	Positive     runtime.Conditioning
	Negative     runtime.Conditioning
	ControlNet   runtime.ControlNet
	VAE          runtime.VAE
	Image        runtime.Image
	Mask         runtime.Mask
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	StartPercent float64 `default:"0.0" min:"0.0" max:"1.0" step:"0.001"`
	EndPercent   float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.001"`
}

// Run is that of ControlNetApplyAdvanced: only ControlNets for Stable Diffusion 3 and Flux see the mask and latents of the picture, and those
// do not load.
func (n ControlNetInpaintingAliMamaApply) Run(context.Context) (promptPair, error) {
	during := runtime.Range{Start: n.StartPercent, End: n.EndPercent}
	positive, negative := runtime.ControlBoth(n.Positive, n.Negative, n.ControlNet, n.Image, n.Strength, during)
	return promptPair{positive, negative}, nil
}

// CLIPTextEncodeControlnet gives ControlNets a text of their own to read instead of the prompt.
type CLIPTextEncodeControlnet struct {
	_ graph.Meta `category:"_for_testing/conditioning" title:"-" module:"comfy_extras.nodes_cond" v3:"true" experimental:"true"`

	CLIP         runtime.CLIP
	Conditioning runtime.Conditioning
	Text         string `multiline:"true" dynamic:"true"`
}

// Run encodes the text.
func (n CLIPTextEncodeControlnet) Run(ctx context.Context) (runtime.Conditioning, error) {
	return runtime.FromContext(ctx).WithControlText(ctx, n.Conditioning, n.CLIP, n.Text)
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func modelMergeNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ModelMergeSimple](),
		graph.Declare[ModelMergeBlocks](),
		graph.Declare[ModelMergeSubtract](),
		graph.Declare[ModelMergeAdd](),
		graph.Declare[CLIPMergeSimple](),
		graph.Declare[CLIPMergeSubtract](),
		graph.Declare[CLIPMergeAdd](),
		graph.Declare[ModelComputeDtype](),
	}
}

// ModelMergeSimple mixes two models weight by weight.
type ModelMergeSimple struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	Model1 runtime.Model `in:"model1"`
	Model2 runtime.Model `in:"model2"`
	Ratio  float64       `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run keeps ratio of model1 and takes the rest of model2.
func (n ModelMergeSimple) Run(context.Context) (runtime.Model, error) {
	return n.Model1.MergeSimple(n.Model2, n.Ratio)
}

// ModelMergeBlocks mixes two models with a ratio for each part of the UNet.
type ModelMergeBlocks struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	Model1 runtime.Model `in:"model1"`
	Model2 runtime.Model `in:"model2"`
	Input  float64       `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
	Middle float64       `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
	Out    float64       `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run keeps the given share of model1 in each part; what is in none of them takes that of the input blocks.
func (n ModelMergeBlocks) Run(context.Context) (runtime.Model, error) {
	return n.Model1.MergeBlocks(n.Model2, n.Input, n.Middle, n.Out)
}

// ModelMergeSubtract is the difference of two models.
type ModelMergeSubtract struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	Model1     runtime.Model `in:"model1"`
	Model2     runtime.Model `in:"model2"`
	Multiplier float64       `default:"1.0" min:"-10.0" max:"10.0" step:"0.01"`
}

// Run subtracts model2 and multiplies the difference.
func (n ModelMergeSubtract) Run(context.Context) (runtime.Model, error) {
	return n.Model1.MergeSubtract(n.Model2, n.Multiplier)
}

// ModelMergeAdd is the sum of two models, of which one usually is a difference.
type ModelMergeAdd struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	Model1 runtime.Model `in:"model1"`
	Model2 runtime.Model `in:"model2"`
}

// Run adds weight by weight.
func (n ModelMergeAdd) Run(context.Context) (runtime.Model, error) {
	return n.Model1.MergeAdd(n.Model2)
}

// CLIPMergeSimple mixes two text encoders weight by weight.
type CLIPMergeSimple struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	CLIP1 runtime.CLIP `in:"clip1"`
	CLIP2 runtime.CLIP `in:"clip2"`
	Ratio float64      `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run keeps ratio of clip1 and takes the rest of clip2.
func (n CLIPMergeSimple) Run(context.Context) (runtime.CLIP, error) {
	return n.CLIP1.MergeSimple(n.CLIP2, n.Ratio)
}

// CLIPMergeSubtract is the difference of two text encoders.
type CLIPMergeSubtract struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	CLIP1      runtime.CLIP `in:"clip1"`
	CLIP2      runtime.CLIP `in:"clip2"`
	Multiplier float64      `default:"1.0" min:"-10.0" max:"10.0" step:"0.01"`
}

// Run subtracts clip2 and multiplies the difference.
func (n CLIPMergeSubtract) Run(context.Context) (runtime.CLIP, error) {
	return n.CLIP1.MergeSubtract(n.CLIP2, n.Multiplier)
}

// CLIPMergeAdd is the sum of two text encoders.
type CLIPMergeAdd struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging"`

	CLIP1 runtime.CLIP `in:"clip1"`
	CLIP2 runtime.CLIP `in:"clip2"`
}

// Run adds weight by weight.
func (n CLIPMergeAdd) Run(context.Context) (runtime.CLIP, error) {
	return n.CLIP1.MergeAdd(n.CLIP2)
}

// ModelComputeDtype rounds the weights of a model to a type.
type ModelComputeDtype struct {
	_ graph.Meta `category:"advanced/debug/model" module:"comfy_extras.nodes_model_advanced" doc:"Rounds every weight of the model to the type, after all patches. What is computed with them stays float32, unlike in ComfyUI; default and fp32 use the weights as they are in the file."`

	Model runtime.Model
	Dtype runtime.ComputeType
}

// Run changes no file and converts nothing yet.
func (n ModelComputeDtype) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithComputeType(n.Dtype), nil
}

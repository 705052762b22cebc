package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func visionNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CLIPVisionLoader](),
		graph.Declare[CLIPVisionEncode](),
		graph.Declare[StyleModelLoader](),
		graph.Declare[StyleModelApply](),
	}
}

// CLIPVisionLoader opens a network that describes pictures.
type CLIPVisionLoader struct {
	_ graph.Meta `category:"loaders" title:"Load CLIP Vision" module:"nodes"`

	ClipName string `choices:"clip_vision"`
}

// Run takes the picture tower of CLIP, or DINOv2.
func (n CLIPVisionLoader) Run(ctx context.Context) (runtime.CLIPVision, error) {
	return runtime.FromContext(ctx).LoadCLIPVision(n.ClipName)
}

// CLIPVisionEncode describes pictures for style models and unCLIP.
type CLIPVisionEncode struct {
	_ graph.Meta `category:"conditioning" title:"CLIP Vision Encode" module:"nodes"`

	ClipVision runtime.CLIPVision
	Image      runtime.Image
	Crop       string `enum:"center|none"`
}

// Run looks at the middle square of the pictures, or at all of them, stretched.
func (n CLIPVisionEncode) Run(ctx context.Context) (runtime.CLIPVisionOutput, error) {
	return runtime.FromContext(ctx).EncodeImage(ctx, n.ClipVision, n.Image, n.Crop == "center")
}

// StyleModelLoader opens a T2I style adapter.
type StyleModelLoader struct {
	_ graph.Meta `category:"loaders" title:"Load Style Model" module:"nodes"`

	StyleModelName string `choices:"style_models"`
}

// Run recognises the file by its tensors.
func (n StyleModelLoader) Run(ctx context.Context) (runtime.StyleModel, error) {
	return runtime.FromContext(ctx).LoadStyleModel(n.StyleModelName)
}

// StyleModelApply adds the style of a picture to a prompt.
type StyleModelApply struct {
	_ graph.Meta `category:"conditioning/style_model" title:"Apply Style Model" module:"nodes"`

	Conditioning     runtime.Conditioning
	StyleModel       runtime.StyleModel
	ClipVisionOutput runtime.CLIPVisionOutput
	Strength         float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.001"`
	StrengthType     runtime.StyleStrength
}

// Run appends the style's rows to every entry.
func (n StyleModelApply) Run(ctx context.Context) (runtime.Conditioning, error) {
	return runtime.FromContext(ctx).ApplyStyle(ctx, n.Conditioning, n.StyleModel, n.ClipVisionOutput, n.Strength, n.StrengthType)
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func upscaleNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[UpscaleModelLoader](),
		graph.Declare[ImageUpscaleWithModel](),
	}
}

// UpscaleModelLoader opens a network that enlarges pictures.
type UpscaleModelLoader struct {
	_ graph.Meta `category:"loaders" title:"Load Upscale Model" module:"comfy_extras.nodes_upscale_model" v3:"true"`

	ModelName string `choices:"upscale_models"`
}

// Run recognises the network by its tensors.
func (n UpscaleModelLoader) Run(ctx context.Context) (runtime.UpscaleModel, error) {
	return runtime.FromContext(ctx).LoadUpscaleModel(n.ModelName)
}

// ImageUpscaleWithModel enlarges pictures by the scale of a network.
type ImageUpscaleWithModel struct {
	_ graph.Meta `category:"image/upscaling" title:"Upscale Image (using Model)" module:"comfy_extras.nodes_upscale_model" v3:"true"`

	UpscaleModel runtime.UpscaleModel
	Image        runtime.Image
}

// Run works in tiles.
func (n ImageUpscaleWithModel) Run(ctx context.Context) (runtime.Image, error) {
	return runtime.FromContext(ctx).Upscale(ctx, n.UpscaleModel, n.Image, progress(ctx))
}

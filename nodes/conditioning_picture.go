package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func pictureConditioningNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[InpaintModelConditioning](),
		graph.Declare[InstructPixToPixConditioning](),
	}
}

// InpaintModelConditioning shows a picture and what of it to paint anew to models trained for inpainting.
type InpaintModelConditioning struct {
	_ graph.Meta `category:"conditioning/inpaint" module:"nodes"`

	Positive  runtime.Conditioning
	Negative  runtime.Conditioning
	VAE       runtime.VAE
	Pixels    runtime.Image
	Mask      runtime.Mask
	NoiseMask bool `default:"true" doc:"keep the unmasked part as it is while sampling"`
}

// Run cuts picture and mask to whole latent cells.
func (n InpaintModelConditioning) Run(ctx context.Context) (runtime.PromptsAndLatent, error) {
	return runtime.FromContext(ctx).InpaintConditioning(ctx, n.Positive, n.Negative, n.VAE, n.Pixels, n.Mask, n.NoiseMask)
}

// InstructPixToPixConditioning shows the picture to edit to models trained for that.
type InstructPixToPixConditioning struct {
	_ graph.Meta `category:"conditioning/instructpix2pix" title:"-" module:"comfy_extras.nodes_ip2p" v3:"true"`

	Positive runtime.Conditioning
	Negative runtime.Conditioning
	VAE      runtime.VAE
	Pixels   runtime.Image
}

// Run cuts the picture to whole latent cells.
func (n InstructPixToPixConditioning) Run(ctx context.Context) (runtime.PromptsAndLatent, error) {
	return runtime.FromContext(ctx).EditConditioning(ctx, n.Positive, n.Negative, n.VAE, n.Pixels)
}

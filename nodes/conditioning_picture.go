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
		graph.Declare[SD4XUpscaleConditioning](),
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

// SD4XUpscaleConditioning shows the picture to enlarge to the SD x4 upscaler.
type SD4XUpscaleConditioning struct {
	_ graph.Meta `category:"conditioning/upscale_diffusion" class:"SD_4XUpscale_Conditioning" title:"-" module:"comfy_extras.nodes_sdupscale" v3:"true"`

	Images            runtime.Image
	Positive          runtime.Conditioning
	Negative          runtime.Conditioning
	ScaleRatio        float64 `default:"4.0" min:"0.0" max:"10.0" step:"0.01"`
	NoiseAugmentation float64 `default:"0.0" min:"0.0" max:"1.0" step:"0.001"`
}

// Run makes the latent as large as the enlarged picture; its cells are 4 px.
func (n SD4XUpscaleConditioning) Run(context.Context) (runtime.PromptsAndLatent, error) {
	return runtime.UpscaleConditioning(n.Positive, n.Negative, n.Images, n.ScaleRatio, n.NoiseAugmentation)
}

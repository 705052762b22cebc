package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func vaeNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[VAEEncode](),
		graph.Declare[VAEDecode](),
		graph.Declare[VAEEncodeTiled](),
		graph.Declare[VAEDecodeTiled](),
		graph.Declare[VAEEncodeForInpaint](),
	}
}

// VAEEncode turns pictures into latents.
type VAEEncode struct {
	_ graph.Meta `category:"latent" title:"VAE Encode" module:"nodes"`

	Pixels runtime.Image
	VAE    runtime.VAE
}

// Run takes the mean of the posterior.
func (n VAEEncode) Run(ctx context.Context) (runtime.Latent, error) {
	return runtime.FromContext(ctx).Encode(ctx, n.VAE, n.Pixels)
}

// VAEDecode turns latents into pictures.
type VAEDecode struct {
	_ graph.Meta `category:"latent" title:"VAE Decode" module:"nodes" doc:"Turns latents into pictures."`

	Samples runtime.Latent `doc:"the latent to decode"`
	VAE     runtime.VAE    `doc:"the VAE to decode with"`
}

// Run decodes the whole batch.
func (n VAEDecode) Run(ctx context.Context) (runtime.Image, error) {
	return runtime.FromContext(ctx).Decode(ctx, n.VAE, n.Samples)
}

// VAEEncodeTiled encodes large pictures piece by piece.
type VAEEncodeTiled struct {
	_ graph.Meta `category:"_for_testing" title:"VAE Encode (Tiled)" module:"nodes"`

	Pixels          runtime.Image
	VAE             runtime.VAE
	TileSize        int `default:"512" min:"64" max:"4096" step:"64" unit:"px"`
	Overlap         int `default:"64" min:"0" max:"4096" step:"32" unit:"px"`
	TemporalSize    int `default:"64" min:"8" max:"4096" step:"4"`
	TemporalOverlap int `default:"8" min:"4" max:"4096" step:"4"`
}

// Run averages three passes with tiles of different shape. The temporal inputs concern video VAEs only.
func (n VAEEncodeTiled) Run(ctx context.Context) (runtime.Latent, error) {
	return runtime.FromContext(ctx).EncodeTiled(ctx, n.VAE, n.Pixels, runtime.Tiles{Size: n.TileSize, Overlap: n.Overlap})
}

// VAEDecodeTiled decodes large latents piece by piece.
type VAEDecodeTiled struct {
	_ graph.Meta `category:"_for_testing" title:"VAE Decode (Tiled)" module:"nodes"`

	Samples         runtime.Latent
	VAE             runtime.VAE
	TileSize        int `default:"512" min:"64" max:"4096" step:"32" unit:"px"`
	Overlap         int `default:"64" min:"0" max:"4096" step:"32" unit:"px"`
	TemporalSize    int `default:"64" min:"8" max:"4096" step:"4"`
	TemporalOverlap int `default:"8" min:"4" max:"4096" step:"4"`
}

// Run averages three passes with tiles of different shape. The temporal inputs concern video VAEs only.
func (n VAEDecodeTiled) Run(ctx context.Context) (runtime.Image, error) {
	return runtime.FromContext(ctx).DecodeTiled(ctx, n.VAE, n.Samples, runtime.Tiles{Size: n.TileSize, Overlap: n.Overlap})
}

// VAEEncodeForInpaint encodes a picture whose masked part is to be painted anew.
type VAEEncodeForInpaint struct {
	_ graph.Meta `category:"latent/inpaint" title:"VAE Encode (for Inpainting)" module:"nodes"`

	Pixels     runtime.Image
	VAE        runtime.VAE
	Mask       runtime.Mask
	GrowMaskBy int `default:"6" min:"0" max:"64" step:"1" unit:"px"`
}

// Run greys the masked part out before it encodes, and grows the mask.
func (n VAEEncodeForInpaint) Run(ctx context.Context) (runtime.Latent, error) {
	return runtime.FromContext(ctx).EncodeForInpaint(ctx, n.VAE, n.Pixels, n.Mask, n.GrowMaskBy)
}

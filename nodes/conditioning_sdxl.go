package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func conditioningSDXLNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CLIPTextEncodeSDXL](),
		graph.Declare[CLIPTextEncodeSDXLRefiner](),
	}
}

// CLIPTextEncodeSDXL encodes a text for each text encoder of SDXL and tells the model the sizes of the picture.
type CLIPTextEncodeSDXL struct {
	_ graph.Meta `category:"advanced/conditioning" title:"-" module:"comfy_extras.nodes_clip_sdxl" v3:"true" doc:"Encodes a prompt for each text encoder of SDXL, with the sizes that SDXL is told of the picture."`

	CLIP         runtime.CLIP
	Width        int    `default:"1024" min:"0" max:"16384" unit:"px" doc:"width before the picture was cut to shape"`
	Height       int    `default:"1024" min:"0" max:"16384" unit:"px" doc:"height before the picture was cut to shape"`
	CropW        int    `default:"0" min:"0" max:"16384" in:"crop_w" unit:"px" doc:"what was cut off on the left"`
	CropH        int    `default:"0" min:"0" max:"16384" in:"crop_h" unit:"px" doc:"what was cut off at the top"`
	TargetWidth  int    `default:"1024" min:"0" max:"16384" unit:"px" doc:"width after the cut"`
	TargetHeight int    `default:"1024" min:"0" max:"16384" unit:"px" doc:"height after the cut"`
	TextG        string `multiline:"true" dynamic:"true" in:"text_g" doc:"the prompt for OpenCLIP-G"`
	TextL        string `multiline:"true" dynamic:"true" in:"text_l" doc:"the prompt for CLIP-L"`
}

// Run encodes the prompts.
func (n CLIPTextEncodeSDXL) Run(ctx context.Context) (runtime.Conditioning, error) {
	c, err := runtime.FromContext(ctx).EncodeTextPair(ctx, n.CLIP, n.TextL, n.TextG)
	return c.WithSizes(runtime.PictureSizes{
		Width: n.Width, Height: n.Height, CropX: n.CropW, CropY: n.CropH,
		Target: &runtime.Size{Width: n.TargetWidth, Height: n.TargetHeight},
	}), err
}

// CLIPTextEncodeSDXLRefiner encodes a text for the SDXL refiner and tells the model the size and the quality of the picture.
type CLIPTextEncodeSDXLRefiner struct {
	_ graph.Meta `category:"advanced/conditioning" title:"-" module:"comfy_extras.nodes_clip_sdxl" v3:"true" doc:"Encodes a prompt for the SDXL refiner, with the size and the aesthetic score that it is told of the picture."`

	Ascore float64 `default:"6.0" min:"0.0" max:"1000.0" step:"0.01" doc:"how good the picture is said to be: 6 for the positive prompt, 2.5 for the negative"`
	Width  int     `default:"1024" min:"0" max:"16384" unit:"px"`
	Height int     `default:"1024" min:"0" max:"16384" unit:"px"`
	Text   string  `multiline:"true" dynamic:"true"`
	CLIP   runtime.CLIP
}

// Run encodes the prompt.
func (n CLIPTextEncodeSDXLRefiner) Run(ctx context.Context) (runtime.Conditioning, error) {
	c, err := runtime.FromContext(ctx).EncodeText(ctx, n.CLIP, n.Text)
	return c.WithSizes(runtime.PictureSizes{Width: n.Width, Height: n.Height, Aesthetic: &n.Ascore}), err
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func imageNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[EmptyImage](),
		graph.Declare[ImageScale](),
		graph.Declare[ImageScaleBy](),
		graph.Declare[ImageScaleToTotalPixels](),
		graph.Declare[ImageInvert](),
		graph.Declare[ImageBatch](),
		graph.Declare[ImagePadForOutpaint](),
	}
}

// EmptyImage makes pictures of one colour.
type EmptyImage struct {
	_ graph.Meta `category:"image" module:"nodes"`

	Width     int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	Height    int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	BatchSize int `default:"1" min:"1" max:"4096"`
	Color     int `default:"0" min:"0" max:"16777215" step:"1" display:"color"`
}

// Run fills the batch.
func (n EmptyImage) Run(context.Context) (runtime.Image, error) {
	return runtime.SolidImage(n.Width, n.Height, n.BatchSize, n.Color)
}

// ImageScale stretches pictures to a size.
type ImageScale struct {
	_ graph.Meta `category:"image/upscaling" title:"Upscale Image" module:"nodes"`

	Image         runtime.Image
	UpscaleMethod string `enum:"nearest-exact|bilinear|area|bicubic|lanczos"`
	Width         int    `default:"512" min:"0" max:"16384" step:"1" unit:"px"`
	Height        int    `default:"512" min:"0" max:"16384" step:"1" unit:"px"`
	Crop          string `enum:"disabled|center"`
}

// Run keeps the aspect where one size is 0.
func (n ImageScale) Run(context.Context) (runtime.Image, error) {
	return n.Image.Resize(n.Width, n.Height, imaging.Method(n.UpscaleMethod), imaging.Crop(n.Crop))
}

// ImageScaleBy stretches pictures by a factor.
type ImageScaleBy struct {
	_ graph.Meta `category:"image/upscaling" title:"Upscale Image By" module:"nodes"`

	Image         runtime.Image
	UpscaleMethod string  `enum:"nearest-exact|bilinear|area|bicubic|lanczos"`
	ScaleBy       float64 `default:"1.0" min:"0.01" max:"8.0" step:"0.01"`
}

// Run rounds both sides.
func (n ImageScaleBy) Run(context.Context) (runtime.Image, error) {
	return n.Image.ScaleBy(n.ScaleBy, imaging.Method(n.UpscaleMethod))
}

// ImageScaleToTotalPixels stretches pictures to an area.
type ImageScaleToTotalPixels struct {
	_ graph.Meta `category:"image/upscaling" title:"-" module:"comfy_extras.nodes_post_processing" v3:"true"`

	Image         runtime.Image
	UpscaleMethod string  `enum:"nearest-exact|bilinear|area|bicubic|lanczos"`
	Megapixels    float64 `default:"1.0" min:"0.01" max:"16.0" step:"0.01"`
}

// Run keeps the aspect; a megapixel is 1024 x 1024.
func (n ImageScaleToTotalPixels) Run(context.Context) (runtime.Image, error) {
	return n.Image.ScaleToPixels(n.Megapixels, imaging.Method(n.UpscaleMethod))
}

// ImageInvert makes a negative.
type ImageInvert struct {
	_ graph.Meta `category:"image" title:"Invert Image" module:"nodes"`

	Image runtime.Image
}

// Run inverts every channel, alpha too.
func (n ImageInvert) Run(context.Context) (runtime.Image, error) { return n.Image.Invert(), nil }

// ImageBatch joins two batches of pictures.
type ImageBatch struct {
	_ graph.Meta `category:"image" title:"Batch Images" module:"nodes"`

	Image1 runtime.Image
	Image2 runtime.Image
}

// Run fits the second to the first.
func (n ImageBatch) Run(context.Context) (runtime.Image, error) { return n.Image1.Append(n.Image2) }

// ImagePadForOutpaint surrounds a picture with room to paint.
type ImagePadForOutpaint struct {
	_ graph.Meta `category:"image" title:"Pad Image for Outpainting" module:"nodes"`

	Image      runtime.Image
	Left       int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Top        int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Right      int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Bottom     int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Feathering int `default:"40" min:"0" max:"16384" step:"1" unit:"px"`
}

// PictureAndMask are the outputs of nodes that give both.
type PictureAndMask struct {
	Image runtime.Image
	Mask  runtime.Mask
}

// Run gives the padded picture and the mask of the new part.
func (n ImagePadForOutpaint) Run(context.Context) (PictureAndMask, error) {
	picture, mask, err := n.Image.PadForOutpaint(n.Left, n.Top, n.Right, n.Bottom, n.Feathering)
	return PictureAndMask{picture, mask}, err
}

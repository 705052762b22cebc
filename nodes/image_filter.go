package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func imageFilterNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ImageBlur](),
		graph.Declare[ImageSharpen](),
		graph.Declare[ImageQuantize](),
		graph.Declare[ImageAddNoise](),
		graph.Declare[Morphology](),
		graph.Declare[Canny](),
		graph.Declare[ImageRGBToYUV](),
		graph.Declare[ImageYUVToRGB](),
	}
}

// ImageBlur blurs pictures.
type ImageBlur struct {
	_ graph.Meta `category:"image/postprocessing" title:"-" module:"comfy_extras.nodes_post_processing" v3:"true"`

	Image      runtime.Image
	BlurRadius int     `default:"1" min:"1" max:"31" step:"1" unit:"px"`
	Sigma      float64 `default:"1.0" min:"0.1" max:"10.0" step:"0.1"`
}

// Run takes sigma in units of the radius.
func (n ImageBlur) Run(context.Context) (runtime.Image, error) {
	return n.Image.Blur(n.BlurRadius, n.Sigma)
}

// ImageSharpen sharpens pictures.
type ImageSharpen struct {
	_ graph.Meta `category:"image/postprocessing" title:"-" module:"comfy_extras.nodes_post_processing" v3:"true"`

	Image         runtime.Image
	SharpenRadius int     `default:"1" min:"1" max:"31" step:"1" unit:"px"`
	Sigma         float64 `default:"1.0" min:"0.1" max:"10.0" step:"0.01"`
	Alpha         float64 `default:"1.0" min:"0.0" max:"5.0" step:"0.01"`
}

// Run takes sigma in units of the radius.
func (n ImageSharpen) Run(context.Context) (runtime.Image, error) {
	return n.Image.Sharpen(n.SharpenRadius, n.Sigma, n.Alpha)
}

// ImageQuantize reduces the number of colours.
type ImageQuantize struct {
	_ graph.Meta `category:"image/postprocessing" title:"-" module:"comfy_extras.nodes_post_processing" v3:"true"`

	Image  runtime.Image
	Colors int    `default:"256" min:"1" max:"256" step:"1"`
	Dither string `enum:"none|floyd-steinberg|bayer-2|bayer-4|bayer-8|bayer-16"`
}

// Run chooses the colours of each picture by median cut.
func (n ImageQuantize) Run(context.Context) (runtime.Image, error) {
	return n.Image.Quantize(n.Colors, imaging.Dither(n.Dither))
}

// ImageAddNoise adds grain.
type ImageAddNoise struct {
	_ graph.Meta `category:"image" module:"comfy_extras.nodes_images"`

	Image    runtime.Image
	Seed     uint64  `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same noise"`
	Strength float64 `default:"0.5" min:"0.0" max:"1.0" step:"0.01"`
}

// Run adds normal noise and clips.
func (n ImageAddNoise) Run(context.Context) (runtime.Image, error) {
	return n.Image.AddNoise(n.Seed, n.Strength), nil
}

// Morphology grows and shrinks what is bright.
type Morphology struct {
	_ graph.Meta `category:"image/postprocessing" title:"ImageMorphology" module:"comfy_extras.nodes_morphology" v3:"true"`

	Image      runtime.Image
	Operation  string `enum:"erode|dilate|open|close|gradient|bottom_hat|top_hat"`
	KernelSize int    `default:"3" min:"3" max:"999" step:"1" unit:"px"`
}

// Run uses a square.
func (n Morphology) Run(context.Context) (runtime.Image, error) {
	return n.Image.Morphology(n.Operation, n.KernelSize)
}

// Canny draws edges.
type Canny struct {
	_ graph.Meta `category:"image/preprocessors" title:"-" module:"comfy_extras.nodes_canny" v3:"true"`

	Image         runtime.Image
	LowThreshold  float64 `default:"0.4" min:"0.01" max:"0.99" step:"0.01"`
	HighThreshold float64 `default:"0.8" min:"0.01" max:"0.99" step:"0.01"`
}

// Run gives white edges on black.
func (n Canny) Run(context.Context) (runtime.Image, error) {
	return n.Image.Edges(n.LowThreshold, n.HighThreshold)
}

// ImageRGBToYUV splits pictures into luma and chroma.
type ImageRGBToYUV struct {
	_ graph.Meta `category:"image/batch" title:"-" module:"comfy_extras.nodes_morphology" v3:"true"`

	Image runtime.Image
}

// LumaChroma are the planes of a picture, each as a grey one.
type LumaChroma struct {
	Y runtime.Image `out:"Y"`
	U runtime.Image `out:"U"`
	V runtime.Image `out:"V"`
}

// Run uses ITU-R BT.601.
func (n ImageRGBToYUV) Run(context.Context) (LumaChroma, error) {
	y, u, v := n.Image.YCbCr()
	return LumaChroma{y, u, v}, nil
}

// ImageYUVToRGB joins luma and chroma.
type ImageYUVToRGB struct {
	_ graph.Meta `category:"image/batch" title:"-" module:"comfy_extras.nodes_morphology" v3:"true"`

	Y runtime.Image `in:"Y"`
	U runtime.Image `in:"U"`
	V runtime.Image `in:"V"`
}

// Run takes the mean of the channels of each plane.
func (n ImageYUVToRGB) Run(context.Context) (runtime.Image, error) {
	return runtime.FromYCbCr(n.Y, n.U, n.V)
}

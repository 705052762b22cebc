package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func latentNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[EmptyLatentImage](),
		graph.Declare[SetLatentNoiseMask](),
		graph.Declare[LatentUpscale](),
		graph.Declare[LatentUpscaleBy](),
		graph.Declare[LatentComposite](),
		graph.Declare[LatentCompositeMasked](),
		graph.Declare[LatentRotate](),
		graph.Declare[LatentFlip](),
		graph.Declare[LatentCrop](),
	}
}

// EmptyLatentImage makes a zero latent to start text-to-image sampling from.
type EmptyLatentImage struct {
	_ graph.Meta `category:"latent" title:"Empty Latent Image" module:"nodes" doc:"Makes an empty latent to start sampling from."`

	Width     int `default:"512" min:"16" max:"16384" step:"8" unit:"px" doc:"picture width"`
	Height    int `default:"512" min:"16" max:"16384" step:"8" unit:"px" doc:"picture height"`
	BatchSize int `default:"1" min:"1" max:"4096" doc:"number of latents in the batch"`
}

// Run gives [B,4,H/8,W/8]; sampling widens it for models with more channels.
func (n EmptyLatentImage) Run(context.Context) (runtime.Latent, error) {
	return runtime.EmptyLatent(n.Width, n.Height, n.BatchSize)
}

// SetLatentNoiseMask marks what of a latent sampling may change.
type SetLatentNoiseMask struct {
	_ graph.Meta `category:"latent/inpaint" title:"Set Latent Noise Mask" module:"nodes"`

	Samples runtime.Latent
	Mask    runtime.Mask
}

// Run keeps the mask in its own size until sampling starts.
func (n SetLatentNoiseMask) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.WithNoiseMask(n.Mask), nil
}

// LatentUpscale stretches latents to a size in pixels.
type LatentUpscale struct {
	_ graph.Meta `category:"latent" title:"Upscale Latent" module:"nodes"`

	Samples       runtime.Latent
	UpscaleMethod string `enum:"nearest-exact|bilinear|area|bicubic|bislerp"`
	Width         int    `default:"512" min:"0" max:"16384" step:"8" unit:"px"`
	Height        int    `default:"512" min:"0" max:"16384" step:"8" unit:"px"`
	Crop          string `enum:"disabled|center"`
}

// Run keeps the aspect where one size is 0.
func (n LatentUpscale) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Resize(n.Width, n.Height, imaging.Method(n.UpscaleMethod), imaging.Crop(n.Crop))
}

// LatentUpscaleBy stretches latents by a factor.
type LatentUpscaleBy struct {
	_ graph.Meta `category:"latent" title:"Upscale Latent By" module:"nodes"`

	Samples       runtime.Latent
	UpscaleMethod string  `enum:"nearest-exact|bilinear|area|bicubic|bislerp"`
	ScaleBy       float64 `default:"1.5" min:"0.01" max:"8.0" step:"0.01"`
}

// Run rounds both sides.
func (n LatentUpscaleBy) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.ScaleBy(n.ScaleBy, imaging.Method(n.UpscaleMethod))
}

// LatentComposite pastes one latent onto another.
type LatentComposite struct {
	_ graph.Meta `category:"latent" title:"Latent Composite" module:"nodes"`

	SamplesTo   runtime.Latent
	SamplesFrom runtime.Latent
	X           int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Y           int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Feather     int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
}

// Run fades the edges that lie inside the destination.
func (n LatentComposite) Run(context.Context) (runtime.Latent, error) {
	return n.SamplesTo.Paste(n.SamplesFrom, n.X, n.Y, n.Feather)
}

// LatentCompositeMasked lays one latent over another through a mask.
type LatentCompositeMasked struct {
	_ graph.Meta `category:"latent" module:"comfy_extras.nodes_mask"`

	Destination  runtime.Latent
	Source       runtime.Latent
	X            int           `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Y            int           `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	ResizeSource bool          `default:"false"`
	Mask         *runtime.Mask `optional:"true"`
}

// Run stretches the mask over the source.
func (n LatentCompositeMasked) Run(context.Context) (runtime.Latent, error) {
	return n.Destination.Composite(n.Source, n.Mask, n.X, n.Y, n.ResizeSource)
}

// LatentRotate turns latents clockwise.
type LatentRotate struct {
	_ graph.Meta `category:"latent/transform" title:"Rotate Latent" module:"nodes"`

	Samples  runtime.Latent
	Rotation string `enum:"none|90 degrees|180 degrees|270 degrees"`
}

// Run turns by quarters.
func (n LatentRotate) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Rotate(quarters(n.Rotation)), nil
}

// quarters is the number of quarter turns of a rotation drop-down.
func quarters(rotation string) int {
	return map[string]int{"90 degrees": 1, "180 degrees": 2, "270 degrees": 3}[rotation]
}

// flipRows is the choice of a flip drop-down that turns upside down.
const flipRows = "x-axis: vertically"

// LatentFlip mirrors latents.
type LatentFlip struct {
	_ graph.Meta `category:"latent/transform" title:"Flip Latent" module:"nodes"`

	Samples    runtime.Latent
	FlipMethod string `enum:"x-axis: vertically|y-axis: horizontally"`
}

// Run mirrors on the axis that is named.
func (n LatentFlip) Run(context.Context) (runtime.Latent, error) {
	if n.FlipMethod == flipRows {
		return n.Samples.FlipRows(), nil
	}
	return n.Samples.FlipColumns(), nil
}

// LatentCrop cuts a rectangle out of latents.
type LatentCrop struct {
	_ graph.Meta `category:"latent/transform" title:"Crop Latent" module:"nodes"`

	Samples runtime.Latent
	Width   int `default:"512" min:"64" max:"16384" step:"8" unit:"px"`
	Height  int `default:"512" min:"64" max:"16384" step:"8" unit:"px"`
	X       int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Y       int `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
}

// Run moves the corner in where too little would remain.
func (n LatentCrop) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Crop(n.X, n.Y, n.Width, n.Height)
}

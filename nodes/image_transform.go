package nodes

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func imageTransformNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[RepeatImageBatch](),
		graph.Declare[ImageFromBatch](),
		graph.Declare[RebatchImages](),
		graph.Declare[ImageCrop](),
		graph.Declare[ImageScaleToMaxDimension](),
		graph.Declare[ResizeAndPadImage](),
		graph.Declare[ImageStitch](),
		graph.Declare[ImageRotate](),
		graph.Declare[ImageFlip](),
		graph.Declare[GetImageSize](),
	}
}

// RepeatImageBatch repeats a batch.
type RepeatImageBatch struct {
	_ graph.Meta `category:"image/batch" module:"comfy_extras.nodes_images"`

	Image  runtime.Image
	Amount int `default:"1" min:"1" max:"4096"`
}

// Run puts the copies one after the other.
func (n RepeatImageBatch) Run(context.Context) (runtime.Image, error) {
	return n.Image.RepeatBatch(n.Amount)
}

// ImageFromBatch takes pictures out of a batch.
type ImageFromBatch struct {
	_ graph.Meta `category:"image/batch" module:"comfy_extras.nodes_images"`

	Image      runtime.Image
	BatchIndex int `default:"0" min:"0" max:"4095"`
	Length     int `default:"1" min:"1" max:"4096"`
}

// Run takes as many as there are.
func (n ImageFromBatch) Run(context.Context) (runtime.Image, error) {
	return n.Image.FromBatch(n.BatchIndex, n.Length), nil
}

// RebatchImages cuts a list of batches into batches of another size.
type RebatchImages struct {
	_ graph.Meta `category:"image/batch" title:"Rebatch Images" module:"comfy_extras.nodes_rebatch" v3:"true" list:"true"`

	Images    []runtime.Image
	BatchSize []int `default:"1" min:"1" max:"4096"`
}

// Run takes the first batch size of the list.
func (n RebatchImages) Run(context.Context) (graph.List[runtime.Image], error) {
	size, err := firstSize(n.BatchSize)
	if err != nil {
		return nil, err
	}
	return runtime.RebatchImages(n.Images, size)
}

// ImageCrop cuts a rectangle out of pictures.
type ImageCrop struct {
	_ graph.Meta `category:"image/transform" title:"Image Crop" module:"comfy_extras.nodes_images"`

	Image  runtime.Image
	Width  int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	Height int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	X      int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Y      int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
}

// Run gives less where the rectangle reaches outside.
func (n ImageCrop) Run(context.Context) (runtime.Image, error) {
	return n.Image.Crop(n.X, n.Y, n.Width, n.Height), nil
}

// sideMethod lists the resize methods in the order, and with the repetition, that workflows know.
type sideMethod imaging.Method

// Choices are the wire names.
func (sideMethod) Choices() []string {
	return []string{"area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"}
}

// ImageScaleToMaxDimension stretches pictures to a longest side.
type ImageScaleToMaxDimension struct {
	_ graph.Meta `category:"image/upscaling" module:"comfy_extras.nodes_images"`

	Image         runtime.Image
	UpscaleMethod sideMethod
	LargestSize   int `default:"512" min:"0" max:"16384" step:"1" unit:"px"`
}

// Run keeps the aspect.
func (n ImageScaleToMaxDimension) Run(context.Context) (runtime.Image, error) {
	return n.Image.ResizeToSide(n.LargestSize, imaging.Method(n.UpscaleMethod))
}

// ResizeAndPadImage fits pictures into a size.
type ResizeAndPadImage struct {
	_ graph.Meta `category:"image/transform" module:"comfy_extras.nodes_images"`

	Image         runtime.Image
	TargetWidth   int    `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	TargetHeight  int    `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	PaddingColor  string `enum:"white|black"`
	Interpolation string `enum:"area|bicubic|nearest-exact|bilinear|lanczos"`
}

// Run keeps the aspect and fills the rest.
func (n ResizeAndPadImage) Run(context.Context) (runtime.Image, error) {
	level := float32(0)
	if n.PaddingColor == "white" {
		level = 1
	}
	return n.Image.FitInto(n.TargetWidth, n.TargetHeight, imaging.Method(n.Interpolation), level)
}

// ImageStitch puts two pictures side by side.
type ImageStitch struct {
	_ graph.Meta `category:"image/transform" title:"Image Stitch" module:"comfy_extras.nodes_images"`

	Image1         runtime.Image
	Direction      string         `enum:"right|down|left|up" default:"right"`
	MatchImageSize bool           `default:"true"`
	SpacingWidth   int            `default:"0" min:"0" max:"1024" step:"2" unit:"px"`
	SpacingColor   string         `enum:"white|black|red|green|blue" default:"white"`
	Image2         *runtime.Image `optional:"true"`
}

// Run gives the first picture where there is no second.
func (n ImageStitch) Run(context.Context) (runtime.Image, error) {
	if n.Image2 == nil {
		return n.Image1, nil
	}
	colors := map[string][3]float32{"white": {1, 1, 1}, "black": {}, "red": {1, 0, 0}, "green": {0, 1, 0}, "blue": {0, 0, 1}}
	return n.Image1.Stitch(*n.Image2, runtime.Stitching{
		Direction: n.Direction, Match: n.MatchImageSize, Spacing: n.SpacingWidth, Color: colors[n.SpacingColor],
	})
}

// ImageRotate turns pictures clockwise.
type ImageRotate struct {
	_ graph.Meta `category:"image/transform" module:"comfy_extras.nodes_images"`

	Image    runtime.Image
	Rotation string `enum:"none|90 degrees|180 degrees|270 degrees"`
}

// Run turns by quarters.
func (n ImageRotate) Run(context.Context) (runtime.Image, error) {
	return n.Image.Rotate(quarters(n.Rotation)), nil
}

// ImageFlip mirrors pictures.
type ImageFlip struct {
	_ graph.Meta `category:"image/transform" module:"comfy_extras.nodes_images"`

	Image      runtime.Image
	FlipMethod string `enum:"x-axis: vertically|y-axis: horizontally"`
}

// Run mirrors on the axis that is named.
func (n ImageFlip) Run(context.Context) (runtime.Image, error) {
	if n.FlipMethod == flipRows {
		return n.Image.FlipRows(), nil
	}
	return n.Image.FlipColumns(), nil
}

// GetImageSize tells the size of pictures.
type GetImageSize struct {
	_ graph.Meta `category:"image" title:"Get Image Size" module:"comfy_extras.nodes_images" doc:"Gives width, height and number of the pictures."`

	Image    runtime.Image
	UniqueID graph.UniqueID
}

// ImageSize is the output of GetImageSize.
type ImageSize struct {
	Width     int `out:"width"`
	Height    int `out:"height"`
	BatchSize int `out:"batch_size"`
}

// Run also shows the size on the node.
func (n GetImageSize) Run(ctx context.Context) (ImageSize, error) {
	size := ImageSize{Width: n.Image.Dim(2), Height: n.Image.Dim(1), BatchSize: n.Image.Dim(0)}
	graph.SendText(ctx, fmt.Sprintf("width: %d\nheight: %d\n batch size: %d", size.Width, size.Height, size.BatchSize))
	return size, nil
}

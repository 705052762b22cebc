package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func maskNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[MaskToImage](),
		graph.Declare[ImageToMask](),
		graph.Declare[ImageColorToMask](),
		graph.Declare[SolidMask](),
		graph.Declare[InvertMask](),
		graph.Declare[CropMask](),
		graph.Declare[MaskComposite](),
		graph.Declare[FeatherMask](),
		graph.Declare[GrowMask](),
		graph.Declare[ThresholdMask](),
		graph.Declare[MaskPreview](),
	}
}

// MaskToImage shows a mask as a grey picture.
type MaskToImage struct {
	_ graph.Meta `category:"mask" title:"Convert Mask to Image" module:"comfy_extras.nodes_mask"`

	Mask runtime.Mask
}

// Run repeats the mask over three channels.
func (n MaskToImage) Run(context.Context) (runtime.Image, error) { return n.Mask.Image(), nil }

// ImageToMask takes a channel of a picture as a mask.
type ImageToMask struct {
	_ graph.Meta `category:"mask" title:"Convert Image to Mask" module:"comfy_extras.nodes_mask"`

	Image   runtime.Image
	Channel string `enum:"red|green|blue|alpha"`
}

// Run fails where the picture has no such channel.
func (n ImageToMask) Run(context.Context) (runtime.Mask, error) { return n.Image.Channel(n.Channel) }

// ImageColorToMask marks the pixels of one colour.
type ImageColorToMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Image runtime.Image
	Color int `default:"0" min:"0" max:"16777215" step:"1" display:"color"`
}

// Run compares the 24-bit colour.
func (n ImageColorToMask) Run(context.Context) (runtime.Mask, error) {
	return n.Image.ColorMask(n.Color), nil
}

// SolidMask makes a mask of one value.
type SolidMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Value  float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
	Width  int     `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	Height int     `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
}

// Run makes one mask.
func (n SolidMask) Run(context.Context) (runtime.Mask, error) {
	return runtime.SolidMask(n.Value, n.Width, n.Height), nil
}

// InvertMask turns marked into unmarked.
type InvertMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Mask runtime.Mask
}

// Run is one minus the mask.
func (n InvertMask) Run(context.Context) (runtime.Mask, error) { return n.Mask.Invert(), nil }

// CropMask cuts a rectangle out of a mask.
type CropMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Mask   runtime.Mask
	X      int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Y      int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Width  int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
	Height int `default:"512" min:"1" max:"16384" step:"1" unit:"px"`
}

// Run gives less where the rectangle reaches outside.
func (n CropMask) Run(context.Context) (runtime.Mask, error) {
	return n.Mask.Crop(n.X, n.Y, n.Width, n.Height)
}

// MaskComposite joins two masks by an operation.
type MaskComposite struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Destination runtime.Mask
	Source      runtime.Mask
	X           int    `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Y           int    `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Operation   string `enum:"multiply|add|subtract|and|or|xor"`
}

// Run changes the destination where the source lies on it.
func (n MaskComposite) Run(context.Context) (runtime.Mask, error) {
	return n.Destination.Composite(n.Source, n.X, n.Y, n.Operation)
}

// FeatherMask fades a mask towards its edges.
type FeatherMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Mask   runtime.Mask
	Left   int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Top    int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Right  int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Bottom int `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
}

// Run multiplies a ramp per edge.
func (n FeatherMask) Run(context.Context) (runtime.Mask, error) {
	return n.Mask.Feather(n.Left, n.Top, n.Right, n.Bottom), nil
}

// GrowMask spreads or shrinks a mask.
type GrowMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Mask           runtime.Mask
	Expand         int  `default:"0" min:"-16384" max:"16384" step:"1" unit:"px"`
	TaperedCorners bool `default:"true"`
}

// Run shrinks where expand is negative.
func (n GrowMask) Run(context.Context) (runtime.Mask, error) {
	return n.Mask.Grow(n.Expand, n.TaperedCorners), nil
}

// ThresholdMask makes a mask hard.
type ThresholdMask struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask"`

	Mask  runtime.Mask
	Value float64 `default:"0.5" min:"0.0" max:"1.0" step:"0.01"`
}

// Run is 1 above the value, else 0.
func (n ThresholdMask) Run(context.Context) (runtime.Mask, error) {
	return n.Mask.Threshold(n.Value), nil
}

// MaskPreview shows a mask without keeping it.
type MaskPreview struct {
	_ graph.Meta `category:"mask" module:"comfy_extras.nodes_mask" output:"true"`

	Mask         runtime.Mask
	Prompt       graph.Prompt
	ExtraPNGInfo graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes temporary files.
func (n MaskPreview) Run(ctx context.Context) (graph.UI, error) {
	return preview(ctx, n.Mask.Image(), saveLevel, n.Prompt, n.ExtraPNGInfo)
}

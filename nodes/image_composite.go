package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func imageCompositeNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ImageCompositeMasked](),
		graph.Declare[ImageBlend](),
		graph.Declare[PorterDuffImageComposite](),
		graph.Declare[SplitImageWithAlpha](),
		graph.Declare[JoinImageWithAlpha](),
	}
}

// ImageCompositeMasked lays one picture over another through a mask.
type ImageCompositeMasked struct {
	_ graph.Meta `category:"image" module:"comfy_extras.nodes_mask"`

	Destination  runtime.Image
	Source       runtime.Image
	X            int           `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	Y            int           `default:"0" min:"0" max:"16384" step:"1" unit:"px"`
	ResizeSource bool          `default:"false"`
	Mask         *runtime.Mask `optional:"true"`
}

// Run stretches the mask over the source.
func (n ImageCompositeMasked) Run(context.Context) (runtime.Image, error) {
	return n.Destination.Composite(n.Source, n.Mask, n.X, n.Y, n.ResizeSource)
}

// ImageBlend mixes two pictures.
type ImageBlend struct {
	_ graph.Meta `category:"image/postprocessing" title:"-" module:"comfy_extras.nodes_post_processing" v3:"true"`

	Image1      runtime.Image
	Image2      runtime.Image
	BlendFactor float64 `default:"0.5" min:"0.0" max:"1.0" step:"0.01"`
	BlendMode   string  `enum:"normal|multiply|screen|overlay|soft_light|difference"`
}

// Run fits the second to the first.
func (n ImageBlend) Run(context.Context) (runtime.Image, error) {
	return n.Image1.Blend(n.Image2, n.BlendFactor, n.BlendMode)
}

// PorterDuffImageComposite composites pictures with their transparency.
type PorterDuffImageComposite struct {
	_ graph.Meta `category:"mask/compositing" title:"Porter-Duff Image Composite" module:"comfy_extras.nodes_compositing" v3:"true"`

	Source           runtime.Image
	SourceAlpha      runtime.Mask
	Destination      runtime.Image
	DestinationAlpha runtime.Mask
	Mode             string `enum:"ADD|CLEAR|DARKEN|DST|DST_ATOP|DST_IN|DST_OUT|DST_OVER|LIGHTEN|MULTIPLY|OVERLAY|SCREEN|SRC|SRC_ATOP|SRC_IN|SRC_OUT|SRC_OVER|XOR" default:"DST"`
}

// Run takes and gives masks that are 1 where a picture is transparent.
func (n PorterDuffImageComposite) Run(context.Context) (PictureAndMask, error) {
	picture, mask, err := runtime.PorterDuff(n.Source, n.SourceAlpha, n.Destination, n.DestinationAlpha, n.Mode)
	return PictureAndMask{picture, mask}, err
}

// SplitImageWithAlpha takes the alpha off a picture.
type SplitImageWithAlpha struct {
	_ graph.Meta `category:"mask/compositing" title:"Split Image with Alpha" module:"comfy_extras.nodes_compositing" v3:"true"`

	Image runtime.Image
}

// Run gives a mask that is 1 where the picture is transparent.
func (n SplitImageWithAlpha) Run(context.Context) (PictureAndMask, error) {
	picture, mask := n.Image.SplitAlpha()
	return PictureAndMask{picture, mask}, nil
}

// JoinImageWithAlpha makes a picture transparent where a mask is 1.
type JoinImageWithAlpha struct {
	_ graph.Meta `category:"mask/compositing" title:"Join Image with Alpha" module:"comfy_extras.nodes_compositing" v3:"true"`

	Image runtime.Image
	Alpha runtime.Mask
}

// Run stretches the mask over the picture.
func (n JoinImageWithAlpha) Run(context.Context) (runtime.Image, error) {
	return n.Image.JoinAlpha(n.Alpha)
}

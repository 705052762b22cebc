package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func conditioningNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CLIPTextEncode](),
		graph.Declare[CLIPSetLastLayer](),
		graph.Declare[ConditioningCombine](),
		graph.Declare[ConditioningConcat](),
		graph.Declare[ConditioningAverage](),
		graph.Declare[ConditioningSetArea](),
		graph.Declare[ConditioningSetAreaPercentage](),
		graph.Declare[ConditioningSetAreaStrength](),
		graph.Declare[ConditioningSetMask](),
		graph.Declare[ConditioningZeroOut](),
		graph.Declare[ConditioningSetTimestepRange](),
	}
}

// CLIPTextEncode turns a prompt into a conditioning.
type CLIPTextEncode struct {
	_ graph.Meta `category:"conditioning" title:"CLIP Text Encode (Prompt)" module:"nodes" doc:"Encodes a prompt. (word) or (word:1.3) weights a word, embedding:name inserts a textual inversion."`

	Text string       `multiline:"true" dynamic:"true" doc:"the prompt"`
	CLIP runtime.CLIP `doc:"the text encoder"`
}

// Run encodes the prompt.
func (n CLIPTextEncode) Run(ctx context.Context) (runtime.Conditioning, error) {
	return runtime.FromContext(ctx).EncodeText(ctx, n.CLIP, n.Text)
}

// CLIPSetLastLayer stops the text encoder before its last layer ("clip skip").
type CLIPSetLastLayer struct {
	_ graph.Meta `category:"conditioning" title:"CLIP Set Last Layer" module:"nodes"`

	CLIP            runtime.CLIP
	StopAtClipLayer int `default:"-1" min:"-24" max:"-1" step:"1"`
}

// Run returns the encoder with another output layer.
func (n CLIPSetLastLayer) Run(context.Context) (runtime.CLIP, error) {
	return n.CLIP.WithLastLayer(n.StopAtClipLayer), nil
}

// ConditioningCombine evaluates two prompts separately and averages the predictions.
type ConditioningCombine struct {
	_ graph.Meta `category:"conditioning" title:"Conditioning (Combine)" module:"nodes"`

	Conditioning1 runtime.Conditioning `in:"conditioning_1"`
	Conditioning2 runtime.Conditioning `in:"conditioning_2"`
}

// Run joins the lists.
func (n ConditioningCombine) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning1.Combine(n.Conditioning2), nil
}

// ConditioningConcat appends the tokens of one prompt to another.
type ConditioningConcat struct {
	_ graph.Meta `category:"conditioning" title:"Conditioning (Concat)" module:"nodes"`

	ConditioningTo   runtime.Conditioning
	ConditioningFrom runtime.Conditioning
}

// Run takes only the first entry of ConditioningFrom.
func (n ConditioningConcat) Run(context.Context) (runtime.Conditioning, error) {
	return n.ConditioningTo.Concat(n.ConditioningFrom)
}

// ConditioningAverage mixes two prompts.
type ConditioningAverage struct {
	_ graph.Meta `category:"conditioning" module:"nodes"`

	ConditioningTo         runtime.Conditioning
	ConditioningFrom       runtime.Conditioning
	ConditioningToStrength float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run takes only the first entry of ConditioningFrom.
func (n ConditioningAverage) Run(context.Context) (runtime.Conditioning, error) {
	return n.ConditioningTo.Average(n.ConditioningFrom, float32(n.ConditioningToStrength))
}

// ConditioningSetArea confines a prompt to a rectangle in pixels.
type ConditioningSetArea struct {
	_ graph.Meta `category:"conditioning" title:"Conditioning (Set Area)" module:"nodes"`

	Conditioning runtime.Conditioning
	Width        int     `default:"64" min:"64" max:"16384" step:"8" unit:"px"`
	Height       int     `default:"64" min:"64" max:"16384" step:"8" unit:"px"`
	X            int     `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Y            int     `default:"0" min:"0" max:"16384" step:"8" unit:"px"`
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run sets the area in latent cells.
func (n ConditioningSetArea) Run(context.Context) (runtime.Conditioning, error) {
	area := runtime.Area{Height: float64(n.Height / 8), Width: float64(n.Width / 8), Y: float64(n.Y / 8), X: float64(n.X / 8)}
	return n.Conditioning.WithArea(area, float32(n.Strength)), nil
}

// ConditioningSetAreaPercentage confines a prompt to a rectangle in fractions of the picture.
type ConditioningSetAreaPercentage struct {
	_ graph.Meta `category:"conditioning" title:"Conditioning (Set Area with Percentage)" module:"nodes"`

	Conditioning runtime.Conditioning
	Width        float64 `default:"1.0" min:"0" max:"1.0" step:"0.01"`
	Height       float64 `default:"1.0" min:"0" max:"1.0" step:"0.01"`
	X            float64 `default:"0" min:"0" max:"1.0" step:"0.01"`
	Y            float64 `default:"0" min:"0" max:"1.0" step:"0.01"`
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run sets the area as fractions; the sampler knows the size.
func (n ConditioningSetAreaPercentage) Run(context.Context) (runtime.Conditioning, error) {
	area := runtime.Area{Height: n.Height, Width: n.Width, Y: n.Y, X: n.X, Percentage: true}
	return n.Conditioning.WithArea(area, float32(n.Strength)), nil
}

// ConditioningSetAreaStrength changes how strongly a prompt counts.
type ConditioningSetAreaStrength struct {
	_ graph.Meta `category:"conditioning" module:"nodes"`

	Conditioning runtime.Conditioning
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run overrides the strength.
func (n ConditioningSetAreaStrength) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.WithStrength(float32(n.Strength)), nil
}

// ConditioningSetMask weights a prompt by a mask.
type ConditioningSetMask struct {
	_ graph.Meta `category:"conditioning" title:"Conditioning (Set Mask)" module:"nodes"`

	Conditioning runtime.Conditioning
	Mask         runtime.Mask
	Strength     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	SetCondArea  string  `enum:"default|mask bounds"`
}

// Run adds the mask; "mask bounds" also confines the model call to the box around it.
func (n ConditioningSetMask) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.WithMask(n.Mask, float32(n.Strength), n.SetCondArea == "mask bounds"), nil
}

// ConditioningZeroOut makes a conditioning of zeros.
type ConditioningZeroOut struct {
	_ graph.Meta `category:"advanced/conditioning" module:"nodes"`

	Conditioning runtime.Conditioning
}

// Run zeroes embeddings and pooled parts.
func (n ConditioningZeroOut) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.Zero(), nil
}

// ConditioningSetTimestepRange confines a prompt to a part of the run.
type ConditioningSetTimestepRange struct {
	_ graph.Meta `category:"advanced/conditioning" module:"nodes"`

	Conditioning runtime.Conditioning
	Start        float64 `default:"0.0" min:"0.0" max:"1.0" step:"0.001"`
	End          float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.001"`
}

// Run sets the range as fractions of the run, 0 at its start.
func (n ConditioningSetTimestepRange) Run(context.Context) (runtime.Conditioning, error) {
	return n.Conditioning.WithRange(n.Start, n.End), nil
}

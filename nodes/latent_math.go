package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func latentMathNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[LatentBlend](),
		graph.Declare[LatentAdd](),
		graph.Declare[LatentSubtract](),
		graph.Declare[LatentMultiply](),
		graph.Declare[LatentInterpolate](),
		graph.Declare[LatentConcat](),
		graph.Declare[LatentCut](),
		graph.Declare[LatentApplyOperation](),
		graph.Declare[LatentOperationTonemapReinhard](),
		graph.Declare[LatentOperationSharpen](),
	}
}

// LatentBlend mixes two latents.
type LatentBlend struct {
	_ graph.Meta `category:"_for_testing" title:"Latent Blend" module:"nodes"`

	Samples1    runtime.Latent
	Samples2    runtime.Latent
	BlendFactor float64 `default:"0.5" min:"0" max:"1" step:"0.01"`
}

// Run gives the first one the blend factor as weight.
func (n LatentBlend) Run(context.Context) (runtime.Latent, error) {
	return n.Samples1.Blend(n.Samples2, n.BlendFactor)
}

// LatentAdd adds two latents.
type LatentAdd struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples1 runtime.Latent
	Samples2 runtime.Latent
}

// Run fits the second to the first.
func (n LatentAdd) Run(context.Context) (runtime.Latent, error) { return n.Samples1.Add(n.Samples2) }

// LatentSubtract subtracts the second latent from the first.
type LatentSubtract struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples1 runtime.Latent
	Samples2 runtime.Latent
}

// Run fits the second to the first.
func (n LatentSubtract) Run(context.Context) (runtime.Latent, error) {
	return n.Samples1.Subtract(n.Samples2)
}

// LatentMultiply scales latents.
type LatentMultiply struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples    runtime.Latent
	Multiplier float64 `default:"1.0" min:"-10.0" max:"10.0" step:"0.01"`
}

// Run multiplies every value.
func (n LatentMultiply) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Multiply(n.Multiplier), nil
}

// LatentInterpolate mixes directions and lengths of two latents apart.
type LatentInterpolate struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples1 runtime.Latent
	Samples2 runtime.Latent
	Ratio    float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run gives the first one the ratio as weight.
func (n LatentInterpolate) Run(context.Context) (runtime.Latent, error) {
	return n.Samples1.Interpolate(n.Samples2, n.Ratio)
}

// LatentConcat puts latents side by side.
type LatentConcat struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples1 runtime.Latent
	Samples2 runtime.Latent
	Dim      string `enum:"x|-x|y|-y|t|-t"`
}

// Run puts the second one first where the axis has a minus.
func (n LatentConcat) Run(context.Context) (runtime.Latent, error) {
	return n.Samples1.Concat(n.Samples2, n.Dim)
}

// LatentCut keeps a range along one axis.
type LatentCut struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples runtime.Latent
	Dim     string `enum:"x|y|t"`
	Index   int    `default:"0" min:"-16384" max:"16384" step:"1"`
	Amount  int    `default:"1" min:"1" max:"16384" step:"1"`
}

// Run counts a negative index from the end.
func (n LatentCut) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Cut(n.Dim, n.Index, n.Amount)
}

// LatentApplyOperation changes latents by an operation.
type LatentApplyOperation struct {
	_ graph.Meta `category:"latent/advanced/operations" title:"-" module:"comfy_extras.nodes_latent" v3:"true" experimental:"true"`

	Samples   runtime.Latent
	Operation runtime.LatentOperation
}

// Run applies it once.
func (n LatentApplyOperation) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.Apply(n.Operation)
}

// LatentOperationTonemapReinhard compresses strong values.
type LatentOperationTonemapReinhard struct {
	_ graph.Meta `category:"latent/advanced/operations" title:"-" module:"comfy_extras.nodes_latent" v3:"true" experimental:"true"`

	Multiplier float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01"`
}

// Run makes the operation.
func (n LatentOperationTonemapReinhard) Run(context.Context) (runtime.LatentOperation, error) {
	return runtime.TonemapReinhard(n.Multiplier), nil
}

// LatentOperationSharpen sharpens latents.
type LatentOperationSharpen struct {
	_ graph.Meta `category:"latent/advanced/operations" title:"-" module:"comfy_extras.nodes_latent" v3:"true" experimental:"true"`

	SharpenRadius int     `default:"9" min:"1" max:"31" step:"1"`
	Sigma         float64 `default:"1.0" min:"0.1" max:"10.0" step:"0.1"`
	Alpha         float64 `default:"0.1" min:"0.0" max:"5.0" step:"0.01"`
}

// Run makes the operation.
func (n LatentOperationSharpen) Run(context.Context) (runtime.LatentOperation, error) {
	return runtime.SharpenLatent(n.SharpenRadius, n.Sigma, n.Alpha), nil
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
)

func sigmaEditNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[SplitSigmas](),
		graph.Declare[SplitSigmasDenoise](),
		graph.Declare[FlipSigmas](),
		graph.Declare[SetFirstSigma](),
		graph.Declare[ExtendIntermediateSigmas](),
		graph.Declare[SamplingPercentToSigma](),
	}
}

// sigmaParts are the two parts of a list of noise levels.
type sigmaParts struct {
	HighSigmas runtime.Sigmas `out:"high_sigmas"`
	LowSigmas  runtime.Sigmas `out:"low_sigmas"`
}

// SplitSigmas cuts a list of noise levels at a step.
type SplitSigmas struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Sigmas runtime.Sigmas
	Step   int `default:"0" min:"0" max:"10000"`
}

// Run cuts; the level at the cut is in both parts.
func (n SplitSigmas) Run(context.Context) (sigmaParts, error) {
	high, low := sampling.Split(n.Sigmas, n.Step)
	return sigmaParts{high, low}, nil
}

// SplitSigmasDenoise cuts a list of noise levels so that a fraction of the steps comes behind the cut.
type SplitSigmasDenoise struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Sigmas  runtime.Sigmas
	Denoise float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run cuts; the level at the cut is in both parts.
func (n SplitSigmasDenoise) Run(context.Context) (sigmaParts, error) {
	high, low := sampling.SplitDenoise(n.Sigmas, n.Denoise)
	return sigmaParts{high, low}, nil
}

// FlipSigmas turns a list of noise levels around.
type FlipSigmas struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Sigmas runtime.Sigmas
}

// Run makes the list.
func (n FlipSigmas) Run(context.Context) (runtime.Sigmas, error) { return sampling.Flip(n.Sigmas), nil }

// SetFirstSigma replaces the first noise level.
type SetFirstSigma struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Sigmas runtime.Sigmas
	Sigma  float64 `default:"136.0" min:"0.0" max:"20000.0" step:"0.001" round:"false"`
}

// Run makes the list.
func (n SetFirstSigma) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.SetFirst(n.Sigmas, float32(n.Sigma))
}

// ExtendIntermediateSigmas divides steps within a range of noise levels.
type ExtendIntermediateSigmas struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Sigmas       runtime.Sigmas
	Steps        int     `default:"2" min:"1" max:"100"`
	StartAtSigma float64 `default:"-1.0" min:"-1.0" max:"20000.0" step:"0.01" round:"false"`
	EndAtSigma   float64 `default:"12.0" min:"0.0" max:"20000.0" step:"0.01" round:"false"`
	Spacing      string  `enum:"linear|cosine|sine"`
}

// Run makes the list.
func (n ExtendIntermediateSigmas) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.Extend(n.Sigmas, n.Steps, n.StartAtSigma, n.EndAtSigma, n.Spacing)
}

// sigmaValue is one noise level.
type sigmaValue struct {
	SigmaValue float64 `out:"sigma_value"`
}

// SamplingPercentToSigma is the noise level after a fraction of a run.
type SamplingPercentToSigma struct {
	_ graph.Meta `category:"sampling/custom_sampling/sigmas" module:"comfy_extras.nodes_custom_sampler"`

	Model             runtime.Model `opts:"{}"`
	SamplingPercent   float64       `default:"0.0" min:"0.0" max:"1.0" step:"0.0001"`
	ReturnActualSigma bool          `default:"false" doc:"at 0 and 1, the highest and the lowest level instead of what lies outside of all"`
}

// Run looks it up.
func (n SamplingPercentToSigma) Run(context.Context) (sigmaValue, error) {
	v, err := n.Model.PercentToSigma(n.SamplingPercent, n.ReturnActualSigma)
	return sigmaValue{v}, err
}

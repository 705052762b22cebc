package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func modelGuidanceNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[RescaleCFG](),
		graph.Declare[CFGZeroStar](),
		graph.Declare[CFGNorm](),
		graph.Declare[APG](),
		graph.Declare[TCFG](),
		graph.Declare[Mahiro](),
		graph.Declare[FreSca](),
		graph.Declare[PerpNeg](),
		graph.Declare[DifferentialDiffusion](),
		graph.Declare[PerturbedAttentionGuidance](),
		graph.Declare[SelfAttentionGuidance](),
	}
}

// patched is a model with a patch of guidance.
type patched struct {
	PatchedModel runtime.Model `out:"patched_model"`
}

// RescaleCFG brings guided predictions back to the spread of the positive one.
type RescaleCFG struct {
	_ graph.Meta `category:"advanced/model" module:"comfy_extras.nodes_model_advanced"`

	Model      runtime.Model
	Multiplier float64 `default:"0.7" min:"0.0" max:"1.0" step:"0.01"`
}

// Run returns the patched model.
func (n RescaleCFG) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithRescaledCFG(n.Multiplier), nil
}

// CFGZeroStar scales the negative prediction to where it explains most of the positive one.
type CFGZeroStar struct {
	_ graph.Meta `category:"advanced/guidance" title:"-" module:"comfy_extras.nodes_cfg" v3:"true"`

	Model runtime.Model
}

// Run returns the patched model.
func (n CFGZeroStar) Run(context.Context) (patched, error) {
	return patched{n.Model.WithCFGZeroStar()}, nil
}

// CFGNorm keeps guided predictions from growing beyond the positive one.
type CFGNorm struct {
	_ graph.Meta `category:"advanced/guidance" title:"-" module:"comfy_extras.nodes_cfg" v3:"true" experimental:"true"`

	Model    runtime.Model
	Strength float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01"`
}

// Run returns the patched model.
func (n CFGNorm) Run(context.Context) (patched, error) {
	return patched{n.Model.WithCFGNorm(n.Strength)}, nil
}

// APG takes guidance apart into what is parallel to the positive prediction and the rest.
type APG struct {
	_ graph.Meta `category:"sampling/custom_sampling" title:"Adaptive Projected Guidance" module:"comfy_extras.nodes_apg" v3:"true"`

	Model         runtime.Model
	Eta           float64 `default:"1.0" min:"-10.0" max:"10.0" step:"0.01" doc:"how much of the parallel part stays; 1 for all, as without this node"`
	NormThreshold float64 `default:"5.0" min:"0.0" max:"50.0" step:"0.1" doc:"guidance is shortened to this length; 0 for no limit"`
	Momentum      float64 `default:"0.0" min:"-5.0" max:"1.0" step:"0.01" doc:"how much guidance of the steps before is added; 0 for none"`
}

// Run returns the patched model.
func (n APG) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithProjectedGuidance(n.Eta, n.NormThreshold, n.Momentum), nil
}

// TCFG keeps of the negative prediction what it shares with the positive one.
type TCFG struct {
	_ graph.Meta `category:"advanced/guidance" title:"Tangential Damping CFG" module:"comfy_extras.nodes_tcfg" v3:"true" doc:"Turns the negative prediction towards the positive one (arXiv:2503.18137)."`

	Model runtime.Model
}

// Run returns the patched model.
func (n TCFG) Run(context.Context) (patched, error) {
	return patched{n.Model.WithTangentialDamping()}, nil
}

// Mahiro counts the direction of the positive prompt for more than its difference to the negative one.
type Mahiro struct {
	_ graph.Meta `category:"_for_testing" title:"Mahiro is so cute that she deserves a better guidance function!! (。・ω・。)" module:"comfy_extras.nodes_mahiro" v3:"true" experimental:"true" doc:"Weights the direction of the positive prompt against the difference to the negative one."`

	Model runtime.Model
}

// Run returns the patched model.
func (n Mahiro) Run(context.Context) (patched, error) {
	return patched{n.Model.WithMahiro()}, nil
}

// FreSca scales low and high frequencies of guidance apart.
type FreSca struct {
	_ graph.Meta `category:"_for_testing" title:"FreSca" module:"comfy_extras.nodes_fresca" v3:"true" experimental:"true" doc:"Scales low and high frequencies of guidance apart."`

	Model      runtime.Model
	ScaleLow   float64 `default:"1.0" min:"0" max:"10" step:"0.01" doc:"factor of low frequencies"`
	ScaleHigh  float64 `default:"1.25" min:"0" max:"10" step:"0.01" doc:"factor of high frequencies"`
	FreqCutoff int     `default:"20" min:"1" max:"10000" step:"1" doc:"how many frequencies on both sides of 0 count as low"`
}

// Run returns the patched model.
func (n FreSca) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithFrequencyScaling(n.ScaleLow, n.ScaleHigh, n.FreqCutoff), nil
}

// PerpNeg subtracts only what of the negative prompt is perpendicular to the positive one; PerpNegGuider has taken its place.
type PerpNeg struct {
	_ graph.Meta `category:"_for_testing" title:"Perp-Neg (DEPRECATED by PerpNegGuider)" module:"comfy_extras.nodes_perpneg" v3:"true" experimental:"true" deprecated:"true"`

	Model             runtime.Model
	EmptyConditioning runtime.Conditioning
	NegScale          float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01"`
}

// Run returns the patched model.
func (n PerpNeg) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithPerpNeg(n.EmptyConditioning, n.NegScale)
}

// DifferentialDiffusion has a noise mask say when a cell begins to change instead of how much.
type DifferentialDiffusion struct {
	_ graph.Meta `category:"_for_testing" title:"Differential Diffusion" module:"comfy_extras.nodes_differential_diffusion" v3:"true" experimental:"true"`

	Model    runtime.Model
	Strength float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01" optional:"true"`
}

// Run returns the patched model.
func (n DifferentialDiffusion) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithDifferentialDiffusion(n.Strength), nil
}

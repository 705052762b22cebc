package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func samplerNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[SamplerEulerAncestral](),
		graph.Declare[SamplerEulerAncestralCFGPP](),
		graph.Declare[SamplerEulerCFGpp](),
		graph.Declare[SamplerLMS](),
		graph.Declare[SamplerDPMPP_2S_Ancestral](),
		graph.Declare[SamplerDPMPP_SDE](),
		graph.Declare[SamplerDPMPP_2M_SDE](),
		graph.Declare[SamplerDPMPP_3M_SDE](),
		graph.Declare[SamplerDPMAdaptative](),
		graph.Declare[SamplerER_SDE](),
		graph.Declare[SamplerSASolver](),
		graph.Declare[SamplerLCMUpscale](),
	}
}

// samplerOf puts a sampler on a wire.
func samplerOf(s sampling.Sampler) (runtime.Sampler, error) { return runtime.Sampler{Sampler: s}, nil }

// SamplerEulerAncestral is Euler with noise added in every step.
type SamplerEulerAncestral struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Eta    float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run gives the sampler.
func (n SamplerEulerAncestral) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.EulerAncestral{Eta: n.Eta, SNoise: n.SNoise})
}

// SamplerEulerAncestralCFGPP is SamplerEulerAncestral that keeps the noise of the negative prediction.
type SamplerEulerAncestralCFGPP struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" title:"SamplerEulerAncestralCFG++" module:"comfy_extras.nodes_custom_sampler"`

	Eta    float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01" round:"false"`
	SNoise float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01" round:"false"`
}

// Run gives the sampler.
func (n SamplerEulerAncestralCFGPP) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.EulerCFGPP{Eta: n.Eta, SNoise: n.SNoise})
}

// SamplerEulerCFGpp is Euler that keeps the noise of the negative prediction.
type SamplerEulerCFGpp struct {
	_ graph.Meta `category:"_for_testing" title:"SamplerEulerCFG++" module:"comfy_extras.nodes_advanced_samplers" v3:"true" experimental:"true"`

	Version string `enum:"regular|alternative"`
}

// Run gives the sampler.
func (n SamplerEulerCFGpp) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.EulerCFGPP{Alternative: n.Version == "alternative"})
}

// SamplerLMS is the linear multistep method.
type SamplerLMS struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Order int `default:"4" min:"1" max:"100"`
}

// Run gives the sampler.
func (n SamplerLMS) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.LMS{Order: n.Order})
}

// SamplerDPMPP_2S_Ancestral is DPM-Solver++(2S) with noise added in every step.
type SamplerDPMPP_2S_Ancestral struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Eta    float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run gives the sampler.
func (n SamplerDPMPP_2S_Ancestral) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.DPMPP2SAncestral{Eta: n.Eta, SNoise: n.SNoise})
}

// SamplerDPMPP_SDE is SDE-DPM-Solver++ of one step.
type SamplerDPMPP_SDE struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Eta         float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise      float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	R           float64 `default:"0.5" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	NoiseDevice string  `enum:"gpu|cpu"`
}

// Run gives the sampler.
func (n SamplerDPMPP_SDE) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.DPMPPSDE{Eta: n.Eta, SNoise: n.SNoise, R: n.R})
}

// SamplerDPMPP_2M_SDE is SDE-DPM-Solver++ of two steps.
type SamplerDPMPP_2M_SDE struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	SolverType  string  `enum:"midpoint|heun"`
	Eta         float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise      float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	NoiseDevice string  `enum:"gpu|cpu"`
}

// Run gives the sampler.
func (n SamplerDPMPP_2M_SDE) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.DPMPP2MSDE{Eta: n.Eta, SNoise: n.SNoise, Heun: n.SolverType == "heun"})
}

// SamplerDPMPP_3M_SDE is SDE-DPM-Solver++ of three steps.
type SamplerDPMPP_3M_SDE struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Eta         float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise      float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	NoiseDevice string  `enum:"gpu|cpu"`
}

// Run gives the sampler.
func (n SamplerDPMPP_3M_SDE) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.DPMPP3MSDE{Eta: n.Eta, SNoise: n.SNoise})
}

// SamplerDPMAdaptative is DPM-Solver that chooses its steps.
type SamplerDPMAdaptative struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Order        int     `default:"3" min:"2" max:"3"`
	RTol         float64 `in:"rtol" default:"0.05" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	ATol         float64 `in:"atol" default:"0.0078" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	HInit        float64 `in:"h_init" default:"0.05" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	PCoeff       float64 `in:"pcoeff" default:"0.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	ICoeff       float64 `in:"icoeff" default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	DCoeff       float64 `in:"dcoeff" default:"0.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	AcceptSafety float64 `in:"accept_safety" default:"0.81" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	Eta          float64 `in:"eta" default:"0.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	SNoise       float64 `in:"s_noise" default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run gives the sampler.
func (n SamplerDPMAdaptative) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.DPMAdaptive{
		Order: n.Order, RTol: n.RTol, ATol: n.ATol, HInit: n.HInit, PCoeff: n.PCoeff, ICoeff: n.ICoeff, DCoeff: n.DCoeff,
		AcceptSafety: n.AcceptSafety, Eta: n.Eta, SNoise: n.SNoise,
	})
}

// SamplerER_SDE solves extended reverse-time SDEs.
type SamplerER_SDE struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	SolverType string  `type:"COMBO" enum:"ER-SDE|Reverse-time SDE|ODE"`
	MaxStage   int     `default:"3" min:"1" max:"3"`
	Eta        float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false" doc:"noise of the reverse-time SDE; 0 makes it an ODE"`
	SNoise     float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run gives the sampler.
func (n SamplerER_SDE) Run(context.Context) (runtime.Sampler, error) {
	return samplerOf(sampling.ERSDE{SolverType: n.SolverType, MaxStage: n.MaxStage, Eta: n.Eta, SNoise: n.SNoise})
}

// SamplerSASolver is the stochastic Adams method.
type SamplerSASolver struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	Model           runtime.Model `opts:"{}"`
	Eta             float64       `default:"1.0" min:"0.0" max:"10.0" step:"0.01" round:"false"`
	SDEStartPercent float64       `in:"sde_start_percent" default:"0.2" min:"0.0" max:"1.0" step:"0.001"`
	SDEEndPercent   float64       `in:"sde_end_percent" default:"0.8" min:"0.0" max:"1.0" step:"0.001"`
	SNoise          float64       `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
	PredictorOrder  int           `default:"3" min:"1" max:"6"`
	CorrectorOrder  int           `default:"4" min:"0" max:"6"`
	UsePECE         bool          `in:"use_pece" opts:"{}"`
	SimpleOrder2    bool          `in:"simple_order_2" opts:"{}"`
}

// Run gives the sampler.
func (n SamplerSASolver) Run(context.Context) (runtime.Sampler, error) {
	return n.Model.SASolver(sampling.SASolver{
		Eta: n.Eta, StartPercent: n.SDEStartPercent, EndPercent: n.SDEEndPercent, SNoise: n.SNoise,
		PredictorOrder: n.PredictorOrder, CorrectorOrder: n.CorrectorOrder, PECE: n.UsePECE, SimpleOrder2: n.SimpleOrder2,
	})
}

// SamplerLCMUpscale is LCM that enlarges the latent on its way.
type SamplerLCMUpscale struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" title:"-" module:"comfy_extras.nodes_advanced_samplers" v3:"true"`

	ScaleRatio    float64 `default:"1.0" min:"0.1" max:"20.0" step:"0.01"`
	ScaleSteps    int     `default:"-1" min:"-1" max:"1000" step:"1"`
	UpscaleMethod string  `enum:"bislerp|nearest-exact|bilinear|area|bicubic"`
}

// Run gives the sampler.
func (n SamplerLCMUpscale) Run(context.Context) (runtime.Sampler, error) {
	method := imaging.Method(n.UpscaleMethod)
	return samplerOf(sampling.LCMUpscale{Ratio: n.ScaleRatio, Steps: n.ScaleSteps, Resize: func(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
		return imaging.Resize(x, height, width, method)
	}})
}

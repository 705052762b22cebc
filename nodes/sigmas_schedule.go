package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
)

func sigmaScheduleNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[KarrasScheduler](),
		graph.Declare[ExponentialScheduler](),
		graph.Declare[PolyexponentialScheduler](),
		graph.Declare[LaplaceScheduler](),
		graph.Declare[VPScheduler](),
		graph.Declare[BetaSamplingScheduler](),
		graph.Declare[SDTurboScheduler](),
		graph.Declare[AlignYourStepsScheduler](),
		graph.Declare[GITSScheduler](),
	}
}

// KarrasScheduler spaces noise levels by their roots.
type KarrasScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Steps    int     `default:"20" min:"1" max:"10000"`
	SigmaMax float64 `default:"14.614642" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	SigmaMin float64 `default:"0.0291675" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	Rho      float64 `default:"7.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run makes the list.
func (n KarrasScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.Karras(n.Steps, n.SigmaMin, n.SigmaMax, n.Rho)
}

// ExponentialScheduler spaces noise levels by their logarithms.
type ExponentialScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Steps    int     `default:"20" min:"1" max:"10000"`
	SigmaMax float64 `default:"14.614642" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	SigmaMin float64 `default:"0.0291675" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
}

// Run makes the list.
func (n ExponentialScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.Exponential(n.Steps, n.SigmaMin, n.SigmaMax)
}

// PolyexponentialScheduler spaces noise levels by powers of their logarithms.
type PolyexponentialScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Steps    int     `default:"20" min:"1" max:"10000"`
	SigmaMax float64 `default:"14.614642" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	SigmaMin float64 `default:"0.0291675" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	Rho      float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01" round:"false"`
}

// Run makes the list.
func (n PolyexponentialScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.Polyexponential(n.Steps, n.SigmaMin, n.SigmaMax, n.Rho)
}

// LaplaceScheduler takes noise levels at the quantiles of a Laplace distribution of their logarithms.
type LaplaceScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Steps    int     `default:"20" min:"1" max:"10000"`
	SigmaMax float64 `default:"14.614642" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	SigmaMin float64 `default:"0.0291675" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	Mu       float64 `default:"0.0" min:"-10.0" max:"10.0" step:"0.1" round:"false"`
	Beta     float64 `default:"0.5" min:"0.0" max:"10.0" step:"0.1" round:"false"`
}

// Run makes the list, which does not end in 0.
func (n LaplaceScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.Laplace(n.Steps, n.SigmaMin, n.SigmaMax, n.Mu, n.Beta)
}

// VPScheduler is the continuous variance preserving schedule.
type VPScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Steps   int     `default:"20" min:"1" max:"10000"`
	BetaD   float64 `default:"19.9" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	BetaMin float64 `default:"0.1" min:"0.0" max:"5000.0" step:"0.01" round:"false"`
	EpsS    float64 `default:"0.001" min:"0.0" max:"1.0" step:"0.0001" round:"false"`
}

// Run makes the list.
func (n VPScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.VP(n.Steps, n.BetaD, n.BetaMin, n.EpsS)
}

// BetaSamplingScheduler takes levels of the model at the quantiles of a beta distribution.
type BetaSamplingScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Model runtime.Model
	Steps int     `default:"20" min:"1" max:"10000"`
	Alpha float64 `default:"0.6" min:"0.0" max:"50.0" step:"0.01" round:"false"`
	Beta  float64 `default:"0.6" min:"0.0" max:"50.0" step:"0.01" round:"false"`
}

// Run makes the list.
func (n BetaSamplingScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return n.Model.BetaSigmas(n.Steps, n.Alpha, n.Beta)
}

// SDTurboScheduler takes the levels that SD Turbo was distilled for.
type SDTurboScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Model   runtime.Model
	Steps   int     `default:"1" min:"1" max:"10"`
	Denoise float64 `default:"1.0" min:"0" max:"1.0" step:"0.01"`
}

// Run makes the list.
func (n SDTurboScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return n.Model.TurboSigmas(n.Steps, n.Denoise)
}

// AlignYourStepsScheduler is a schedule found for a model.
type AlignYourStepsScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" title:"-" module:"comfy_extras.nodes_align_your_steps" v3:"true"`

	ModelType string  `enum:"SD1|SDXL|SVD"`
	Steps     int     `default:"10" min:"1" max:"10000"`
	Denoise   float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run makes the list.
func (n AlignYourStepsScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.AlignYourSteps(n.ModelType, n.Steps, n.Denoise)
}

// GITSScheduler is a schedule found from the shape of sampling trajectories.
type GITSScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" title:"-" module:"comfy_extras.nodes_gits" v3:"true"`

	Coeff   float64 `default:"1.2" min:"0.8" max:"1.5" step:"0.05"`
	Steps   int     `default:"10" min:"2" max:"1000"`
	Denoise float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run makes the list.
func (n GITSScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return sampling.GITS(n.Coeff, n.Steps, n.Denoise)
}

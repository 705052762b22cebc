package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func guiderNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[BasicGuider](),
		graph.Declare[CFGGuider](),
		graph.Declare[DualCFGGuider](),
		graph.Declare[PerpNegGuider](),
	}
}

// BasicGuider follows one prompt without guidance.
type BasicGuider struct {
	_ graph.Meta `category:"sampling/custom_sampling/guiders" module:"comfy_extras.nodes_custom_sampler"`

	Model        runtime.Model
	Conditioning runtime.Conditioning
}

// Run joins model and prompt.
func (n BasicGuider) Run(context.Context) (runtime.Guider, error) {
	return runtime.NewBasicGuider(n.Model, n.Conditioning), nil
}

// CFGGuider guides towards one prompt and away from another.
type CFGGuider struct {
	_ graph.Meta `category:"sampling/custom_sampling/guiders" module:"comfy_extras.nodes_custom_sampler"`

	Model    runtime.Model
	Positive runtime.Conditioning
	Negative runtime.Conditioning
	CFG      float64 `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
}

// Run joins model and prompts.
func (n CFGGuider) Run(context.Context) (runtime.Guider, error) {
	return runtime.NewCFGGuider(n.Model, n.Positive, n.Negative, n.CFG), nil
}

// DualCFGGuider guides by two prompts.
type DualCFGGuider struct {
	_ graph.Meta `category:"sampling/custom_sampling/guiders" module:"comfy_extras.nodes_custom_sampler"`

	Model            runtime.Model
	Cond1            runtime.Conditioning
	Cond2            runtime.Conditioning
	Negative         runtime.Conditioning
	CfgConds         float64 `default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	CfgCond2Negative float64 `default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	Style            string  `enum:"regular|nested"`
}

// Run joins model and prompts.
func (n DualCFGGuider) Run(context.Context) (runtime.Guider, error) {
	return runtime.NewDualCFGGuider(n.Model, n.Cond1, n.Cond2, n.Negative, n.CfgConds, n.CfgCond2Negative, n.Style == "nested"), nil
}

// PerpNegGuider subtracts only what of the negative prompt is perpendicular to the positive one.
type PerpNegGuider struct {
	_ graph.Meta `category:"_for_testing" title:"-" module:"comfy_extras.nodes_perpneg" v3:"true" experimental:"true"`

	Model             runtime.Model
	Positive          runtime.Conditioning
	Negative          runtime.Conditioning
	EmptyConditioning runtime.Conditioning
	CFG               float64 `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	NegScale          float64 `default:"1.0" min:"0.0" max:"100.0" step:"0.01"`
}

// Run joins model and prompts.
func (n PerpNegGuider) Run(context.Context) (runtime.Guider, error) {
	return runtime.NewPerpNegGuider(n.Model, n.Positive, n.Negative, n.EmptyConditioning, n.CFG, n.NegScale), nil
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

// PerturbedAttentionGuidance guides away from a network whose middle block does not mix its tokens.
type PerturbedAttentionGuidance struct {
	_ graph.Meta `category:"model_patches/unet" title:"-" module:"comfy_extras.nodes_pag" v3:"true"`

	Model runtime.Model
	Scale float64 `default:"3.0" min:"0.0" max:"100.0" step:"0.01" round:"0.01"`
}

// Run costs one more prediction per step.
func (n PerturbedAttentionGuidance) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithPerturbedAttention(n.Scale)
}

// SelfAttentionGuidance guides away from pictures blurred where the network looks most.
type SelfAttentionGuidance struct {
	_ graph.Meta `category:"_for_testing" title:"Self-Attention Guidance" module:"comfy_extras.nodes_sag" v3:"true" experimental:"true"`

	Model     runtime.Model
	Scale     float64 `default:"0.5" min:"-2.0" max:"5.0" step:"0.01"`
	BlurSigma float64 `default:"2.0" min:"0.0" max:"10.0" step:"0.1"`
}

// Run costs one more prediction per step.
func (n SelfAttentionGuidance) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithSelfAttentionGuidance(n.Scale, n.BlurSigma)
}

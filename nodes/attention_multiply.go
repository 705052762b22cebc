package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func attentionMultiplyNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[UNetSelfAttentionMultiply](),
		graph.Declare[UNetCrossAttentionMultiply](),
		graph.Declare[CLIPAttentionMultiply](),
		graph.Declare[UNetTemporalAttentionMultiply](),
	}
}

// UNetSelfAttentionMultiply scales the projections of self-attention.
type UNetSelfAttentionMultiply struct {
	_ graph.Meta `category:"_for_testing/attention_experiments" title:"-" module:"comfy_extras.nodes_attention_multiply" experimental:"true" v3:"true"`

	Model runtime.Model
	Q     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	K     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	V     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	Out   float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run multiplies weights and biases; merges and saved files have them.
func (n UNetSelfAttentionMultiply) Run(context.Context) (runtime.Model, error) {
	return n.Model.ScaleSelfAttention(runtime.AttentionScale{Q: n.Q, K: n.K, V: n.V, Out: n.Out})
}

// UNetCrossAttentionMultiply scales the projections of attention to the text.
type UNetCrossAttentionMultiply struct {
	_ graph.Meta `category:"_for_testing/attention_experiments" title:"-" module:"comfy_extras.nodes_attention_multiply" experimental:"true" v3:"true"`

	Model runtime.Model
	Q     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	K     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	V     float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	Out   float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run multiplies weights and biases; merges and saved files have them.
func (n UNetCrossAttentionMultiply) Run(context.Context) (runtime.Model, error) {
	return n.Model.ScaleCrossAttention(runtime.AttentionScale{Q: n.Q, K: n.K, V: n.V, Out: n.Out})
}

// CLIPAttentionMultiply scales the projections of the text encoder's attention.
type CLIPAttentionMultiply struct {
	_ graph.Meta `category:"_for_testing/attention_experiments" title:"-" module:"comfy_extras.nodes_attention_multiply" experimental:"true" v3:"true"`

	CLIP runtime.CLIP
	Q    float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	K    float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	V    float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	Out  float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run multiplies weights and biases; merges and saved files have them.
func (n CLIPAttentionMultiply) Run(context.Context) (runtime.CLIP, error) {
	return n.CLIP.ScaleAttention(runtime.AttentionScale{Q: n.Q, K: n.K, V: n.V, Out: n.Out})
}

// UNetTemporalAttentionMultiply scales the last projection of attention, in space and along the time of videos.
type UNetTemporalAttentionMultiply struct {
	_ graph.Meta `category:"_for_testing/attention_experiments" title:"-" module:"comfy_extras.nodes_attention_multiply" experimental:"true" v3:"true"`

	Model           runtime.Model
	SelfStructural  float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	SelfTemporal    float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	CrossStructural float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
	CrossTemporal   float64 `default:"1.0" min:"0.0" max:"10.0" step:"0.01"`
}

// Run has no use for the temporal factors: the models that run here make pictures.
func (n UNetTemporalAttentionMultiply) Run(context.Context) (runtime.Model, error) {
	return n.Model.ScaleAttentionOutputs(n.SelfStructural, n.CrossStructural)
}

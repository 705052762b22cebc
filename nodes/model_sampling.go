package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func modelSamplingNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ModelSamplingDiscrete](),
		graph.Declare[ModelSamplingContinuousEDM](),
		graph.Declare[ModelSamplingContinuousV](),
	}
}

// ModelSamplingDiscrete says what a model with a thousand noise levels predicts.
type ModelSamplingDiscrete struct {
	_ graph.Meta `category:"advanced/model" module:"comfy_extras.nodes_model_advanced"`

	Model    runtime.Model
	Sampling string `enum:"eps|v_prediction|lcm|x0|img_to_img"`
	ZSNR     bool   `in:"zsnr" default:"false"`
}

// Run returns the patched model.
func (n ModelSamplingDiscrete) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithDiscreteSampling(n.Sampling, n.ZSNR)
}

// ModelSamplingContinuousEDM gives a model any noise level between two.
type ModelSamplingContinuousEDM struct {
	_ graph.Meta `category:"advanced/model" module:"comfy_extras.nodes_model_advanced"`

	Model    runtime.Model
	Sampling string  `enum:"v_prediction|edm|edm_playground_v2.5|eps|cosmos_rflow"`
	SigmaMax float64 `default:"120.0" min:"0.0" max:"1000.0" step:"0.001" round:"false"`
	SigmaMin float64 `default:"0.002" min:"0.0" max:"1000.0" step:"0.001" round:"false"`
}

// Run returns the patched model.
func (n ModelSamplingContinuousEDM) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithContinuousSampling(n.Sampling, n.SigmaMin, n.SigmaMax)
}

// ModelSamplingContinuousV gives a model that predicts velocities any noise level between two.
type ModelSamplingContinuousV struct {
	_ graph.Meta `category:"advanced/model" module:"comfy_extras.nodes_model_advanced"`

	Model    runtime.Model
	Sampling string  `enum:"v_prediction"`
	SigmaMax float64 `default:"500.0" min:"0.0" max:"1000.0" step:"0.001" round:"false"`
	SigmaMin float64 `default:"0.03" min:"0.0" max:"1000.0" step:"0.001" round:"false"`
}

// Run returns the patched model.
func (n ModelSamplingContinuousV) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithContinuousV(n.SigmaMin, n.SigmaMax)
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func loraNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[LoraLoader](),
		graph.Declare[LoraLoaderModelOnly](),
	}
}

// LoraLoader adds a LoRA to a model and its text encoder.
type LoraLoader struct {
	_ graph.Meta `category:"loaders" title:"Load LoRA" module:"nodes" doc:"Adds a LoRA to the model and the text encoder. Several can be chained."`

	Model         runtime.Model `doc:"the model the LoRA is added to"`
	CLIP          runtime.CLIP  `doc:"the text encoder the LoRA is added to"`
	LoraName      string        `choices:"loras" doc:"the LoRA file under models/loras"`
	StrengthModel float64       `default:"1.0" min:"-100.0" max:"100.0" step:"0.01" doc:"how strongly the model is changed; may be negative"`
	StrengthClip  float64       `default:"1.0" min:"-100.0" max:"100.0" step:"0.01" doc:"how strongly the text encoder is changed; may be negative"`
}

type patchedPair struct {
	Model runtime.Model
	CLIP  runtime.CLIP
}

// Run leaves both as they are when both strengths are 0.
func (n LoraLoader) Run(ctx context.Context) (patchedPair, error) {
	m, c, err := runtime.FromContext(ctx).ApplyLoRA(n.Model, n.CLIP, n.LoraName, n.StrengthModel, n.StrengthClip)
	return patchedPair{m, c}, err
}

// LoraLoaderModelOnly adds a LoRA to a model alone.
type LoraLoaderModelOnly struct {
	_ graph.Meta `category:"loaders" module:"nodes"`

	Model         runtime.Model
	LoraName      string  `choices:"loras"`
	StrengthModel float64 `default:"1.0" min:"-100.0" max:"100.0" step:"0.01"`
}

// Run leaves the model as it is when the strength is 0.
func (n LoraLoaderModelOnly) Run(ctx context.Context) (runtime.Model, error) {
	m, _, err := runtime.FromContext(ctx).ApplyLoRA(n.Model, runtime.CLIP{}, n.LoraName, n.StrengthModel, 0)
	return m, err
}

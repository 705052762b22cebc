package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
)

func actorNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ApplyActor](),
		graph.Declare[ClusterGuidance](),
		graph.Declare[ClusterGuider](),
	}
}

// ApplyActor makes a word of a prompt stand for an actor.
type ApplyActor struct {
	_ graph.Meta `category:"oneactor" title:"Apply Actor" doc:"Makes a word of the prompt stand for an actor. For several actors put one node behind the other, each with its own word."`

	Conditioning runtime.Conditioning `doc:"a prompt that has the word"`
	Actor        actor.Actor          `doc:"the character"`
	V            float64              `default:"0.8" min:"-100" max:"100" step:"0.05" doc:"how strongly the word becomes the character: 0 is the plain model, above 1 exaggerates"`
	Start        float64              `default:"0.0" min:"0.0" max:"1.0" step:"0.01" doc:"where in the run the actor comes on, as a fraction of it"`
	End          float64              `default:"0.66" min:"0.0" max:"1.0" step:"0.01" doc:"where the actor leaves; 0.66 is the first 20 of 30 steps, after which the plain prompt draws the details"`
	Word         string               `optional:"true" default:"" doc:"the word of this prompt that stands for the actor; empty for the actor's own base word"`
}

// casts are the two prompts of an actor.
type casts struct {
	Positive runtime.Conditioning `out:"positive" doc:"the prompt with the actor: to a sampler, or to the next Apply Actor"`
	Cluster  runtime.Conditioning `out:"cluster" doc:"the prompt with the average of the cluster: to Cluster Guidance or Cluster Guider"`
}

// Run adds the actor's vector at all tokens of the word. The second result has the averages of all actors of the prompt.
func (n ApplyActor) Run(context.Context) (casts, error) {
	positive, err := actor.Use{Actor: n.Actor, V: n.V, During: runtime.Range{Start: n.Start, End: n.End}, Word: n.Word}.Apply(n.Conditioning)
	if err != nil {
		return casts{}, err
	}
	return casts{positive, positive.ClusterAverage()}, nil
}

// ClusterGuidance pushes pictures away from the average of a cluster, whatever sampler draws them.
type ClusterGuidance struct {
	_ graph.Meta `category:"oneactor" title:"Cluster Guidance" doc:"Guides any sampler away from the average of the actor's cluster: the second term of OneActor's guidance. The sampler's cfg is the first."`

	Model   runtime.Model
	Cluster runtime.Conditioning `doc:"the second result of Apply Actor"`
	Eta2    float64              `in:"eta2" default:"0.5" min:"-100" max:"100" step:"0.05" doc:"how strongly; 0 is off and costs nothing, other values cost a third evaluation of the model in each step"`
	Start   float64              `default:"0.0" min:"0.0" max:"1.0" step:"0.01" doc:"where in the run it begins, as a fraction of it"`
	End     float64              `default:"0.66" min:"0.0" max:"1.0" step:"0.01" doc:"where it ends; best as in Apply Actor"`
}

// Run returns the patched model.
func (n ClusterGuidance) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithCluster(n.Cluster, n.Eta2, runtime.Range{Start: n.Start, End: n.End}), nil
}

// ClusterGuider is OneActor's guidance as a guider.
type ClusterGuider struct {
	_ graph.Meta `category:"oneactor" title:"Cluster Guider" doc:"OneActor's guidance for SamplerCustomAdvanced: towards the actor, away from the negative prompt and from the average of the cluster."`

	Model    runtime.Model
	Positive runtime.Conditioning `doc:"the first result of Apply Actor"`
	Negative runtime.Conditioning
	Cluster  runtime.Conditioning `doc:"the second result of Apply Actor"`
	Eta1     float64              `in:"eta1" default:"7.5" min:"0.0" max:"100.0" step:"0.1" doc:"guidance scale, as cfg of a sampler"`
	Eta2     float64              `in:"eta2" default:"0.5" min:"-100" max:"100" step:"0.05" doc:"away from the average of the cluster; 0 is off and costs nothing"`
	Start    float64              `default:"0.0" min:"0.0" max:"1.0" step:"0.01" doc:"where in the run the second term begins, as a fraction of it"`
	End      float64              `default:"0.66" min:"0.0" max:"1.0" step:"0.01" doc:"where it ends; best as in Apply Actor"`
}

// Run joins model and prompts.
func (n ClusterGuider) Run(context.Context) (runtime.Guider, error) {
	m := n.Model.WithCluster(n.Cluster, n.Eta2, runtime.Range{Start: n.Start, End: n.End})
	return runtime.NewCFGGuider(m, n.Positive, n.Negative, n.Eta1), nil
}

package nodes

import (
	"context"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
)

func projectorNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[PretrainProjector](),
		graph.Declare[ActorFromProjector](),
		graph.Declare[SaveProjector](),
		graph.Declare[LoadProjector](),
	}
}

// PretrainProjector trains a projector on clusters of many subjects.
type PretrainProjector struct {
	_ graph.Meta `category:"oneactor" title:"Pretrain Projector" doc:"Trains a projector on clusters of many subjects. Afterwards it makes actors of new clusters with no tuning, or tuning from it takes fewer steps. It takes long; a run that was stopped goes on where it was."`

	Model       runtime.Model `doc:"the model the clusters were made with"`
	CLIP        runtime.CLIP
	VAE         runtime.VAE
	Clusters    string           `default:"" doc:"saved clusters whose names begin so, such as a folder under models/clusters; empty: all of them"`
	BaseWords   string           `default:"robot, cat, bear, rabbit, hobbit" doc:"the nouns of the prompts, with commas between; a cluster takes the first that its prompt has"`
	ConceptType actor.Concept    `doc:"what the subjects are"`
	Steps       int              `default:"3000" min:"1" max:"1000000"`
	Lr          float64          `default:"0.0001" min:"0.0" max:"1.0" step:"0.00001" round:"0.0000001" doc:"learning rate; small models take 0.001"`
	Schedule    actor.Schedule   `default:"cosine" advanced:"true" doc:"how the learning rate goes on"`
	Auxiliary   int              `default:"3" min:"1" max:"64" advanced:"true"`
	Lambda1     float64          `default:"0.5" min:"0.0" max:"10.0" step:"0.05" advanced:"true"`
	Lambda2     float64          `default:"0.2" min:"0.0" max:"10.0" step:"0.05" advanced:"true"`
	Flip        float64          `default:"0.5" min:"0.0" max:"1.0" step:"0.05" advanced:"true"`
	Seed        uint64           `default:"0" min:"0" max:"18446744073709551615" control:"true"`
	Cluster     *actor.Cluster   `optional:"true" doc:"one more cluster"`
	Projector   *actor.Projector `optional:"true" doc:"a projector to go on with"`
}

// Run reads the clusters and trains.
func (n PretrainProjector) Run(ctx context.Context) (actor.Projector, error) {
	rt := runtime.FromContext(ctx)
	p := actor.Pretraining{Words: words(n.BaseWords), Tuning: actor.Tuning{
		Model: n.Model, CLIP: n.CLIP, VAE: n.VAE, Concept: n.ConceptType, Steps: n.Steps, Rate: n.Lr, Schedule: n.Schedule,
		Auxiliary: n.Auxiliary, Lambda1: n.Lambda1, Lambda2: n.Lambda2, Flip: n.Flip, Seed: n.Seed, Projector: n.Projector,
		Progress: trainingProgress(ctx, "loss of pre-training"), Folder: stateFolder(rt),
	}}
	var err error
	if p.Clusters, err = actor.LoadClusters(rt, n.Clusters); err != nil {
		return actor.Projector{}, err
	}
	if n.Cluster != nil {
		p.Clusters = append(p.Clusters, *n.Cluster)
	}
	return actor.Pretrain(ctx, rt, p)
}

// Fingerprint changes with the clusters of the folder.
func (n PretrainProjector) Fingerprint(ctx context.Context) (string, error) {
	names, err := runtime.FromContext(ctx).Folders.List("clusters")
	if err != nil {
		return "", err
	}
	var all []string
	for _, name := range names {
		if !strings.HasPrefix(name, n.Clusters) {
			continue
		}
		stamp, err := modelStamp(ctx, "clusters", name)
		if err != nil {
			return "", err
		}
		all = append(all, name, stamp)
	}
	return strings.Join(all, "\n"), nil
}

// words splits a list of words at commas.
func words(list string) []string {
	var out []string
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// ActorFromProjector maps a cluster to an actor.
type ActorFromProjector struct {
	_ graph.Meta `category:"oneactor" title:"Actor from Projector" doc:"Makes an actor of a cluster with a pre-trained projector: no tuning, no waiting."`

	Projector   actor.Projector `doc:"pre-trained on many clusters of the same model"`
	Cluster     actor.Cluster
	BaseWord    string        `default:"robot" doc:"the noun of the cluster's prompt that names the subject"`
	ConceptType actor.Concept `doc:"what the subject is"`
}

// Run maps all pictures of the cluster at once.
func (n ActorFromProjector) Run(ctx context.Context) (actor.Actor, error) {
	return n.Projector.Actor(ctx, runtime.FromContext(ctx), n.Cluster, n.BaseWord, n.ConceptType)
}

// SaveProjector keeps a projector in models/projectors.
type SaveProjector struct {
	_ graph.Meta `category:"oneactor" title:"Save Projector" output:"true" doc:"Saves the projector in models/projectors. A name that is taken gets a number; nothing is replaced."`

	Projector actor.Projector
	Name      string `default:"projector" doc:"the file's name, without ending"`
	Precision string `enum:"float32|float16" doc:"float16 halves the file"`
	Origin    string `default:"" advanced:"true" doc:"who made it, and from what"`
	Licence   string `default:"" advanced:"true" doc:"what others may do with it"`
}

// Run writes the file.
func (n SaveProjector) Run(ctx context.Context) (graph.UI, error) {
	p := n.Projector
	if n.Origin != "" {
		p.Notes.Origin = n.Origin
	}
	if n.Licence != "" {
		p.Notes.Licence = n.Licence
	}
	saved, err := p.Save(ctx, runtime.FromContext(ctx), n.Name, n.Precision == "float16")
	if err != nil {
		return nil, err
	}
	return graph.UI{"text": {"saved as " + saved}}, nil
}

// LoadProjector reads a projector of models/projectors.
type LoadProjector struct {
	_ graph.Meta `category:"oneactor" title:"Load Projector" doc:"Loads a projector of models/projectors."`

	ProjectorName string `choices:"projectors" doc:"the file under models/projectors"`
}

// Run reads the whole file.
func (n LoadProjector) Run(ctx context.Context) (actor.Projector, error) {
	return actor.LoadProjector(runtime.FromContext(ctx), n.ProjectorName)
}

// Fingerprint changes with the file.
func (n LoadProjector) Fingerprint(ctx context.Context) (string, error) {
	return modelStamp(ctx, "projectors", n.ProjectorName)
}

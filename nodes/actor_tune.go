package nodes

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func actorTuneNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[TuneActor](),
		graph.Declare[SaveActor](),
		graph.Declare[LoadActor](),
	}
}

// TuneActor makes an actor of a cluster.
type TuneActor struct {
	_ graph.Meta `category:"oneactor" title:"Tune Actor" doc:"Learns the character of the cluster's target picture: minutes on a CPU for SD 1.5, seconds for the demo model. A run that was stopped goes on where it was."`

	Model       runtime.Model    `doc:"the model the cluster was made with"`
	CLIP        runtime.CLIP     `doc:"the text encoder of the model"`
	VAE         runtime.VAE      `doc:"the VAE of the model"`
	Cluster     actor.Cluster    `doc:"pictures of one prompt, one of them the target"`
	BaseWord    string           `default:"robot" doc:"the noun of the cluster's prompt that names the subject"`
	ConceptType actor.Concept    `doc:"what the subject is: chooses the texts that are learned with"`
	Steps       int              `default:"200" min:"1" max:"10000" doc:"more steps learn more of the target"`
	Lr          float64          `default:"0.0001" min:"0.0" max:"1.0" step:"0.00001" round:"0.0000001" doc:"learning rate; small models take 0.001"`
	Auxiliary   int              `default:"3" min:"1" max:"64" advanced:"true" doc:"other pictures of the cluster seen in each step"`
	Lambda1     float64          `default:"0.5" min:"0.0" max:"10.0" step:"0.05" advanced:"true" doc:"weight of the other pictures"`
	Lambda2     float64          `default:"0.2" min:"0.0" max:"10.0" step:"0.05" advanced:"true" doc:"weight of the average of the other pictures"`
	Flip        float64          `default:"0.5" min:"0.0" max:"1.0" step:"0.05" advanced:"true" doc:"how often a picture is mirrored; 0 for subjects that are not symmetric, such as writing"`
	Seed        uint64           `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same actor"`
	Schedule    actor.Schedule   `default:"constant" advanced:"true" optional:"true" doc:"how the learning rate goes on"`
	Projector   *actor.Projector `optional:"true" doc:"a projector to start from; fewer steps are needed then"`
}

type tunedActor struct {
	Actor     actor.Actor
	Projector actor.Projector
}

// Run shows the loss while it tunes.
func (n TuneActor) Run(ctx context.Context) (tunedActor, error) {
	rt := runtime.FromContext(ctx)
	a, p, err := actor.Tune(ctx, rt, actor.Tuning{
		Model: n.Model, CLIP: n.CLIP, VAE: n.VAE, Cluster: n.Cluster, Word: n.BaseWord, Concept: n.ConceptType,
		Steps: n.Steps, Rate: n.Lr, Auxiliary: n.Auxiliary, Lambda1: n.Lambda1, Lambda2: n.Lambda2, Flip: n.Flip, Seed: n.Seed, Schedule: n.Schedule,
		Projector: n.Projector, Progress: trainingProgress(ctx, "loss of tuning"), Folder: stateFolder(rt),
	})
	return tunedActor{a, p}, err
}

// stateFolder keeps trainings that did not end.
func stateFolder(rt *runtime.Runtime) string {
	return filepath.Join(rt.Folders.User(), "oneactor", "unfinished")
}

// trainingProgress shows the step, every other second the loss as a curve, and now and then the time left in words: they stay on the
// screen of a command line, beside its bar.
func trainingProgress(ctx context.Context, title string) func(actor.Progress) {
	const pause = 15 * time.Second
	var drawn time.Time
	said := time.Now()
	return func(p actor.Progress) {
		var picture any
		if time.Since(drawn) > 2*time.Second || p.Step == p.Steps {
			values := make([]float64, len(p.Losses))
			for i, l := range p.Losses {
				values[i] = float64(l)
			}
			curve, err := imaging.Curve{Title: title, Values: values, Total: p.Steps}.Draw()
			if err != nil {
				slog.Warn("the loss curve cannot be drawn", "problem", err)
			} else {
				picture = runtime.Preview{Frame: runtime.Image{Tensor: curve}.Frames()[0]}
			}
			drawn = time.Now()
		}
		if time.Since(said) > pause && p.Step < p.Steps {
			graph.SendText(ctx, fmt.Sprintf("step %d of %d, loss %.4f, %v left", p.Step, p.Steps, p.Losses[len(p.Losses)-1], p.Left.Round(time.Second)))
			said = time.Now()
		}
		graph.Progress(ctx, p.Step, p.Steps, picture)
	}
}

// SaveActor keeps an actor in models/actors.
type SaveActor struct {
	_ graph.Meta `category:"oneactor" title:"Save Actor" output:"true" doc:"Saves the actor in models/actors. A name that is taken gets a number; nothing is replaced."`

	Actor     actor.Actor      `doc:"the actor to save"`
	Name      string           `default:"actor" doc:"the file's name, without ending"`
	Origin    string           `default:"" advanced:"true" doc:"who made it, and from what"`
	Licence   string           `default:"" advanced:"true" doc:"what others may do with it"`
	Projector *actor.Projector `optional:"true" doc:"saved along, so that tuning can go on (a large file)"`
	Cluster   *actor.Cluster   `optional:"true" doc:"its states of the network are saved along"`
}

// Run writes the file and shows the thumbnail.
func (n SaveActor) Run(ctx context.Context) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	a := n.Actor
	if n.Origin != "" {
		a.Details.Origin = n.Origin
	}
	if n.Licence != "" {
		a.Details.Licence = n.Licence
	}
	file := actor.File{Actor: a, Projector: n.Projector}
	if n.Cluster != nil {
		file.H = n.Cluster.H
	}
	saved, err := a.Save(ctx, rt, n.Name, file.Projector, file.H)
	if err != nil {
		return nil, err
	}
	graph.SendText(ctx, "saved as "+saved)
	ui := graph.UI{}
	if a.Details.Thumbnail.Tensor != nil {
		if ui, err = preview(ctx, a.Details.Thumbnail, previewLevel, nil, nil); err != nil {
			return nil, err
		}
	}
	ui["text"] = []any{saved}
	return ui, nil
}

// LoadActor reads an actor of models/actors.
type LoadActor struct {
	_ graph.Meta `category:"oneactor" title:"Load Actor" doc:"Loads an actor of models/actors. With a model connected, it is checked that the two belong together."`

	ActorName string         `choices:"actors" doc:"the file under models/actors"`
	Model     *runtime.Model `optional:"true" doc:"the model the actor is to act on"`
}

// Run warns where the actor was tuned on another checkpoint; the projector is empty where the file holds none.
func (n LoadActor) Run(ctx context.Context) (tunedActor, error) {
	f, err := actor.Load(runtime.FromContext(ctx), n.ActorName)
	if err != nil {
		return tunedActor{}, err
	}
	if n.Model != nil {
		identity, err := n.Model.Identity()
		if err != nil {
			return tunedActor{}, err
		}
		note, err := f.Fits(identity)
		if err != nil {
			return tunedActor{}, err
		}
		if note != "" {
			slog.Warn(note)
			graph.SendText(ctx, note)
		}
	}
	out := tunedActor{Actor: f.Actor}
	if f.Projector != nil {
		out.Projector = *f.Projector
	}
	return out, nil
}

// Fingerprint changes with the file.
func (n LoadActor) Fingerprint(ctx context.Context) (string, error) {
	return modelStamp(ctx, "actors", n.ActorName)
}

// modelStamp is size and time of a model file.
func modelStamp(ctx context.Context, key, name string) (string, error) {
	path, err := runtime.FromContext(ctx).Folders.Find(key, name)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano()), nil
}

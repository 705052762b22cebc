package bench

import (
	"context"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/score"
)

// ProjectorOptions of RunProjector; the zero value makes the shipped projector.
type ProjectorOptions struct {
	Checkpoint string  // name below models/checkpoints; empty: tiny-actors.safetensors
	Name       string  // of the file in models/projectors; empty: tiny-actors
	Clusters   int     // to draw, of all species in turn; 0: 40
	Steps      int     // 0: 2000
	Rate       float64 // learning rate; 0: 1e-3
	From       string  // a projector in models/projectors to go on with; empty: none
	Folder     string  // where the state of an unfinished run is kept; empty: nowhere
	Log        io.Writer
}

func (o ProjectorOptions) orDefault() ProjectorOptions {
	if o.Checkpoint == "" {
		o.Checkpoint = "tiny-actors.safetensors"
	}
	if o.Name == "" {
		o.Name = "tiny-actors"
	}
	if o.Clusters == 0 {
		o.Clusters = 40
	}
	if o.Steps == 0 {
		o.Steps = 2000
	}
	if o.Rate == 0 {
		o.Rate = 1e-3
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

// pretrainingSampleSteps is fewer than those of RunActor: the states are nearly the same, in little more than half of the time.
const pretrainingSampleSteps = 12

// firstPretrainingSeed keeps the clusters of pre-training apart from the targets of RunActor.
const firstPretrainingSeed = 1000

// RunProjector draws clusters of the tiny world and trains a projector on them, in float16. It returns the name of the file.
func RunProjector(ctx context.Context, rt *runtime.Runtime, o ProjectorOptions) (string, error) {
	o = o.orDefault()
	name, err := o.run(ctx, rt)
	if err != nil {
		return "", fmt.Errorf("bench projector: %w", err)
	}
	return name, nil
}

func (o ProjectorOptions) run(ctx context.Context, rt *runtime.Runtime) (string, error) {
	c, err := rt.LoadCheckpoint(o.Checkpoint)
	if err != nil {
		return "", err
	}
	l := &lab{rt: rt, model: c.Model, clip: c.CLIP, vae: c.VAE, steps: pretrainingSampleSteps}
	if l.empty, err = rt.EncodeText(ctx, l.clip, ""); err != nil {
		return "", err
	}
	p := actor.Pretraining{Tuning: actor.DefaultTuning(), Words: score.Species()}
	p.Model, p.CLIP, p.VAE, p.Steps, p.Rate, p.Schedule, p.Folder = l.model, l.clip, l.vae, o.Steps, o.Rate, actor.CosineRate, o.Folder
	// Every picture is as good a target as the first, so all have the same weight, and a large batch has more of them for its time.
	p.Auxiliary = 6
	p.Lambda1 = float64(p.Auxiliary)
	first := 0
	if o.From != "" {
		from, err := actor.LoadProjector(rt, o.From)
		if err != nil {
			return "", err
		}
		p.Projector, first = &from, from.Notes.Clusters // not those that it knows
	}
	for i := first; i < first+o.Clusters; i++ {
		s := &subject{word: p.Words[i%len(p.Words)]}
		request, err := l.request(ctx, s.prompt(), firstPretrainingSeed+uint64(i), auxiliaryCount+1)
		if err != nil {
			return "", err
		}
		cluster, _, err := actor.SampleCluster(ctx, rt, l.vae, request)
		if err != nil {
			return "", err
		}
		p.Clusters = append(p.Clusters, cluster)
		fmt.Fprintf(o.Log, "cluster %d of %d\n", i+1-first, o.Clusters)
	}
	p.Progress = func(p actor.Progress) {
		if p.Step%50 == 0 {
			var sum float32
			for _, v := range p.Losses[len(p.Losses)-50:] {
				sum += v
			}
			fmt.Fprintf(o.Log, "step %d of %d, mean loss %.4f, %v left\n", p.Step, p.Steps, sum/50, p.Left)
		}
	}
	phi, err := actor.Pretrain(ctx, rt, p)
	if err != nil {
		return "", err
	}
	phi.Notes.Origin = fmt.Sprintf("pre-trained with oneactor on %d clusters of %s", phi.Notes.Clusters, o.Checkpoint)
	phi.Notes.Licence = "Apache-2.0"
	return phi.Save(ctx, rt, o.Name, true)
}

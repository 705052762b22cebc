package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
)

// Tune fits a projector to the target of a cluster through the frozen network and returns its deltas as an actor. A cancelled ctx ends it
// between two steps; with a Folder its state is kept and tuning again goes on. The error wraps ErrDiverged where a loss was no number.
func Tune(ctx context.Context, rt *runtime.Runtime, t Tuning) (Actor, Projector, error) {
	if err := t.check(); err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	m, err := prepare(ctx, rt, t)
	if err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	if m.texts, err = encodeTemplates(ctx, rt, t); err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	p, err := t.start(m)
	if err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	err = tuneOn(ctx, rt, t, p, t.stateKey(p, m), m, func(step int) (*material, draw) {
		return m, drawStep(m, t.Seed, step, t.auxiliary(), t.Flip)
	})
	if err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	a, err := p.Actor(ctx, rt, t.Cluster, t.Word, t.Concept)
	if err != nil {
		return Actor{}, Projector{}, fmt.Errorf("tune actor: %w", err)
	}
	a.Details.Steps, a.Details.Settings = t.Steps, t.settings()
	p.Notes = ProjectorNotes{Clusters: p.Notes.Clusters + 1, Steps: p.Notes.Steps + t.Steps, Origin: p.Notes.Origin, Licence: p.Notes.Licence}
	return a, p, nil
}

// start is the projector before the first step.
func (t Tuning) start(m *material) (Projector, error) {
	dim := m.texts[0].embedding.Dim(2)
	config, err := projectorSizes(t.Cluster, dim)
	if err != nil {
		return Projector{}, err
	}
	identity, err := t.Model.Identity()
	if err != nil {
		return Projector{}, err
	}
	if t.Projector == nil {
		p, err := NewProjector(config, t.Seed)
		p.Model = identity
		return p, err
	}
	if len(t.Projector.Values) == 0 {
		return Projector{}, errors.New("the projector is empty: the actor file it comes from holds none")
	}
	have := t.Projector.Config
	config.Stages = have.Stages
	if have != config {
		return Projector{}, fmt.Errorf("the projector is for an h of %dx%dx%d and texts of width %d, this needs %dx%dx%d and %d: it belongs to another model or picture size",
			have.Channels, have.Height, have.Width, have.Dim, config.Channels, config.Height, config.Width, config.Dim)
	}
	p := t.Projector.clone()
	p.Model = identity
	return p, nil
}

// tuneOn runs the steps on the values of p; each step takes its draw from one of the materials, which have pictures of one size.
func tuneOn(ctx context.Context, rt *runtime.Runtime, t Tuning, p Projector, key string, first *material, drawn func(step int) (*material, draw)) error {
	if t.Steps == 0 {
		return nil
	}
	run, err := newTuneRun(ctx, rt, t.Model, first, p, t.auxiliary(), t.rows(), t.shares(), t.Rate, t.Steps)
	if err != nil {
		return err
	}
	defer run.release()
	l := loop{
		trainer: run.trainer, steps: t.Steps, progress: t.Progress, every: cmp.Or(t.SaveEvery, 30*time.Second),
		step: func(ctx context.Context, step int) (float32, error) {
			m, d := drawn(step)
			run.batch.fill(m, d)
			run.adam.Rate = t.Rate * t.Schedule.factor(step, t.Steps)
			return run.step(ctx, run.batch.inputs())
		},
	}
	if t.Folder != "" {
		l.state = &state{path: statePath(t.Folder, key), trainer: run.trainer}
	}
	return l.run(ctx)
}

// tuneRun is a compiled tuning graph with its projector and batch.
type tuneRun struct {
	*trainer
	batch   *batch
	release func()
}

// newTuneRun compiles the graph; release must be called.
func newTuneRun(ctx context.Context, rt *runtime.Runtime, m runtime.Model, mat *material, p Projector, auxiliary, rows int, shares []float32, rate float64, steps int) (*tuneRun, error) {
	set, config, err := m.UNet()
	if err != nil {
		return nil, err
	}
	patches, factors, err := rt.Patches(ctx, m)
	if err != nil {
		return nil, err
	}
	e := mat.texts[0].embedding
	if e.Dim(2) != config.ContextDim {
		return nil, fmt.Errorf("the text encoder's width is %d and the model wants %d: connect the text encoder that belongs to the model", e.Dim(2), config.ContextDim)
	}
	z := mat.mean[0]
	if z.Dim(1) != config.InChannels {
		return nil, fmt.Errorf("the VAE makes latents of %d channels and the model wants %d: connect the VAE that belongs to the model", z.Dim(1), config.InChannels)
	}
	s := tuneSizes{Auxiliary: auxiliary, Rows: rows, Height: z.Dim(2), Width: z.Dim(3), Tokens: e.Dim(1), Projector: p.Config}
	form := gradientFormFor(rt, set)
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key:   runtime.GraphKey("tuning", set, fmt.Sprintf("%+v %+v", s, patches)),
		Runs:  steps,
		Work:  gradientWork * float64(rows*s.Height*s.Width),
		Once:  heavy(set),
		Build: func() (*onnx.Graph, error) { return tuneGraph(set, config, patches, s, form) },
	})
	if err != nil {
		return nil, fmt.Errorf("gradient graph: %w", err)
	}
	b := newBatch(mat, s, shares[:rows])
	t, err := newTrainer(ctx, rt, session, p.trained(), withInputs(p.inputs(), factors), rate, 0.01)
	if err != nil {
		release()
		return nil, err
	}
	return &tuneRun{t, b, func() {
		t.close()
		release()
	}}, nil
}

// gradientWork is how many operations a weight of the UNet takes part in per latent cell, forward and backward.
const gradientWork = 0.4

// withInputs joins inputs.
func withInputs(list ...map[string]ort.Value) map[string]ort.Value {
	out := map[string]ort.Value{}
	for _, in := range list {
		for name, v := range in {
			out[name] = v
		}
	}
	return out
}

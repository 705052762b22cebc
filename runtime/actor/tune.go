package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
)

// Tuning is what makes an actor of a cluster. arXiv:2404.10267 and the authors' program; where the two differ, docs/oneactor.md.
type Tuning struct {
	Model   runtime.Model
	CLIP    runtime.CLIP
	VAE     runtime.VAE
	Cluster Cluster
	Word    string // base word: the noun of the cluster's prompt that stands for the subject
	Concept Concept

	Steps     int
	Rate      float64  // learning rate
	Auxiliary int      // auxiliary pictures in each step; at most as many as the cluster has
	Lambda1   float64  // weight of the auxiliary pictures in the loss
	Lambda2   float64  // weight of the average sample
	Flip      float64  // probability that a picture is mirrored
	Schedule  Schedule // of the learning rate
	Seed      uint64
	Projector *Projector // to start from; nil starts afresh

	// Progress is told after every step.
	Progress func(Progress)
	// Folder is where the state is kept of a tuning that did not end; empty keeps none. The same tuning goes on from there, and
	// one that did end removes its state.
	Folder string
	// SaveEvery is the time between two saved states; 0 means 30 seconds.
	SaveEvery time.Duration
}

// Schedule is how the learning rate goes on.
type Schedule string

// The schedules: that of the paper, and half a cosine down to a twentieth.
const (
	ConstantRate Schedule = "constant"
	CosineRate   Schedule = "cosine"
)

// Choices lists the schedules.
func (Schedule) Choices() []string { return []string{string(ConstantRate), string(CosineRate)} }

// factor is what the rate is multiplied by in a step.
func (s Schedule) factor(step, steps int) float64 {
	if s != CosineRate {
		return 1
	}
	return 0.05 + 0.95*(1+math.Cos(math.Pi*float64(step)/float64(steps)))/2
}

// DefaultTuning is the settings of the paper.
func DefaultTuning() Tuning {
	return Tuning{Concept: Character, Steps: 200, Rate: 1e-4, Auxiliary: 3, Lambda1: 0.5, Lambda2: 0.2, Flip: 0.5}
}

// Progress is how far a training is.
type Progress struct {
	Step, Steps int
	Losses      []float32     // of every step so far; shared, do not change
	Left        time.Duration // estimated
}

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
	if m.texts, err = encodeTemplates(ctx, rt, t.CLIP, t.Concept, t.Word); err != nil {
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

// check finds what can be said before anything is computed.
func (t Tuning) check() error {
	c := t.Cluster
	identity, err := t.Model.Identity()
	if err != nil {
		return err
	}
	switch parameterization := t.Model.Sampling().Parameterization; {
	case c.H == nil || c.Images.Tensor == nil:
		return errors.New("the cluster is empty")
	case c.Len() < 2:
		return errors.New("the cluster has one picture: tuning needs auxiliary ones of the same prompt too; make it with a latent batch of 4 or more (11 in the paper)")
	case c.Images.Dim(0) != c.Len():
		return fmt.Errorf("the cluster has %d pictures and %d states of the network", c.Images.Dim(0), c.Len())
	case c.Target < 0 || c.Target >= c.Len():
		return fmt.Errorf("target %d: the cluster has %d pictures; choose 0 to %d", c.Target, c.Len(), c.Len()-1)
	case !finite(c.H.Data):
		return errors.New("the cluster's states of the network hold values that are no numbers: make it again")
	case c.Model.Family != "" && c.Model.Family != identity.Family:
		return fmt.Errorf("the cluster was made with a model of the family %s, this one is %s: make a cluster with this model", c.Model.Family, identity.Family)
	case t.Steps < 0 || t.Auxiliary < 1 || t.Rate <= 0 || t.Lambda1 < 0 || t.Lambda2 < 0 || t.Flip < 0 || t.Flip > 1:
		return fmt.Errorf("settings out of range: %v", t.settings())
	case parameterization != sampling.Epsilon && parameterization != sampling.V:
		return fmt.Errorf("the model predicts %v; tuning knows epsilon and v: %w", parameterization, model.ErrUnsupported)
	}
	return checkWord(c.Prompt, t.Word)
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

// rows is how many samples the network must see: those without weight in the loss are left out where they stand last.
func (t Tuning) rows() int {
	switch n := t.auxiliary(); {
	case t.Lambda2 > 0:
		return n + 2
	case t.Lambda1 > 0:
		return n + 1
	}
	return 1
}

func (t Tuning) auxiliary() int { return min(t.Auxiliary, t.Cluster.Len()-1) }

// shares are the weights of the samples' errors in the loss: 1, lambda1 over the auxiliary ones, lambda2.
func (t Tuning) shares() []float32 {
	out := []float32{1}
	for range t.auxiliary() {
		out = append(out, float32(t.Lambda1/float64(t.auxiliary())))
	}
	return append(out, float32(t.Lambda2))
}

// settings is what is kept in the actor's file, by the names of TuneActor's inputs.
func (t Tuning) settings() map[string]string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	return map[string]string{
		"steps": strconv.Itoa(t.Steps), "lr": number(t.Rate), "auxiliary": strconv.Itoa(t.Auxiliary), "lambda1": number(t.Lambda1),
		"lambda2": number(t.Lambda2), "flip": number(t.Flip), "seed": strconv.FormatUint(t.Seed, 10), "schedule": string(cmp.Or(t.Schedule, ConstantRate)),
	}
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
		steps: t.Steps, progress: t.Progress, every: cmp.Or(t.SaveEvery, 30*time.Second),
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
	patches, factors, err := m.Patches()
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
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key:   runtime.GraphKey("tuning", set, fmt.Sprintf("%+v %+v", s, patches)),
		Runs:  steps,
		Work:  gradientWork * float64(rows*s.Height*s.Width),
		Build: func() (*onnx.Graph, error) { return tuneGraph(set, config, patches, s) },
	})
	if err != nil {
		return nil, fmt.Errorf("gradient graph: %w", err)
	}
	b := newBatch(mat, s, shares[:rows])
	return &tuneRun{newTrainer(session, p.trained(), withInputs(p.inputs(), factors), rate, 0.01), b, release}, nil
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

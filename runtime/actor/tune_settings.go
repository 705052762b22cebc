package actor

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
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

package actor

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Cluster is a base set: pictures of one prompt that differ in their noise, one of which is the target whose identity is kept.
type Cluster struct {
	Images  runtime.Image  // [K+1,H,W,3], values 0…1 in steps of 1/255, as picture files hold them
	Latents *tensor.Tensor // [K+1,C,h,w] in VAE space, as a sampler returns them
	H       *tensor.Tensor // [K+1,C,h',w'], state before the middle block, conditional half, last step
	Sigma   float32        // noise level of that step
	Target  int            // index of the target; all others are auxiliary
	Prompt  string         // the prompt they were made with
	Seed    uint64
	Model   runtime.Identity
}

// Socket is the wire type.
func (Cluster) Socket() string { return "CLUSTER" }

// Bytes is the memory held.
func (c Cluster) Bytes() int64 { return c.Images.Bytes() + c.Latents.Bytes() + c.H.Bytes() }

// Len is the number of pictures, K+1.
func (c Cluster) Len() int { return c.H.Dim(0) }

// Auxiliary lists the indices of the pictures that are not the target, ascending.
func (c Cluster) Auxiliary() []int {
	var out []int
	for i := range c.Len() {
		if i != c.Target {
			out = append(out, i)
		}
	}
	return out
}

// WithTarget is the cluster with another target; an index out of range is an error.
func (c Cluster) WithTarget(index int) (Cluster, error) {
	if index < 0 || index >= c.Len() {
		return c, fmt.Errorf("target %d: this cluster has %d pictures; choose 0 to %d", index, c.Len(), c.Len()-1)
	}
	c.Target = index
	return c, nil
}

// Concept is the kind of subject; it chooses the templates that tuning fills with the base word.
type Concept string

// The kinds of subjects.
const (
	Character Concept = "character"
	Object    Concept = "object"
	Style     Concept = "style"
)

// Choices lists the kinds.
func (Concept) Choices() []string { return []string{string(Character), string(Object), string(Style)} }

// Actor is a tuned character: for each picture of its cluster a delta in the space of the text embedding.
type Actor struct {
	Deltas  *tensor.Tensor // [K+1,D] in the order of the cluster
	Target  int
	Word    string // the base word: the noun of the subject
	Concept Concept
	Model   runtime.Identity
	Details Details
}

// Details are what is kept of an actor's making; nothing depends on them.
type Details struct {
	Name      string
	Prompt    string
	Seed      uint64
	Steps     int
	Settings  map[string]string // of the tuning, by the names of TuneActor's inputs
	Origin    string            // who made it, from what
	Licence   string
	Thumbnail runtime.Image // [1,H,W,3], the target; may have no tensor
}

// Socket is the wire type.
func (Actor) Socket() string { return "ACTOR" }

// Bytes is the memory held.
func (a Actor) Bytes() int64 { return a.Deltas.Bytes() + a.Details.Thumbnail.Bytes() }

// TargetDelta is delta_target [D].
func (a Actor) TargetDelta() []float32 { return a.Deltas.Rows(a.Target, a.Target+1).Data }

// AverageDelta is the mean of the auxiliary deltas [D], the second condition of cluster guidance.
func (a Actor) AverageDelta() []float32 {
	d := a.Deltas.Dim(1)
	sum := make([]float64, d)
	for i := range a.Deltas.Dim(0) {
		if i == a.Target {
			continue
		}
		for k, v := range a.Deltas.Data[i*d:][:d] {
			sum[k] += float64(v)
		}
	}
	out := make([]float32, d)
	for k, s := range sum {
		out[k] = float32(s / float64(a.Deltas.Dim(0)-1))
	}
	return out
}

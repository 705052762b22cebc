package nodes

import (
	"context"
	"errors"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func latentBatchNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[LatentFromBatch](),
		graph.Declare[RepeatLatentBatch](),
		graph.Declare[LatentBatch](),
		graph.Declare[LatentBatchSeedBehavior](),
		graph.Declare[RebatchLatents](),
	}
}

// LatentFromBatch takes items out of a batch.
type LatentFromBatch struct {
	_ graph.Meta `category:"latent/batch" title:"Latent From Batch" module:"nodes"`

	Samples    runtime.Latent
	BatchIndex int `default:"0" min:"0" max:"63"`
	Length     int `default:"1" min:"1" max:"64"`
}

// Run keeps the places of the items, so that they get the noise they had in the batch.
func (n LatentFromBatch) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.FromBatch(n.BatchIndex, n.Length), nil
}

// RepeatLatentBatch repeats a batch.
type RepeatLatentBatch struct {
	_ graph.Meta `category:"latent/batch" title:"Repeat Latent Batch" module:"nodes"`

	Samples runtime.Latent
	Amount  int `default:"1" min:"1" max:"64"`
}

// Run moves the places on for each copy.
func (n RepeatLatentBatch) Run(context.Context) (runtime.Latent, error) {
	return n.Samples.RepeatBatch(n.Amount)
}

// LatentBatch joins two batches.
type LatentBatch struct {
	_ graph.Meta `category:"latent/batch" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples1 runtime.Latent
	Samples2 runtime.Latent
}

// Run resizes the second to the first.
func (n LatentBatch) Run(context.Context) (runtime.Latent, error) {
	return n.Samples1.Append(n.Samples2)
}

// LatentBatchSeedBehavior says whether the items of a batch get noise of their own.
type LatentBatchSeedBehavior struct {
	_ graph.Meta `category:"latent/advanced" title:"-" module:"comfy_extras.nodes_latent" v3:"true"`

	Samples      runtime.Latent
	SeedBehavior string `enum:"random|fixed" default:"fixed"`
}

// Run gives all items the place of the first one, or forgets places.
func (n LatentBatchSeedBehavior) Run(context.Context) (runtime.Latent, error) {
	if n.SeedBehavior == "fixed" {
		return n.Samples.FixSeed(), nil
	}
	return n.Samples.FreeSeed(), nil
}

// RebatchLatents cuts a list of batches into batches of another size.
type RebatchLatents struct {
	_ graph.Meta `category:"latent/batch" title:"Rebatch Latents" module:"comfy_extras.nodes_rebatch" v3:"true" list:"true"`

	Latents   []runtime.Latent
	BatchSize []int `default:"1" min:"1" max:"4096"`
}

// Run takes the first batch size of the list.
func (n RebatchLatents) Run(context.Context) (graph.List[runtime.Latent], error) {
	size, err := firstSize(n.BatchSize)
	if err != nil {
		return nil, err
	}
	return runtime.RebatchLatents(n.Latents, size)
}

// firstSize is the batch size of a node that takes lists.
func firstSize(sizes []int) (int, error) {
	if len(sizes) == 0 || sizes[0] < 1 {
		return 0, errors.New("batch_size: the list is empty or begins below 1; give a whole number from 1 on")
	}
	return sizes[0], nil
}

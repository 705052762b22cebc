package actor

import (
	"context"
	"math/rand/v2"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TuneSteps prepares steps of tuning with the settings of the paper on made-up pictures and texts, for benchmarks: each call of step draws,
// computes and updates as in Tune and returns the loss. latent is the height and width of the pictures' latents, tokens the length of a
// text. release must be called.
func TuneSteps(ctx context.Context, rt *runtime.Runtime, m runtime.Model, latent, tokens int) (step func(context.Context) (float32, error), release func(), err error) {
	_, config, err := m.UNet()
	if err != nil {
		return nil, nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(shape ...int) *tensor.Tensor {
		t := tensor.New(shape...)
		for i := range t.Data {
			t.Data[i] = float32(random.NormFloat64())
		}
		return t
	}
	t := DefaultTuning()
	const pictures = 11 // as in the paper
	cells := latent >> config.Levels()
	t.Cluster = Cluster{H: normal(pictures, config.MiddleChannels, cells, cells)}
	mat := &material{
		h: t.Cluster.H, others: t.Cluster.Auxiliary(), format: m.LatentFormat(), sampling: m.Sampling(),
		texts: []text{{embedding: normal(1, tokens, config.ContextDim), rows: []int{5}}},
	}
	for i := range mat.mean {
		mat.mean[i], mat.spread[i] = normal(pictures, config.InChannels, latent, latent), tensor.Full(0.01, pictures, config.InChannels, latent, latent)
	}
	if config.LabelDim > 0 {
		mat.texts[0].vector = normal(1, config.LabelDim)
	}
	sizes, err := projectorSizes(t.Cluster, config.ContextDim)
	if err != nil {
		return nil, nil, err
	}
	p, err := NewProjector(sizes, 1)
	if err != nil {
		return nil, nil, err
	}
	run, err := newTuneRun(ctx, rt, m, mat, p, t.auxiliary(), t.rows(), t.shares(), t.Rate, t.Steps)
	if err != nil {
		return nil, nil, err
	}
	steps := 0
	return func(ctx context.Context) (float32, error) {
		run.batch.fill(mat, drawStep(mat, t.Seed, steps, t.auxiliary(), t.Flip))
		steps++
		return run.step(ctx, run.batch.inputs())
	}, run.release, nil
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
)

func samplingNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[KSampler](),
		graph.Declare[KSamplerAdvanced](),
		graph.Declare[LatentApplyOperationCFG](),
	}
}

// KSampler turns noise into a latent that follows the prompts.
type KSampler struct {
	_ graph.Meta `category:"sampling" module:"nodes" doc:"Denoises the latent, guided by the prompts."`

	Model       runtime.Model          `doc:"the model that denoises"`
	Seed        uint64                 `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same noise"`
	Steps       int                    `default:"20" min:"1" max:"10000" doc:"how many steps from noise to picture"`
	CFG         float64                `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01" doc:"guidance scale: how closely the prompts are followed; 1 ignores the negative one"`
	SamplerName sampling.SamplerName   `doc:"the rule of a step"`
	Scheduler   sampling.SchedulerName `doc:"how the noise levels are spaced"`
	Positive    runtime.Conditioning   `doc:"what the picture should show"`
	Negative    runtime.Conditioning   `doc:"what it should not show"`
	LatentImage runtime.Latent         `doc:"the latent to start from"`
	Denoise     float64                `default:"1.0" min:"0.0" max:"1.0" step:"0.01" doc:"the part of the schedule that runs; below 1 the latent's structure is kept"`
}

// Run samples the whole batch.
func (n KSampler) Run(ctx context.Context) (runtime.Latent, error) {
	return runtime.FromContext(ctx).Sample(ctx, runtime.SampleRequest{
		Model: n.Model, Positive: n.Positive, Negative: n.Negative, CFG: n.CFG, Latent: n.LatentImage,
		Seed: n.Seed, Steps: n.Steps, Sampler: n.SamplerName, Scheduler: n.Scheduler, Denoise: n.Denoise,
		Progress: progress(ctx), Warn: warn(ctx),
	})
}

// KSamplerAdvanced runs a range of the steps, with or without noise at its start and end.
type KSamplerAdvanced struct {
	_ graph.Meta `category:"sampling" title:"KSampler (Advanced)" module:"nodes"`

	Model                   runtime.Model
	AddNoise                string  `enum:"enable|disable"`
	NoiseSeed               uint64  `default:"0" min:"0" max:"18446744073709551615" control:"true"`
	Steps                   int     `default:"20" min:"1" max:"10000"`
	CFG                     float64 `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	SamplerName             sampling.SamplerName
	Scheduler               sampling.SchedulerName
	Positive                runtime.Conditioning
	Negative                runtime.Conditioning
	LatentImage             runtime.Latent
	StartAtStep             int    `default:"0" min:"0" max:"10000"`
	EndAtStep               int    `default:"10000" min:"0" max:"10000"`
	ReturnWithLeftoverNoise string `enum:"disable|enable"`
}

// Run samples the whole batch.
func (n KSamplerAdvanced) Run(ctx context.Context) (runtime.Latent, error) {
	return runtime.FromContext(ctx).Sample(ctx, runtime.SampleRequest{
		Model: n.Model, Positive: n.Positive, Negative: n.Negative, CFG: n.CFG, Latent: n.LatentImage,
		Seed: n.NoiseSeed, Steps: n.Steps, Sampler: n.SamplerName, Scheduler: n.Scheduler, Denoise: 1,
		WithoutNoise: n.AddNoise == "disable",
		StepRange:    &runtime.StepRange{Start: n.StartAtStep, End: n.EndAtStep, LeftoverNoise: n.ReturnWithLeftoverNoise == "enable"},
		Progress:     progress(ctx), Warn: warn(ctx),
	})
}

// LatentApplyOperationCFG applies an operation to what guidance amplifies, at every step.
type LatentApplyOperationCFG struct {
	_ graph.Meta `category:"latent/advanced/operations" title:"-" module:"comfy_extras.nodes_latent" v3:"true" experimental:"true"`

	Model     runtime.Model
	Operation runtime.LatentOperation
}

// Run returns the patched model.
func (n LatentApplyOperationCFG) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithLatentOperation(n.Operation), nil
}

// progress tells the engine which step is done, and shows what there is so far.
func progress(ctx context.Context) runtime.Progress {
	return func(step, total int, picture *runtime.Preview) {
		if picture == nil {
			graph.Progress(ctx, step, total, nil)
			return
		}
		graph.Progress(ctx, step, total, *picture)
	}
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
)

func samplingCustomNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[SamplerCustom](),
		graph.Declare[SamplerCustomAdvanced](),
		graph.Declare[RandomNoise](),
		graph.Declare[DisableNoise](),
		graph.Declare[AddNoise](),
		graph.Declare[KSamplerSelect](),
		graph.Declare[BasicScheduler](),
	}
}

// samples are the two results of a custom sampler.
type samples struct {
	Output         runtime.Latent `out:"output"`
	DenoisedOutput runtime.Latent `out:"denoised_output"`
}

// sampleGuided runs a request and reports its progress and warnings.
func sampleGuided(ctx context.Context, r runtime.GuidedRequest) (samples, error) {
	r.Progress, r.Warn = progress(ctx), warn(ctx)
	out, err := runtime.FromContext(ctx).SampleGuided(ctx, r)
	return samples{out.Latent, out.Denoised}, err
}

// warn shows a line of text on the running node.
func warn(ctx context.Context) func(string) {
	return func(text string) { graph.SendText(ctx, text) }
}

// SamplerCustom is KSampler with the sampler and the noise levels on wires.
type SamplerCustom struct {
	_ graph.Meta `category:"sampling/custom_sampling" module:"comfy_extras.nodes_custom_sampler"`

	Model       runtime.Model
	AddNoise    bool    `default:"true"`
	NoiseSeed   uint64  `default:"0" min:"0" max:"18446744073709551615" control:"true"`
	CFG         float64 `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	Positive    runtime.Conditioning
	Negative    runtime.Conditioning
	Sampler     runtime.Sampler
	Sigmas      runtime.Sigmas
	LatentImage runtime.Latent
}

// Run samples the whole batch; the second result is the last prediction of the noise-free latent.
func (n SamplerCustom) Run(ctx context.Context) (samples, error) {
	return sampleGuided(ctx, runtime.GuidedRequest{
		Guider:  runtime.NewCFGGuider(n.Model, n.Positive, n.Negative, n.CFG),
		Sampler: n.Sampler, Sigmas: n.Sigmas, Noise: runtime.Noise{Seed: n.NoiseSeed, Off: !n.AddNoise},
		Latent: n.LatentImage, Seed: n.NoiseSeed,
	})
}

// SamplerCustomAdvanced samples with everything on wires.
type SamplerCustomAdvanced struct {
	_ graph.Meta `category:"sampling/custom_sampling" module:"comfy_extras.nodes_custom_sampler"`

	Noise       runtime.Noise
	Guider      runtime.Guider
	Sampler     runtime.Sampler
	Sigmas      runtime.Sigmas
	LatentImage runtime.Latent
}

// Run samples the whole batch; the second result is the last prediction of the noise-free latent.
func (n SamplerCustomAdvanced) Run(ctx context.Context) (samples, error) {
	return sampleGuided(ctx, runtime.GuidedRequest{
		Guider: n.Guider, Sampler: n.Sampler, Sigmas: n.Sigmas, Noise: n.Noise, Latent: n.LatentImage, Seed: n.Noise.Seed,
	})
}

// RandomNoise is the noise of a seed.
type RandomNoise struct {
	_ graph.Meta `category:"sampling/custom_sampling/noise" module:"comfy_extras.nodes_custom_sampler"`

	NoiseSeed uint64 `default:"0" min:"0" max:"18446744073709551615" control:"true"`
}

// Run names the seed; the sampler draws.
func (n RandomNoise) Run(context.Context) (runtime.Noise, error) {
	return runtime.Noise{Seed: n.NoiseSeed}, nil
}

// DisableNoise starts from the latent as it is.
type DisableNoise struct {
	_ graph.Meta `category:"sampling/custom_sampling/noise" module:"comfy_extras.nodes_custom_sampler"`
}

// Run gives no noise, and seed 0 to samplers that draw on their way.
func (DisableNoise) Run(context.Context) (runtime.Noise, error) { return runtime.Noise{Off: true}, nil }

// AddNoise mixes noise into a latent.
type AddNoise struct {
	_ graph.Meta `category:"_for_testing/custom_sampling/noise" module:"comfy_extras.nodes_custom_sampler"`

	Model       runtime.Model
	Noise       runtime.Noise
	Sigmas      runtime.Sigmas
	LatentImage runtime.Latent
}

// Run adds as much noise as stepping along the sigmas takes away.
func (n AddNoise) Run(context.Context) (runtime.Latent, error) {
	return n.Model.AddNoise(n.LatentImage, n.Noise, n.Sigmas)
}

// KSamplerSelect chooses a sampler by name.
type KSamplerSelect struct {
	_ graph.Meta `category:"sampling/custom_sampling/samplers" module:"comfy_extras.nodes_custom_sampler"`

	SamplerName sampling.SamplerName
}

// Run gives the sampler with its usual options.
func (n KSamplerSelect) Run(context.Context) (runtime.Sampler, error) {
	s, err := sampling.ByName(n.SamplerName)
	return runtime.Sampler{Sampler: s}, err
}

// BasicScheduler makes the noise levels of a schedule.
type BasicScheduler struct {
	_ graph.Meta `category:"sampling/custom_sampling/schedulers" module:"comfy_extras.nodes_custom_sampler"`

	Model     runtime.Model
	Scheduler sampling.SchedulerName
	Steps     int     `default:"20" min:"1" max:"10000"`
	Denoise   float64 `default:"1.0" min:"0.0" max:"1.0" step:"0.01"`
}

// Run keeps the low end of a longer schedule where denoise is below 1.
func (n BasicScheduler) Run(context.Context) (runtime.Sigmas, error) {
	return n.Model.ScheduleSigmas(n.Scheduler, n.Steps, n.Denoise)
}

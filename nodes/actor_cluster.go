package nodes

import (
	"context"
	"io"
	"path/filepath"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/sampling"
)

func clusterNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ClusterSampler](),
		graph.Declare[ClusterFromImage](),
		graph.Declare[SelectTarget](),
		graph.Declare[SaveCluster](),
		graph.Declare[LoadCluster](),
	}
}

// ClusterSampler draws the base set of an actor.
type ClusterSampler struct {
	_ graph.Meta `category:"oneactor" title:"Cluster Sampler" doc:"Draws the base set of an actor: pictures of one prompt that differ in their noise. One becomes the target, the others show what the word means without it."`

	Model       runtime.Model          `doc:"the model that denoises"`
	Seed        uint64                 `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same pictures"`
	Steps       int                    `default:"30" min:"1" max:"10000" doc:"how many steps from noise to picture"`
	CFG         float64                `in:"cfg" default:"7.5" min:"0.0" max:"100.0" step:"0.1" round:"0.01" doc:"guidance scale: how closely the prompts are followed"`
	SamplerName sampling.SamplerName   `doc:"the rule of a step"`
	Scheduler   sampling.SchedulerName `doc:"how the noise levels are spaced"`
	Positive    runtime.Conditioning   `doc:"a prompt that has the base word, such as: a photo of a cat"`
	Negative    runtime.Conditioning   `doc:"what the pictures should not show"`
	LatentImage runtime.Latent         `doc:"an empty latent; its batch size is the number of pictures, 11 in the paper"`
	Denoise     float64                `default:"1.0" min:"0.0" max:"1.0" step:"0.01" doc:"the part of the schedule that runs"`
	VAE         runtime.VAE            `doc:"the VAE that turns the latents into the pictures of the cluster"`

	Prompt       graph.Prompt
	ExtraPNGInfo graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// sampledCluster is a cluster with its latents, shown on the node.
type sampledCluster struct {
	Latent  runtime.Latent
	Cluster actor.Cluster
	UI      graph.UI
}

// Run samples the whole batch and keeps the state of the UNet at the last step.
func (n ClusterSampler) Run(ctx context.Context) (sampledCluster, error) {
	r, err := runtime.SampleRequest{
		Model: n.Model, Positive: n.Positive, Negative: n.Negative, CFG: n.CFG, Latent: n.LatentImage,
		Seed: n.Seed, Steps: n.Steps, Sampler: n.SamplerName, Scheduler: n.Scheduler, Denoise: n.Denoise,
		Progress: progress(ctx), PreviewAll: true, Warn: warn(ctx),
	}.Guided()
	if err != nil {
		return sampledCluster{}, err
	}
	c, latent, err := actor.SampleCluster(ctx, runtime.FromContext(ctx), n.VAE, r)
	if err != nil {
		return sampledCluster{}, err
	}
	ui, err := preview(ctx, c.Images, previewLevel, n.Prompt, n.ExtraPNGInfo)
	return sampledCluster{latent, c, ui}, err
}

// ClusterFromImage makes a cluster whose target is a picture of the user's own.
type ClusterFromImage struct {
	_ graph.Meta `category:"oneactor" title:"Cluster from Image" doc:"Makes a cluster whose target is your own picture. The auxiliary pictures come from a cluster, or are drawn here with the settings of a sampler."`

	Model       runtime.Model
	VAE         runtime.VAE
	Image       runtime.Image        `doc:"your picture; the first of a batch. It is cut around the middle and resized"`
	Positive    runtime.Conditioning `doc:"what the picture shows, in simple words and with the base word: a photo of a cat"`
	Negative    runtime.Conditioning
	Seed        uint64  `default:"0" min:"0" max:"18446744073709551615" control:"true"`
	Steps       int     `default:"30" min:"1" max:"10000"`
	CFG         float64 `in:"cfg" default:"7.5" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	SamplerName sampling.SamplerName
	Scheduler   sampling.SchedulerName
	Width       int            `default:"512" min:"16" max:"16384" step:"8" unit:"px" doc:"of the pictures, where no cluster is connected"`
	Height      int            `default:"512" min:"16" max:"16384" step:"8" unit:"px" doc:"of the pictures, where no cluster is connected"`
	Auxiliary   int            `default:"10" min:"1" max:"256" doc:"auxiliary pictures to draw, where no cluster is connected"`
	Cluster     *actor.Cluster `optional:"true" doc:"pictures drawn before; all become auxiliary ones and set the size"`

	Prompt       graph.Prompt
	ExtraPNGInfo graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// shownCluster is a cluster shown on the node.
type shownCluster struct {
	Cluster actor.Cluster
	UI      graph.UI
}

// Run draws the auxiliary pictures unless they are there, and looks at the picture once.
func (n ClusterFromImage) Run(ctx context.Context) (shownCluster, error) {
	r, err := runtime.SampleRequest{
		Model: n.Model, Positive: n.Positive, Negative: n.Negative, CFG: n.CFG,
		Latent: runtime.ZeroLatent(n.Auxiliary, 4, n.Height/8, n.Width/8),
		Seed:   n.Seed, Steps: n.Steps, Sampler: n.SamplerName, Scheduler: n.Scheduler, Denoise: 1,
		Progress: progress(ctx), Warn: warn(ctx),
	}.Guided()
	if err != nil {
		return shownCluster{}, err
	}
	c, err := actor.FromImage{VAE: n.VAE, Image: n.Image, Sample: r, Auxiliary: n.Cluster}.Cluster(ctx, runtime.FromContext(ctx))
	if err != nil {
		return shownCluster{}, err
	}
	ui, err := preview(ctx, c.Images, previewLevel, n.Prompt, n.ExtraPNGInfo)
	return shownCluster{c, ui}, err
}

// SelectTarget chooses the picture whose identity is kept.
type SelectTarget struct {
	_ graph.Meta `category:"oneactor" title:"Select Target" output:"true" doc:"Shows the pictures of a cluster; the chosen one is the character, the others are auxiliary."`

	Cluster actor.Cluster
	Index   int `default:"0" min:"0" max:"4095" doc:"number of the picture, counted from 0"`

	Prompt       graph.Prompt
	ExtraPNGInfo graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// target is a cluster with its chosen picture.
type target struct {
	Cluster  actor.Cluster
	Target   runtime.Image `out:"target"`
	Pictures runtime.Image `out:"pictures"`
	UI       graph.UI
}

// Run names the chosen picture to clients as "selected".
func (n SelectTarget) Run(ctx context.Context) (target, error) {
	c, err := n.Cluster.WithTarget(n.Index)
	if err != nil {
		return target{}, err
	}
	ui, err := preview(ctx, c.Images, previewLevel, n.Prompt, n.ExtraPNGInfo)
	if err != nil {
		return target{}, err
	}
	ui["selected"] = []any{int64(n.Index)}
	return target{c, c.Picture(n.Index), c.Images, ui}, nil
}

// SaveCluster keeps a cluster, so that a base set is drawn once.
type SaveCluster struct {
	_ graph.Meta `category:"oneactor" title:"Save Cluster" output:"true" doc:"Saves a cluster under models/clusters."`

	Cluster actor.Cluster
	Name    string `default:"cluster" doc:"name of the file; where it is taken, a number is added"`
}

// Run never replaces a file.
func (n SaveCluster) Run(ctx context.Context) (graph.UI, error) {
	name, path, err := runtime.FromContext(ctx).Folders.SaveModel(ctx, "clusters", n.Name, func(w io.Writer) error {
		return n.Cluster.Encode(ctx, w)
	})
	if err != nil {
		return nil, err
	}
	return graph.UI{"clusters": {ojson.NewObject("filename", name, "path", filepath.ToSlash(path))}, "text": {"saved as " + name}}, nil
}

// LoadCluster reads a cluster that was saved.
type LoadCluster struct {
	_ graph.Meta `category:"oneactor" title:"Load Cluster" doc:"Opens a cluster of models/clusters."`

	Cluster string `choices:"clusters" doc:"the file under models/clusters"`
}

// Run reads the whole file.
func (n LoadCluster) Run(ctx context.Context) (actor.Cluster, error) {
	path, err := runtime.FromContext(ctx).Folders.Find("clusters", n.Cluster)
	if err != nil {
		return actor.Cluster{}, err
	}
	return actor.LoadCluster(path)
}

// Fingerprint changes with the file.
func (n LoadCluster) Fingerprint(ctx context.Context) (string, error) {
	path, err := runtime.FromContext(ctx).Folders.Find("clusters", n.Cluster)
	if err != nil {
		return "", err
	}
	return runtime.HashFile(path)
}

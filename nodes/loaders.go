package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func loaderNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CheckpointLoaderSimple](),
		graph.Declare[CheckpointLoader](),
		graph.Declare[UNETLoader](),
		graph.Declare[CLIPLoader](),
		graph.Declare[DualCLIPLoader](),
		graph.Declare[VAELoader](),
		graph.Declare[DiffusersLoader](),
	}
}

// CheckpointLoaderSimple opens a checkpoint; only its header is read until a part is needed.
type CheckpointLoaderSimple struct {
	_ graph.Meta `category:"loaders" title:"Load Checkpoint" module:"nodes" doc:"Opens a checkpoint: the model that denoises, the text encoder and the VAE."`

	CkptName string `choices:"checkpoints" doc:"the checkpoint file under models/checkpoints"`
}

// Run returns the parts of the checkpoint; one the file lacks is empty, and its consumer says so.
func (n CheckpointLoaderSimple) Run(ctx context.Context) (runtime.Checkpoint, error) {
	return runtime.FromContext(ctx).LoadCheckpoint(n.CkptName)
}

// CheckpointLoader opens a checkpoint as a configuration file of its time describes it.
type CheckpointLoader struct {
	_ graph.Meta `category:"advanced/loaders" title:"Load Checkpoint With Config (DEPRECATED)" module:"nodes" deprecated:"true"`

	ConfigName string `choices:"configs"`
	CkptName   string `choices:"checkpoints"`
}

// Run takes what the model predicts and the layer of the text encoder from the configuration; all else is told from the tensors.
func (n CheckpointLoader) Run(ctx context.Context) (runtime.Checkpoint, error) {
	return runtime.FromContext(ctx).LoadCheckpointConfig(n.ConfigName, n.CkptName)
}

// UNETLoader opens a file that holds only a UNet.
type UNETLoader struct {
	_ graph.Meta `category:"advanced/loaders" title:"Load Diffusion Model" module:"nodes"`

	UnetName    string `choices:"diffusion_models"`
	WeightDtype string `enum:"default|fp8_e4m3fn|fp8_e4m3fn_fast|fp8_e5m2"`
}

// Run ignores WeightDtype: weights are used in place in the type the file has.
func (n UNETLoader) Run(ctx context.Context) (runtime.Model, error) {
	return runtime.FromContext(ctx).LoadUNet(n.UnetName)
}

// CLIPLoader opens a file that holds only a text encoder.
type CLIPLoader struct {
	_ graph.Meta `category:"advanced/loaders" title:"Load CLIP" module:"nodes" doc:"Opens a text encoder. The architecture is found from its tensors."`

	ClipName string `choices:"text_encoders"`
	Type     string `enum:"stable_diffusion|stable_cascade|sd3|stable_audio|mochi|ltxv|pixart|cosmos|lumina2|wan|hidream|chroma|ace|omnigen2|qwen_image|hunyuan_image"`
	Device   string `enum:"default|cpu" optional:"true" advanced:"true"`
}

// Run refuses types whose text encoders this program does not run.
func (n CLIPLoader) Run(ctx context.Context) (runtime.CLIP, error) {
	return runtime.FromContext(ctx).LoadCLIP(n.ClipName, n.Type)
}

// DualCLIPLoader opens the two text encoders of a model from a file each.
type DualCLIPLoader struct {
	_ graph.Meta `category:"advanced/loaders" module:"nodes" doc:"Opens the two text encoders of SDXL, in any order."`

	ClipName1 string `choices:"text_encoders" in:"clip_name1"`
	ClipName2 string `choices:"text_encoders" in:"clip_name2"`
	Type      string `enum:"sdxl|sd3|flux|hunyuan_video|hidream|hunyuan_image"`
	Device    string `enum:"default|cpu" optional:"true" advanced:"true"`
}

// Run refuses types whose text encoders this program does not run.
func (n DualCLIPLoader) Run(ctx context.Context) (runtime.CLIP, error) {
	return runtime.FromContext(ctx).LoadDualCLIP(n.ClipName1, n.ClipName2, n.Type)
}

// VAELoader opens a file that holds only a VAE.
type VAELoader struct {
	_ graph.Meta `category:"loaders" title:"Load VAE" module:"nodes"`

	VAEName string `choices:"vae+virtual"`
}

// Run also knows pixel_space, the VAE that changes nothing.
func (n VAELoader) Run(ctx context.Context) (runtime.VAE, error) {
	return runtime.FromContext(ctx).LoadVAE(n.VAEName)
}

// DiffusersLoader opens a folder in the layout of the diffusers library.
type DiffusersLoader struct {
	_ graph.Meta `category:"advanced/loaders/deprecated" module:"nodes"`

	ModelPath string `choices:"diffusers"`
}

// Run opens the parts that model_index.json names.
func (n DiffusersLoader) Run(ctx context.Context) (runtime.Checkpoint, error) {
	return runtime.FromContext(ctx).LoadDiffusers(n.ModelPath)
}

package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func loaderNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CheckpointLoaderSimple](),
		graph.Declare[UNETLoader](),
		graph.Declare[CLIPLoader](),
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

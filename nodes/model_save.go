package nodes

import (
	"context"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
)

func modelSaveNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[CheckpointSave](),
		graph.Declare[ModelSave](),
		graph.Declare[CLIPSave](),
		graph.Declare[VAESave](),
	}
}

// CheckpointSave writes a model with its text encoders and VAE.
type CheckpointSave struct {
	_ graph.Meta `category:"advanced/model_merging" title:"Save Checkpoint" module:"comfy_extras.nodes_model_merging" output:"true"`

	Model          runtime.Model
	CLIP           runtime.CLIP
	VAE            runtime.VAE
	FilenamePrefix string `default:"checkpoints/ComfyUI"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes a file below the output folder, where checkpoints are looked for too; it has all patches of weights in it, no patches of sampling.
func (n CheckpointSave) Run(ctx context.Context) (graph.UI, error) {
	return saveModel(ctx, n.FilenamePrefix, n.Prompt, n.ExtraPNGInfo, func(w io.Writer, f runtime.ModelFile) error {
		return n.Model.EncodeCheckpoint(ctx, w, &n.CLIP, &n.VAE, f)
	})
}

// ModelSave writes a UNet alone.
type ModelSave struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging" output:"true"`

	Model          runtime.Model
	FilenamePrefix string `default:"diffusion_models/ComfyUI"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes a file that UNETLoader reads.
func (n ModelSave) Run(ctx context.Context) (graph.UI, error) {
	return saveModel(ctx, n.FilenamePrefix, n.Prompt, n.ExtraPNGInfo, func(w io.Writer, f runtime.ModelFile) error {
		return n.Model.EncodeCheckpoint(ctx, w, nil, nil, f)
	})
}

// CLIPSave writes text encoders, each to a file.
type CLIPSave struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging" output:"true"`

	CLIP           runtime.CLIP
	FilenamePrefix string `default:"clip/ComfyUI"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run puts the kind of the encoder behind the prefix.
func (n CLIPSave) Run(ctx context.Context) (graph.UI, error) {
	files, err := n.CLIP.Files()
	if err != nil {
		return nil, err
	}
	ui := graph.UI{}
	for _, file := range files {
		one, err := saveModel(ctx, n.FilenamePrefix+"_"+file.Suffix, n.Prompt, n.ExtraPNGInfo, func(w io.Writer, f runtime.ModelFile) error {
			return file.Encode(ctx, w, f)
		})
		if err != nil {
			return nil, err
		}
		ui["models"] = append(ui["models"], one["models"]...)
	}
	return ui, nil
}

// VAESave writes a VAE alone.
type VAESave struct {
	_ graph.Meta `category:"advanced/model_merging" module:"comfy_extras.nodes_model_merging" output:"true"`

	VAE            runtime.VAE
	FilenamePrefix string `default:"vae/ComfyUI_vae"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes a file that VAELoader reads.
func (n VAESave) Run(ctx context.Context) (graph.UI, error) {
	return saveModel(ctx, n.FilenamePrefix, n.Prompt, n.ExtraPNGInfo, func(w io.Writer, f runtime.ModelFile) error {
		return n.VAE.EncodeFile(ctx, w, f)
	})
}

// saveModel writes one file, with the prompt and the workflow in its header. ComfyUI's nodes show nothing; the name of the file is for
// those who run workflows without a canvas.
func saveModel(ctx context.Context, prefix string, prompt graph.Prompt, extra graph.ExtraPNGInfo, encode func(io.Writer, runtime.ModelFile) error) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(folder.Output, prefix, 0, 0)
	if err != nil {
		return nil, err
	}
	f := runtime.ModelFile{
		Title:    fmt.Sprint(save.Base, " ", save.Counter),
		Progress: func(done, total int) { graph.Progress(ctx, done, total, nil) },
	}
	if !rt.DisableMetadata {
		f.Texts = metadata(prompt, extra)
	}
	saved, err := save.Write(ctx, 0, "safetensors", func(w io.Writer) error { return encode(w, f) })
	if err != nil {
		return nil, err
	}
	return graph.UI{"models": {savedFile(saved)}}, nil
}

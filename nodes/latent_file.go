package nodes

import (
	"context"
	"io"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func latentFileNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[SaveLatent](),
		graph.Declare[LoadLatent](),
	}
}

// SaveLatent keeps a latent in the output folder.
type SaveLatent struct {
	_ graph.Meta `category:"_for_testing" module:"nodes" output:"true"`

	Samples        runtime.Latent
	FilenamePrefix string `default:"latents/ComfyUI"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes one safetensors file, with the prompt and the workflow in its header.
func (n SaveLatent) Run(ctx context.Context) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(folder.Output, n.FilenamePrefix, 0, 0)
	if err != nil {
		return nil, err
	}
	var texts []imaging.Text
	if !rt.DisableMetadata {
		texts = metadata(n.Prompt, n.ExtraPNGInfo)
	}
	saved, err := save.Write(ctx, 0, "latent", func(w io.Writer) error { return n.Samples.Encode(ctx, w, texts) })
	if err != nil {
		return nil, err
	}
	return graph.UI{"latents": {savedFile(saved)}}, nil
}

// LoadLatent reads a latent of the input folder.
type LoadLatent struct {
	_ graph.Meta `category:"_for_testing" module:"nodes"`

	Latent string `choices:"input/latents" check:"self"`
}

// Run scales latents of old files back.
func (n LoadLatent) Run(ctx context.Context) (runtime.Latent, error) {
	path, err := runtime.FromContext(ctx).Folders.Existing(n.Latent)
	if err != nil {
		return runtime.Latent{}, err
	}
	return runtime.LoadLatent(path)
}

// Fingerprint changes with the file.
func (n LoadLatent) Fingerprint(ctx context.Context) (string, error) {
	return fileHash(ctx, n.Latent)
}

// Check wants the file to exist.
func (n LoadLatent) Check(ctx context.Context) error { return fileExists(ctx, n.Latent) }

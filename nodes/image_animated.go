package nodes

import (
	"context"
	"io"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func imageAnimatedNodes() []graph.Declaration {
	return []graph.Declaration{graph.Declare[SaveAnimatedWEBP](), graph.Declare[SaveAnimatedPNG]()}
}

// SaveAnimatedPNG keeps a batch of pictures as one animation.
type SaveAnimatedPNG struct {
	_ graph.Meta `category:"image/animation" module:"comfy_extras.nodes_images" output:"true"`

	Images         runtime.Image
	FilenamePrefix string  `default:"ComfyUI"`
	FPS            float64 `in:"fps" default:"6.0" min:"0.01" max:"1000.0" step:"0.01"`
	CompressLevel  int     `default:"4" min:"0" max:"9"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes an animated PNG that repeats for ever, with the prompt and the workflow inside.
func (n SaveAnimatedPNG) Run(ctx context.Context) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(folder.Output, n.FilenamePrefix, n.Images.Dim(2), n.Images.Dim(1))
	if err != nil {
		return nil, err
	}
	options := imaging.PNGOptions{Level: n.CompressLevel}
	if !rt.DisableMetadata {
		options.Texts = metadata(n.Prompt, n.ExtraPNGInfo)
	}
	saved, err := save.Write(ctx, 0, "png", func(w io.Writer) error {
		return imaging.EncodeAPNG(w, n.Images.Pictures(), int(1000/n.FPS), options)
	})
	if err != nil {
		return nil, err
	}
	return graph.UI{"images": {savedFile(saved)}, "animated": {true}}, nil
}

// WebPMethod is how much effort goes into a small file; the values are the wire names.
type WebPMethod string

// Choices lists the methods.
func (WebPMethod) Choices() []string { return []string{"default", "fastest", "slowest"} }

// effort is libwebp's number for the method.
func (m WebPMethod) effort() int {
	switch m {
	case "fastest":
		return 0
	case "slowest":
		return 6
	}
	return 4
}

// SaveAnimatedWEBP keeps a batch of pictures as one animation.
type SaveAnimatedWEBP struct {
	_ graph.Meta `category:"image/animation" module:"comfy_extras.nodes_images" output:"true"`

	Images         runtime.Image
	FilenamePrefix string  `default:"ComfyUI"`
	FPS            float64 `in:"fps" default:"6.0" min:"0.01" max:"1000.0" step:"0.01"`
	Lossless       bool    `default:"true"`
	Quality        int     `default:"80" min:"0" max:"100"`
	Method         WebPMethod
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes an animated WebP that repeats for ever, with the prompt and the workflow in its EXIF data. One picture alone is no animation.
func (n SaveAnimatedWEBP) Run(ctx context.Context) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(folder.Output, n.FilenamePrefix, n.Images.Dim(2), n.Images.Dim(1))
	if err != nil {
		return nil, err
	}
	options := imaging.WebPOptions{Lossless: n.Lossless, Quality: n.Quality, Method: n.Method.effort(), Delay: int(1000 / n.FPS)}
	if !rt.DisableMetadata {
		options.Texts = metadata(n.Prompt, n.ExtraPNGInfo)
	}
	saved, err := save.Write(ctx, 0, "webp", func(w io.Writer) error {
		return imaging.EncodeWebP(ctx, w, n.Images.Frames(), options)
	})
	if err != nil {
		return nil, err
	}
	return graph.UI{"images": {savedFile(saved)}, "animated": {n.Images.Dim(0) != 1}}, nil
}

package nodes

import (
	"context"
	"io"
	"math/rand/v2"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func imageSaveNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[SaveImage](),
		graph.Declare[PreviewImage](),
	}
}

// zlib levels of PNG files: previews are to be ready soon, kept files small.
const (
	saveLevel    = 4
	previewLevel = 1
)

// SaveImage keeps pictures in the output folder.
type SaveImage struct {
	_ graph.Meta `category:"image" title:"Save Image" module:"nodes" output:"true" doc:"Saves the pictures in the output folder."`

	Images         runtime.Image `doc:"the pictures to save"`
	FilenamePrefix string        `default:"ComfyUI" doc:"begin of the file name; may hold sub-folders and %date% tokens"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes one PNG per picture, with the prompt and the workflow inside.
func (n SaveImage) Run(ctx context.Context) (graph.UI, error) {
	return savePictures(ctx, n.Images, folder.Output, n.FilenamePrefix, saveLevel, n.Prompt, n.ExtraPNGInfo)
}

// PreviewImage shows pictures without keeping them.
type PreviewImage struct {
	_ graph.Meta `category:"image" title:"Preview Image" module:"nodes" output:"true" doc:"Shows the pictures; they are not kept."`

	Images       runtime.Image
	Prompt       graph.Prompt
	ExtraPNGInfo graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes to the temp folder.
func (n PreviewImage) Run(ctx context.Context) (graph.UI, error) {
	return preview(ctx, n.Images, previewLevel, n.Prompt, n.ExtraPNGInfo)
}

// preview writes to the temp folder under a name of its own, so that browsers do not show an older file of that name.
func preview(ctx context.Context, images runtime.Image, level int, prompt graph.Prompt, extra graph.ExtraPNGInfo) (graph.UI, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	name := []byte("ComfyUI_temp_")
	for range 5 {
		name = append(name, letters[rand.IntN(len(letters))])
	}
	return savePictures(ctx, images, folder.Temp, string(name), level, prompt, extra)
}

// savePictures writes a batch as PNG files and names them for the client.
func savePictures(ctx context.Context, images runtime.Image, root folder.Root, prefix string, level int, prompt graph.Prompt, extra graph.ExtraPNGInfo) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(root, prefix, images.Dim(2), images.Dim(1))
	if err != nil {
		return nil, err
	}
	options := imaging.PNGOptions{Level: level}
	if !rt.DisableMetadata {
		options.Texts = metadata(prompt, extra)
	}
	files := []any{}
	for i, picture := range images.Pictures() {
		saved, err := save.Write(ctx, i, "png", func(w io.Writer) error { return imaging.EncodePNG(w, picture, options) })
		if err != nil {
			return nil, err
		}
		files = append(files, savedFile(saved))
	}
	return graph.UI{"images": files}, nil
}

// metadata is what travels in saved files: the prompt, then what the client sent along.
func metadata(prompt graph.Prompt, extra graph.ExtraPNGInfo) []imaging.Text {
	var texts []imaging.Text
	if prompt != nil {
		texts = append(texts, imaging.Text{Key: "prompt", Value: string(prompt)})
	}
	for _, e := range extra {
		texts = append(texts, imaging.Text{Key: e.Key, Value: e.JSON})
	}
	return texts
}

// savedFile names a file in the way clients ask for it.
func savedFile(s folder.Saved) *ojson.Object {
	return ojson.NewObject("filename", s.Filename, "subfolder", s.Subfolder, "type", string(s.Type))
}

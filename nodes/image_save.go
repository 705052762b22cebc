package nodes

import (
	"context"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

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
		graph.Declare[SaveImageWebsocket](),
		graph.Declare[SaveSVGNode](),
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

// SaveImageWebsocket sends pictures to whoever runs the workflow; nothing is stored.
type SaveImageWebsocket struct {
	_ graph.Meta `category:"api/image" module:"custom_nodes.websocket_image_save" output:"true"`

	Images runtime.Image
}

// Run sends each picture in full with the node's progress.
func (n SaveImageWebsocket) Run(ctx context.Context) (graph.UI, error) {
	for i, f := range n.Images.Frames() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		graph.Progress(ctx, i, n.Images.Dim(0), runtime.Preview{Frame: f, Whole: true})
	}
	return nil, nil
}

// Fingerprint differs each time: pictures that a client asked for are sent again.
func (n SaveImageWebsocket) Fingerprint(context.Context) (string, error) {
	return strconv.FormatFloat(float64(time.Now().UnixNano())/1e9, 'f', -1, 64), nil
}

// SaveSVGNode keeps drawings in the output folder.
type SaveSVGNode struct {
	_ graph.Meta `category:"image/save" module:"comfy_extras.nodes_images" output:"true"`

	SVG            runtime.SVG `in:"svg"`
	FilenamePrefix string      `default:"svg/ComfyUI"`
	Prompt         graph.Prompt
	ExtraPNGInfo   graph.ExtraPNGInfo `in:"extra_pnginfo"`
}

// Run writes one file per drawing, with the prompt and the workflow inside.
func (n SaveSVGNode) Run(ctx context.Context) (graph.UI, error) {
	rt := runtime.FromContext(ctx)
	save, err := rt.Folders.NewSave(folder.Output, n.FilenamePrefix, 0, 0)
	if err != nil {
		return nil, err
	}
	texts := metadata(n.Prompt, n.ExtraPNGInfo)
	if rt.DisableMetadata {
		texts = nil
	}
	files := []any{}
	for i, drawing := range n.SVG.Files {
		if len(texts) > 0 {
			drawing = n.SVG.WithMetadata(i, jsonObject(texts))
		}
		saved, err := save.Write(ctx, i, "svg", func(w io.Writer) error { _, err := io.WriteString(w, drawing); return err })
		if err != nil {
			return nil, err
		}
		files = append(files, savedFile(saved))
	}
	return graph.UI{"images": files}, nil
}

// jsonObject joins texts, which are JSON themselves, to one document.
func jsonObject(texts []imaging.Text) []byte {
	out := []byte("{")
	for i, t := range texts {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(ojson.AppendString(out, t.Key, ojson.Python), ": "...)
		out = append(out, t.Value...)
	}
	return append(out, '}')
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

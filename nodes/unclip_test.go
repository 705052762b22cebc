package nodes_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// TestImageOnlyInfo compares with what ComfyUI 0.3.64 answers, by its source.
func TestImageOnlyInfo(t *testing.T) {
	const want = `{"input": {"required": {"ckpt_name": [["a.safetensors"]]}}, "input_order": {"required": ["ckpt_name"]}, ` +
		`"output": ["MODEL", "CLIP_VISION", "VAE"], "output_is_list": [false, false, false], "output_name": ["MODEL", "CLIP_VISION", "VAE"], ` +
		`"name": "ImageOnlyCheckpointLoader", "display_name": "Image Only Checkpoint Loader (img2vid model)", "description": "", ` +
		`"python_module": "comfy_extras.nodes_video_model", "category": "loaders/video_models", "output_node": false}`
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	info, err := registry.ObjectInfo("ImageOnlyCheckpointLoader", func(string) ([]string, error) { return []string{"a.safetensors"}, nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ojson.Marshal(info, ojson.Python); err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s (%v)", got, want, err)
	}
}

// TestImageOnlyLoader opens the checkpoint that comes with the program, which has no vision model, and one that is not there.
func TestImageOnlyLoader(t *testing.T) {
	base, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	rt := runtimetest.New(t, folder.Config{Base: base, Temp: t.TempDir(), Output: t.TempDir()}, runtime.Config{})
	ctx := runtime.With(t.Context(), rt)
	c, err := nodes.ImageOnlyCheckpointLoader{CkptName: "tiny-actors.safetensors"}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := rt.LoadCheckpoint("tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Model, whole.Model) || !reflect.DeepEqual(c.VAE, whole.VAE) || !reflect.ValueOf(c.Vision).IsZero() {
		t.Errorf("the parts differ from those of the whole checkpoint, or there is a vision model: %v", c.Vision.Config())
	}
	if _, err := (nodes.ImageOnlyCheckpointLoader{CkptName: "none.safetensors"}).Run(ctx); err == nil {
		t.Error("no error of a file that is not there")
	}
}

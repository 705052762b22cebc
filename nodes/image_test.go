package nodes_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// solid is runtime.SolidImage of a size that is none too large.
func solid(width, height, batch, color int) runtime.Image {
	i, err := runtime.SolidImage(width, height, batch, color)
	if err != nil {
		panic(err)
	}
	return i
}

// emptyRuntime is a Runtime over an empty folder, and a context that carries it.
func emptyRuntime(t *testing.T, disableMetadata bool) (context.Context, *runtime.Runtime) {
	t.Helper()
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{DisableMetadata: disableMetadata})
	return runtime.With(t.Context(), rt), rt
}

// pictureTexts are the kinds and bodies of the text chunks of a PNG file.
func pictureTexts(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for at := 8; at+8 <= len(data); {
		n := int(data[at])<<24 | int(data[at+1])<<16 | int(data[at+2])<<8 | int(data[at+3])
		if kind := string(data[at+4 : at+8]); strings.HasSuffix(kind, "Xt") {
			texts = append(texts, kind+" "+strings.ReplaceAll(string(data[at+8:at+8+n]), "\x00", "="))
		}
		at += 12 + n
	}
	return texts
}

func TestSaveImage(t *testing.T) {
	extra := graph.ExtraPNGInfo{{Key: "workflow", JSON: `{"nodes": []}`}, {Key: "note", JSON: `"x"`}}
	for _, disabled := range []bool{false, true} {
		ctx, rt := emptyRuntime(t, disabled)
		node := nodes.SaveImage{
			Images: solid(6, 4, 2, 0xff8000), FilenamePrefix: "sub/a_%width%x%height%", Prompt: graph.Prompt(`{"1": {}}`), ExtraPNGInfo: extra,
		}
		var names []string
		for range 2 {
			ui, err := node.Run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range ui["images"] {
				o := item.(*ojson.Object)
				if o.String("subfolder") != "sub" || o.String("type") != "output" {
					t.Errorf("file is named %v", o)
				}
				names = append(names, o.String("filename"))
			}
		}
		want := []string{"a_6x4_00001_.png", "a_6x4_00002_.png", "a_6x4_00003_.png", "a_6x4_00004_.png"}
		if !slices.Equal(names, want) {
			t.Fatalf("files are %v, want %v", names, want)
		}
		entries, err := os.ReadDir(filepath.Join(rt.Folders.Dir(folder.Output), "sub"))
		if err != nil || len(entries) != len(want) {
			t.Errorf("folder holds %v (%v)", entries, err)
		}
		texts := pictureTexts(t, filepath.Join(rt.Folders.Dir(folder.Output), "sub", names[0]))
		wantTexts := []string{`tEXt prompt={"1": {}}`, `tEXt workflow={"nodes": []}`, `tEXt note="x"`}
		if disabled {
			wantTexts = nil
		}
		if !slices.Equal(texts, wantTexts) {
			t.Errorf("metadata disabled %v: texts are %q, want %q", disabled, texts, wantTexts)
		}
	}
}

func TestSaveImageEscape(t *testing.T) {
	ctx, _ := emptyRuntime(t, false)
	node := nodes.SaveImage{Images: solid(1, 1, 1, 0), FilenamePrefix: "../../escaped"}
	if _, err := node.Run(ctx); err == nil {
		t.Error("a prefix that leaves the output folder is accepted")
	}
}

func TestSaveImageCancelled(t *testing.T) {
	ctx, rt := emptyRuntime(t, false)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err := nodes.SaveImage{Images: solid(8, 8, 1, 0), FilenamePrefix: "x"}.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if entries, _ := os.ReadDir(rt.Folders.Dir(folder.Output)); len(entries) != 0 {
		t.Errorf("a cancelled save left %v", entries)
	}
}

func TestPreviewImage(t *testing.T) {
	ctx, _ := emptyRuntime(t, false)
	node := nodes.PreviewImage{Images: solid(2, 2, 1, 0)}
	seen := map[string]bool{}
	for range 2 {
		ui, err := node.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		o := ui["images"][0].(*ojson.Object)
		name := o.String("filename")
		if !strings.HasPrefix(name, "ComfyUI_temp_") || o.String("type") != "temp" || seen[name] {
			t.Errorf("preview is named %v after %v", o, seen)
		}
		seen[name] = true
	}
}

func TestLoadImageFile(t *testing.T) {
	ctx, rt := emptyRuntime(t, false)
	input := rt.Folders.Dir(folder.Input)
	if err := os.MkdirAll(input, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := (nodes.SaveImage{Images: solid(3, 2, 1, 0xff0000), FilenamePrefix: "red"}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	out, err := nodes.LoadImage{Image: "red_00001_.png [output]"}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.Image.Shape, []int{1, 2, 3, 3}) || !slices.Equal(out.Image.Data[:3], []float32{1, 0, 0}) {
		t.Errorf("picture is %v %v", out.Image.Shape, out.Image.Data)
	}

	file := filepath.Join(input, "cat.png")
	saved := filepath.Join(rt.Folders.Dir(folder.Output), "red_00001_.png")
	if err := os.Rename(saved, file); err != nil {
		t.Fatal(err)
	}
	node := nodes.LoadImage{Image: "cat.png"}
	if err := node.Check(ctx); err != nil {
		t.Errorf("check: %v", err)
	}
	before, err := node.Fingerprint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	if after, err := node.Fingerprint(ctx); err != nil || after == before {
		t.Errorf("the fingerprint of a changed file is %q (%v)", after, err)
	}
	for _, name := range []string{"cta.png", "../cat.png", "cat.png [temp]", ""} {
		err := nodes.LoadImage{Image: name}.Check(ctx)
		if err == nil {
			t.Errorf("file %q is accepted", name)
		}
		if name == "cta.png" && (!errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "cat.png")) {
			t.Errorf("error is %q; want it to name cat.png", err)
		}
	}
}

func TestSaveLatentFile(t *testing.T) {
	ctx, rt := emptyRuntime(t, false)
	ui, err := nodes.SaveLatent{Samples: runtime.ZeroLatent(1, 4, 2, 3), FilenamePrefix: "latents/x"}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o := ui["latents"][0].(*ojson.Object)
	if o.String("filename") != "x_00001_.latent" || o.String("subfolder") != "latents" {
		t.Errorf("file is named %v", o)
	}
	got, err := nodes.LoadLatent{Latent: "latents/x_00001_.latent [output]"}.Run(ctx)
	if err != nil || !slices.Equal(got.Samples.Shape, []int{1, 4, 2, 3}) {
		t.Errorf("latent comes back as %v (%v) from %s", got.Samples, err, rt.Folders.Dir(folder.Output))
	}
}

func TestSaveAnimatedPNG(t *testing.T) {
	ctx, rt := emptyRuntime(t, false)
	node := nodes.SaveAnimatedPNG{Images: solid(4, 3, 3, 0x204060), FilenamePrefix: "a", FPS: 8, CompressLevel: 1, Prompt: graph.Prompt("{}")}
	ui, err := node.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	name := ui["images"][0].(*ojson.Object).String("filename")
	if name != "a_00001_.png" || len(ui["animated"]) != 1 || ui["animated"][0] != true {
		t.Errorf("ui is %v", ui)
	}
	out, err := nodes.LoadImage{Image: name + " [output]"}.Run(ctx)
	if err != nil || !slices.Equal(out.Image.Shape, []int{3, 3, 4, 3}) {
		t.Errorf("animation comes back as %v (%v) from %s", out.Image.Shape, err, rt.Folders.Dir(folder.Output))
	}
}

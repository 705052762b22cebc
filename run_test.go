package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

func TestRunDemo(t *testing.T) {
	ortest.Setup(t)
	base := demoBase(t)
	got := oneactor(t, demo(base)...)
	want := filepath.Join(base, "output", "oneactor_00001_.png")
	got.check(t, 0)
	if got.out != want+"\n" || got.err != "" {
		t.Fatalf("stdout %q, stderr %q; want the path %s alone", got.out, got.err, want)
	}
	picture, err := png.Decode(bytes.NewReader(read(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 64 || size.Y != 64 {
		t.Errorf("the picture is %v, want 64 x 64", size)
	}
	if files := names(t, filepath.Join(base, "output")); len(files) != 1 {
		t.Errorf("output holds %q, want the picture alone", files)
	}
	if _, err := os.Stat(filepath.Join(base, "temp")); err == nil {
		t.Error("a temp folder was made for nothing")
	}
}

// TestRunAgain runs the same picture from every form it can be kept in; equal pixels show that nothing is lost on the way, not
// even what --set changed.
func TestRunAgain(t *testing.T) {
	ortest.Setup(t)
	base := demoBase(t)
	first := oneactor(t, demo(base)...)
	first.check(t, 0)
	picture := strings.TrimSpace(first.out)
	want := pixels(t, picture)

	converted := call{args: []string{"convert", picture, "--base-directory", base}}.run(t)
	converted.check(t, 0)
	tests := map[string]call{
		"the picture":      {args: []string{"run", picture}},
		"API form":         {args: []string{"run", "-"}, stdin: converted.out},
		"POST body":        {args: []string{"run", "-"}, stdin: `{"client_id": "x", "prompt": ` + converted.out + `}`},
		"picture on stdin": {args: []string{"run", "-"}, stdin: string(read(t, picture))},
		"saved workflow":   {args: append([]string{"run", demoWorkflow}, small...)},
		"set by id":        {args: []string{"run", demoWorkflow, "--set", "5.steps=2", "--set", "4.width=64", "--set", "4.height=64"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.args = append(tt.args, "--base-directory", base, "--device", "cpu")
			got := tt.run(t)
			got.check(t, 0)
			if path := strings.TrimSpace(got.out); path == picture || !bytes.Equal(pixels(t, path), want) {
				t.Errorf("%s is not a new file with the same picture", path)
			}
		})
	}
}

// pixels are the samples of a PNG file.
func pixels(t *testing.T, path string) []byte {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var out []byte
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8), byte(a>>8))
		}
	}
	return out
}

func TestRunJSON(t *testing.T) {
	ortest.Setup(t)
	base := demoBase(t)
	got := oneactor(t, demo(base, "--json")...)
	got.check(t, 0)
	var types []string
	var last struct {
		Type string
		Data map[string]any
	}
	var files any
	for line := range strings.Lines(got.out) {
		last.Data = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if len(types) == 0 || types[len(types)-1] != last.Type {
			types = append(types, last.Type)
		}
		if id, ok := last.Data["prompt_id"].(string); !ok || id == "" {
			t.Errorf("%s has no prompt_id", last.Type)
		}
		if last.Type == "executed" {
			files = last.Data["output"]
		}
	}
	if node, ok := last.Data["node"]; last.Type != "executing" || !ok || node != nil {
		t.Errorf("the last message is %+v, want executing without a node", last)
	}
	if !slices.Equal(types[:2], []string{"execution_start", "execution_cached"}) || types[len(types)-2] != "execution_success" {
		t.Errorf("messages %q", types)
	}
	for _, want := range []string{"executing", "progress", "progress_state", "executed"} {
		if !slices.Contains(types, want) {
			t.Errorf("no message %s", want)
		}
	}
	if want := "map[images:[map[filename:oneactor_00001_.png subfolder: type:output]]]"; fmt.Sprint(files) != want {
		t.Errorf("executed names %v, want %s", files, want)
	}
}

// TestRunSeveral: what files share is computed once, and a bad one does not stop the others.
func TestRunSeveral(t *testing.T) {
	ortest.Setup(t)
	base := demoBase(t)
	got := oneactor(t, demo(base, "no-such-file.json", demoWorkflow)...)
	got.check(t, 2, "no-such-file.json")
	picture := filepath.Join(base, "output", "oneactor_00001_.png")
	if want := picture + "\n" + picture + "\n"; got.out != want {
		t.Errorf("stdout %q, want %q: the second run comes from the cache", got.out, want)
	}
}

// TestRunPartly: outputs without a mistake behind them run although others are refused, as in ComfyUI.
func TestRunPartly(t *testing.T) {
	const workflow = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255}},
		"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a/good"}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["1", 7], "filename_prefix": "bad"}}}`
	base := t.TempDir()
	got := call{args: []string{"run", "-", "--base-directory", base, "--json"}, stdin: workflow}.run(t)
	got.check(t, 2, "node 3 (SaveImage)")
	if !strings.Contains(got.out, `"node_errors": {"3"`) || !strings.Contains(got.out, `"filename": "good_00001_.png", "subfolder": "a"`) {
		t.Errorf("stdout:\n%s", got.out)
	}
	if files := names(t, filepath.Join(base, "output")); !slices.Equal(files, []string{"a/good_00001_.png"}) {
		t.Errorf("output holds %q", files)
	}
}

// TestRunInComfyUIFolder: models, pictures and results lie where ComfyUI has them, with further models named by its YAML file.
func TestRunInComfyUIFolder(t *testing.T) {
	ortest.Setup(t)
	base, elsewhere := t.TempDir(), demoBase(t)
	write(t, filepath.Join(base, "main.py"), nil)
	write(t, filepath.Join(base, "models", "checkpoints", "put_checkpoints_here"), nil)
	write(t, filepath.Join(base, "extra_model_paths.yaml"), []byte("a1111:\n    base_path: "+elsewhere+"\n    checkpoints: models/checkpoints\n"))
	got := oneactor(t, demo(base)...)
	got.check(t, 0)
	first := filepath.Join(base, "output", "oneactor_00001_.png")
	if got.out != first+"\n" {
		t.Fatalf("stdout %q, want %s", got.out, first)
	}
	write(t, filepath.Join(base, "input", "example.png"), read(t, first))
	const workflow = `{"1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
		"2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "oneactor"}}}`
	got = call{args: []string{"run", "-", "--base-directory", base}, stdin: workflow}.run(t)
	got.check(t, 0)
	before, after := pixels(t, first), pixels(t, strings.TrimSpace(got.out))
	for i := range before {
		// Samples are cut off to bytes as in ComfyUI, so that 1-x may come out one lower.
		if sum := int(before[i]) + int(after[i]); i%4 != 3 && sum != 255 && sum != 254 {
			t.Fatalf("sample %d is %d, inverted %d", i, before[i], after[i])
		}
	}
}

// TestPreviews are gone when the process ends.
func TestPreviews(t *testing.T) {
	const workflow = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255}},
		"2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}`
	base := t.TempDir()
	got := call{args: []string{"run", "-", "--base-directory", base}, stdin: workflow}.run(t)
	got.check(t, 0)
	if files := names(t, base); got.out != "" || !slices.Equal(files, []string{"temp/.oneactor-temp"}) {
		t.Errorf("stdout %q, files %q", got.out, files)
	}
}

// TestCheckpointIsLeftAlone: a run opens models read-only and writes nothing beside them.
func TestCheckpointIsLeftAlone(t *testing.T) {
	ortest.Setup(t)
	base := t.TempDir()
	path := filepath.Join(base, "models", "checkpoints", demoCheckpoint)
	write(t, path, read(t, filepath.Join("models", "checkpoints", demoCheckpoint)))
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o755) })
	before, content := list(t, filepath.Join(base, "models")), read(t, path)
	for _, weights := range []string{"mapped", "packed"} {
		oneactor(t, demo(base, "--weights", weights)...).check(t, 0)
	}
	if after := list(t, filepath.Join(base, "models")); after != before || !bytes.Equal(read(t, path), content) {
		t.Errorf("the models folder changed:\n%sbecame\n%s", before, after)
	}
}

package workflows_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// TestWorkflows reads every workflow of this folder, as the editor saves it, and runs it with the models that come with the program.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			base := shippedFiles(t)
			rt := runtimetest.New(t, folder.Config{Base: base, Temp: t.TempDir()}, runtime.Config{})
			prompt := read(t, file, comfy.FromRegistry(registry, rt.Choices))
			shorten(prompt.Prompt)
			engine := graph.NewEngine(registry, graph.Config{
				Choices: rt.Choices,
				Bind:    func(ctx context.Context) context.Context { return runtime.With(ctx, rt) },
			})
			v := engine.Validate(prompt.Prompt, nil)
			if err := v.Err(); err != nil {
				t.Fatal(err)
			}
			ortest.Setup(t)
			if _, err := engine.Run(t.Context(), graph.Request{PromptID: file, Prompt: prompt.Prompt, Outputs: v.Outputs}, nil); err != nil {
				t.Fatal(err)
			}
			saved, err := os.ReadDir(rt.Folders.Dir(folder.Output))
			if err != nil || len(saved) == 0 {
				t.Errorf("nothing was saved: %v", err)
			}
		})
	}
}

// shippedFiles is a base folder with links to every model and input that comes with the program, so that workflows save nothing
// beside those.
func shippedFiles(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	for _, folder := range []string{"models", "input"} {
		from := filepath.Join("..", folder)
		err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel("..", path)
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.MkdirAll(filepath.Join(base, name), 0o777)
			}
			target, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, filepath.Join(base, name))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return base
}

// shorten lets trainings take few steps: that a workflow runs is what is tested here, and how good an actor is by oneactor bench actor.
func shorten(prompt *ojson.Object) {
	for _, node := range prompt.All() {
		node, _ := node.(*ojson.Object)
		class := node.String("class_type")
		if inputs := node.Object("inputs"); inputs.Has("steps") && (strings.HasPrefix(class, "Tune") || strings.HasPrefix(class, "Train") || strings.HasPrefix(class, "Pretrain")) {
			inputs.Set("steps", int64(5))
		}
	}
}

// read wants a graph with positions, so that it can be opened in an editor, and without anything to warn about.
func read(t *testing.T, file string, definitions comfy.Definitions) *comfy.File {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := comfy.Read(text, file, definitions)
	if err != nil {
		t.Fatal(err)
	}
	if f.Kind != comfy.UI || len(f.Warnings) > 0 {
		t.Errorf("kind %s, warnings %v; want a UI graph without warnings", f.Kind, f.Warnings)
	}
	for _, node := range f.Workflow.Array("nodes") {
		if o, _ := node.(*ojson.Object); len(o.Array("pos")) != 2 || len(o.Array("size")) != 2 {
			t.Errorf("node %s has no position or size", o.String("type"))
		}
	}
	return f
}

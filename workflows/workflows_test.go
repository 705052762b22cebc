package workflows_test

import (
	"context"
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
			rt := runtimetest.New(t, folder.Config{Base: "..", Output: t.TempDir(), Temp: t.TempDir(), User: t.TempDir()}, runtime.Config{})
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

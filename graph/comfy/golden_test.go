package comfy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/runtime/goldentest"
)

// A pair is a UI graph and the prompt it must become. Those of the fixture folder come from pictures that ComfyUI saved; those in testdata are
// ours, in the form of 2023.

// TestGoldenWorkflows converts every pair in $COMFY_WORKFLOWS, or in comfyui-workflows inside or beside the fixture folder, or beside
// the default one.
func TestGoldenWorkflows(t *testing.T) {
	definitions := golden(t)
	candidates := []string{os.Getenv("COMFY_WORKFLOWS")}
	if candidates[0] == "" {
		const name = "comfyui-workflows"
		dir := goldentest.Dir(t)
		candidates = []string{filepath.Join(dir, name), filepath.Join(dir, "..", name)}
		t.Setenv("GOLDEN_DIR", "")
		candidates = append(candidates, filepath.Join(goldentest.Dir(t), "..", name))
	}
	for _, dir := range candidates {
		if pairs := findPairs(t, dir); len(pairs) > 0 {
			checkPairs(t, pairs, definitions)
			return
		}
	}
	goldentest.Unavailable(t, fmt.Sprintf("no workflow pairs in any of %q; set COMFY_WORKFLOWS", candidates))
}

// TestWorkflowPairs is the same for the pairs that are part of the repository, with the few classes that they use.
func TestWorkflowPairs(t *testing.T) {
	pairs := findPairs(t, "testdata")
	if len(pairs) < 2 {
		t.Fatalf("testdata has %d workflow pairs", len(pairs))
	}
	checkPairs(t, pairs, readDefinitions(t, filepath.Join("testdata", "object_info.json")))
}

// golden has the node definitions of the fixtures; a folder without any is used with those of the default one.
func golden(t *testing.T) Definitions {
	t.Helper()
	if _, err := os.Stat(filepath.Join(goldentest.Dir(t), "object_info.json")); err != nil {
		t.Setenv("GOLDEN_DIR", "")
	}
	return readDefinitions(t, goldentest.Files(t, ".", "object_info.json")[0])
}

func readDefinitions(t testing.TB, path string) Definitions {
	t.Helper()
	definitions, err := FromObjectInfo(readObject(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return definitions
}

func readObject(t testing.TB, path string) *ojson.Object {
	t.Helper()
	o, err := ojson.ParseObject(readFile(t, path), ojson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return o
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// findPairs lists the UI graphs in a folder that have a prompt beside them.
func findPairs(t *testing.T, dir string) (pairs []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.workflow.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := os.Stat(promptPath(path)); err == nil {
			pairs = append(pairs, path)
		}
	}
	return pairs
}

func promptPath(workflow string) string {
	return strings.TrimSuffix(workflow, ".workflow.json") + ".prompt.json"
}

func checkPairs(t *testing.T, paths []string, definitions Definitions) {
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".workflow.json")
		f, err := Read(readFile(t, path), filepath.Base(path), definitions)
		if errors.Is(err, ErrContainer) || errors.Is(err, ErrUnknownNodes) {
			goldentest.Waiting(t, name, err.Error())
			continue
		}
		t.Run(name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range f.Warnings {
				t.Error("warning:", w)
			}
			for _, problem := range difference(f.Prompt, readObject(t, promptPath(path)), definitions) {
				t.Error(problem)
			}
			for _, problem := range difference(reopened(t, path, definitions).Prompt, f.Prompt, definitions) {
				t.Error("opened and saved by an editor:", problem)
			}
		})
	}
}

// reopened is a file as it is after an editor has opened and saved it.
func reopened(t *testing.T, path string, definitions Definitions) *File {
	t.Helper()
	opened, err := Reader{Definitions: definitions}.Open(readFile(t, path), path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ojson.Marshal(opened.Workflow, ojson.Python)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(text, path, definitions)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// difference compares what the engine would run: ids, classes, and inputs with numbers taken as the type of the input. Entries of
// the expected prompt that the engine itself wrote or never reads are left out: is_changed, _meta, and the button
// "choose file to upload", which editors posted as an input of LoadImage in 2023. An input that a class got after the file was
// written has its default.
func difference(got, want *ojson.Object, definitions Definitions) (problems []string) {
	fail := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for id := range got.All() {
		if !want.Has(id) {
			fail("node %s (%s) is not in the expected prompt", id, got.Object(id).String("class_type"))
		}
	}
	for id := range want.All() {
		node := want.Object(id)
		class := node.String("class_type")
		if g := got.Object(id).String("class_type"); g != class {
			fail("node %s: class %q, want %q", id, g, class)
			continue
		}
		gotInputs, wantInputs := got.Object(id).Object("inputs").Clone(), node.Object("inputs").Clone()
		wantInputs.Delete("choose file to upload")
		for _, in := range definitions.Class(class).Inputs {
			if v, ok := gotInputs.Get(in.Name); ok && !wantInputs.Has(in.Name) && ojson.Equal(v, in.Default) {
				gotInputs.Delete(in.Name)
			}
			for _, inputs := range []*ojson.Object{gotInputs, wantInputs} {
				if v, ok := inputs.Get(in.Name); ok {
					inputs.Set(in.Name, coerced(v, in.Type))
				}
			}
		}
		if !ojson.Equal(gotInputs, wantInputs) {
			fail("node %s (%s): inputs\n %s, want\n %s", id, class, ojson.PythonRepr(gotInputs), ojson.PythonRepr(wantInputs))
		}
	}
	return problems
}

func coerced(v any, wireType string) any {
	switch n := v.(type) {
	case int64:
		if wireType == graph.TypeFloat {
			return float64(n)
		}
	case float64:
		if wireType == graph.TypeInt {
			return int64(n)
		}
	}
	return v
}

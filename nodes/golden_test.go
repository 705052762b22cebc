package nodes_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math"
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
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// expectation is an entry of expected/index.json: what a workflow must give, and how closely.
type expectation struct {
	Latents map[string]struct {
		Shape     []int
		Tolerance float64 // absolute
	}
	Images         map[string]string // "<node>.<i>": file
	ImageTolerance int               `json:"image_tolerance"` // levels of 255, on 99.9 % of the samples
}

// TestGoldenWorkflows runs every workflow of the fixtures end to end and compares latents and pictures with those of ComfyUI 0.3.64
// (float32, CPU), at the tolerances of expected/index.json.
func TestGoldenWorkflows(t *testing.T) {
	var index map[string]expectation
	goldentest.JSON(t, goldentest.Files(t, "expected", "index.json")[0], &index)
	ortest.Setup(t)
	for _, file := range goldentest.Files(t, "workflows", "*.json") {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			want, ok := index[name]
			if !ok {
				t.Fatalf("expected/index.json has no entry for %s", name)
			}
			runGolden(t, file, want)
		})
	}
}

func runGolden(t *testing.T, file string, want expectation) {
	prompt := readPrompt(t, file)
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	if missing := unknownClasses(prompt, registry); len(missing) > 0 {
		t.Skipf("waiting: needs the nodes %s", strings.Join(missing, ", "))
	}
	rt := goldenRuntime(t)
	engine := graph.NewEngine(registry, graph.Config{
		Choices: rt.Choices,
		Bind:    func(ctx context.Context) context.Context { return runtime.With(ctx, rt) },
	})
	v := engine.Validate(prompt, nil)
	if err := v.Err(); err != nil {
		t.Fatal(err)
	}
	result, err := engine.Run(t.Context(), graph.Request{PromptID: "golden", Prompt: prompt, Outputs: v.Outputs}, nil)
	if errors.Is(err, weights.ErrFamily) || errors.Is(err, model.ErrUnsupported) {
		t.Skipf("waiting: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	saved := savedFiles(t, result, rt.Folders)
	for _, key := range slices.Sorted(maps.Keys(want.Latents)) {
		compareLatent(t, file, key, saved[key], want.Latents[key].Tolerance)
	}
	for _, key := range slices.Sorted(maps.Keys(want.Images)) {
		path := filepath.Join(filepath.Dir(filepath.Dir(file)), "expected", want.Images[key])
		comparePictures(t, key, saved[key], path, want.ImageTolerance)
	}
}

func readPrompt(t *testing.T, file string) *ojson.Object {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ojson.Parse(text, ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v.(*ojson.Object)
}

func unknownClasses(prompt *ojson.Object, registry *graph.Registry) []string {
	var missing []string
	for _, v := range prompt.All() {
		class, _ := v.(*ojson.Object).Get("class_type")
		if name, _ := class.(string); registry.Class(name) == nil && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

// goldenRuntime works on the fixtures' models and pictures; results go to a temporary place.
func goldenRuntime(t *testing.T) *runtime.Runtime {
	t.Helper()
	return runtimetest.New(t, folder.Config{Base: goldentest.Base(t)}, runtime.Config{})
}

// savedFiles finds the files that output nodes report: "<node>.<i>" → path.
func savedFiles(t *testing.T, result graph.Result, folders *folder.Layout) map[string]string {
	t.Helper()
	files := map[string]string{}
	for node, ui := range result.Outputs.All() {
		for _, kind := range []string{"images", "latents"} {
			list, _ := ui.(*ojson.Object).Get(kind)
			items, _ := list.([]any)
			for i, item := range items {
				get := func(key string) string { v, _ := item.(*ojson.Object).Get(key); s, _ := v.(string); return s }
				files[fmt.Sprintf("%s.%d", node, i)] = filepath.Join(folders.Dir(folder.Root(get("type"))), get("subfolder"), get("filename"))
			}
		}
	}
	return files
}

func compareLatent(t *testing.T, workflow, key, path string, tolerance float64) {
	t.Helper()
	if path == "" {
		t.Errorf("latent %s: no file was saved", key)
		return
	}
	got := goldentest.Load(t, path)
	name := strings.TrimSuffix(filepath.Base(workflow), ".json")
	want := goldentest.Load(t, filepath.Join(filepath.Dir(filepath.Dir(workflow)), "expected", name+".safetensors"))
	g, w := got.Get(t, "latent_tensor"), want.Get(t, key)
	if !slices.Equal(g.Shape, w.Shape) {
		t.Errorf("latent %s: shape %v, want %v", key, g.Shape, w.Shape)
		return
	}
	var worst float64
	for i := range w.Data {
		if d := math.Abs(float64(g.Data[i]) - float64(w.Data[i])); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("latent %s: largest difference %.3g, tolerance %.3g", key, worst, tolerance)
	}
}

// comparePictures wants 99.9 % of the 8-bit samples within tolerance levels.
func comparePictures(t *testing.T, key, got, want string, tolerance int) {
	t.Helper()
	if got == "" {
		t.Errorf("picture %s: no file was saved", key)
		return
	}
	g, w := readPNG(t, got), readPNG(t, want)
	if g.Bounds() != w.Bounds() {
		t.Errorf("picture %s: size %v, want %v", key, g.Bounds().Size(), w.Bounds().Size())
		return
	}
	far, samples, worst := 0, 0, 0
	for y := w.Bounds().Min.Y; y < w.Bounds().Max.Y; y++ {
		for x := w.Bounds().Min.X; x < w.Bounds().Max.X; x++ {
			for k, v := range levels(w, x, y) {
				d := v - levels(g, x, y)[k]
				d = max(d, -d)
				worst = max(worst, d)
				samples++
				if d > tolerance {
					far++
				}
			}
		}
	}
	if float64(far) > 0.001*float64(samples) {
		t.Errorf("picture %s: %d of %d samples differ by more than %d levels, at most %d", key, far, samples, tolerance, worst)
	}
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return picture
}

// levels is the red, green, blue and alpha of a pixel as stored, without premultiplication.
func levels(p image.Image, x, y int) [4]int {
	if n, ok := p.(*image.NRGBA); ok {
		c := n.NRGBAAt(x, y)
		return [4]int{int(c.R), int(c.G), int(c.B), int(c.A)}
	}
	r, g, b, a := p.At(x, y).RGBA()
	return [4]int{int(r >> 8), int(g >> 8), int(b >> 8), int(a >> 8)}
}

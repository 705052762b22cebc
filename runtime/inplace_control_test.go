package runtime_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenControlInPlace builds the graphs of every control network of the fixtures: weights are read from the file, those of a control-LoRA
// from the file of the model too, and none is copied.
func TestGoldenControlInPlace(t *testing.T) {
	models := filepath.Join(goldentest.Base(t), "models")
	for _, folder := range []string{"controlnet", "t2i_adapter"} {
		paths, err := filepath.Glob(filepath.Join(models, folder, "*.safetensors"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files (%v)", folder, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				net, err := weights.OpenControlNet(path)
				waiting(t, err)
				set, files := net.Set, net.Files()
				if net.Kind == weights.LowRankControl {
					base, _, _ := strings.Cut(filepath.Base(path), "-control")
					c, err := weights.OpenUNet(filepath.Join(models, "checkpoints", base+".safetensors"))
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					set, files = set.Over(c.UNet), slices.Concat(files, c.Files())
				}
				defer func() {
					for _, f := range net.Files() {
						_ = f.Close()
					}
				}()
				builds := map[string]func() (*onnx.Graph, error){
					"hint": func() (*onnx.Graph, error) { return model.ControlHint(set) },
					"net":  func() (*onnx.Graph, error) { return model.ControlNet(set, model.UNetOptions{}) },
				}
				if net.Kind == weights.AdapterControl {
					builds = map[string]func() (*onnx.Graph, error){
						"adapter": func() (*onnx.Graph, error) { return model.Adapter(set, model.AdapterOptions{Height: 64, Width: 64}) },
					}
				}
				for part, build := range builds {
					g, err := build()
					if err != nil {
						t.Fatalf("%s: %v", part, err)
					}
					inPlace(t, part, g, files)
					if part == "net" && len(g.Files()) != len(files) {
						t.Errorf("the net reads %v of %d files", g.Files(), len(files))
					}
				}
			})
		}
	}
}

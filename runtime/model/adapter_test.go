package model_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestAdapters compares every form of T2I adapter, at sizes that are odd somewhere, with PyTorch 2.15 (testdata/adapters.py).
func TestAdapters(t *testing.T) {
	places := map[string][]int{
		"convolved": {2, 5, 8}, "sd15_diffusers": {2, 5, 8, 11}, "sdxl": {3, 5, 8, model.Middle}, "light": {2, 5, 8}, "light_diffusers": {2, 5, 8},
	}
	levels(t, func(t *testing.T, r runner) {
		files, err := filepath.Glob("testdata/adapter_*.safetensors")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files: %v", err)
		}
		for _, path := range files {
			name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "adapter_"), ".safetensors")
			t.Run(name, func(t *testing.T) {
				net, err := weights.OpenControlNet(path)
				if err != nil {
					t.Fatal(err)
				}
				if net.Kind != weights.AdapterControl || (net.Family == weights.SDXL) != (name == "sdxl") {
					t.Errorf("it is a %s for %s", net.Kind, net.Family)
				}
				c, err := model.ReadAdapter(net.Set)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(c.Places, places[name]) {
					t.Errorf("places %v, want %v", c.Places, places[name])
				}
				if want := map[string][]int{"sdxl": {1, 1, 2, 2}, "sd15_diffusers": {0, 1, 2, 3}}[name]; want != nil && !slices.Equal(c.Levels, want) {
					t.Errorf("levels %v, want %v", c.Levels, want)
				}
				file := goldentest.Load(t, path)
				hint := file.Get(t, "test.hint")
				g, err := model.Adapter(net.Set, model.AdapterOptions{Height: hint.Dim(2), Width: hint.Dim(3)})
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for i := range c.Widths {
					names = append(names, fmt.Sprint("residual.", i))
				}
				for i, got := range r.run(t, g, map[string]ort.Value{"hint": ort.FromTensor(hint)}, names...) {
					goldentest.Close(t, names[i], got, file.Get(t, "test."+names[i]), network)
				}
			})
		}
	})
}

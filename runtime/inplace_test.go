package runtime_test

import (
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenInPlace builds the graphs of every checkpoint, UNet and diffusers folder of the fixtures: each reads its weights from the user's
// file at their place, whatever they are named, and holds no others.
func TestGoldenInPlace(t *testing.T) {
	models := filepath.Join(goldentest.Base(t), "models") // links, which Models may have as text
	for _, kind := range []struct {
		pattern string
		open    func(string) (*weights.Checkpoint, error)
	}{
		{"checkpoints/*.safetensors", weights.OpenCheckpoint},
		{"diffusion_models/*.safetensors", weights.OpenUNet},
		{"diffusers/*", weights.OpenDiffusers},
	} {
		paths, err := filepath.Glob(filepath.Join(models, kind.pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files (%v)", kind.pattern, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				c, err := kind.open(path)
				waiting(t, err)
				defer c.Close()
				for part, g := range partGraphs(t, c) {
					inPlace(t, part, g, c.Files())
				}
			})
		}
	}
}

// partGraphs are the graphs over the parts of a checkpoint.
func partGraphs(t *testing.T, c *weights.Checkpoint) map[string]*onnx.Graph {
	t.Helper()
	graphs := map[string]*onnx.Graph{}
	add := func(part string, set *weights.Set, build func(*weights.Set) (*onnx.Graph, error)) {
		if set == nil {
			return
		}
		g, err := build(set)
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		graphs[part] = g
	}
	add("UNet", c.UNet, func(s *weights.Set) (*onnx.Graph, error) { return model.UNet(s, model.UNetOptions{}) })
	text := func(s *weights.Set) (*onnx.Graph, error) { return model.CLIP(s, model.CLIPOptions{}) }
	add("text", c.Text, text)
	add("text G", c.TextG, text)
	add("VAE encoder", c.VAE, func(s *weights.Set) (*onnx.Graph, error) { return model.VAEEncoder(s, model.VAEOptions{}) })
	add("VAE decoder", c.VAE, func(s *weights.Set) (*onnx.Graph, error) { return model.VAEDecoder(s, model.VAEOptions{}) })
	return graphs
}

// inPlace fails where a graph holds more than a few constants of its own, or reads other files.
func inPlace(t *testing.T, part string, g *onnx.Graph, files []*weights.File) {
	t.Helper()
	var own, read int64
	for _, v := range g.Initializers {
		if v.Init.File != nil {
			read += v.Init.File.Length
			continue
		}
		own += int64(len(v.Init.Data))
	}
	if own > 16<<10 || read < 8*own {
		t.Errorf("%s: %d bytes of its own beside %d of the file", part, own, read)
	}
	for _, path := range g.Files() {
		if !slices.ContainsFunc(files, func(f *weights.File) bool { return f.Path() == path }) {
			t.Errorf("%s reads %s", part, path)
		}
	}
}

// TestLoadsFullSizesInPlace opens UNets of full size (1.7 and 5.1 GB, of zeros) under both namings: neither the file's pages nor copies of
// them come into memory, also when the graph is written.
func TestLoadsFullSizesInPlace(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skipf("the memory of a process is read from /proc: %v", err)
	}
	const budget = 48 << 20
	sd15, sdxl := layouttest.Plans["SD 1.5"], layouttest.Plans["SDXL"]
	sd15.Widths, sd15.Context = []int{320, 640, 1280, 1280}, 768
	sdxl.Widths, sdxl.Context = []int{320, 640, 1280}, 2048
	for name, plan := range map[string]layouttest.UNet{"SD 1.5": sd15, "SDXL": sdxl} {
		for naming, of := range map[string]layouttest.Naming{"latent diffusion": layouttest.LDM, "diffusers": layouttest.Diffusers} {
			t.Run(name+", "+naming, func(t *testing.T) {
				base := t.TempDir()
				dir := filepath.Join(base, "models", "diffusion_models")
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				layouttest.SaveSparse(t, filepath.Join(dir, "unet.safetensors"), plan.Tensors(), of)
				rt := runtimetest.New(t, folder.Config{Base: base}, runtime.Config{})
				before, allocated := memory(t)
				m, err := rt.LoadUNet("unet.safetensors")
				waiting(t, err)
				set, _, err := m.UNet()
				if err != nil {
					t.Fatal(err)
				}
				g, err := model.UNet(set, model.UNetOptions{Features: true})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := g.Proto(); err != nil {
					t.Fatal(err)
				}
				after, total := memory(t)
				if n := total - allocated; n > budget {
					t.Errorf("%d MB were allocated on the way, want at most %d", n>>20, budget>>20)
				}
				if n := after.Mapped - before.Mapped; n > budget {
					t.Errorf("%d MB of the file are in memory", n>>20)
				}
				if n := after.Anonymous - before.Anonymous; n > budget {
					t.Errorf("the process grew by %d MB", n>>20)
				}
			})
		}
	}
}

// memory is that of the process, and everything that Go has allocated so far.
func memory(t *testing.T) (ort.Memory, int64) {
	t.Helper()
	m, err := ort.ReadMemory()
	if err != nil {
		t.Fatal(err)
	}
	var stats goruntime.MemStats
	goruntime.ReadMemStats(&stats)
	return m, int64(stats.TotalAlloc)
}

package runtime

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// previewRuntime works on the fixtures' models.
func previewRuntime(t *testing.T, method PreviewMethod) *Runtime {
	t.Helper()
	folders, err := folder.New(folder.Config{Base: goldentest.Base(t)})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := New(Config{Folders: folders, Previews: method, ORT: ort.Options{Device: "cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	return rt
}

// TestGoldenLatentPreview shows a latent by every way of the fixtures. ComfyUI 0.3.64; levels before JPEG.
func TestGoldenLatentPreview(t *testing.T) {
	ways := map[string]struct {
		method PreviewMethod
		model  Model
	}{
		"preview.sd15":  {PreviewAuto, Model{family: weights.SD1, format: sampling.SD15Latents}},
		"preview.sdxl":  {PreviewLatentRGB, Model{family: weights.SDXL, format: sampling.SDXLLatents}},
		"preview.taesd": {PreviewTAESD, Model{family: weights.SD2, format: sampling.SD15Latents}},
	}
	ortest.Setup(t)
	const input = "preview.x0"
	for _, path := range goldentest.Files(t, "unit", "*.safetensors") {
		file := goldentest.Load(t, path)
		if !file.Has(input) {
			continue
		}
		for _, name := range file.Names() {
			if !strings.HasPrefix(name, "preview.") || name == input {
				continue
			}
			t.Run(name, func(t *testing.T) {
				way, ok := ways[name]
				if !ok {
					t.Fatalf("no way to preview %s", name)
				}
				comparePreview(t, previewed(t, previewRuntime(t, way.method), way.model, file.Get(t, input)), file.Get(t, name))
			})
		}
	}
}

// previewed is what a sampling step of the model shows.
func previewed(t *testing.T, rt *Runtime, m Model, x *tensor.Tensor) Preview {
	t.Helper()
	var shown *Preview
	rt.stepProgress(t.Context(), m, func(_, _ int, picture *Preview) { shown = picture }, false)(0, 1, x)
	if shown == nil {
		t.Fatal("no preview")
	}
	return *shown
}

func comparePreview(t *testing.T, got Preview, want *tensor.Tensor) {
	t.Helper()
	if got.Height != want.Dim(0) || got.Width != want.Dim(1) {
		t.Fatalf("preview is %dx%d, want %v", got.Width, got.Height, want.Shape)
	}
	for i, v := range want.Data {
		level := int(got.Pixels[i/3*4+i%3])
		if d := level - int(v); d < -1 || d > 1 { // previews are held to 1 level
			t.Fatalf("level %d is %d, want %v", i, level, v)
		}
	}
}

// TestGoldenTinyVAE encodes and decodes through TAESD. ComfyUI 0.3.64, float32.
func TestGoldenTinyVAE(t *testing.T) {
	ortest.Setup(t)
	for _, path := range goldentest.Files(t, "unit", "taesd*.safetensors") {
		file := goldentest.Load(t, path)
		rt := previewRuntime(t, PreviewNone)
		v, err := rt.LoadVAE("taesd")
		if err != nil {
			t.Fatal(err)
		}
		tolerance := goldentest.Tolerance(t, path, 3e-5)
		latent, err := rt.Encode(t.Context(), v, Image{file.Get(t, "image")})
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, "encoded", latent.Samples, file.Get(t, "encoded"), tolerance)
		mean, logVariance, err := rt.Moments(t.Context(), v, Image{file.Get(t, "image")})
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, "mean", mean, file.Get(t, "encoded"), tolerance)
		if !tensor.SameShape(mean, logVariance) {
			t.Errorf("log variance of shape %v, want that of the mean, %v", logVariance.Shape, mean.Shape)
		}
		picture, err := rt.Decode(t.Context(), v, Latent{Samples: file.Get(t, "z")})
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, "decoded", picture.Tensor, file.Get(t, "decoded"), tolerance)
	}
}

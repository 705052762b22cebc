package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// smallUpscaler loads a network of the model tests.
func smallUpscaler(t *testing.T, rt *Runtime, name string) UpscaleModel {
	t.Helper()
	folder := filepath.Join(rt.Folders.Base(), "models", "upscale_models")
	data, err := os.ReadFile(filepath.Join("model", "testdata", "upscaler_"+name+".safetensors"))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".safetensors"), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := rt.LoadUpscaleModel(name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// waves is a picture whose value depends on the place.
func waves(batch, height, width, channels int) Image {
	x := tensor.New(batch, height, width, channels)
	for i := range x.Data {
		x.Data[i] = float32(i*37%101) / 100
	}
	return Image{x}
}

func TestUpscaleTiles(t *testing.T) {
	ortest.Setup(t)
	rt := emptyRuntime(t)
	m := smallUpscaler(t, rt, "compact")
	var told []int
	got, err := rt.Upscale(t.Context(), m, waves(2, 20, 700, 4), func(done, total int, _ *Preview) { told = append(told, done, total) })
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 40, 1400, 3}; !slices.Equal(got.Shape, want) {
		t.Errorf("shape %v, want %v", got.Shape, want)
	}
	if want := []int{1, 4, 2, 4, 3, 4, 4, 4}; !slices.Equal(told, want) {
		t.Errorf("told %v, want two tiles for each of two pictures", told)
	}
	// The second tile begins at 480 and the first ends at 512. Where only one counts, the result is that of the tile alone.
	alone, err := rt.Upscale(t.Context(), m, waves(2, 20, 700, 4).Crop(0, 0, 512, 20), nil)
	if err != nil {
		t.Fatal(err)
	}
	for x := range 2 * 480 {
		if a, b := got.Data[x*3], alone.Data[x*3]; max(a-b, b-a) > 1e-6 {
			t.Fatalf("column %d is %g, want %g", x, a, b)
		}
	}
}

func TestUpscaleSmallPictures(t *testing.T) {
	ortest.Setup(t)
	rt := emptyRuntime(t)
	m := smallUpscaler(t, rt, "esrgan_x1")
	m.config.Multiple = 4 // as networks that read blocks of pixels want it
	got, err := rt.Upscale(t.Context(), m, waves(1, 1, 5, 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 1, 5, 3}; !slices.Equal(got.Shape, want) {
		t.Errorf("shape %v, want %v", got.Shape, want)
	}
}

func TestTileSide(t *testing.T) {
	m := UpscaleModel{config: model.UpscalerConfig{Scale: 4, Large: 64}} // ESRGAN: 4 GiB in tiles of 512
	for memory, want := range map[int64]int{64 << 30: 512, 8 << 30: 512, 7 << 30: 256, 1 << 30: 128, 1 << 20: 128} {
		if got := m.tileSide(memory); got != want {
			t.Errorf("with %d MiB: tiles of %d, want %d", memory>>20, got, want)
		}
	}
}

func TestUpscaleBadInput(t *testing.T) {
	rt := emptyRuntime(t)
	m := smallUpscaler(t, rt, "compact")
	folder := filepath.Join(rt.Folders.Base(), "models", "upscale_models")
	if err := os.WriteFile(filepath.Join(folder, "cut.safetensors"), []byte{9, 0, 0, 0, 0, 0, 0, 0, '{'}, 0o644); err != nil {
		t.Fatal(err)
	}
	upscale := func(m UpscaleModel, i Image) func() error {
		return func() error { _, err := rt.Upscale(t.Context(), m, i, nil); return err }
	}
	tests := map[string]struct {
		call func() error
		want string
	}{
		"no model":    {upscale(UpscaleModel{}, waves(1, 4, 4, 3)), "no upscale model"},
		"no pictures": {upscale(m, Image{tensor.New(0, 4, 4, 3)}), "empty"},
		"nothing":     {upscale(m, Image{}), "empty"},
		"too large":   {upscale(UpscaleModel{m.set, model.UpscalerConfig{Scale: 1 << 16}}, waves(1, 4, 4, 3)), "too"},
		"cut file":    {func() error { _, err := rt.LoadUpscaleModel("cut.safetensors"); return err }, "cut.safetensors"},
		"no file":     {func() error { _, err := rt.LoadUpscaleModel("none.pth"); return err }, "none.pth"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	if err := upscale(m, Image{tensor.New(0, 4, 4, 3)})(); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("error %v; want ErrShape", err)
	}
}

package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// writeTensors saves zeros of the given shapes in a folder of models.
func writeTensors(t *testing.T, rt *Runtime, folder, name string, shapes map[string][]int) {
	t.Helper()
	path := filepath.Join(rt.Folders.Base(), "models", folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var entries []weights.Entry
	for name, shape := range shapes {
		entries = append(entries, weights.Float32Entry(name, tensor.New(shape...)))
	}
	if err := weights.Save(t.Context(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
}

func TestTinyVAEFiles(t *testing.T) {
	encoder := map[string][]int{"0.weight": {8, 3, 3, 3}, "1.weight": {4, 8, 3, 3}}
	decoder := map[string][]int{"1.weight": {8, 4, 3, 3}, "3.weight": {3, 8, 3, 3}}
	tests := map[string]struct {
		encoder, decoder map[string][]int
		want             string // "" where the pair is good
	}{
		"a pair":           {encoder, decoder, ""},
		"no decoder":       {encoder, nil, "taesd_decoder"},
		"a full VAE":       {map[string][]int{"encoder.conv_in.weight": {8, 3, 3, 3}}, decoder, "no numbered layers"},
		"halves swapped":   {decoder, encoder, "no encoder"},
		"of SD 3":          {encoder, map[string][]int{"1.weight": {8, 16, 3, 3}, "3.weight": {3, 8, 3, 3}}, "do not belong together"},
		"first is a block": {map[string][]int{"0.conv.0.weight": {8, 3, 3, 3}, "1.weight": {4, 8, 3, 3}}, decoder, "no encoder"},
		"odd numbers":      {map[string][]int{"-1.weight": {8, 3, 3, 3}, "01.weight": {4, 8, 3, 3}}, decoder, "no numbered layers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rt := emptyRuntime(t)
			for half, tensors := range map[string]map[string][]int{"encoder": tt.encoder, "decoder": tt.decoder} {
				if tensors != nil {
					writeTensors(t, rt, "vae_approx", "taesd_"+half+".safetensors", tensors)
				}
			}
			v, err := rt.LoadVAE("taesd")
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v; want one with %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.ratio() != 8 || v.config.LatentChannels != 4 {
				t.Errorf("ratio %d, %d channels; want 8 and 4", v.ratio(), v.config.LatentChannels)
			}
			if _, err := rt.Decode(t.Context(), v, ZeroLatent(1, 16, 2, 2)); err == nil || !strings.Contains(err.Error(), "4 channels") {
				t.Errorf("latents of 16 channels: %v", err)
			}
		})
	}
	if _, err := emptyRuntime(t).LoadVAE("taesd3"); !errors.Is(err, weights.ErrFamily) {
		t.Errorf("taesd3: %v, want ErrFamily", err)
	}
	if _, err := model.ReadTinyVAE(weightsOf(t, nil), true); !errors.Is(err, model.ErrUnsupported) {
		t.Errorf("an empty file: %v, want ErrUnsupported", err)
	}
}

// weightsOf is a set of zeros of the given shapes.
func weightsOf(t *testing.T, shapes map[string][]int) *weights.Set {
	t.Helper()
	rt := emptyRuntime(t)
	writeTensors(t, rt, "x", "x.safetensors", shapes)
	set, err := openAll(filepath.Join(rt.Folders.Base(), "models", "x", "x.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range set.Files() {
			_ = f.Close()
		}
	})
	return set
}

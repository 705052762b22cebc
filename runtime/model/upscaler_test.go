package model_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestUpscalers compares each network with PyTorch: spandrel 0.4.2, float32 CPU, testdata/upscalers.py.
func TestUpscalers(t *testing.T) {
	paths, err := filepath.Glob("testdata/upscaler_*.safetensors")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no networks in testdata: %v", err)
	}
	levels(t, func(t *testing.T, r runner) {
		for _, path := range paths {
			t.Run(subject(path, "upscaler"), func(t *testing.T) {
				checkpoint := path
				if pickled := strings.TrimSuffix(path, "safetensors") + "pth"; isFile(pickled) {
					checkpoint = pickled
				}
				set, err := weights.OpenUpscaler(checkpoint)
				if err != nil {
					t.Fatal(err)
				}
				g, err := model.Upscaler(set)
				if err != nil {
					t.Fatal(err)
				}
				file := goldentest.Load(t, path)
				want := file.Get(t, "reference.out")
				got := r.run(t, g, map[string]ort.Value{"image": ort.FromTensor(file.Get(t, "reference.in"))}, "larger")
				goldentest.Close(t, "larger", got[0], want, 1e-5)
				c, err := model.ReadUpscaler(set)
				if scale := want.Dim(2) / file.Get(t, "reference.in").Dim(2); err != nil || c.Scale != scale {
					t.Errorf("scale %d (%v), want %d", c.Scale, err, scale)
				}
			})
		}
	})
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestForeignUpscalers names networks that do not run, and what is wrong with those that would.
func TestForeignUpscalers(t *testing.T) {
	tests := map[string]struct {
		tensors map[string][]int
		want    string
	}{
		"SwinIR":              {map[string][]int{"layers.0.residual_group.blocks.0.attn.relative_position_bias_table": {4}}, "SwinIR"},
		"DAT in a wrapper":    {map[string][]int{"params.layers.0.blocks.0.attn.dwconv.0.weight": {4, 1, 3, 3}}, "DAT"},
		"HAT":                 {map[string][]int{"module.layers.0.residual_group.blocks.0.conv_block.cab.0.weight": {4}}, "HAT"},
		"RRDB without a head": {map[string][]int{"body.0.rdb1.conv1.weight": {4, 4, 3, 3}}, "conv_first"},
		"RRDB of grey pictures": {map[string][]int{"conv_first.weight": {4, 1, 3, 3}, "body.0.rdb1.conv1.weight": {4, 4, 3, 3},
			"conv_last.weight": {1, 4, 3, 3}}, "reads 1 channels"},
		"RRDB cut short": {map[string][]int{"conv_first.weight": {4, 3, 3, 3}, "body.0.rdb1.conv1.weight": {4, 4, 3, 3},
			"conv_last.weight": {3, 4, 3, 3}}, "body.0.rdb1.conv2"},
		"RRDB with pixel shuffle": {map[string][]int{"conv_first.weight": {4, 3, 3, 3}, "body.0.rdb1.conv1.weight": {4, 4, 3, 3},
			"conv_up1.weight": {16, 4, 3, 3}, "conv_last.weight": {3, 4, 3, 3}}, "pixel shuffle"},
		"compact cut short":   {map[string][]int{"body.0.weight": {4, 3, 3, 3}, "body.1.weight": {4}}, "incomplete"},
		"SPAN cut short":      {map[string][]int{"block_1.c1_r.sk.weight": {4, 4, 1, 1}}, "conv_cat"},
		"SPAN with a gap":     {map[string][]int{"block_1.c1_r.sk.weight": {4, 4, 1, 1}, "conv_1.sk.weight": {4, 3, 1, 1}, "conv_cat.weight": {4, 16, 1, 1}, "upsampler.0.weight": {12, 4, 3, 3}}, "conv_1"},
		"RealPLKSR, DySample": {map[string][]int{"feats.1.channel_mixer.0.weight": {8, 4, 3, 3}, "to_img.init_pos": {1}}, "DySample"},
		"RealPLKSR cut short": {map[string][]int{"feats.1.channel_mixer.0.weight": {8, 4, 3, 3}}, "feats.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			var entries []weights.Entry
			for name, shape := range tt.tensors {
				entries = append(entries, weights.Float32Entry(name, tensor.New(shape...)))
			}
			if err := weights.Save(t.Context(), path, nil, entries); err != nil {
				t.Fatal(err)
			}
			set, err := weights.OpenUpscaler(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := model.Upscaler(set); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

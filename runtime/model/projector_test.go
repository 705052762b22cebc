package model_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenProjector compares with the authors' module in training mode, PyTorch 2.15 float32, tolerances of INDEX.md.
func TestGoldenProjector(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "oneactor", "*-projector.safetensors") {
			name := strings.TrimSuffix(filepath.Base(path), "-projector.safetensors")
			t.Run(name, func(t *testing.T) {
				weights := goldentest.Load(t, path)
				file := goldentest.Load(t, filepath.Join(filepath.Dir(path), name+".safetensors"))
				for _, c := range []struct {
					h, delta string
					relative float64
				}{{"h", "delta", 3e-5}, {"infer.h", "infer.delta", 1e-4}} {
					h, want := file.Get(t, c.h), file.Get(t, c.delta)
					config := model.ProjectorConfig{Channels: h.Dim(1), Height: h.Dim(2), Width: h.Dim(3), Dim: want.Dim(1), Stages: 2}
					if weights.Has("net.3.0.conv1.weight") {
						config.Stages = 3 // the authors choose by family, the fixture's SDXL has an h as small as that of SD 1.5
					}
					g, err := model.Projector(config, 0)
					if err != nil {
						t.Fatal(err)
					}
					inputs := map[string]ort.Value{"h": ort.FromTensor(h)}
					for _, p := range config.Parameters() {
						value := weights.Get(t, p.Name)
						if !tensor.SameShape(value, tensor.New(p.Shape...)) {
							t.Errorf("%s has shape %v, want %v", p.Name, p.Shape, value.Shape)
						}
						inputs[p.Name] = ort.FromTensor(value)
					}
					if n := len(weights.Names()); n != len(config.Parameters()) {
						t.Errorf("%d parameters, want %d", len(config.Parameters()), n)
					}
					goldentest.Close(t, c.delta, r.run(t, g, inputs, "delta")[0], want, c.relative)
				}
			})
		}
	})
}

func TestProjectorSizes(t *testing.T) {
	tests := map[string]struct {
		config model.ProjectorConfig
		matrix []int // of the linear layer; nil for an error
		count  int
	}{
		"SD 1.5, 512 px": {model.ProjectorConfig{Channels: 1280, Height: 8, Width: 8, Dim: 768}, []int{768, 1280}, 42},
		"SD 2.1, 768 px": {model.ProjectorConfig{Channels: 1280, Height: 12, Width: 12, Dim: 1024}, []int{1024, 640}, 60},
		"SDXL, 1024 px":  {model.ProjectorConfig{Channels: 1280, Height: 32, Width: 32, Dim: 2048}, []int{2048, 2560}, 60},
		"tiny-actors":    {model.ProjectorConfig{Channels: 128, Height: 4, Width: 4, Dim: 64}, []int{64, 32}, 42},
		"one cell":       {model.ProjectorConfig{Channels: 8, Height: 1, Width: 1, Dim: 4}, []int{4, 2}, 42},
		"wide picture":   {model.ProjectorConfig{Channels: 64, Height: 4, Width: 9, Dim: 64}, []int{64, 16}, 60},
		"odd channels":   {model.ProjectorConfig{Channels: 12, Height: 4, Width: 4, Dim: 64}, nil, 0},
		"three stages":   {model.ProjectorConfig{Channels: 64, Height: 8, Width: 8, Dim: 64, Stages: 3}, []int{64, 8}, 60},
		"four stages":    {model.ProjectorConfig{Channels: 64, Height: 8, Width: 8, Dim: 64, Stages: 4}, nil, 0},
		"nothing":        {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := model.Projector(tt.config, 2)
			if (err == nil) != (tt.matrix != nil) {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			list := tt.config.Parameters()
			if matrix := list[len(list)-4].Shape; matrix[0] != tt.matrix[0] || matrix[1] != tt.matrix[1] || len(list) != tt.count {
				t.Errorf("%d parameters, matrix %v, want %d and %v", len(list), matrix, tt.count, tt.matrix)
			}
		})
	}
}

package runtime_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenVision looks at a picture through every tower of the fixtures, with and without cutting it. ComfyUI 0.3.64, float32.
func TestGoldenVision(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "unit", "vision*.safetensors") {
		file := goldentest.Load(t, path)
		picture := runtime.Image{Tensor: file.Get(t, "image")}
		check := func(t *testing.T, name string, got *tensor.Tensor) {
			t.Helper()
			goldentest.Close(t, name, got, file.Get(t, name), goldentest.TensorTolerance(t, filepath.Base(path), name, unitTolerance))
		}
		for _, name := range file.Names() {
			subject, ok := strings.CutSuffix(name, ".image_embeds")
			if !ok {
				continue
			}
			t.Run(subject, func(t *testing.T) {
				model, crop, _ := strings.Cut(subject, ".")
				v := vision(t, rt, model)
				if file.Has(subject + ".pixels") {
					pixels, err := v.Pixels(picture, crop == "center")
					if err != nil {
						t.Fatal(err)
					}
					check(t, subject+".pixels", sparse(pixels, 8))
				}
				got, err := rt.EncodeImage(t.Context(), v, picture, crop == "center")
				if err != nil {
					t.Fatal(err)
				}
				check(t, subject+".image_embeds", got.Embeds)
				check(t, subject+".last_hidden_state", every(got.Last, []int{0, got.Last.Dim(1), 16}))
				check(t, subject+".penultimate_hidden_states", every(got.Penultimate, []int{0, got.Penultimate.Dim(1), 16}))
			})
		}
		if !file.Has("style") {
			continue
		}
		t.Run("style", func(t *testing.T) {
			got, err := rt.EncodeImage(t.Context(), vision(t, rt, "tiny-vision"), picture, true)
			if err != nil {
				t.Fatal(err)
			}
			s, err := rt.LoadStyleModel("tiny-style.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			width := file.Get(t, "style").Dim(2)
			prompt := runtime.Conditioning{runtime.NewCond(tensor.New(1, 0, width), nil, nil)}
			styled, err := rt.ApplyStyle(t.Context(), prompt, s, got, 1, runtime.StyleMultiply)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "style", styled[0].Embedding)
		})
	}
}

// vision opens a tower of its own or that of a checkpoint.
func vision(t *testing.T, rt *runtime.Runtime, name string) runtime.CLIPVision {
	t.Helper()
	if v, err := rt.LoadCLIPVision(name + ".safetensors"); err == nil {
		return v
	}
	c, err := weights.OpenCheckpoint(filepath.Join(goldentest.Models(t), "checkpoints", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	v, err := runtime.NewCLIPVision(c.Vision)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sparse is every n-th row and column of planes.
func sparse(x *tensor.Tensor, n int) *tensor.Tensor {
	h, w := (x.Dim(2)+n-1)/n, (x.Dim(3)+n-1)/n
	out := tensor.New(x.Dim(0), x.Dim(1), h, w)
	for i := range out.Data {
		plane, y, col := i/(h*w), i/w%h, i%w
		out.Data[i] = x.Data[(plane*x.Dim(2)+y*n)*x.Dim(3)+col*n]
	}
	return out
}

package model_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestUNetUpscaler compares a UNet of the SD x4 upscaler's kind (a table of noise levels; transformers that look at the prompt twice) with
// PyTorch (testdata/unet_upscaler.py), to the tolerance of networks.
func TestUNetUpscaler(t *testing.T) {
	plan := layouttest.UNet{
		In: 7, Widths: []int{32, 64}, Resnets: 1, Down: []int{1, 1}, Middle: 1, Context: 24, Classes: 10, PromptOnly: []bool{true, false},
	}
	sine := func(step, start float64, shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		for i := range x.Data {
			x.Data[i] = float32(math.Sin(step*float64(i) + start))
		}
		return x
	}
	var entries []weights.Entry
	var names [][2]any
	for k, item := range plan.Tensors() {
		w := sine(0.37, 1.7*float64(k), item.Shape...)
		inputs := w.Len() / item.Shape[0]
		for i, v := range w.Data {
			switch {
			case inputs > 1:
				w.Data[i] = float32(float64(v) / math.Sqrt(float64(inputs)))
			case strings.HasSuffix(item.LDM, ".weight"):
				w.Data[i] = v*0.1 + 1
			default:
				w.Data[i] = v * 0.1
			}
		}
		entries, names = append(entries, weights.Float32Entry(layouttest.LDM(item), w)), append(names, [2]any{item.LDM, item.Shape})
	}
	if list := os.Getenv("UPSCALER_NAMES"); list != "" { // what the script reads
		text, err := json.Marshal(names)
		if err == nil {
			err = os.WriteFile(list, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := weights.Save(t.Context(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
	c, err := weights.OpenUNet(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Family != weights.Upscaler || c.Prediction != weights.V {
		t.Errorf("%s, %s", c.Family, c.Prediction)
	}
	var want struct {
		Shape []int
		Out   []float32
	}
	goldentest.JSON(t, filepath.Join("testdata", "unet_upscaler.json"), &want)
	reference, err := tensor.From(want.Out, want.Shape...)
	if err != nil {
		t.Fatal(err)
	}
	g, err := model.UNet(c.UNet, model.UNetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := runner{ortest.Setup(t), ort.Mapped}.run(t, g, map[string]ort.Value{
		"x": ort.FromTensor(sine(0.11, 0.5, 2, 7, 4, 6)), "timesteps": ort.FromFloat32([]float32{500, 20}, 2),
		"context": ort.FromTensor(sine(0.11, 0.5, 2, 3, 24)), "y": ort.FromFloat32([]float32{3, 7}, 2, 1),
	}, "out")[0]
	goldentest.Close(t, "out", got, reference, network)
}

package model

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestGoldenGLIGEN compares the tokens of boxes, of no boxes, and what layers make of them.
func TestGoldenGLIGEN(t *testing.T) {
	runtime := ortest.Setup(t)
	for _, path := range goldentest.Files(t, "unit", "gligen*.safetensors") {
		file := goldentest.Load(t, path)
		set, err := weights.OpenGLIGEN(filepath.Join(goldentest.Models(t), "gligen", "tiny-gligen.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := ReadGLIGEN(set)
		if err != nil {
			t.Fatal(err)
		}
		var boxes [][4]float32 // h, w, y, x
		var latent [2]float32
		metadata(t, file, "boxes_h_w_y_x", &boxes)
		metadata(t, file, "latent", &latent)
		texts := file.Get(t, "embeddings")
		in := map[string]*tensor.Tensor{
			"boxes": tensor.New(1, GLIGENBoxes, 4), "there": tensor.New(1, GLIGENBoxes), "texts": tensor.New(1, GLIGENBoxes, c.TextWidth),
		}
		for i, b := range boxes {
			h, w, y, x := b[0], b[1], b[2], b[3]
			copy(in["boxes"].Data[4*i:], []float32{x / latent[1], y / latent[0], (x + w) / latent[1], (y + h) / latent[0]})
			in["there"].Data[i] = 1
		}
		copy(in["texts"].Data, texts.Data)
		for _, level := range []ort.Level{ort.Mapped, ort.Packed, ort.Stored} {
			b := onnx.NewBuilder("tokens")
			inputs, values := map[string]*onnx.Value{}, map[string]ort.Value{}
			for name, v := range in {
				inputs[name], values[name] = b.Input(name, onnx.Float32, sizes(v)...), ort.FromTensor(v)
			}
			b.Output("objs", addTokens(b, set, c, inputs["boxes"], inputs["there"], inputs["texts"]))
			tolerance := goldentest.Tolerance(t, path, 3e-5)
			goldentest.Close(t, "objs", runGraph(t, runtime, level, b, values)[0], file.Get(t, "objs"), tolerance)
			values["there"] = ort.FromTensor(tensor.New(1, GLIGENBoxes))
			goldentest.Close(t, "objs_empty", runGraph(t, runtime, level, b, values)[0], file.Get(t, "objs_empty"), tolerance)
			for _, name := range file.Names() {
				number, ok := strings.CutSuffix(name, ".x")
				if !ok {
					continue
				}
				i, err := strconv.Atoi(number)
				if err != nil {
					t.Fatal(err)
				}
				goldenFuser(t, runtime, level, set, c, file, i, tolerance)
			}
		}
	}
}

func goldenFuser(t *testing.T, runtime *ort.Runtime, level ort.Level, set *weights.Set, c GLIGENConfig, file *goldentest.File, i int, tolerance float64) {
	x, tokens := file.Get(t, strconv.Itoa(i)+".x"), file.Get(t, "objs")
	for gate, want := range []*tensor.Tensor{x, file.Get(t, strconv.Itoa(i)+".out")} {
		b := onnx.NewBuilder("fuser")
		rows := b.Input("x", onnx.Float32, x.Dim(0)*x.Dim(1), x.Dim(2))
		u := &unet{net: newNet(b, set, Patches{}), config: UNetConfig{Heads: 8}, batch: b.Ints(int64(x.Dim(0)))}
		y := addFuser(u, set, c, i, rows, b.Input("tokens", onnx.Float32, sizes(tokens)...), b.Input("gate", onnx.Float32, x.Dim(0), 1, 1))
		b.Output("out", y)
		got := runGraph(t, runtime, level, b, map[string]ort.Value{
			"x": ort.FromFloat32(x.Data, x.Dim(0)*x.Dim(1), x.Dim(2)), "tokens": ort.FromTensor(tokens),
			"gate": ort.FromTensor(tensor.Full(float32(gate), x.Dim(0), 1, 1)),
		})[0]
		got.Shape = want.Shape
		goldentest.Close(t, strconv.Itoa(i)+".out", got, want, tolerance)
	}
}

func metadata(t *testing.T, file *goldentest.File, key string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(file.Metadata()[key]), to); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
}

func sizes(t *tensor.Tensor) (list []any) {
	for _, d := range t.Shape {
		list = append(list, d)
	}
	return list
}

func runGraph(t *testing.T, runtime *ort.Runtime, level ort.Level, b *onnx.Builder, inputs map[string]ort.Value) []*tensor.Tensor {
	t.Helper()
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	session, err := runtime.NewSession(t.Context(), proto, ort.SessionOptions{Level: level})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out, err := session.Run(t.Context(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

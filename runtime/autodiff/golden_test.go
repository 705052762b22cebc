package autodiff_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// The fixtures are PyTorch's float32 gradients of the tuning loss (INDEX.md, oneactor): relative norm of the difference 2e-4, loss 1e-5.
const (
	gradientTolerance = 2e-4
	lossTolerance     = 1e-5
)

// tuningBatch is the step's samples: the target, three auxiliary pictures, and the average; sampleWeights what each counts in the loss.
const tuningBatch = 5

var sampleWeights = []float32{1, 0.5 / 3, 0.5 / 3, 0.5 / 3, 0.2}

func TestGoldenContextGradient(t *testing.T) {
	runtime := ortest.Setup(t)
	for _, path := range goldentest.Files(t, "oneactor", "tiny-*.safetensors") {
		name := strings.TrimSuffix(filepath.Base(path), ".safetensors")
		if strings.HasSuffix(name, "-projector") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkpoint, err := weights.OpenUNet(filepath.Join(goldentest.Models(t), "checkpoints", name+".safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			tests := map[string]struct {
				o     autodiff.Options
				level ort.Level
			}{
				"mapped":             {autodiff.Options{}, ort.Mapped},
				"packed":             {autodiff.Options{}, ort.Packed},
				"mapped, recomputed": {autodiff.Options{Recompute: autodiff.Again}, ort.Mapped},
				"packed, no room":    {autodiff.Options{Room: 1}, ort.Packed},
			}
			for how, tt := range tests {
				t.Run(how, func(t *testing.T) {
					goldenContext(t, runtime, tt.level, checkpoint.UNet, goldentest.Load(t, path), tt.o)
				})
			}
		})
	}
}

// goldenContext compares the loss of step 0 and its gradient with respect to the context rows that the deltas were added to.
func goldenContext(t *testing.T, runtime *ort.Runtime, level ort.Level, set *weights.Set, file *goldentest.File, o autodiff.Options) {
	noisy, noise := file.Get(t, "step0.noisy"), file.Get(t, "noise")
	contextRows, delta, positions := file.Get(t, "context"), file.Get(t, "delta"), file.Get(t, "base_positions")
	b := onnx.NewBuilder("tuning")
	d := deltaGraph(t, b, set, noisy, contextRows, o)
	proto := graph(t, b)
	s, err := runtime.NewSession(context.Background(), proto, ort.SessionOptions{Level: level})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// Sample 5 has the mean of the auxiliary deltas; the projector's fifth row is not used.
	width := delta.Dim(1)
	all := contextRows.Clone()
	for i := range tuningBatch {
		row := all.Data[(i*contextRows.Dim(1)+int(positions.Data[i]))*width:][:width]
		for k := range row {
			if i == tuningBatch-1 {
				row[k] += (delta.Data[width+k] + delta.Data[2*width+k] + delta.Data[3*width+k]) / 3
			} else {
				row[k] += delta.Data[i*width+k]
			}
		}
	}
	n := tensor.Size(noisy.Shape)
	target, err := tensor.From(noise.Data[:n], noisy.Shape...)
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]ort.Value{
		"x": ort.FromTensor(noisy), "timesteps": ort.FromFloat32(file.Get(t, "timesteps").Data[:tuningBatch], tuningBatch),
		"context": ort.FromTensor(all), "target": ort.FromTensor(target),
	}
	if set.Has("label_emb.0.0.weight") { // a UNet that is told a vector
		inputs["y"] = ort.FromTensor(sizedVectors(t, file.Get(t, "pooled")))
	}
	got, err := s.Run(context.Background(), inputs, "loss", d)
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(file.Get(t, "losses").Data[0]); math.Abs(float64(got[0].Data[0])-want) > lossTolerance*want {
		t.Errorf("loss is %v, want %v", got[0].Data[0], want)
	}
	rows := tensor.New(tuningBatch, width)
	for i := range tuningBatch {
		copy(rows.Data[i*width:], got[1].Data[(i*contextRows.Dim(1)+int(positions.Data[i]))*width:][:width])
	}
	near(t, "gradient of the context", rows, file.Get(t, "step0.grad_context_at_base"), gradientTolerance)
}

// sizedVectors are pooled texts [n,P] and, behind each, the embeddings of SDXL's sizes of an uncut picture of 1024x1024.
func sizedVectors(t *testing.T, pooled *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	f := model.Frequencies(128)
	var sizes []float32
	for _, n := range []float32{1024, 1024, 0, 0, 1024, 1024} {
		cos, sin := make([]float32, len(f)), make([]float32, len(f))
		for k, v := range f {
			s, c := math.Sincos(float64(n * v))
			cos[k], sin[k] = float32(c), float32(s)
		}
		sizes = append(append(sizes, cos...), sin...)
	}
	n := pooled.Dim(0)
	all, err := tensor.From(slices.Repeat(sizes, n), n, len(sizes))
	if err != nil {
		t.Fatal(err)
	}
	out, err := tensor.Concat(1, pooled, all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// deltaGraph writes the loss of a tuning step and its gradient with respect to the context; it returns the gradient's name.
func deltaGraph(t *testing.T, b *onnx.Builder, set *weights.Set, noisy, context *tensor.Tensor, o autodiff.Options) string {
	t.Helper()
	c, err := model.ReadUNet(set)
	if err != nil {
		t.Fatal(err)
	}
	sizes := []any{noisy.Dim(0), noisy.Dim(1), noisy.Dim(2), noisy.Dim(3)}
	in := model.UNetInputs{
		X: b.Input("x", onnx.Float32, sizes...), Timesteps: b.Input("timesteps", onnx.Float32, noisy.Dim(0)),
		Context: b.Input("context", onnx.Float32, noisy.Dim(0), context.Dim(1), context.Dim(2)),
	}
	if c.LabelDim > 0 {
		in.Y = b.Input("y", onnx.Float32, noisy.Dim(0), c.LabelDim)
	}
	target := b.Input("target", onnx.Float32, sizes...)
	out := model.AddUNet(b, set, c, model.UNetOptions{Even: true}, in)
	e := b.Sub(out.Out, target)
	each := b.Op("ReduceMean", b.Mul(e, e), b.Ints(1, 2, 3), onnx.Int("keepdims", 0))
	loss := b.Op("ReduceSum", b.Mul(each, b.Const("weights", sampleWeights, tuningBatch)), onnx.Int("keepdims", 0))
	d := autodiff.Gradients(b, loss, []*onnx.Value{in.Context}, o)
	b.Output("loss", loss)
	b.Output("d context", d[0])
	return "d context"
}

// graph writes the model.
func graph(t *testing.T, b *onnx.Builder) []byte {
	t.Helper()
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	return proto
}

// near compares by relative norm of the difference.
func near(t *testing.T, what string, got, want *tensor.Tensor, tolerance float64) {
	t.Helper()
	if len(got.Data) != len(want.Data) {
		t.Fatalf("%s: %v, want %v", what, got.Shape, want.Shape)
	}
	var difference, size float64
	for i, w := range want.Data {
		d := float64(got.Data[i]) - float64(w)
		difference += d * d
		size += float64(w) * float64(w)
	}
	if r := math.Sqrt(difference / size); !(r <= tolerance) {
		t.Errorf("%s: relative norm of the difference %.2g, allowed %.2g", what, r, tolerance)
	} else {
		t.Logf("%s: relative norm of the difference %.2g", what, r)
	}
}

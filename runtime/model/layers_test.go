package model

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// random is a tensor of normally distributed values, the same for the same seed.
func random(seed uint64, shape ...int) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 0))
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(r.NormFloat64())
	}
	return x
}

// stored writes tensors to a file and reads them back as a set.
func stored(t *testing.T, tensors map[string]*tensor.Tensor) *weights.Set {
	t.Helper()
	header, data := map[string]any{}, []byte{}
	for name, x := range tensors {
		from := len(data)
		for _, v := range x.Data {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": x.Shape, "data_offsets": []int{from, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := os.WriteFile(path, append(file, data...), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f.All()
}

// evaluate builds a graph over weights, whose outputs are a and b, and returns both.
func evaluate(t *testing.T, set *weights.Set, p Patches, inputs map[string]*tensor.Tensor, build func(n *net) (a, b *onnx.Value)) (a, b *tensor.Tensor) {
	t.Helper()
	builder := onnx.NewBuilder("test")
	n := newNet(builder, set, p)
	x, y := build(n)
	n.checkPatches()
	builder.Output("a", x)
	builder.Output("b", y)
	g, err := builder.Graph()
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	session, err := ortest.Setup(t).NewSession(context.Background(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	values := map[string]ort.Value{}
	for name, v := range inputs {
		values[name] = ort.FromTensor(v)
	}
	out, err := session.Run(context.Background(), values, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	return out[0], out[1]
}

// near fails unless the tensors agree up to float32 rounding of sums: 1e-5 of the largest value.
func near(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	largest, worst := 0.0, 0.0
	if len(got.Data) != len(want.Data) {
		t.Fatalf("got shape %v, want %v", got.Shape, want.Shape)
	}
	for i := range want.Data {
		largest = max(largest, math.Abs(float64(want.Data[i])))
		worst = max(worst, math.Abs(float64(got.Data[i]-want.Data[i])))
	}
	if worst > 1e-5*largest || largest == 0 {
		t.Errorf("off by %g, largest value %g", worst, largest)
	}
}

func TestUpsampleDouble(t *testing.T) {
	tests := map[string][]int{
		"1x1":       {1, 16, 1, 1},
		"1x5":       {2, 16, 1, 5},
		"odd sizes": {1, 16, 3, 7},
		"8x8":       {2, 16, 8, 8},
	}
	set := stored(t, map[string]*tensor.Tensor{"up.weight": random(1, 24, 16, 3, 3), "up.bias": random(2, 24)})
	for name, shape := range tests {
		t.Run(name, func(t *testing.T) {
			inputs := map[string]*tensor.Tensor{"x": random(3, shape...), "like": tensor.New(1, 1, 2*shape[2], 2*shape[3])}
			got, want := evaluate(t, set, Patches{}, inputs, func(n *net) (a, b *onnx.Value) {
				x := n.Input("x", onnx.Float32, "batch", 16, "height", "width")
				like := n.Input("like", onnx.Float32, 1, 1, "height 2", "width 2")
				return n.upsampleDouble(x, "up"), n.upsampleTo(x, like, "up")
			})
			near(t, got, want)
		})
	}
}

func TestUpsampleToOddSize(t *testing.T) {
	set := stored(t, map[string]*tensor.Tensor{"up.weight": tensor.Full(1, 1, 1, 1, 1)})
	x, err := tensor.From([]float32{1, 2, 3, 4}, 1, 1, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	// Row i of 3 reads row floor(i·2/3) of 2, and columns alike (torch.nn.functional.interpolate, nearest).
	want, err := tensor.From([]float32{1, 1, 2, 1, 1, 2, 3, 3, 4}, 1, 1, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := evaluate(t, set, Patches{}, map[string]*tensor.Tensor{"x": x, "like": tensor.New(1, 1, 3, 3)}, func(n *net) (a, b *onnx.Value) {
		x := n.Input("x", onnx.Float32, "batch", 1, "height", "width")
		like := n.Input("like", onnx.Float32, 1, 1, "height 2", "width 2")
		return n.upsampleTo(x, like, "up"), x
	})
	near(t, got, want)
}

func TestBranchEqualsMergedWeight(t *testing.T) {
	const rank = 3
	layers := map[string]struct {
		weight, x []int
		input     []any // sizes of x as the graph declares them
		apply     func(n *net, x *onnx.Value, path string) *onnx.Value
	}{
		"linear": {[]int{8, 6}, []int{5, 6}, []any{"rows", 6}, (*net).linear},
		"rows of a linear": {[]int{8, 6}, []int{5, 6}, []any{"rows", 6}, func(n *net, x *onnx.Value, path string) *onnx.Value {
			return n.Concat(1, n.linearRows(x, path, 0, 3), n.linearRows(x, path, 3, 8))
		}},
		"linear stored as a convolution": {[]int{8, 6, 1, 1}, []int{5, 6}, []any{"rows", 6}, (*net).linear},
		"convolution 3x3":                {[]int{8, 6, 3, 3}, []int{2, 6, 5, 4}, []any{"batch", 6, "height", "width"}, (*net).convSame},
		"convolution of stride 2": {[]int{8, 6, 3, 3}, []int{2, 6, 5, 4}, []any{"batch", 6, "height", "width"},
			func(n *net, x *onnx.Value, path string) *onnx.Value { return n.conv(x, path, half) }},
		"upsampling": {[]int{8, 6, 3, 3}, []int{2, 6, 5, 4}, []any{"batch", 6, "height", "width"}, (*net).upsampleDouble},
	}
	for name, l := range layers {
		t.Run(name, func(t *testing.T) {
			w, bias := random(1, l.weight...), random(2, l.weight[0])
			downShape := append([]int{rank}, l.weight[1:]...)
			down, up := random(3, downShape...), random(4, l.weight[0], rank)
			merged := w.Clone()
			columns := len(w.Data) / w.Shape[0]
			for i := range merged.Data {
				for k := range rank {
					merged.Data[i] += up.Data[i/columns*rank+k] * down.Data[k*columns+i%columns]
				}
			}
			set := stored(t, map[string]*tensor.Tensor{"w.weight": w, "w.bias": bias, "merged.weight": w, "merged.bias": bias})
			patches := Patches{LoRA: []string{"w.weight"}, Replaced: []string{"merged.weight"}}
			inputs := map[string]*tensor.Tensor{"x": random(5, l.x...), "merged.weight": merged, "w.weight.lora_down": down, "w.weight.lora_up": up}
			got, want := evaluate(t, set, patches, inputs, func(n *net) (a, b *onnx.Value) {
				x := n.Input("x", onnx.Float32, l.input...)
				return l.apply(n, x, "w"), l.apply(n, x, "merged")
			})
			near(t, got, want)
		})
	}
}

func TestPatchesThatDoNothing(t *testing.T) {
	set := stored(t, map[string]*tensor.Tensor{"w.weight": random(1, 4, 4), "norm.weight": random(2, 4), "v.weight": random(3, 4, 4)})
	tests := map[string]struct {
		patches Patches
		want    string
	}{
		"LoRA on a missing weight": {Patches{LoRA: []string{"none.weight"}}, "none.weight is missing"},
		"LoRA on a vector":         {Patches{LoRA: []string{"norm.weight"}}, "norm.weight of shape [4]: a LoRA needs a matrix"},
		"LoRA on an unused weight": {Patches{LoRA: []string{"v.weight"}}, "v.weight: no linear or convolution layer"},
		"replaced missing":         {Patches{Replaced: []string{"none.weight"}}, "none.weight is missing"},
		"replaced unused":          {Patches{Replaced: []string{"v.weight"}}, "v.weight: this network does not use it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := onnx.NewBuilder("test")
			n := newNet(b, set, tt.patches)
			b.Output("y", n.linear(n.Input("x", onnx.Float32, "rows", 4), "w"))
			n.checkPatches()
			_, err := b.Graph()
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that wraps ErrUnsupported and says %q", err, tt.want)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	set := stored(t, map[string]*tensor.Tensor{"something.weight": random(1, 4, 4)})
	for name, read := range map[string]func() error{
		"UNet":         func() error { _, err := UNet(set, UNetOptions{}); return err },
		"ControlNet":   func() error { _, err := ControlNet(set, UNetOptions{}); return err },
		"VAE":          func() error { _, err := VAEDecoder(set, VAEOptions{}); return err },
		"text encoder": func() error { _, err := CLIP(set, CLIPOptions{}); return err },
	} {
		if err := read(); !errors.Is(err, ErrUnsupported) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: got %v, want an error that names it and wraps ErrUnsupported", name, err)
		}
	}
}

func TestGroupNorm(t *testing.T) {
	const c, eps = 64, 1e-5
	gamma, beta, x := random(1, c), random(2, c), random(3, 2, c, 3, 5)
	set := stored(t, map[string]*tensor.Tensor{"n.weight": gamma, "n.bias": beta})
	got, _ := evaluate(t, set, Patches{}, map[string]*tensor.Tensor{"x": x}, func(n *net) (a, b *onnx.Value) {
		x := n.Input("x", onnx.Float32, "batch", c, "height", "width")
		return n.groupNorm(x, "n", eps), x
	})
	want := x.Clone()
	size := c / groups * 15
	for g := 0; g < len(x.Data); g += size {
		mean, variance := 0.0, 0.0
		for _, v := range x.Data[g : g+size] {
			mean += float64(v) / float64(size)
		}
		for _, v := range x.Data[g : g+size] {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(size)
		}
		for i := g; i < g+size; i++ {
			channel := i / 15 % c
			want.Data[i] = float32((float64(x.Data[i])-mean)/math.Sqrt(variance+eps))*gamma.Data[channel] + beta.Data[channel]
		}
	}
	near(t, got, want)
}

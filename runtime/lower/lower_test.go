package lower_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/layouttest"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// wide are plans of published models whose widths the provider's kernels take: pairs of channels in each of 32 groups.
var wide = map[string]layouttest.UNet{
	"SD 1.5": {In: 4, Widths: []int{64, 128, 128, 128}, Resnets: 2, Down: []int{1, 1, 1, 0}, Middle: 1, Context: 24, Convolution: true},
	"SDXL":   {In: 4, Widths: []int{64, 128, 192}, Resnets: 2, Down: []int{0, 1, 2}, Middle: 2, Context: 24, Label: 2816},
	"narrow": {In: 4, Widths: []int{32, 64, 64, 64}, Resnets: 2, Down: []int{1, 1, 1, 0}, Middle: 1, Context: 24, Convolution: true},
}

func openPlan(t *testing.T, plan layouttest.UNet) *weights.Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), "unet.safetensors")
	layouttest.Save(t, path, plan.Tensors(), layouttest.LDM)
	c, err := weights.OpenUNet(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.UNet
}

// TestSameNumbers runs rewritten graphs, with each fused operator written out, beside the graphs they were made from.
func TestSameNumbers(t *testing.T) {
	rt := ortest.Setup(t)
	for name, plan := range wide {
		for variant, o := range map[string]model.UNetOptions{
			"plain":   {Features: true},
			"even":    {Features: true, Even: true},
			"control": {Features: true, Control: true, Even: true},
			"lora": {Patches: model.Patches{LoRA: []string{
				"input_blocks.1.0.in_layers.2.weight", "middle_block.1.transformer_blocks.0.attn1.to_q.weight",
				"middle_block.1.transformer_blocks.0.ff.net.0.proj.weight", "middle_block.1.transformer_blocks.0.attn1.to_out.0.weight",
			}}},
			"replaced": {Patches: model.Patches{Replaced: []string{
				"input_blocks.1.0.in_layers.2.weight", "middle_block.1.transformer_blocks.0.norm1.weight", "middle_block.0.out_layers.0.weight",
			}}},
		} {
			if name == "SDXL" && o.Patches.LoRA != nil {
				continue // its input block 1 is like that of SD 1.5
			}
			t.Run(name+" "+variant, func(t *testing.T) {
				g, err := model.UNet(openPlan(t, plan), o)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, rt, g, 16, 16)
			})
		}
	}
}

// compare runs g and what becomes of it on the same random inputs.
func compare(t *testing.T, rt *ort.Runtime, g *onnx.Graph, height, width int) {
	t.Helper()
	lowered, err := lower.Graph(g, lower.Options{Compute: onnx.Float32, Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	inputs := randomInputs(g, height, width)
	want, got := run(t, rt, g, inputs), run(t, rt, lowered, inputs)
	for i, w := range want {
		if d := difference(got[i], w); d > 2e-5 {
			t.Errorf("%s differs by %.2g (relative L2)", g.Outputs[i].Name, d)
		}
	}
}

func run(t *testing.T, rt *ort.Runtime, g *onnx.Graph, inputs map[string]ort.Value) []*tensor.Tensor {
	t.Helper()
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	s, err := rt.NewSession(t.Context(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var names []string
	for _, v := range g.Outputs {
		names = append(names, v.Name)
	}
	out, err := s.Run(t.Context(), inputs, names...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// randomInputs fills every input of a network; unknown sizes are 2 pictures, the given ones, and 5 for anything else.
func randomInputs(g *onnx.Graph, height, width int) map[string]ort.Value {
	r := rand.New(rand.NewPCG(3, 4))
	inputs := map[string]ort.Value{}
	for _, v := range g.Inputs {
		var shape []int
		for i, d := range v.Shape {
			switch {
			case d != onnx.Unknown:
			case v.DimNames[i] == "batch":
				d = 2
			case v.DimNames[i] == "height":
				d = int64(height)
			case v.DimNames[i] == "width":
				d = int64(width)
			case strings.HasPrefix(v.Name, "control"): // broadcast, where no control is active
				d = 1
			default:
				d = 5
			}
			shape = append(shape, int(d))
		}
		x := tensor.New(shape...)
		for i := range x.Data {
			x.Data[i] = float32(r.NormFloat64())
			if v.Name == "timesteps" {
				x.Data[i] = 437
			}
		}
		inputs[v.Name] = ort.FromTensor(x)
	}
	return inputs
}

func difference(got, want *tensor.Tensor) float64 {
	var d, n float64
	for i, w := range want.Data {
		d += math.Pow(float64(got.Data[i]-w), 2)
		n += float64(w) * float64(w)
	}
	return math.Sqrt(d / n)
}

// TestHalf loads the graph that the GPU gets. The CPU has no kernel for its first operator, and says so only after it has checked types and shapes
// of all of them.
func TestHalf(t *testing.T) {
	rt := ortest.Setup(t)
	for name, plan := range wide {
		t.Run(name, func(t *testing.T) {
			g, err := model.UNet(openPlan(t, plan), model.UNetOptions{Features: true, Control: true})
			if err != nil {
				t.Fatal(err)
			}
			lowered, err := lower.Graph(g, lower.Options{Compute: onnx.Float16})
			if err != nil {
				t.Fatal(err)
			}
			wantFused(t, lowered, name != "narrow")
			proto, err := lowered.Proto()
			if err != nil {
				t.Fatal(err)
			}
			s, err := rt.NewSession(t.Context(), proto, ort.SessionOptions{})
			if err == nil {
				s.Close()
				t.Fatal("the CPU runs it; compare its numbers")
			}
			if !strings.Contains(err.Error(), "Kernel not found") {
				t.Errorf("want a missing kernel, got %v", err)
			}
		})
	}
}

// wantFused checks that a UNet is made of the GPU's operators: no convolution is left with channels first, and normalisations take sums along
// where their widths allow it.
func wantFused(t *testing.T, g *onnx.Graph, wide bool) {
	t.Helper()
	count := map[string]int{}
	for _, n := range g.Nodes {
		count[n.Op]++
	}
	for _, op := range []string{"NhwcConv", "SkipLayerNormalization", "MultiHeadAttention"} {
		if count[op] == 0 {
			t.Errorf("no %s", op)
		}
	}
	if count["Conv"] > 0 || count["ConvTranspose"] > 0 {
		t.Errorf("%d convolutions with channels first", count["Conv"]+count["ConvTranspose"])
	}
	if wide && (count["SkipGroupNorm"] == 0 || count["InstanceNormalization"] > 0) {
		t.Errorf("%d SkipGroupNorm, %d InstanceNormalization left", count["SkipGroupNorm"], count["InstanceNormalization"])
	}
}

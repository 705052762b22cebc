package autodiff_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
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

// network is a graph with a result and the values whose gradients are wanted.
type network struct {
	build func(b builder) (out value, wrt values)
	// whole are the inputs of whole numbers, and what these stay below.
	whole map[string]int64
	// step of the central difference at most, relative to the value's norm, and the largest difference allowed, relative to the gradient's norm.
	step, tolerance float64
}

// TestNetworksHaveRows differentiates every network that is trained through or trained, on the tiny checkpoints, and compares slopes of
// the loss along the gradient and along a random direction to central differences. An operator without a row fails here by name.
func TestNetworksHaveRows(t *testing.T) {
	runtime := ortest.Setup(t)
	folder := goldentest.Models(t)
	checkpoint, err := weights.OpenCheckpoint(filepath.Join(folder, "checkpoints", "tiny-sd15.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	control, err := weights.OpenControlNet(filepath.Join(folder, "controlnet", "tiny-sd15-control.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range networks(t, checkpoint, control) {
		t.Run(name, func(t *testing.T) { n.check(t, runtime) })
	}
}

func networks(t *testing.T, checkpoint *weights.Checkpoint, control *weights.ControlNet) map[string]network {
	unet, err := model.ReadUNet(checkpoint.UNet)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := model.ReadCLIP(checkpoint.Text)
	if err != nil {
		t.Fatal(err)
	}
	controlNet, err := model.ReadControlNet(control.Set)
	if err != nil {
		t.Fatal(err)
	}
	inputs := func(b builder, h, w int) model.UNetInputs {
		return model.UNetInputs{
			X: b.Input("x", onnx.Float32, 2, unet.InChannels, h, w), Timesteps: b.Input("timesteps", onnx.Float32, 2),
			Context: b.Input("context", onnx.Float32, 2, 7, unet.ContextDim),
		}
	}
	plain := func(o model.UNetOptions, h, w int) network {
		return network{step: 1e-2, tolerance: 1e-2, build: func(b builder) (value, values) {
			in := inputs(b, h, w)
			return model.AddUNet(b, checkpoint.UNet, unet, o, in).Out, values{in.Context, in.X}
		}}
	}
	lora := func(names ...string) network {
		return network{step: 1e-2, tolerance: 1e-2, build: func(b builder) (value, values) {
			in := inputs(b, 8, 8)
			out := model.AddUNet(b, checkpoint.UNet, unet, model.UNetOptions{Even: true, Patches: model.Patches{LoRA: names, Rank: 3}}, in)
			wrt := values{in.Context}
			for _, v := range b.Inputs() {
				if v.Name != "x" && v.Name != "timesteps" && v.Name != "context" {
					wrt = append(wrt, v)
				}
			}
			return out.Out, wrt
		}}
	}
	text := func(a model.Activation) network {
		return network{
			step: 1e-2, tolerance: 1e-2,
			build: func(b builder) (value, values) {
				in := model.CLIPInputs{
					Tokens: b.Input("tokens", onnx.Int64, 2, clip.Tokens), End: b.Input("end", onnx.Int64, 2),
					Extra: b.Input("extra", onnx.Float32, 3, clip.Width),
				}
				out := model.AddCLIP(b, checkpoint.Text, clip, model.CLIPOptions{Activation: a}, in)
				pooled := b.Reshape(out.Pooled, 2, 1, int64(clip.Width))
				return b.Concat(1, out.Hidden, pooled), values{in.Extra}
			},
			whole: map[string]int64{"tokens": int64(clip.Vocabulary) + 3, "end": int64(clip.Tokens)},
		}
	}
	return map[string]network{
		"UNet":             plain(model.UNetOptions{Even: true}, 8, 8),
		"UNet, odd latent": plain(model.UNetOptions{}, 9, 13),
		"UNet with LoRA on linear layers": lora("input_blocks.1.1.proj_in.weight", "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight",
			"middle_block.1.transformer_blocks.0.attn2.to_k.weight", "middle_block.1.transformer_blocks.0.ff.net.0.proj.weight"),
		"UNet with LoRA on convolutions": lora(loraConvolutions(checkpoint.UNet)...),
		"UNet with ControlNet": {step: 1e-2, tolerance: 1e-2, build: func(b builder) (value, values) {
			in := inputs(b, 8, 8)
			scale := controlNet.HintScale
			hint := b.Input("hint", onnx.Float32, 2, controlNet.HintChannels, 8*scale, 8*scale)
			in.Control, in.ControlMiddle = model.AddControlNet(b, control.Set, controlNet, model.UNetOptions{}, in, model.AddControlHint(b, control.Set, controlNet, hint, nil))
			return model.AddUNet(b, checkpoint.UNet, unet, model.UNetOptions{Even: true}, in).Out, values{in.Context, hint}
		}},
		"CLIP-L":   text(model.QuickGELU),
		"OpenCLIP": text(model.GELU),
		// Each of its rectifiers has a corner that a difference may step over.
		"projector": {step: 1e-4, tolerance: 3e-2, build: func(b builder) (value, values) {
			c := model.ProjectorConfig{Channels: 16, Height: 9, Width: 9, Dim: 6}
			h := b.Input("h", onnx.Float32, 3, c.Channels, c.Height, c.Width)
			parameters := model.ProjectorInputs(b, c)
			wrt := values{h}
			for _, p := range c.Parameters() {
				if !p.Fixed {
					wrt = append(wrt, parameters[p.Name])
				}
			}
			return model.AddProjector(b, c, h, parameters), wrt
		}},
	}
}

// loraConvolutions are a convolution of each kind that a UNet has.
func loraConvolutions(set *weights.Set) []string {
	var names []string
	for _, name := range []string{"input_blocks.1.0.in_layers.2.weight", "input_blocks.3.0.op.weight"} {
		if set.Has(name) {
			names = append(names, name)
		}
	}
	for block := range 12 {
		for part := range 3 {
			for _, kind := range []string{"skip_connection.weight", "conv.weight"} {
				if name := fmt.Sprintf("output_blocks.%d.%d.%s", block, part, kind); set.Has(name) && block < 6 {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// check compares slopes.
func (n network) check(t *testing.T, runtime *ort.Runtime) {
	draw := rand.New(rand.NewPCG(3, 5))
	// Two graphs, as a run computes every output: the one with the gradients would make the differences slow.
	forward, backward := onnx.NewBuilder("forward"), onnx.NewBuilder("backward")
	out, _ := n.build(forward)
	back, wrt := n.build(backward)
	if err := errors.Join(forward.Err(), backward.Err()); err != nil {
		t.Fatal(err)
	}
	for _, g := range backward.Groups() {
		if !autodiff.HasGroup(g.Kind) {
			t.Errorf("group %s has no row", g.Kind)
		}
	}
	weight := normal(draw, out.Shape)
	forward.Output("terms", forward.Mul(out, forward.Const("weights", weight.Data, out.Shape...)))
	loss := backward.Op("ReduceSum", backward.Mul(back, backward.Const("weights", weight.Data, out.Shape...)))
	var names []string
	for i, d := range autodiff.Gradients(backward, loss, wrt, autodiff.Options{}) {
		names = append(names, fmt.Sprint("d", i))
		backward.Output(names[i], d)
	}
	run := session(t, runtime, forward)
	inputs, data := map[string]ort.Value{}, map[string]*tensor.Tensor{}
	for _, v := range backward.Inputs() {
		if below, ok := n.whole[v.Name]; ok {
			numbers := make([]int64, v.Shape.Count())
			for i := range numbers {
				numbers[i] = draw.Int64N(below)
			}
			if v.Name == "tokens" {
				numbers[1], numbers[2], numbers[v.Shape[1]+4] = below-1, below-2, below-1 // words of textual inversion
			}
			inputs[v.Name] = ort.FromInt64(numbers, ints(v.Shape)...)
			continue
		}
		data[v.Name] = normal(draw, v.Shape)
		if strings.Contains(v.Name, "lora") { // full size would drown the network
			for k := range data[v.Name].Data {
				data[v.Name].Data[k] *= 0.3
			}
		}
		inputs[v.Name] = ort.FromTensor(data[v.Name])
	}
	for i, d := range session(t, runtime, backward)(inputs, names...) {
		v := wrt[i]
		size := norm(d)
		if size == 0 || math.IsNaN(size) {
			t.Errorf("gradient of %s has norm %v", v.Name, size)
			continue
		}
		// Along the gradient the slope is its norm; along another direction of that length it is their product.
		random := normal(draw, v.Shape)
		for name, direction := range map[string]*tensor.Tensor{"the gradient": d, "a random direction": random} {
			// As far as rounding asks for: a change of the loss by 3e-3 of its usual size, but no more than a part of the value.
			change := 3e-3 * math.Sqrt(float64(len(weight.Data))) / size
			step := min(change, n.step*norm(data[v.Name])) / norm(direction)
			want := 0.0
			for k := range d.Data {
				want += float64(d.Data[k]) * float64(direction.Data[k])
			}
			original := append([]float32(nil), data[v.Name].Data...)
			slope := 0.0
			for _, sign := range []float64{1, -1} {
				for k := range original {
					data[v.Name].Data[k] = original[k] + float32(sign*step*float64(direction.Data[k]))
				}
				for _, term := range run(inputs, "terms")[0].Data {
					slope += sign * float64(term)
				}
			}
			copy(data[v.Name].Data, original)
			slope /= 2 * step
			if !(math.Abs(slope-want) <= n.tolerance*size*norm(direction)) {
				t.Errorf("%s: slope of the loss along %s is %.6g, by the gradient %.6g", v.Name, name, slope, want)
			}
		}
	}
}

// session loads a graph and returns how to run it.
func session(t *testing.T, runtime *ort.Runtime, b builder) func(inputs map[string]ort.Value, outputs ...string) []*tensor.Tensor {
	t.Helper()
	s, err := runtime.NewSession(context.Background(), graph(t, b), ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return func(inputs map[string]ort.Value, outputs ...string) []*tensor.Tensor {
		t.Helper()
		got, err := s.Run(context.Background(), inputs, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func norm(t *tensor.Tensor) float64 {
	sum := 0.0
	for _, v := range t.Data {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func normal(draw *rand.Rand, shape onnx.Shape) *tensor.Tensor {
	t := tensor.New(ints(shape)...)
	for i := range t.Data {
		t.Data[i] = float32(draw.NormFloat64())
	}
	return t
}

func ints(shape onnx.Shape) []int {
	out := make([]int, len(shape))
	for i, d := range shape {
		out[i] = int(d)
	}
	return out
}

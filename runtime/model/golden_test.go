package model_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// network is the tolerance of networks where the fixtures name none (INDEX.md).
const network = 3e-5

// subject is the model that a fixture file is about: unit/unet_tiny-sd15.safetensors is about tiny-sd15.
func subject(path, kind string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), kind+"_"), ".safetensors")
}

// modelFile finds a model's file in the first of the folders that has it.
func modelFile(t *testing.T, name string, folders ...string) string {
	t.Helper()
	for _, folder := range folders {
		path := filepath.Join(goldentest.Models(t), folder, name+".safetensors")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("no model %s.safetensors in %v of %s", name, folders, goldentest.Models(t))
	return ""
}

// runner runs graphs on both ways of loading weights.
type runner struct {
	runtime *ort.Runtime
	level   ort.Level
}

// levels runs a test once per way of loading.
func levels(t *testing.T, test func(t *testing.T, r runner)) {
	runtime := ortest.Setup(t)
	for _, l := range []ort.Level{ort.Mapped, ort.Packed, ort.Stored} {
		t.Run(l.String(), func(t *testing.T) { test(t, runner{runtime, l}) })
	}
}

// run loads a graph and runs it once, for the named outputs.
func (r runner) run(t *testing.T, g *onnx.Graph, inputs map[string]ort.Value, outputs ...string) []*tensor.Tensor {
	t.Helper()
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	session, err := r.runtime.NewSession(context.Background(), proto, ort.SessionOptions{Level: r.level})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	got, err := session.Run(context.Background(), inputs, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// waitFor reports a fixture that needs what is not there yet; any other error fails the test.
func waitFor(t *testing.T, name string, err error) {
	t.Helper()
	if errors.Is(err, model.ErrUnsupported) || errors.Is(err, weights.ErrFamily) {
		goldentest.Waiting(t, name, err.Error())
		return
	}
	t.Fatalf("%s: %v", name, err)
}

func TestGoldenUNet(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "unit", "unet_*.safetensors") {
			t.Run(subject(path, "unet"), func(t *testing.T) { goldenUNet(t, r, path) })
		}
	})
}

func goldenUNet(t *testing.T, r runner, path string) {
	name := subject(path, "unet")
	checkpoint, err := weights.OpenUNet(modelFile(t, name, "checkpoints", "diffusion_models"))
	if err != nil {
		waitFor(t, name, err)
		return
	}
	config, err := model.ReadUNet(checkpoint.UNet)
	if err != nil {
		waitFor(t, name, err)
		return
	}
	file := goldentest.Load(t, path)
	for _, tensorName := range file.Names() {
		c, ok := strings.CutSuffix(tensorName, ".x")
		if !ok {
			continue
		}
		inputs := map[string]ort.Value{}
		for _, in := range []string{"x", "timesteps", "context", "y"} {
			if file.Has(c + "." + in) {
				inputs[in] = ort.FromTensor(file.Get(t, c+"."+in))
			}
		}
		x := file.Get(t, c+".x")
		factor := 1 << config.Levels()
		for _, even := range []bool{false, true} {
			if even && (x.Dim(2)%factor != 0 || x.Dim(3)%factor != 0) {
				continue
			}
			g, err := model.UNet(checkpoint.UNet, model.UNetOptions{Features: true, Even: even})
			if err != nil {
				t.Fatal(err)
			}
			got := r.run(t, g, inputs, "out", "h")
			goldentest.Close(t, c+".out", got[0], file.Get(t, c+".out"), goldentest.Tolerance(t, path, network))
			if file.Has(c + ".h") {
				goldentest.Close(t, c+".h", got[1], file.Get(t, c+".h"), goldentest.Tolerance(t, path, network))
			}
		}
	}
}

func TestGoldenControlNet(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "unit", "control_*.safetensors") {
			t.Run(subject(path, "control"), func(t *testing.T) { goldenControlNet(t, r, path) })
		}
	})
}

func goldenControlNet(t *testing.T, r runner, path string) {
	name := subject(path, "control")
	set, sums, err := controlSet(t, name)
	if err != nil {
		waitFor(t, name, err)
		return
	}
	config, err := model.ReadControlNet(set)
	if err != nil {
		waitFor(t, name, err)
		return
	}
	file := goldentest.Load(t, path)
	for suffix, types := range unionCases(t, file, config.Types) {
		inputs := map[string]ort.Value{"hint": ort.FromTensor(file.Get(t, "hint"))}
		if types != nil {
			inputs["types"] = ort.FromFloat32(types, len(types))
		}
		hint, err := model.ControlHint(set)
		if err != nil {
			t.Fatal(err)
		}
		features := r.run(t, hint, inputs, "features")[0]
		g, err := model.ControlNet(set, model.UNetOptions{Patches: model.Patches{Replaced: slices.Sorted(maps.Keys(sums))}})
		if err != nil {
			t.Fatal(err)
		}
		for weight, sum := range sums {
			inputs[weight] = ort.FromTensor(sum)
		}
		inputs["hint"] = ort.FromTensor(features)
		var outputs []string
		for _, n := range file.Names() {
			switch output, ok := strings.CutSuffix(n, suffix); {
			case n == "hint", n == "y" && config.LabelDim == 0:
			case g.Input(n) != nil:
				inputs[n] = ort.FromTensor(file.Get(t, n))
			case ok && g.Output(output) != nil:
				outputs = append(outputs, output)
			case suffix == "":
				t.Errorf("tensor %s is neither an input nor an output of the graph", n)
			}
		}
		if len(outputs) != len(g.Outputs) {
			t.Errorf("the fixture has %d outputs%s, the graph %d", len(outputs), suffix, len(g.Outputs))
		}
		for i, got := range r.run(t, g, inputs, outputs...) {
			goldentest.Close(t, outputs[i]+suffix, got, file.Get(t, outputs[i]+suffix), goldentest.Tolerance(t, path, network))
		}
	}
}

// controlSet opens a ControlNet whole: one that builds on a UNet is put together with that of the model it is named after, by its set of
// weights or by sums that are inputs.
func controlSet(t *testing.T, name string) (set *weights.Set, sums map[string]*tensor.Tensor, err error) {
	t.Helper()
	net, err := weights.OpenControlNet(modelFile(t, name, "controlnet"))
	if err != nil {
		return nil, nil, err
	}
	if net.Kind != weights.LowRankControl && net.Kind != weights.DifferenceControl {
		return net.Set, nil, nil
	}
	base, _, _ := strings.Cut(name, "-control")
	checkpoint, err := weights.OpenUNet(modelFile(t, base, "checkpoints"))
	if err != nil {
		return nil, nil, err
	}
	if net.Kind == weights.LowRankControl {
		return net.Set.Over(checkpoint.UNet), nil, nil
	}
	sums = map[string]*tensor.Tensor{}
	for _, weight := range net.Set.Names() {
		if !checkpoint.UNet.Has(weight) {
			continue
		}
		ours, err := net.Set.Float32(weight)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := checkpoint.UNet.Float32(weight)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range theirs.Data {
			ours.Data[i] += v
		}
		weights.Round(ours.Data, weights.F16)
		sums[weight] = ours
	}
	return net.Set, sums, nil
}

// unionCases are the kinds of hints that a fixture tells a union, by the suffix of the outputs' names; one case without for other nets.
func unionCases(t *testing.T, file *goldentest.File, types int) map[string][]float32 {
	t.Helper()
	if types == 0 {
		return map[string][]float32{"": nil}
	}
	cases := map[string][]float32{}
	for _, n := range file.Names() {
		suffix, ok := strings.CutPrefix(n, "middle.0")
		if !ok {
			continue
		}
		flags := make([]float32, types)
		if suffix != ".auto" {
			kind, err := strconv.Atoi(strings.TrimPrefix(suffix, ".type"))
			if err != nil || kind >= types {
				t.Fatalf("%s: what is %s?", n, suffix)
			}
			flags[kind] = 1
		}
		cases[suffix] = flags
	}
	return cases
}

func TestGoldenVAE(t *testing.T) {
	levels(t, func(t *testing.T, r runner) {
		for _, path := range goldentest.Files(t, "unit", "vae_*.safetensors") {
			t.Run(subject(path, "vae"), func(t *testing.T) { goldenVAE(t, r, path) })
		}
	})
}

func goldenVAE(t *testing.T, r runner, path string) {
	name := subject(path, "vae")
	set, err := weights.OpenVAE(modelFile(t, name, "checkpoints", "vae"))
	if err != nil {
		waitFor(t, name, err)
		return
	}
	file := goldentest.Load(t, path)
	tolerance := goldentest.Tolerance(t, path, network)

	encoder, err := model.VAEEncoder(set, model.VAEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	image := planes(file.Get(t, "image"), func(v float32) float32 { return 2*v - 1 })
	moments := r.run(t, encoder, map[string]ort.Value{"image": ort.FromTensor(image)}, "moments")[0]
	goldentest.Close(t, "moments", moments, file.Get(t, "moments"), tolerance)
	mean := file.Get(t, "mean")
	if b, c := moments.Dim(0), mean.Dim(1); b == 1 {
		half, err := tensor.From(moments.Data[:len(mean.Data)], 1, c, moments.Dim(2), moments.Dim(3))
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, "mean", half, mean, tolerance)
	}

	decoder, err := model.VAEDecoder(set, model.VAEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	decoded := r.run(t, decoder, map[string]ort.Value{"z": ort.FromTensor(file.Get(t, "z"))}, "image")[0]
	want := planes(file.Get(t, "decoded"), func(v float32) float32 { return v })
	for i, v := range decoded.Data {
		decoded.Data[i] = min(max((v+1)/2, 0), 1)
	}
	goldentest.Close(t, "decoded", decoded, want, tolerance)
}

// planes turns [B,H,W,C] into [B,C,H,W] with f applied to every value.
func planes(x *tensor.Tensor, f func(float32) float32) *tensor.Tensor {
	b, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	y := tensor.New(b, c, h, w)
	for i := range y.Data {
		p, q := i/(h*w), i%(h*w) // picture and channel, pixel
		y.Data[i] = f(x.Data[((p/c)*h*w+q)*c+p%c])
	}
	return y
}

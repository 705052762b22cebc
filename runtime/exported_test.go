package runtime_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// export says how the networks of a checkpoint are written to .onnx files under the names of optimum.
type export struct {
	checkpoint string
	float      onnx.DType // of the UNet's ports
	timestep   onnx.DType
	scalar     bool // timestep has no sizes
	static     bool // sizes are fixed: latents of 8x8 cells, one at a time
	inside     bool // weights lie in the .onnx files
	text       map[string]any
	schedule   map[string]any
}

// write makes the folder.
func (e export) write(t *testing.T, dir string) {
	t.Helper()
	c, err := weights.OpenCheckpoint(filepath.Join(goldentest.Models(t), "checkpoints", e.checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	writeJSON(t, filepath.Join(dir, "model_index.json"), map[string]any{"_class_name": "OnnxStableDiffusionPipeline"})
	if e.schedule != nil {
		writeJSON(t, filepath.Join(dir, "scheduler", "scheduler_config.json"), e.schedule)
	}
	e.save(t, filepath.Join(dir, "unet"), e.unet(t, c))
	xl := c.TextG != nil
	if c.Text != nil {
		e.save(t, filepath.Join(dir, "text_encoder"), exportText(t, c.Text, model.CLIPOptions{}, xl, c.Family == weights.SD2))
		settings := map[string]any{"num_hidden_layers": textLayers(t, c.Text)}
		maps.Copy(settings, e.text)
		writeJSON(t, filepath.Join(dir, "text_encoder", "config.json"), settings)
	}
	if xl {
		e.save(t, filepath.Join(dir, "text_encoder_2"), exportText(t, c.TextG, model.CLIPOptions{Project: true, Activation: model.GELU}, true, false))
		writeJSON(t, filepath.Join(dir, "text_encoder_2", "config.json"), map[string]any{"hidden_act": "gelu", "num_hidden_layers": textLayers(t, c.TextG)})
	}
	if c.VAE == nil {
		return
	}
	decoder, err := model.VAEDecoder(c.VAE, model.VAEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rename(decoder, map[string]string{"z": "latent_sample", "image": "sample"})
	e.save(t, filepath.Join(dir, "vae_decoder"), decoder)
	encoder, err := model.VAEEncoder(c.VAE, model.VAEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rename(encoder, map[string]string{"image": "sample", "moments": "latent_parameters"})
	e.save(t, filepath.Join(dir, "vae_encoder"), encoder)
}

// unet is the network with the inputs that diffusers gives it: SDXL is told of sizes in numbers.
func (e export) unet(t *testing.T, c *weights.Checkpoint) *onnx.Graph {
	t.Helper()
	config, err := model.ReadUNet(c.UNet)
	if err != nil {
		t.Fatal(err)
	}
	b := onnx.NewBuilder("exported")
	free := func(size int, name string) any {
		if e.static {
			return size
		}
		return name
	}
	float := func(v *onnx.Value) *onnx.Value { return b.Cast(v, onnx.Float32) }
	batch := free(1, "batch")
	in := model.UNetInputs{
		X:       float(b.Input("sample", e.float, batch, config.InChannels, free(8, "height"), free(8, "width"))),
		Context: float(b.Input("encoder_hidden_states", e.float, batch, free(77, "tokens"), config.ContextDim)),
	}
	if e.scalar {
		in.Timesteps = b.Reshape(float(b.Input("timestep", e.timestep)), 1)
	} else {
		in.Timesteps = float(b.Input("timestep", e.timestep, "steps"))
	}
	if config.LabelDim > 0 {
		const numbers, width = 6, 256
		pooled := float(b.Input("text_embeds", e.float, batch, config.LabelDim-numbers*width))
		ids := b.Reshape(float(b.Input("time_ids", e.float, batch, numbers)), onnx.Unknown, 1)
		angle := b.Mul(ids, b.Const("frequencies", model.Frequencies(width/2), 1, width/2))
		in.Y = b.Concat(1, pooled, b.Reshape(b.Concat(1, b.Op("Cos", angle), b.Op("Sin", angle)), onnx.Unknown, numbers*width))
	}
	b.Output("out_sample", b.Cast(model.AddUNet(b, c.UNet, config, model.UNetOptions{}, in).Out, e.float))
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// exportText is an encoder that finds the end of the prompt itself. With hidden states it gives the one before the last as well; short is
// without its last layer, as diffusers keeps OpenCLIP-H.
func exportText(t *testing.T, set *weights.Set, o model.CLIPOptions, hidden, short bool) *onnx.Graph {
	t.Helper()
	config, err := model.ReadCLIP(set)
	if err != nil {
		t.Fatal(err)
	}
	o.Raw = hidden
	if hidden || short {
		o.Layer = -2
	}
	if short {
		o.Activation = model.GELU
	}
	g, err := model.CLIP(set, o)
	if err != nil {
		t.Fatal(err)
	}
	tokens, end := g.Input("tokens"), g.Input("end")
	find := &onnx.Node{Op: "ArgMax", Name: "end", In: []*onnx.Value{tokens}, Out: []*onnx.Value{end}, Attrs: []onnx.Attr{onnx.Int("axis", 1), onnx.Int("keepdims", 0)}}
	end.Producer = find
	g.Nodes = slices.Insert(g.Nodes, 0, find)
	g.Inputs = slices.DeleteFunc(g.Inputs, func(v *onnx.Value) bool { return v == end })
	state := "last_hidden_state"
	if hidden {
		state = fmt.Sprintf("hidden_states.%d", config.Layers-1)
		last := *g.Output("hidden")
		last.Name = "last_hidden_state"
		same := &onnx.Node{Op: "Identity", Name: "last", In: []*onnx.Value{g.Output("hidden")}, Out: []*onnx.Value{&last}}
		g.Nodes, g.Outputs = append(g.Nodes, same), append(g.Outputs, &last)
	}
	pooled := "pooler_output"
	if o.Project {
		pooled = "text_embeds"
	}
	rename(g, map[string]string{"tokens": "input_ids", "hidden": state, "pooled": pooled})
	return g
}

func textLayers(t *testing.T, set *weights.Set) int {
	t.Helper()
	config, err := model.ReadCLIP(set)
	if err != nil {
		t.Fatal(err)
	}
	return config.Layers
}

func rename(g *onnx.Graph, names map[string]string) {
	for _, v := range slices.Concat(g.Inputs, g.Outputs) {
		if to, ok := names[v.Name]; ok {
			v.Name = to
		}
	}
}

// save writes a graph and its weights, inside of it or beside it.
func (e export) save(t *testing.T, dir string, g *onnx.Graph) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var beside []byte
	files := map[string][]byte{}
	for _, v := range g.Initializers {
		file := v.Init.File
		if file == nil {
			continue
		}
		if files[file.Path] == nil {
			var err error
			if files[file.Path], err = os.ReadFile(file.Path); err != nil {
				t.Fatal(err)
			}
		}
		data := files[file.Path][file.Offset : file.Offset+file.Length]
		if e.inside {
			v.Init.Data, v.Init.File = data, nil
			continue
		}
		v.Init.File = &onnx.External{Path: "/model.onnx_data", Offset: int64(len(beside)), Length: file.Length}
		beside = append(beside, data...)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.onnx"), proto, 0o600); err != nil {
		t.Fatal(err)
	}
	if beside != nil {
		if err := os.WriteFile(filepath.Join(dir, "model.onnx_data"), beside, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// exportedFolders is a runtime over models with a diffusers folder for each export.
func exportedFolders(t *testing.T, exports map[string]export) *runtime.Runtime {
	t.Helper()
	ortest.Setup(t)
	base := goldentest.Base(t)
	for name, e := range exports {
		e.write(t, filepath.Join(base, "models", "diffusers", name))
	}
	return runtimetest.New(t, folder.Config{Base: base}, runtime.Config{})
}

// TestGoldenExported: folders of exported networks give the pictures of the checkpoints that they were exported from.
func TestGoldenExported(t *testing.T) {
	quick, gelu := map[string]any{"hidden_act": "quick_gelu"}, map[string]any{"hidden_act": "gelu", "num_hidden_layers": 23}
	v := map[string]any{"prediction_type": "v_prediction", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
	exports := map[string]export{
		"SD 1.5":         {checkpoint: "tiny-sd15.safetensors", float: onnx.Float32, timestep: onnx.Int64, scalar: true, text: quick},
		"SD 1.5, inside": {checkpoint: "tiny-sd15.safetensors", float: onnx.Float32, timestep: onnx.Float32, inside: true, text: quick},
		"SD 1.5, fixed":  {checkpoint: "tiny-sd15.safetensors", float: onnx.Float32, timestep: onnx.Int64, static: true, text: quick},
		"SD 1.5, halves": {checkpoint: "tiny-sd15.safetensors", float: onnx.Float16, timestep: onnx.Float16, text: quick},
		"SD 2.1":         {checkpoint: "tiny-sd21-v.safetensors", float: onnx.Float32, timestep: onnx.Int64, text: gelu, schedule: v},
		"SDXL":           {checkpoint: "tiny-sdxl.safetensors", float: onnx.Float32, timestep: onnx.Float32, text: quick},
	}
	rt := exportedFolders(t, exports)
	for name, e := range exports {
		t.Run(name, func(t *testing.T) {
			got, err := rt.LoadDiffusers(name)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-4
			if e.float == onnx.Float16 {
				tolerance = 1e-2 // its ports round
			}
			want := twoSteps(t, rt, loaded(t, rt, e.checkpoint))
			goldentest.Close(t, "picture", twoSteps(t, rt, got).Tensor, want.Tensor, tolerance)

			again, err := rt.Encode(t.Context(), got.VAE, want)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := rt.Encode(t.Context(), loaded(t, rt, e.checkpoint).VAE, want)
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Close(t, "latent", again.Samples, plain.Samples, tolerance)
		})
	}
}

// TestGoldenExportedRefuses: what an exported pipeline cannot do says so, and what is wrong with a folder is named.
func TestGoldenExportedRefuses(t *testing.T) {
	plain := export{checkpoint: "tiny-sd15.safetensors", float: onnx.Float32, timestep: onnx.Int64, text: map[string]any{"hidden_act": "quick_gelu"}}
	static := plain
	static.static = true
	rt := exportedFolders(t, map[string]export{"plain": plain, "static": static, "broken": plain})
	c, err := rt.LoadDiffusers("plain")
	if err != nil {
		t.Fatal(err)
	}
	small, err := rt.LoadDiffusers("static")
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := rt.EncodeText(t.Context(), c.CLIP, "a red car")
	if err != nil {
		t.Fatal(err)
	}
	sample := func(m runtime.Model, p runtime.Conditioning, side int) error {
		_, err := rt.Sample(t.Context(), runtime.SampleRequest{
			Model: m, Positive: p, Negative: prompt, CFG: 4, Latent: runtime.ZeroLatent(1, 4, side, side), Steps: 1, Sampler: "euler", Scheduler: "normal", Denoise: 1,
		})
		return err
	}
	net, err := rt.LoadControlNet("tiny-sd15-control.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	broken, err := rt.Folders.Find("diffusers", "broken")
	if err != nil {
		t.Fatal(err)
	}
	picture := runtime.Image{Tensor: tensor.Full(0.5, 1, 64, 64, 3)}
	without := func(name string, change func(path string) error) error {
		path := filepath.Join(broken, filepath.FromSlash(name))
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		_, err = rt.LoadDiffusers("broken")
		if err := os.WriteFile(path, old, 0o600); err != nil {
			t.Fatal(err)
		}
		return err
	}
	tests := map[string]struct {
		call func() error
		want string
		is   error
	}{
		"LoRA": {func() error { _, _, err := rt.ApplyLoRA(c.Model, c.CLIP, "kohya.safetensors", 1, 1); return err }, "kohya", runtime.ErrExported},
		"ControlNet": {func() error {
			return sample(c.Model, prompt.WithControl(net, picture, 1), 8)
		}, "ControlNet", runtime.ErrExported},
		"clip skip":    {func() error { _, err := rt.EncodeText(t.Context(), c.CLIP.WithLastLayer(-2), "x"); return err }, "last layer", runtime.ErrExported},
		"embedding":    {func() error { _, err := rt.EncodeText(t.Context(), c.CLIP, "embedding:tiny-emb"); return err }, "textual inversion", runtime.ErrExported},
		"weights":      {func() error { _, _, err := c.Model.UNet(); return err }, "unet/model.onnx", runtime.ErrExported},
		"text weights": {func() error { _, err := rt.Encoders(t.Context(), c.CLIP); return err }, "text encoder", runtime.ErrExported},
		"features": {func() error {
			_, err := rt.Features(t.Context(), runtime.NewBasicGuider(c.Model, prompt), runtime.ZeroLatent(1, 4, 8, 8), runtime.Noise{}, 1)
			return err
		}, "tuned", runtime.ErrExported},
		"another size": {func() error { return sample(small.Model, prompt, 16) }, "8x8 cells (64x64 px) and gets 16x16", nil},
		"a long prompt": {func() error {
			long, err := rt.EncodeText(t.Context(), c.CLIP, strings.Repeat("word ", 100))
			return errors.Join(err, sample(small.Model, long, 8))
		}, "77 tokens and gets 154", nil},
		"no UNet":    {func() error { return without("unet/model.onnx", os.Remove) }, "unet/model.onnx is missing", os.ErrNotExist},
		"no weights": {func() error { return without("unet/model.onnx_data", os.Remove) }, "model.onnx_data, which is not beside", os.ErrNotExist},
		"weights cut": {func() error {
			return without("vae_decoder/model.onnx_data", func(p string) error { return os.Truncate(p, 100) })
		}, "incomplete", nil},
		"a file cut": {func() error {
			return without("text_encoder/model.onnx", func(p string) error { return os.Truncate(p, 1000) })
		}, "incomplete", nil},
		"settings": {func() error {
			return without("text_encoder/config.json", func(p string) error { return os.WriteFile(p, []byte("{"), 0o600) })
		}, "config.json", nil},
		"no index": {func() error { return without("model_index.json", os.Remove) }, "choose the folder that holds model_index.json", nil},
		"another network": {func() error {
			return without("unet/model.onnx", func(p string) error { return copyFile(filepath.Join(broken, "vae_decoder", "model.onnx"), p) })
		}, "has no input sample; it has latent_sample", model.ErrUnsupported},
		"a text encoder that is none": {func() error {
			return without("text_encoder/model.onnx", func(p string) error { return copyFile(filepath.Join(broken, "unet", "model.onnx"), p) })
		}, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.call()
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v; want one with %q that wraps %v", err, tt.want, tt.is)
			}
		})
	}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

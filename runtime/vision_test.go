package runtime

import (
	"errors"
	"math"
	"os"
	"path/filepath"
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

// visionOf puts a network of testdata among the models and opens it.
func visionOf(t *testing.T, rt *Runtime, path string) CLIPVision {
	t.Helper()
	folder := filepath.Join(rt.Folders.Base(), "models", "clip_vision")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, filepath.Base(path)), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := rt.LoadCLIPVision(filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// transformersTolerance is what float32 leaves between transformers 4.57.1 and onnxruntime, relative to the largest value.
const transformersTolerance = 1e-5

// TestVisionTransformers compares the towers with transformers 4.57.1, float32 CPU, testdata/vision.py.
func TestVisionTransformers(t *testing.T) {
	ortest.Setup(t)
	paths, err := filepath.Glob("testdata/vision_*.safetensors")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no networks in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			rt := emptyRuntime(t)
			v, file := visionOf(t, rt, path), goldentest.Load(t, path)
			check := func(name string, got *tensor.Tensor) {
				t.Helper()
				goldentest.Close(t, name, got, file.Get(t, "reference."+name), transformersTolerance)
			}
			got, err := rt.runVision(t.Context(), v, file.Get(t, "reference.pixels"))
			if err != nil {
				t.Fatal(err)
			}
			check("embeds", got.Embeds)
			check("last", got.Last)
			check("penultimate", got.Penultimate)
			if file.Has("reference.smaller.pixels") {
				if got, err = rt.runVision(t.Context(), v, file.Get(t, "reference.smaller.pixels")); err != nil {
					t.Fatal(err)
				}
				check("smaller.embeds", got.Embeds)
			}
			if file.Has("reference.text") {
				check("text", textFeatures(t, rt, v, file))
			}
		})
	}
}

// textFeatures is what the text tower makes of the fixture's tokens.
func textFeatures(t *testing.T, rt *Runtime, v CLIPVision, file *goldentest.File) *tensor.Tensor {
	t.Helper()
	whole := func(x *tensor.Tensor) ort.Value {
		list := make([]int64, x.Len())
		for i, f := range x.Data {
			list[i] = int64(f)
		}
		return ort.FromInt64(list, x.Shape...)
	}
	g, err := model.CLIP(v.text, model.CLIPOptions{Project: true, Activation: v.config.Activation})
	if err != nil {
		t.Fatal(err)
	}
	session, release, err := rt.Session(t.Context(), GraphSpec{Key: "text", Runs: 1, Build: func() (*onnx.Graph, error) { return g, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	out, err := session.Run(t.Context(), map[string]ort.Value{
		"tokens": whole(file.Get(t, "reference.tokens")), "end": whole(file.Get(t, "reference.end")),
	}, "pooled")
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// TestLikeness compares pictures, whole and behind masks.
func TestLikeness(t *testing.T) {
	ortest.Setup(t)
	rt := emptyRuntime(t)
	for _, name := range []string{"clip", "dinov2"} {
		v := visionOf(t, rt, filepath.Join("testdata", "vision_"+name+".safetensors"))
		pictures := waves(2, 30, 40, 3)
		copy(pictures.Data[pictures.Len()/2:], tensor.Full(0.3, pictures.Len()/2).Data)
		all, err := rt.LikenessVectors(t.Context(), v, pictures, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := cosineOf(all, all, 0, 0); math.Abs(s-1) > 1e-5 {
			t.Errorf("%s: a picture is like itself by %g", name, s)
		}
		if s := cosineOf(all, all, 0, 1); s > 0.999 {
			t.Errorf("%s: different pictures are alike by %g", name, s)
		}
		// Behind a mask that leaves nothing, every picture is the same.
		none, err := rt.LikenessVectors(t.Context(), v, pictures, &Mask{tensor.New(1, 5, 5)})
		if err != nil {
			t.Fatal(err)
		}
		if s := cosineOf(none, none, 0, 1); math.Abs(s-1) > 1e-5 {
			t.Errorf("%s: empty pictures are alike by %g", name, s)
		}
		// A mask that keeps all changes nothing.
		kept, err := rt.LikenessVectors(t.Context(), v, pictures, &Mask{tensor.Full(1, 2, 30, 40)})
		if err != nil {
			t.Fatal(err)
		}
		if s := cosineOf(all, kept, 1, 1); math.Abs(s-1) > 1e-5 {
			t.Errorf("%s: behind a full mask a picture is like itself by %g", name, s)
		}
	}
}

func cosineOf(a, b *tensor.Tensor, i, j int) (sum float64) {
	w := a.Dim(1)
	for k := range w {
		sum += float64(a.Data[i*w+k]) * float64(b.Data[j*w+k])
	}
	return sum
}

func TestVisionBadInput(t *testing.T) {
	rt := emptyRuntime(t)
	clip := visionOf(t, rt, "testdata/vision_clip.safetensors")
	dino := visionOf(t, rt, "testdata/vision_dinov2.safetensors")
	writeTensors(t, rt, "clip_vision", "vae.safetensors", map[string][]int{"decoder.conv_in.weight": {4, 4, 3, 3}})
	writeTensors(t, rt, "clip_vision", "text.safetensors", map[string][]int{"text_model.embeddings.token_embedding.weight": {4, 64}})
	writeTensors(t, rt, "clip_vision", "siglip.safetensors", map[string][]int{"vision_model.head.attention.in_proj_weight": {4, 4}})
	writeTensors(t, rt, "clip_vision", "dino3.safetensors", map[string][]int{"layer.0.attention.q_proj.weight": {4, 4}})
	writeTensors(t, rt, "clip_vision", "half.safetensors", map[string][]int{"vision_model.embeddings.class_embedding": {64}})
	whole := map[string][]int{
		"vision_model.embeddings.class_embedding": {64}, "vision_model.embeddings.patch_embedding.weight": {64, 3, 8, 8},
		"vision_model.embeddings.position_embedding.weight": {8, 64}, "vision_model.encoder.layers.0.layer_norm1.weight": {64},
	}
	writeTensors(t, rt, "clip_vision", "oblong.safetensors", whole)
	writeTensors(t, rt, "style_models", "redux.safetensors", map[string][]int{"redux_down.weight": {4, 4}, "redux_up.weight": {4, 4}})
	writeTensors(t, rt, "style_models", "lora.safetensors", map[string][]int{"lora_unet_x.lora_up.weight": {4, 4}})
	writeTensors(t, rt, "style_models", "half.safetensors", map[string][]int{"style_embedding": {1, 4, 64}})
	open := func(name string) func() error {
		return func() error { _, err := rt.LoadCLIPVision(name + ".safetensors"); return err }
	}
	style := func(name string) func() error {
		return func() error { _, err := rt.LoadStyleModel(name + ".safetensors"); return err }
	}
	likeness := func(v CLIPVision, i Image, m *Mask) func() error {
		return func() error { _, err := rt.LikenessVectors(t.Context(), v, i, m); return err }
	}
	encode := func(v CLIPVision, i Image) func() error {
		return func() error { _, err := rt.EncodeImage(t.Context(), v, i, true); return err }
	}
	apply := func(s StyleModel, o CLIPVisionOutput) func() error {
		return func() error { _, err := rt.ApplyStyle(t.Context(), nil, s, o, 1, StyleMultiply); return err }
	}
	adapter := StyleModel{set: clip.set, config: model.StyleConfig{Width: 1024, Layers: 3, Tokens: 8, Context: 768}}
	tests := map[string]struct {
		call func() error
		want string
	}{
		"a VAE":                 {open("vae"), "VAELoader"},
		"a text encoder":        {open("text"), "CLIPLoader"},
		"SigLIP":                {open("siglip"), "SigLIP"},
		"DINOv3":                {open("dino3"), "DINOv3"},
		"cut short":             {open("half"), "are missing"},
		"oblong positions":      {open("oblong"), "square"},
		"no such file":          {open("none"), "none.safetensors"},
		"Redux":                 {style("redux"), "Redux"},
		"a LoRA as style":       {style("lora"), "LoraLoader"},
		"half a style":          {style("half"), "no style adapter"},
		"no tower":              {encode(CLIPVision{}, waves(1, 4, 4, 3)), "CLIPVisionLoader"},
		"no pictures":           {encode(clip, Image{tensor.New(0, 4, 4, 3)}), "empty"},
		"likeness of nothing":   {likeness(clip, Image{}, nil), "empty"},
		"likeness, no tower":    {likeness(CLIPVision{}, waves(1, 4, 4, 3), nil), "CLIPVisionLoader"},
		"masks for others":      {likeness(dino, waves(3, 4, 4, 3), &Mask{tensor.New(2, 4, 4)}), "one for each"},
		"texts for DINOv2":      {func() error { _, err := rt.TextVectors(t.Context(), dino, []string{"a"}); return err }, "text_projection"},
		"style, no model":       {apply(StyleModel{}, CLIPVisionOutput{}), "no style model"},
		"style, no picture":     {apply(adapter, CLIPVisionOutput{}), "no picture"},
		"style of another size": {apply(adapter, CLIPVisionOutput{Last: tensor.New(1, 10, 64)}), "width 1024"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	if err := open("siglip")(); !errors.Is(err, weights.ErrFamily) {
		t.Errorf("SigLIP: %v, want ErrFamily", err)
	}
}

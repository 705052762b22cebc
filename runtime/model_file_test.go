package runtime

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/weights"
)

// write makes a file below the models of the stage.
func (s stage) write(t *testing.T, path string, encode func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(s.base, "models", path)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// opened opens a file until the end of the test.
func openFile(t *testing.T, path string) *weights.File {
	t.Helper()
	f := must(weights.Open(path))(t)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// leftOut are tensors of the original files that nothing reads.
func leftOut(name string) bool {
	return strings.HasSuffix(name, "logit_scale") || strings.HasSuffix(name, "position_ids")
}

// TestGoldenSavedCheckpoints saves each checkpoint of the fixtures that has all parts: without patches every tensor has the name, type, shape
// and bytes of the original file, whose names are those that ComfyUI writes.
func TestGoldenSavedCheckpoints(t *testing.T) {
	s := newStage(t)
	saved := 0
	for _, path := range must(filepath.Glob(filepath.Join(goldentest.Models(t), "checkpoints", "*.safetensors")))(t) {
		c := s.checkpoint(t, filepath.Base(path))
		if c.CLIP.check() != nil || c.VAE.set == nil {
			continue
		}
		saved++
		t.Run(filepath.Base(path), func(t *testing.T) {
			told := 0
			file := ModelFile{Title: "ComfyUI 1", Texts: []imaging.Text{{Key: "prompt", Value: "{}"}}, Progress: func(done, total int) { told = total - done }}
			copied := openFile(t, s.write(t, "checkpoints/saved.safetensors", func(w io.Writer) error {
				return c.Model.EncodeCheckpoint(t.Context(), w, &c.CLIP, &c.VAE, file)
			}))
			want, got := openFile(t, path).All(), copied.All()
			for _, name := range want.Names() {
				w, _ := want.Ref(name)
				g, ok := got.Ref(name)
				switch {
				case !ok && !leftOut(name):
					t.Errorf("%s is not in the file", name)
				case !ok:
				case g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(must(g.Raw())(t), must(w.Raw())(t)):
					t.Errorf("%s %s %v, want %s %v", name, g.DType, g.Shape, w.DType, w.Shape)
				}
			}
			for _, name := range got.Names() {
				if !want.Has(name) && name != "v_pred" {
					t.Errorf("%s is too much", name)
				}
			}
			if told != 0 {
				t.Errorf("the last %d tensors were not told of", told)
			}
			texts := copied.Metadata()
			header := map[string]string{"modelspec.predict_key": "epsilon", "prompt": "{}"}
			if c.Model.family == weights.SDXL {
				header["modelspec.architecture"], header["modelspec.title"] = "stable-diffusion-xl-v1-base", "ComfyUI 1"
			}
			if strings.HasSuffix(path, "-v.safetensors") {
				header["modelspec.predict_key"] = "v"
			}
			for key, value := range header {
				if texts[key] != value {
					t.Errorf("header says %s = %q, want %q", key, texts[key], value)
				}
			}
		})
	}
	if saved < 3 {
		t.Errorf("%d checkpoints, want SD 1.x, SD 2.x and SDXL", saved)
	}
}

// TestGoldenSavedPatches saves models with LoRAs, scaled attention and a merge on them; what is loaded again predicts and reads prompts as
// before, but for the rounding of the weights to the type of the file (float16: 2^-11 of a weight; 2e-2 of the largest value behind all layers).
func TestGoldenSavedPatches(t *testing.T) {
	s := newStage(t)
	for checkpoint, lora := range map[string]string{"tiny-sd15.safetensors": "kohya.safetensors", "tiny-sdxl.safetensors": "sdxl-kohya.safetensors"} {
		t.Run(checkpoint, func(t *testing.T) {
			c := s.checkpoint(t, checkpoint)
			m, clip, err := s.ApplyLoRA(c.Model, c.CLIP, lora, 3, 3)
			if err != nil {
				t.Fatal(err)
			}
			m = must(m.ScaleCrossAttention(AttentionScale{1.2, 1, 0.9, 1.1}))(t)
			m = must(m.MergeSimple(c.Model, 0.7))(t)
			clip = must(clip.MergeSimple(c.CLIP, 0.6))(t)
			s.write(t, "checkpoints/again.safetensors", func(w io.Writer) error { return m.EncodeCheckpoint(t.Context(), w, &clip, &c.VAE, ModelFile{}) })
			again := s.checkpoint(t, "again.safetensors")
			if len(again.Model.changes) != 0 {
				t.Fatal("what was saved has patches")
			}
			patched, loaded := must(s.EncodeText(t.Context(), clip, "a red cat"))(t), s.encode(t, again, "a red cat")
			goldentest.Close(t, "prompt", loaded[0].Embedding, patched[0].Embedding, 2e-2)
			if plain := s.encode(t, c, "a red cat"); goldentest.Difference(plain[0].Embedding.Data, patched[0].Embedding.Data) < 4e-2 {
				t.Error("the LoRA changes too little to be seen in this test")
			}
			x := s.normal(2, 1, 4, 8, 8)
			want, got := s.answer(t, m, patched, x), s.answer(t, again.Model, patched, x)
			goldentest.Close(t, "prediction", got, want, 2e-2)
			if goldentest.Difference(s.answer(t, c.Model, patched, x).Data, want.Data) < 4e-2 {
				t.Error("the patches change too little to be seen in this test")
			}
		})
	}
}

// TestGoldenSavedParts: each part alone is read by its loader; text encoders with OpenCLIP names become Hugging Face's.
func TestGoldenSavedParts(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sdxl.safetensors")
	s.write(t, "diffusion_models/alone.safetensors", func(w io.Writer) error { return c.Model.EncodeCheckpoint(t.Context(), w, nil, nil, ModelFile{}) })
	s.write(t, "vae/alone.safetensors", func(w io.Writer) error { return c.VAE.EncodeFile(t.Context(), w, ModelFile{}) })
	files := must(c.CLIP.Files())(t)
	if len(files) != 2 || files[0].Suffix != "clip_l" || files[1].Suffix != "clip_g" {
		t.Fatalf("text encoders %v", files)
	}
	for _, f := range files {
		path := s.write(t, "text_encoders/alone_"+f.Suffix+".safetensors", func(w io.Writer) error { return f.Encode(t.Context(), w, ModelFile{}) })
		if set := openFile(t, path).All(); !set.Has("text_model.final_layer_norm.weight") || set.Has("text_projection") {
			t.Errorf("%s has other names than Hugging Face's", f.Suffix)
		}
	}
	m := must(s.LoadUNet("alone.safetensors"))(t)
	x := s.normal(2, 1, 4, 8, 8)
	prompt := s.encode(t, c, "a cat")
	if a, b := s.answer(t, m, prompt, x), s.answer(t, c.Model, prompt, x); !slices.Equal(a.Data, b.Data) {
		t.Error("the UNet alone predicts something else")
	}
	v := must(s.LoadVAE("alone.safetensors"))(t)
	picture := s.picture(1, 64, 64)
	if a, b := must(s.Encode(t.Context(), v, picture))(t), must(s.Encode(t.Context(), c.VAE, picture))(t); !slices.Equal(a.Samples.Data, b.Samples.Data) {
		t.Error("the VAE alone encodes something else")
	}
}

// TestGoldenSaveMistakes: what cannot be saved says so and what to do.
func TestGoldenSaveMistakes(t *testing.T) {
	s := newStage(t)
	xl, sd := s.checkpoint(t, "tiny-sdxl.safetensors"), s.checkpoint(t, "tiny-sd15.safetensors")
	lone := xl.CLIP
	lone.encoders = lone.encoders[1:]
	pixels := VAE{pixels: true}
	for name, tt := range map[string]struct {
		save func() error
		want string
	}{
		"no model":               {func() error { return Model{}.EncodeCheckpoint(t.Context(), io.Discard, nil, nil, ModelFile{}) }, "no diffusion model"},
		"encoder of SD 1.x":      {func() error { return xl.Model.EncodeCheckpoint(t.Context(), io.Discard, &sd.CLIP, nil, ModelFile{}) }, "OpenCLIP-G too, which is not connected"},
		"encoders of SDXL":       {func() error { return sd.Model.EncodeCheckpoint(t.Context(), io.Discard, &xl.CLIP, nil, ModelFile{}) }, "have no OpenCLIP-G text encoder"},
		"one encoder of two":     {func() error { return xl.Model.EncodeCheckpoint(t.Context(), io.Discard, &lone, nil, ModelFile{}) }, "CLIP-L too"},
		"no encoder":             {func() error { return xl.Model.EncodeCheckpoint(t.Context(), io.Discard, &CLIP{}, nil, ModelFile{}) }, "no text encoder"},
		"no VAE":                 {func() error { return xl.Model.EncodeCheckpoint(t.Context(), io.Discard, nil, &VAE{}, ModelFile{}) }, "no VAE"},
		"a VAE that is no file":  {func() error { return pixels.EncodeFile(t.Context(), io.Discard, ModelFile{}) }, "connect a full VAE"},
		"no encoder in a file":   {func() error { _, err := (CLIP{}).Files(); return err }, "no text encoder"},
		"a merge of families":    {func() error { _, err := xl.Model.MergeSimple(sd.Model, 0.5); return err }, "of different kinds"},
		"a merge with nothing":   {func() error { _, err := xl.Model.MergeAdd(Model{}); return err }, "no diffusion model"},
		"a merge of no encoders": {func() error { _, err := xl.CLIP.MergeAdd(CLIP{}); return err }, "no text encoder"},
	} {
		if err := tt.save(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}

// TestGoldenMergeOfEquals: a model merged with itself has no patches, so that nothing is read and nothing is held twice.
func TestGoldenMergeOfEquals(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sdxl.safetensors")
	m, clip := must(c.Model.MergeSimple(c.Model, 0.3))(t), must(c.CLIP.MergeSimple(c.CLIP, 0.3))(t)
	if n := len(m.patched().names()) + len(clip.encoders[0].patched().names()) + len(clip.encoders[1].patched().names()); n != 0 {
		t.Errorf("%d weights are changed", n)
	}
	lora, _, err := s.ApplyLoRA(c.Model, c.CLIP, "sdxl-kohya.safetensors", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	merged := must(c.Model.MergeSimple(lora, 0.5))(t)
	if got, want := merged.patched().names(), lora.patched().names(); !slices.Equal(got, want) {
		t.Errorf("a merge with a LoRA changes %d weights, the LoRA %d", len(got), len(want))
	}
}

package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
)

// model is the path of a file of the golden models folder. Where links were copied as text files holding their target,
// the target is taken.
func model(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{goldentest.Models(t)}, parts...)...)
	if b, err := os.ReadFile(path); err == nil && len(b) < 200 && bytes.HasSuffix(b, []byte(".safetensors")) {
		path = filepath.Join(filepath.Dir(path), string(b))
	}
	return path
}

// recognised is what must be found in the fixtures' models; one that is not listed must open.
type recognised struct {
	family     Family
	prediction Prediction
	channels   int
	parts      string
}

var recognisedModels = map[string]recognised{
	"checkpoints/tiny-sd15":                {SD1, Epsilon, 4, "VAE Text"},
	"checkpoints/tiny-sd15-inpaint":        {SD1, Epsilon, 9, ""},
	"checkpoints/tiny-ip2p":                {SD1, Epsilon, 8, ""},
	"checkpoints/tiny-sd21-v":              {SD2, V, 4, "VAE Text"},
	"checkpoints/tiny-unclip":              {SD2UnCLIP, Epsilon, 4, "Vision"},
	"checkpoints/tiny-sdxl":                {SDXL, Epsilon, 4, "VAE Text TextG"},
	"diffusion_models/tiny-sd15-diffusers": {SD1, Epsilon, 4, ""},
	"diffusion_models/tiny-sd2-wide":       {SD2, Epsilon, 4, ""},
	"diffusion_models/tiny-sdxl-wide":      {SDXL, Epsilon, 4, ""},
	"diffusion_models/tiny-refiner":        {SDXLRefiner, Epsilon, 4, ""},
}

// goldenModels finds the models in a subfolder of the models folder, by "subfolder/name".
func goldenModels(t *testing.T, sub string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(goldentest.Models(t), sub, "*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		name := filepath.Base(file)
		found[sub+"/"+strings.TrimSuffix(name, ".safetensors")] = model(t, sub, name)
	}
	return found
}

func TestGoldenRecognise(t *testing.T) {
	for _, sub := range []string{"checkpoints", "diffusion_models"} {
		for name, path := range goldenModels(t, sub) {
			t.Run(name, func(t *testing.T) { checkRecognised(t, name, path) })
		}
	}
}

func checkRecognised(t *testing.T, name, path string) {
	c, err := OpenCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := recognised{c.Family, c.Prediction, c.Channels, strings.Join(parts(c), " ")}
	if want, ok := recognisedModels[name]; ok && got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for part, s := range map[string]*Set{"UNet": c.UNet, "VAE": c.VAE, "Text": c.Text, "TextG": c.TextG} {
		if s == nil {
			continue
		}
		for _, n := range s.Names() {
			if foreignName(n) {
				t.Errorf("%s: %s is no canonical name", part, n)
			}
		}
	}
}

func parts(c *Checkpoint) (list []string) {
	for _, p := range []struct {
		name string
		set  *Set
	}{{"VAE", c.VAE}, {"Text", c.Text}, {"TextG", c.TextG}, {"Vision", c.Vision}} {
		if p.set != nil {
			list = append(list, p.name)
		}
	}
	return list
}

// foreignName reports names of a naming that is not the canonical one.
func foreignName(name string) bool {
	for _, mark := range []string{"down_blocks.", "up_blocks.", "mid_block.", "resblocks", "model.", "cond_stage", "in_proj"} {
		if strings.Contains(strings.TrimPrefix(name, "text_model."), mark) {
			return true
		}
	}
	return false
}

// sameTensors fails unless both sets hold the same names with the same types, shapes and bytes.
func sameTensors(t *testing.T, got, want *Set) {
	t.Helper()
	sameShapes(t, got, want)
	for _, name := range want.Names() {
		g, _ := got.Ref(name)
		w, _ := want.Ref(name)
		a, err := g.Raw()
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.Raw()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", name)
		}
	}
}

// sameShapes fails unless both sets hold the same names with the same types and shapes.
func sameShapes(t *testing.T, got, want *Set) {
	t.Helper()
	if !slices.Equal(got.Names(), want.Names()) {
		for _, n := range got.Names() {
			if !want.Has(n) {
				t.Errorf("extra %s", n)
			}
		}
		for _, n := range want.Names() {
			if !got.Has(n) {
				t.Errorf("missing %s", n)
			}
		}
		t.FailNow()
	}
	for _, name := range want.Names() {
		g, _ := got.Ref(name)
		w, _ := want.Ref(name)
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			t.Errorf("%s: %s %v, want %s %v", name, g.DType, g.Shape, w.DType, w.Shape)
		}
	}
}

// TestGoldenDiffusers reads every diffusers folder and compares it with the checkpoint of the same name.
func TestGoldenDiffusers(t *testing.T) {
	checkpoints := goldenModels(t, "checkpoints")
	folders, err := filepath.Glob(filepath.Join(goldentest.Models(t), "diffusers", "*", "model_index.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range folders {
		dir := filepath.Dir(index)
		path, ok := checkpoints["checkpoints/"+filepath.Base(dir)]
		if !ok {
			t.Logf("%s has no checkpoint to compare with", dir)
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want, err := OpenCheckpoint(path)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			got, err := OpenDiffusers(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			if got.Family != want.Family || got.Prediction != want.Prediction {
				t.Errorf("%s, %s, want %s, %s", got.Family, got.Prediction, want.Family, want.Prediction)
			}
			sameTensors(t, got.UNet, want.UNet)
			sameTensors(t, got.VAE, want.VAE)
			sameTensors(t, got.Text, want.Text)
		})
	}
}

// TestGoldenControlNet compares the names of each ControlNet NAME-diffusers with those of NAME; the values differ.
func TestGoldenControlNet(t *testing.T) {
	files := goldenModels(t, "controlnet")
	for name, path := range files {
		t.Run(name, func(t *testing.T) {
			got, err := OpenControlNet(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range got.Set.Names() {
				if foreignName(n) && !strings.HasPrefix(n, "transformer_layes.") { // unions keep the names of their authors there
					t.Errorf("%s is no canonical name", n)
				}
			}
			base, ok := strings.CutSuffix(name, "-diffusers")
			if !ok || files[base] == "" {
				return
			}
			want, err := OpenControlNet(files[base])
			if err != nil {
				t.Fatal(err)
			}
			sameShapes(t, got.Set, want.Set)
		})
	}
}

// TestGoldenTextEncoder opens the text encoders alone and those in checkpoints, as CLIPLoader does.
func TestGoldenTextEncoder(t *testing.T) {
	kinds := map[string]TextKind{
		"text_encoders/wide-clip-l": CLIPL, "text_encoders/wide-clip-g": CLIPG,
	}
	for name, path := range goldenModels(t, "text_encoders") {
		t.Run(name, func(t *testing.T) {
			s, kind, err := OpenTextEncoder(path)
			if err != nil {
				t.Fatal(err)
			}
			if want, ok := kinds[name]; ok && kind != want {
				t.Errorf("%s, want %s", kind, want)
			}
			for _, n := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
				for _, part := range []string{".weight", ".bias"} {
					if n := "text_model.encoder.layers.0.self_attn." + n + part; !s.Has(n) {
						t.Errorf("%s is missing", n)
					}
				}
			}
		})
	}
}

// TestGoldenVAE opens the VAEs alone.
func TestGoldenVAE(t *testing.T) {
	for name, path := range goldenModels(t, "vae") {
		t.Run(name, func(t *testing.T) {
			s, err := OpenVAE(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []string{"encoder.conv_in.weight", "decoder.mid.attn_1.q.weight", "post_quant_conv.weight"} {
				if r, ok := s.Ref(n); !ok || len(r.Shape) != 4 {
					t.Errorf("%s is missing or of shape %v", n, r.Shape)
				}
			}
		})
	}
}

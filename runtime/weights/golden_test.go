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

func TestGoldenRecognise(t *testing.T) {
	type want struct {
		family     Family
		prediction Prediction
		channels   int
		parts      string
	}
	known := map[string]want{
		"checkpoints/tiny-sd15.safetensors":                {SD1, Epsilon, 4, "VAE Text"},
		"checkpoints/tiny-sd15-inpaint.safetensors":        {SD1, Epsilon, 9, ""},
		"checkpoints/tiny-ip2p.safetensors":                {SD1, Epsilon, 8, ""},
		"checkpoints/tiny-sd21-v.safetensors":              {SD2, V, 4, "VAE Text"},
		"checkpoints/tiny-unclip.safetensors":              {SD2UnCLIP, Epsilon, 4, "Vision"},
		"checkpoints/tiny-sdxl.safetensors":                {SDXL, Epsilon, 4, "VAE Text TextG"},
		"diffusion_models/tiny-sd15-diffusers.safetensors": {SD1, Epsilon, 4, ""},
		"diffusion_models/tiny-sd2-wide.safetensors":       {SD2, Epsilon, 4, ""},
		"diffusion_models/tiny-sdxl-wide.safetensors":      {SDXL, Epsilon, 4, ""},
		"diffusion_models/tiny-refiner.safetensors":        {SDXLRefiner, Epsilon, 4, ""},
	}
	for name, w := range known {
		t.Run(name, func(t *testing.T) {
			c, err := OpenCheckpoint(model(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got := want{c.Family, c.Prediction, c.Channels, strings.Join(parts(c), " ")}
			if got != w {
				t.Errorf("got %+v, want %+v", got, w)
			}
			for part, s := range map[string]*Set{"UNet": c.UNet, "VAE": c.VAE, "Text": c.Text, "TextG": c.TextG} {
				if s != nil && slices.ContainsFunc(s.Names(), foreignName) {
					t.Errorf("%s has names that are not canonical: %v", part, slices.DeleteFunc(slices.Clone(s.Names()),
						func(n string) bool { return !foreignName(n) }))
				}
			}
		})
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
		if strings.Contains(name, mark) && !strings.HasPrefix(name, "text_model.") {
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

func TestGoldenDiffusersNames(t *testing.T) {
	ldm, err := OpenCheckpoint(model(t, "checkpoints/tiny-sd15.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("unet", func(t *testing.T) {
		u, err := OpenUNet(model(t, "diffusers/tiny-sd15/unet/diffusion_pytorch_model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		sameTensors(t, u.UNet, ldm.UNet)
	})
	t.Run("vae", func(t *testing.T) {
		s, err := OpenVAE(model(t, "diffusers/tiny-sd15/vae/diffusion_pytorch_model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		sameTensors(t, s, ldm.VAE)
	})
	t.Run("text", func(t *testing.T) {
		s, kind, err := OpenTextEncoder(model(t, "diffusers/tiny-sd15/text_encoder/model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if kind != CLIPL {
			t.Errorf("kind %s", kind)
		}
		sameTensors(t, s, ldm.Text)
	})
	t.Run("controlnet", func(t *testing.T) {
		a, err := OpenControlNet(model(t, "controlnet/tiny-sd15-control-diffusers.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := OpenControlNet(model(t, "controlnet/tiny-sd15-control.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		sameShapes(t, a, b) // two ControlNets: the values differ
	})
}

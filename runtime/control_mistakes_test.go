package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// without writes a copy of a file of models/controlnet that lacks a tensor.
func (s stage) without(t *testing.T, from, to, missing string) {
	t.Helper()
	folder := filepath.Join(s.base, "models", "controlnet")
	file := must(weights.Open(filepath.Join(folder, from)))(t)
	defer file.Close()
	var entries []weights.Entry
	for _, name := range file.All().Names() {
		if name == missing {
			continue
		}
		r, _ := file.All().Ref(name)
		entries = append(entries, weights.RefEntry(name, r))
	}
	if len(entries) != file.All().Len()-1 {
		t.Fatalf("%s has no %s", from, missing)
	}
	if err := weights.Save(t.Context(), filepath.Join(folder, to), nil, entries); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenControlMistakes: every mistake with what steers by pictures and boxes is told by what is wrong and what to do.
func TestGoldenControlMistakes(t *testing.T) {
	s := newStage(t)
	sd15, sdxl := s.checkpoint(t, "tiny-sd15.safetensors"), s.checkpoint(t, "tiny-sdxl.safetensors")
	gligen := must(s.LoadGLIGEN("tiny-gligen.safetensors"))(t)
	wide := must(s.LoadCLIP("wide-clip-l.safetensors", "stable_diffusion"))(t)
	controls := filepath.Join(s.base, "models", "controlnet")
	content := must(os.ReadFile(filepath.Join(controls, "tiny-sd15-control.safetensors")))(t)
	for name, from := range map[string]string{"lora.safetensors": "loras/kohya.safetensors", "checkpoint.safetensors": "checkpoints/tiny-sd15.safetensors", "boxes.safetensors": "gligen/tiny-gligen.safetensors"} {
		if err := os.Symlink(filepath.Join(s.base, "models", from), filepath.Join(controls, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(controls, "cut.safetensors"), content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(controls, "tiny-sd15-control.safetensors"), filepath.Join(s.base, "models", "gligen", "net.safetensors")); err != nil {
		t.Fatal(err)
	}
	s.without(t, "tiny-sd15-control.safetensors", "no-zero.safetensors", "control_model.zero_convs.3.0.weight")
	s.without(t, "tiny-sd15-control.safetensors", "no-middle.safetensors", "control_model.middle_block.0.in_layers.0.weight")
	s.without(t, "tiny-sdxl-control-lora.safetensors", "no-down.safetensors", "input_blocks.3.1.proj_in.down")
	s.without(t, "tiny-sdxl-control-union.safetensors", "no-tasks.safetensors", "task_embedding")

	load := func(name string) error { _, err := s.LoadControlNet(name); return err }
	picture := s.picture(1, 64, 64)
	steer := func(c Checkpoint, name string, hint Image) error {
		p := s.encode(t, c, "a hobbit").WithControl(s.net(t, name), hint, 1)
		_, err := s.ask(t, NewBasicGuider(c.Model, p), tensor.New(1, 4, 8, 8), 2)
		return err
	}
	box := func(c Checkpoint, clip CLIP, boxes ...TextBox) error {
		p := s.encode(t, c, "a hobbit")
		for _, b := range boxes {
			var err error
			if p, err = s.WithTextBox(t.Context(), p, clip, gligen, b); err != nil {
				return err
			}
		}
		_, err := s.ask(t, NewBasicGuider(c.Model, p), tensor.New(1, 4, 8, 8), 2)
		return err
	}
	inside := TextBox{Text: "a cat", Width: 32, Height: 32}
	tests := map[string]struct {
		err  error
		says []string
	}{
		"net of SD 1.x on SDXL":           {steer(sdxl, "tiny-sd15-control.safetensors", picture), []string{"tiny-sd15-control.safetensors", "ControlNet for models of the family SD 1.x", "one of SDXL"}},
		"net of SDXL on SD 1.x":           {steer(sd15, "tiny-sdxl-control-diffusers.safetensors", picture), []string{"family SDXL", "one of SD 1.x"}},
		"union on SD 1.x":                 {steer(sd15, "tiny-sdxl-control-union.safetensors", picture), []string{"ControlNet union", "family SDXL", "one of SD 1.x"}},
		"control-LoRA on SD 1.x":          {steer(sd15, "tiny-sdxl-control-lora.safetensors", picture), []string{"control-LoRA", "family SDXL", "one of SD 1.x"}},
		"adapter of SD 1.x on SDXL":       {steer(sdxl, "t2i-adapter-1ch.safetensors", picture), []string{"T2I adapter", "family SD 1.x", "one of SDXL"}},
		"difference by the wrong loader":  {load("tiny-sd15-control-difference.safetensors"), []string{"DiffControlNetLoader"}},
		"difference to another family":    {second(s.LoadDifferenceControlNet(sdxl.Model, "tiny-sd15-control-difference.safetensors")), []string{"family SD 1.x", "one of SDXL"}},
		"difference to nothing":           {second(s.LoadDifferenceControlNet(Model{}, "tiny-sd15-control-difference.safetensors")), []string{"no diffusion model"}},
		"a kind the union does not know":  {second(s.net(t, "tiny-sdxl-control-union.safetensors").WithHintKind("tile")), []string{"knows 4 kinds", "tile is not one"}},
		"no such net":                     {load("nothing.safetensors"), []string{"'nothing.safetensors' not found"}},
		"a file that is cut":              {load("cut.safetensors"), []string{"cut.safetensors", "incomplete"}},
		"a LoRA":                          {load("lora.safetensors"), []string{"LoraLoader"}},
		"a checkpoint":                    {load("checkpoint.safetensors"), []string{"no ControlNet in it"}},
		"a GLIGEN model":                  {load("boxes.safetensors"), []string{"GLIGENLoader"}},
		"without a zero convolution":      {steer(sd15, "no-zero.safetensors", picture), []string{"no-zero.safetensors", "zero_convs.3.0.weight is missing"}},
		"without a middle block":          {load("no-middle.safetensors"), []string{"no-middle.safetensors", "middle_block"}},
		"control-LoRA without a factor":   {steer(sdxl, "no-down.safetensors", picture), []string{"no input_blocks.3.1.proj_in.down", "incomplete"}},
		"union without tasks":             {load("no-tasks.safetensors"), []string{"0 task embeddings"}},
		"boxes on SDXL":                   {box(sdxl, sd15.CLIP, inside), []string{"GLIGEN tiny-gligen.safetensors", "widths"}},
		"boxes with texts of another net": {box(sd15, wide, inside), []string{"width 64", "makes 128"}},
		"a box outside of the picture":    {box(sd15, sd15.CLIP, TextBox{Text: "a cat", Width: 32, Height: 32, X: 64, Y: 8}), []string{"x=64, y=8", "64x64 px", "move it inside"}},
		"31 boxes":                        {box(sd15, sd15.CLIP, make([]TextBox, 31)...), []string{"up to 30 boxes"}},
		"boxes without a model":           {second(s.WithTextBox(t.Context(), nil, sd15.CLIP, GLIGEN{}, inside)), []string{"GLIGENLoader"}},
		"boxes by a ControlNet":           {second(s.LoadGLIGEN("net.safetensors")), []string{"ControlNetLoader"}},
		"boxes without a text encoder":    {box(sd15, CLIP{}, inside), []string{"CLIPLoader"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.err == nil {
				t.Fatal("no error")
			}
			for _, part := range tt.says {
				if !strings.Contains(tt.err.Error(), part) {
					t.Errorf("%v; want %q in it", tt.err, part)
				}
			}
		})
	}
	if t.Failed() {
		return
	}
	if err := steer(sd15, "tiny-sd15-control.safetensors", Image{tensor.New(1, 64, 64, 1)}); err != nil {
		t.Errorf("a grey picture: %v", err)
	}
	// A box that only reaches over the edge is no mistake.
	if err := box(sd15, sd15.CLIP, TextBox{Text: "a cat", Width: 320, Height: 32, X: 32, Y: 8}); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

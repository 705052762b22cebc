package actor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// demoAt is the demo checkpoint in a folder that may be written to.
func demoAt(t *testing.T) (*runtime.Runtime, Tuning) {
	t.Helper()
	_, tuning := demo(t)
	base := t.TempDir()
	if err := os.Mkdir(filepath.Join(base, "models"), 0o777); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("../../models/checkpoints")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(here, filepath.Join(base, "models", "checkpoints")); err != nil {
		t.Fatal(err)
	}
	return runtimetest.New(t, folder.Config{Base: base}, runtime.Config{}), tuning
}

// TestTrainText trains vectors, saves them, and finds them in a prompt.
func TestTrainText(t *testing.T) {
	rt, tuning := demoAt(t)
	ti := TextInversion{
		Model: tuning.Model, CLIP: tuning.CLIP, VAE: tuning.VAE, Images: tuning.Cluster.Picture(0), Word: "robot", Concept: Character,
		Vectors: 2, Steps: 3, Rate: 5e-3, Batch: 2, Flip: 0.5,
	}
	losses := []float32{}
	ti.Progress = func(p Progress) { losses = p.Losses }
	e, err := TrainText(t.Context(), rt, ti)
	if err != nil {
		t.Fatal(err)
	}
	again, err := TrainText(t.Context(), rt, ti)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.Vectors["clip_l"].Data, again.Vectors["clip_l"].Data) || len(losses) != 3 {
		t.Errorf("not the same vectors twice, or %d losses", len(losses))
	}
	if d := goldentest.Difference(e.Vectors["clip_l"].Rows(0, 1).Data, e.Vectors["clip_l"].Rows(1, 2).Data); d == 0 {
		t.Error("both vectors, which begin alike, got the same gradient")
	}
	name, err := e.Save(t.Context(), rt, "ann")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := rt.EncodeText(t.Context(), ti.CLIP, "a photo of a robot")
	if err != nil {
		t.Fatal(err)
	}
	with, err := rt.EncodeText(t.Context(), ti.CLIP, "a photo of a embedding:"+strings.TrimSuffix(name, ".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(plain[0].Embedding.Data, with[0].Embedding.Data) {
		t.Error("the embedding changes nothing")
	}
	ti.Word = "robot robot"
	if _, err := TrainText(t.Context(), rt, ti); err != nil {
		t.Errorf("a phrase: %v", err)
	}
	for name, change := range map[string]func(*TextInversion){
		"no picture":              func(t *TextInversion) { t.Images.Tensor = nil },
		"no word":                 func(t *TextInversion) { t.Word = "" },
		"a word in the templates": func(t *TextInversion) { t.Word = "a" },
		"no vectors":              func(t *TextInversion) { t.Vectors = 0 },
		"no text encoder":         func(t *TextInversion) { t.CLIP = runtime.CLIP{} },
		"unknown concept":         func(t *TextInversion) { t.Concept = "house" },
	} {
		bad := ti
		change(&bad)
		if _, err := TrainText(t.Context(), rt, bad); err == nil {
			t.Errorf("%s: it was trained", name)
		}
	}
}

// TestTrainLoRA trains a LoRA, saves it in kohya's form, loads it, and finds the model changed as the trained one.
func TestTrainLoRA(t *testing.T) {
	rt, tuning := demoAt(t)
	texts, err := rt.EncodeText(t.Context(), tuning.CLIP, "a photo of a robot")
	if err != nil {
		t.Fatal(err)
	}
	latent, err := rt.Encode(t.Context(), tuning.VAE, tuning.Cluster.Picture(0))
	if err != nil {
		t.Fatal(err)
	}
	training := LoRATraining{Model: tuning.Model, Latent: latent, Texts: texts, Rank: 4, Steps: 3, Rate: 1e-3, Batch: 2}
	l, err := TrainLoRA(t.Context(), rt, training)
	if err != nil {
		t.Fatal(err)
	}
	again, err := TrainLoRA(t.Context(), rt, training)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range l.Changes {
		if !slices.Equal(c.Up.Data, again.Changes[name].Up.Data) || !slices.Equal(c.Down.Data, again.Changes[name].Down.Data) {
			t.Fatalf("%s: not the same factors twice", name)
		}
		if goldentest.Difference(c.Up.Data, make([]float32, c.Up.Len())) == 0 {
			t.Errorf("%s was not trained", name)
		}
	}
	dir := filepath.Join(rt.Folders.Base(), "models", "loras")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "ann.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Encode(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := rt.ApplyLoRA(tuning.Model, runtime.CLIP{}, "ann.safetensors", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	sample := func(m runtime.Model) []float32 {
		t.Helper()
		out, err := rt.Sample(t.Context(), runtime.SampleRequest{
			Model: m, Positive: texts, Negative: texts, CFG: 1, Latent: runtime.ZeroLatent(1, 4, 16, 16), Steps: 2, Sampler: "euler", Scheduler: "normal", Denoise: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Samples.Data
	}
	trained, fromFile, plain := sample(tuning.Model.WithLoRA(l.Changes, 1)), sample(loaded), sample(tuning.Model)
	if !slices.Equal(trained, fromFile) || slices.Equal(trained, plain) {
		t.Error("the loaded LoRA does not act as the trained one, or changes nothing")
	}
	// Tuning an actor on a model with a LoRA goes through its branches.
	tuning.Steps = 1
	plainActor := mustTune(t, rt, tuning)
	tuning.Model = loaded
	if with := mustTune(t, rt, tuning); slices.Equal(with.Deltas.Data, plainActor.Deltas.Data) {
		t.Error("a LoRA makes no difference to tuning")
	}
	// So does training another LoRA: what the model has already belongs to its weights.
	second := training
	second.Model, second.Steps = loaded, 1
	plainAgain := training
	plainAgain.Steps = 1
	onTop, err := TrainLoRA(t.Context(), rt, second)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := TrainLoRA(t.Context(), rt, plainAgain)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range onTop.Changes {
		if !slices.Equal(c.Up.Shape, alone.Changes[name].Up.Shape) {
			t.Errorf("%s: factors of another shape", name)
		}
	}
	for name, change := range map[string]func(*LoRATraining){
		"no latent": func(t *LoRATraining) { t.Latent.Samples = nil },
		"no text":   func(t *LoRATraining) { t.Texts = nil },
		"two texts": func(t *LoRATraining) { t.Texts = t.Texts.Combine(t.Texts) },
		"rank 0":    func(t *LoRATraining) { t.Rank = 0 },
		"no model":  func(t *LoRATraining) { t.Model = runtime.Model{} },
	} {
		bad := training
		change(&bad)
		if _, err := TrainLoRA(t.Context(), rt, bad); err == nil {
			t.Errorf("%s: it was trained", name)
		}
	}
}

package actor_test

import (
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// baseSet draws a small cluster of robots with the shipped checkpoint, in few steps, and what h of its pictures needs.
func baseSet(t *testing.T, count int) (*runtime.Runtime, actor.Cluster, *actor.States) {
	t.Helper()
	ortest.Setup(t)
	rt := runtimetest.New(t, folder.Config{Base: "../..", Output: t.TempDir(), Temp: t.TempDir()}, runtime.Config{})
	c, err := rt.LoadCheckpoint("tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	positive, err := rt.EncodeText(t.Context(), c.CLIP, "a photo of a robot")
	if err != nil {
		t.Fatal(err)
	}
	negative, err := rt.EncodeText(t.Context(), c.CLIP, "")
	if err != nil {
		t.Fatal(err)
	}
	request, err := runtime.SampleRequest{
		Model: c.Model, Positive: positive, Negative: negative, CFG: 5, Latent: runtime.ZeroLatent(count, 4, 16, 16),
		Seed: 1, Steps: 8, Sampler: "dpmpp_2m", Scheduler: "normal", Denoise: 1,
	}.Guided()
	if err != nil {
		t.Fatal(err)
	}
	cluster, _, err := actor.SampleCluster(t.Context(), rt, c.VAE, request)
	if err != nil {
		t.Fatal(err)
	}
	return rt, cluster, &actor.States{Model: c.Model, VAE: c.VAE, Positive: positive}
}

func TestScoreBothWays(t *testing.T) {
	rt, cluster, states := baseSet(t, 4)
	same := []runtime.Image{cluster.Picture(0), cluster.Picture(0)}
	sprites, err := actor.Score(t.Context(), rt, actor.Scoring{Pictures: same, Prompts: []string{"a photo of a robot"}, Cluster: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	if s := sprites.Scores; sprites.Measure != actor.MeasureSprites || s.Identity != 1 || s.AllFour != 1 || s.ToTarget != 1 || s.Species != 1 || !math.IsNaN(s.Scene) {
		t.Errorf("twice the target: %+v", sprites)
	}
	byH, err := actor.Score(t.Context(), rt, actor.Scoring{Pictures: same, Measure: actor.MeasureH, Cluster: &cluster, States: states})
	if err != nil {
		t.Fatal(err)
	}
	if byH.Measure != actor.MeasureH || byH.Scores.Identity != 1 || byH.Scores.ToTarget != 1 {
		t.Errorf("twice the target: %+v", byH)
	}
	whole, err := actor.Score(t.Context(), rt, actor.Scoring{Pictures: []runtime.Image{cluster.Images}, Measure: actor.MeasureH, Cluster: &cluster, States: states})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(whole.Scores.Identity) > 1e-6 {
		t.Errorf("the base set itself: identity %v, want 0", whole.Scores.Identity)
	}
	if text := whole.Line("base") + whole.Markdown("base"); !strings.Contains(text, "spread 1.00") {
		t.Errorf("report %q; want a spread of 1", text)
	}
	if _, err := whole.Table("base"); err != nil {
		t.Error(err)
	}
}

func TestMap(t *testing.T) {
	rt, cluster, states := baseSet(t, 3)
	for name, m := range map[string]actor.Map{
		"the cluster alone": {Cluster: cluster, Title: "map"},
		"with pictures":     {Cluster: cluster, Pictures: []runtime.Image{cluster.Picture(1)}, States: states, Thumbnails: true, Side: 300},
	} {
		if _, err := m.Draw(t.Context(), rt); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (actor.Map{Cluster: cluster, Pictures: []runtime.Image{cluster.Images}}).Draw(t.Context(), rt); err == nil {
		t.Error("pictures without a model: no error")
	}
}

func TestScoreMistakes(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	pictures := func(n, side int) runtime.Image { return runtime.Image{Tensor: tensor.Full(0.5, n, side, side, 3)} }
	for name, s := range map[string]actor.Scoring{
		"no pictures":                   {},
		"two sizes":                     {Pictures: []runtime.Image{pictures(1, 128), pictures(1, 64)}},
		"prompts for others":            {Pictures: []runtime.Image{pictures(3, 128)}, Prompts: []string{"a cat", "a bear"}},
		"not of cells":                  {Pictures: []runtime.Image{pictures(2, 100)}, Measure: actor.MeasureSprites},
		"h without a model":             {Pictures: []runtime.Image{pictures(2, 128)}, Measure: actor.MeasureH},
		"another world, and no cluster": {Pictures: []runtime.Image{noise(2, 128)}},
	} {
		if _, err := actor.Score(t.Context(), rt, s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	report, err := actor.Score(t.Context(), rt, actor.Scoring{Pictures: []runtime.Image{pictures(1, 128)}, Prompts: []string{"a cat in the snow"}, Measure: actor.MeasureSprites})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) != 2 || !math.IsNaN(report.Scores.Scene) || !math.IsNaN(report.Scores.Identity) {
		t.Errorf("one picture, no reader of scenes: %+v; want two notes", report)
	}
}

// noise are pictures that are like nothing: their pixels jump.
func noise(n, side int) runtime.Image {
	x := tensor.New(n, side, side, 3)
	for i := range x.Data {
		x.Data[i] = float32(i*7919%256) / 255
	}
	return runtime.Image{Tensor: x}
}

package actor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// demo is the shipped checkpoint and a cluster of noise: enough to see how tuning behaves, not what it learns.
func demo(t testing.TB) (*runtime.Runtime, Tuning) {
	t.Helper()
	ortest.Setup(t)
	rt := runtimetest.New(t, folder.Config{Base: "../.."}, runtime.Config{})
	c, err := rt.LoadCheckpoint("tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := c.Model.Identity()
	if err != nil {
		t.Fatal(err)
	}
	g := sampling.NewGenerator(5)
	pictures, h := tensor.New(5, 128, 128, 3), tensor.New(5, 128, 4, 4)
	g.Uniform(pictures.Data, 0, 1)
	g.Normal(h.Data)
	tuning := DefaultTuning()
	tuning.Model, tuning.CLIP, tuning.VAE = c.Model, c.CLIP, c.VAE
	tuning.Cluster = Cluster{Images: runtime.Image{Tensor: pictures}, H: h, Prompt: "a photo of a robot", Seed: 5, Model: identity}
	tuning.Word, tuning.Steps, tuning.Rate, tuning.Seed = "robot", 4, 1e-3, 3
	return rt, tuning
}

func mustTune(t *testing.T, rt *runtime.Runtime, tuning Tuning) Actor {
	t.Helper()
	a, _, err := Tune(t.Context(), rt, tuning)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTuneIsDeterministic(t *testing.T) {
	rt, tuning := demo(t)
	first := mustTune(t, rt, tuning)
	if again := mustTune(t, rt, tuning); !slices.Equal(first.Deltas.Data, again.Deltas.Data) {
		t.Error("the same tuning gives another actor the second time")
	}
	if first.Deltas.Dim(0) != 5 || first.Deltas.Dim(1) != 64 || first.Word != "robot" || first.Details.Thumbnail.Tensor == nil {
		t.Errorf("actor %+v", first)
	}
	tuning.Seed++
	if other := mustTune(t, rt, tuning); slices.Equal(first.Deltas.Data, other.Deltas.Data) {
		t.Error("another seed gives the same actor")
	}
}

// TestTuneThreads: kernels add in another order on another number of threads. Adam makes full steps of the least gradients, so rounding
// grows from step to step; the first loss is the same but for rounding.
func TestTuneThreads(t *testing.T) {
	rt, tuning := demo(t)
	tuning.Steps = 1
	var losses []float32
	tuning.Progress = func(p Progress) { losses = append(losses, p.Losses[0]) }
	mustTune(t, rt, tuning)
	mustTune(t, runtimeWith(t, 1), tuning)
	if d := math.Abs(float64(losses[0]/losses[1]) - 1); d > 1e-5 {
		t.Errorf("losses %v", losses)
	}
}

// runtimeWith is a runtime of that many threads.
func runtimeWith(t testing.TB, threads int) *runtime.Runtime {
	t.Helper()
	layout, err := folder.New(folder.Config{Base: "../.."})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := runtime.New(runtime.Config{Folders: layout, ORT: ort.Options{Device: "cpu", Threads: threads}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

// TestTuneGoesOn cancels a tuning after each step and expects the actor of one that was never stopped, bit by bit.
func TestTuneGoesOn(t *testing.T) {
	rt, tuning := demo(t)
	want := mustTune(t, rt, tuning)
	tuning.Folder = t.TempDir()
	for stop := 1; stop < tuning.Steps; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		tuning.Progress = func(p Progress) {
			if p.Step == stop {
				cancel()
			}
			if len(p.Losses) != p.Step {
				t.Errorf("%d losses after step %d", len(p.Losses), p.Step)
			}
		}
		if _, _, err := Tune(ctx, rt, tuning); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d: error %v", stop, err)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(tuning.Folder, "*")); len(files) != 1 {
		t.Errorf("states %q, want one", files)
	}
	var steps []int
	tuning.Progress = func(p Progress) { steps = append(steps, p.Step) }
	short := tuning
	short.Steps = tuning.Steps - 1
	short.Folder = copyOf(t, tuning.Folder)
	mustTune(t, rt, short)
	if len(steps) != 0 {
		t.Errorf("a tuning of as many steps as are done makes steps %v", steps)
	}
	if got := mustTune(t, rt, tuning); !slices.Equal(got.Deltas.Data, want.Deltas.Data) {
		t.Error("a tuning that was stopped and went on gives another actor")
	}
	if !slices.Equal(steps, []int{tuning.Steps}) {
		t.Errorf("steps %v, want the last alone", steps)
	}
	if files, _ := filepath.Glob(filepath.Join(tuning.Folder, "*")); len(files) != 0 {
		t.Errorf("the ended tuning leaves %q", files)
	}
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTuneKilled reads the states that a running tuning saves now and then, and one that is damaged.
func TestTuneKilled(t *testing.T) {
	rt, tuning := demo(t)
	want := mustTune(t, rt, tuning)
	tuning.Folder, tuning.SaveEvery = t.TempDir(), 1
	killed := t.TempDir()
	tuning.Progress = func(p Progress) {
		if p.Step == 3 {
			killed = copyOf(t, tuning.Folder) // one of the first two: that of step 3 is not saved yet
		}
	}
	mustTune(t, rt, tuning)
	for _, damaged := range []bool{false, true} {
		next := tuning
		next.Folder = copyOf(t, killed)
		if damaged {
			files, _ := filepath.Glob(filepath.Join(next.Folder, "*"))
			if err := os.Truncate(files[0], 1000); err != nil {
				t.Fatal(err)
			}
		}
		steps := 0
		next.Progress = func(Progress) { steps++ }
		if got := mustTune(t, rt, next); !slices.Equal(got.Deltas.Data, want.Deltas.Data) || (steps < tuning.Steps) == damaged {
			t.Errorf("damaged %v: %d steps, or another actor", damaged, steps)
		}
	}
}

func TestTuneMistakes(t *testing.T) {
	rt, good := demo(t)
	tests := map[string]struct {
		change func(*Tuning)
		want   []string
	}{
		"word not in the prompt": {func(t *Tuning) { t.Word = "robott" }, []string{`"a photo of a robot"`, `"robott"`, `"robot"`}},
		"no word":                {func(t *Tuning) { t.Word = " " }, []string{"no base word"}},
		"one picture": {func(t *Tuning) {
			t.Cluster.H, t.Cluster.Images.Tensor = t.Cluster.H.Rows(0, 1), t.Cluster.Images.Rows(0, 1)
		}, []string{"one picture"}},
		"target out of range": {func(t *Tuning) { t.Cluster.Target = 5 }, []string{"target 5", "0 to 4"}},
		"another family":      {func(t *Tuning) { t.Cluster.Model.Family = weights.SDXL }, []string{"SDXL", "SD 1.x"}},
		"no model":            {func(t *Tuning) { t.Model = runtime.Model{} }, []string{"no diffusion model"}},
		"no VAE":              {func(t *Tuning) { t.VAE = runtime.VAE{} }, []string{"VAE"}},
		"no text encoder":     {func(t *Tuning) { t.CLIP = runtime.CLIP{} }, []string{"text encoder"}},
		"empty cluster":       {func(t *Tuning) { t.Cluster = Cluster{} }, []string{"empty"}},
		"rate of 0":           {func(t *Tuning) { t.Rate = 0 }, []string{"out of range"}},
		"unknown concept":     {func(t *Tuning) { t.Concept = "house" }, []string{"house", "character"}},
		"empty projector":     {func(t *Tuning) { t.Projector = &Projector{} }, []string{"empty"}},
		"NaN in h":            {func(t *Tuning) { t.Cluster.H = tensor.Full(float32(math.NaN()), 5, 128, 4, 4) }, []string{"no numbers"}},
		"projector of another model": {func(t *Tuning) {
			p, _ := NewProjector(Projector{}.Config, 0)
			p.Config.Channels, p.Values = 64, []*tensor.Tensor{tensor.New(1)}
			t.Projector = &p
		}, []string{"another model"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tuning := good
			tt.change(&tuning)
			_, _, err := Tune(t.Context(), rt, tuning)
			if err == nil {
				t.Fatal("it was tuned")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

// TestTuneDiverges spoils the values in the middle of a run.
func TestTuneDiverges(t *testing.T) {
	rt, tuning := demo(t)
	tuning.Folder = t.TempDir()
	tuning.Rate = 1e38
	_, _, err := Tune(t.Context(), rt, tuning)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "step 2 of 4") && !strings.Contains(err.Error(), "step 3 of 4") {
		t.Errorf("error %v, want one that names the step", err)
	}
}

// TestTuneTokens tunes words of several tokens, and every ablation compiles.
func TestTuneVariants(t *testing.T) {
	rt, good := demo(t)
	good.Steps = 1
	tests := map[string]func(*Tuning){
		"word of several tokens":             func(t *Tuning) { t.Cluster.Prompt, t.Word = "a photo of a xyzzyplugh robot", "xyzzyplugh robot" },
		"no average":                         func(t *Tuning) { t.Lambda2 = 0 },
		"target alone":                       func(t *Tuning) { t.Lambda1, t.Lambda2 = 0, 0 },
		"more auxiliary ones than there are": func(t *Tuning) { t.Auxiliary = 9 },
		"style":                              func(t *Tuning) { t.Concept = Style },
		"object":                             func(t *Tuning) { t.Concept = Object },
		"another target":                     func(t *Tuning) { t.Cluster.Target = 4 },
		"no prompt":                          func(t *Tuning) { t.Cluster.Prompt = "" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			tuning := good
			change(&tuning)
			a := mustTune(t, rt, tuning)
			if a.Target != tuning.Cluster.Target || !finite(a.Deltas.Data) {
				t.Errorf("actor %+v", a)
			}
		})
	}
}

// BenchmarkTune is 200 steps on the demo checkpoint, on one thread; getting ready is everything before the first step's end.
func BenchmarkTune(b *testing.B) {
	_, tuning := demo(b)
	tuning.Steps = 200
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint("threads=", threads), func(b *testing.B) {
			rt := runtimeWith(b, threads)
			for b.Loop() {
				began := time.Now()
				var first time.Duration
				tuning.Progress = func(p Progress) {
					if p.Step == 1 {
						first = time.Since(began)
					}
				}
				if _, _, err := Tune(b.Context(), rt, tuning); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(first.Seconds(), "s/ready")
				b.ReportMetric((time.Since(began)-first).Seconds()/float64(tuning.Steps-1), "s/step")
			}
		})
	}
}

package actor_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// visionModels opens the small networks of the runtime's tests.
func visionModels(t *testing.T) (rt *runtime.Runtime, clip, dino runtime.CLIPVision) {
	t.Helper()
	ortest.Setup(t)
	rt = runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	models := filepath.Join(rt.Folders.Base(), "models", "clip_vision")
	if err := os.MkdirAll(models, 0o755); err != nil {
		t.Fatal(err)
	}
	open := func(name string) runtime.CLIPVision {
		from, err := filepath.Abs(filepath.Join("..", "testdata", name))
		if err == nil {
			err = os.Symlink(from, filepath.Join(models, name))
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := rt.LoadCLIPVision(name)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return rt, open("vision_clip.safetensors"), open("vision_dinov2.safetensors")
}

// halves are pictures whose left half is the same, and the right half another noise in each.
func halves(n int) runtime.Image {
	const side = 32
	x := tensor.New(n, side, side, 3)
	for i := range x.Data {
		column, picture := i/3%side, i/(3*side*side)
		place := i % (3 * side * side)
		if column >= side/2 {
			place += 977 * (picture + 1)
		}
		x.Data[i] = float32(place*7919%256) / 255
	}
	return runtime.Image{Tensor: x}
}

// leftHalf marks what the pictures have in common.
func leftHalf() runtime.Mask {
	m := tensor.New(1, 32, 32)
	for i := range m.Data {
		if i%32 < 16 {
			m.Data[i] = 1
		}
	}
	return runtime.Mask{Tensor: m}
}

func TestScoreByNetworks(t *testing.T) {
	rt, clip, dino := visionModels(t)
	score := func(s actor.Scoring) actor.Report {
		t.Helper()
		s.Pictures = []runtime.Image{halves(2), halves(1)}
		r, err := actor.Score(t.Context(), rt, s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole := score(actor.Scoring{Networks: actor.Networks{CLIP: &clip, DINO: &dino}})
	if n := whole.Networks; whole.Measure != actor.MeasureNetworks || !(n.CLIP.Pairs < 1) || !(n.DINO.Pairs < 1) || n.Foreground ||
		whole.Scores.Identity != n.DINO.Pairs || !math.IsNaN(n.CLIPT) || !math.IsNaN(n.DINO.ToTarget) {
		t.Errorf("whole pictures: %+v", whole)
	}
	masks := []runtime.Mask{leftHalf()}
	alone := score(actor.Scoring{Networks: actor.Networks{CLIP: &clip, DINO: &dino, Masks: masks}})
	if n := alone.Networks; math.Abs(n.CLIP.Pairs-1) > 1e-5 || math.Abs(n.DINO.Pairs-1) > 1e-5 || !n.Foreground {
		t.Errorf("what the pictures have in common: %+v", n)
	}
	target := &actor.Cluster{Images: halves(3), Target: 2}
	with := actor.Networks{CLIP: &clip, Masks: masks}
	if r := score(actor.Scoring{Cluster: target, Networks: with}); !math.IsNaN(r.Networks.CLIP.ToTarget) || len(r.Notes) != 1 {
		t.Errorf("no mask of the target: %+v", r)
	}
	with.TargetMask = &masks[0]
	r := score(actor.Scoring{Cluster: target, Networks: with})
	if math.Abs(r.Networks.CLIP.ToTarget-1) > 1e-5 || r.Scores.ToTarget != r.Networks.CLIP.ToTarget {
		t.Errorf("with a mask of the target: %+v", r)
	}
	if line := r.Line("x"); !strings.Contains(line, "CLIP-I 1.000") || !strings.Contains(line, "DINOv2 –") {
		t.Errorf("line %q", line)
	}
	if _, err := r.Table("x"); err != nil {
		t.Error(err)
	}
}

func TestScoreByNetworksMistakes(t *testing.T) {
	rt, clip, dino := visionModels(t)
	pictures := []runtime.Image{halves(3)}
	tests := map[string]struct {
		s    actor.Scoring
		want string
	}{
		"no network":  {actor.Scoring{Measure: actor.MeasureNetworks}, "connect CLIP or DINOv2"},
		"swapped":     {actor.Scoring{Networks: actor.Networks{CLIP: &dino, DINO: &clip}}, "swapped"},
		"empty tower": {actor.Scoring{Networks: actor.Networks{CLIP: &runtime.CLIPVision{}}}, "CLIPVisionLoader"},
		"two masks for three": {actor.Scoring{Networks: actor.Networks{CLIP: &clip, Masks: []runtime.Mask{leftHalf(), leftHalf()}}},
			"one for each"},
		"masks of two sizes": {actor.Scoring{Networks: actor.Networks{CLIP: &clip, Masks: []runtime.Mask{leftHalf(), {Tensor: tensor.New(1, 4, 4)}}}},
			"different sizes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.s.Pictures = pictures
			if _, err := actor.Score(t.Context(), rt, tt.s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	r, err := actor.Score(t.Context(), rt, actor.Scoring{Pictures: pictures, Prompts: []string{"a cat"}, Networks: actor.Networks{DINO: &dino}})
	if err != nil || !math.IsNaN(r.Networks.CLIPT) {
		t.Errorf("prompts without CLIP: %+v, %v", r, err)
	}
}

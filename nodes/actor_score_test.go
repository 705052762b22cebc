package nodes_test

import (
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestActorScore measures pictures that are equal, with a batch and a list as one set.
func TestActorScore(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: ".."}, runtime.Config{})
	got, err := nodes.ActorScore{
		Images: []runtime.Image{solid(128, 128, 2, 0x808080), solid(128, 128, 1, 0x808080)}, Measure: []actor.Measure{actor.MeasureSprites}, Label: []string{"grey"},
		Prompts: []string{"a cat in a forest\na bear\nnothing"},
	}.Run(runtime.With(t.Context(), rt))
	if err != nil {
		t.Fatal(err)
	}
	if got.Identity != 1 || got.AllFour != 1 || !math.IsNaN(got.ToTarget) || math.IsNaN(got.Species) || math.IsNaN(got.Scene) {
		t.Errorf("%+v; want equal pictures, a species and a scene, and no target", got)
	}
	if text, _ := got.UI["text"][0].(string); !strings.HasPrefix(text, "grey: identity 1.00") || !strings.Contains(got.Report, "| grey | 1.00 |") || got.Table.Tensor == nil {
		t.Errorf("text %q, report %q", text, got.Report)
	}
}

func TestClusterMap(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: ".."}, runtime.Config{})
	h := tensor.New(3, 2, 1, 1)
	copy(h.Data, []float32{0, 1, 5, 2, 3, 3})
	c := actor.Cluster{Images: solid(64, 64, 3, 0xff0000), H: h, Target: 1}
	got, err := nodes.ClusterMap{Cluster: []actor.Cluster{c}, Thumbnails: []bool{true}, Size: []int{300}}.Run(runtime.With(t.Context(), rt))
	if err != nil || got.Dim(1) != 300 {
		t.Errorf("%v, error %v; want a picture of 300 pixels", got.Shape, err)
	}
	if _, err := (nodes.ClusterMap{Cluster: []actor.Cluster{c}, Images: []runtime.Image{c.Images}}).Run(runtime.With(t.Context(), rt)); err == nil {
		t.Error("pictures without a model: no error")
	}
}

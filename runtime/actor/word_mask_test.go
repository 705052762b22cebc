package actor_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestWordMask looks for the character in pictures of the shipped checkpoint, whose sprites stand in the middle.
func TestWordMask(t *testing.T) {
	rt, cluster, states := baseSet(t, 2)
	latent, err := rt.Encode(t.Context(), states.VAE, cluster.Picture(0))
	if err != nil {
		t.Fatal(err)
	}
	maps, err := rt.WordMaps(t.Context(), states.Model, states.Positive, latent, runtime.Noise{}, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	// Attention of a place to all rows is 1.
	rows, places := maps.Dim(1), maps.Dim(2)*maps.Dim(3)
	for p := range places {
		var sum float64
		for r := range rows {
			sum += float64(maps.Data[r*places+p])
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Fatalf("attention of place %d sums to %g", p, sum)
		}
	}
	mask, err := actor.WordMask(t.Context(), rt, *states, cluster.Images, "robot", 0)
	if err != nil {
		t.Fatal(err)
	}
	if !tensor.SameShape(mask.Tensor, tensor.New(2, cluster.Images.Dim(1), cluster.Images.Dim(2))) {
		t.Fatalf("mask of shape %v for pictures %v", mask.Shape, cluster.Images.Shape)
	}
	middle, all := shares(mask)
	t.Logf("marked: %.2f of the middle, %.2f of all", middle, all)
	if all <= 0.02 || all >= 0.9 || middle <= all {
		t.Errorf("marked: %.2f of the middle, %.2f of all", middle, all)
	}
	most, err := actor.WordMask(t.Context(), rt, *states, cluster.Images, "robot", 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if _, share := shares(most); share <= all {
		t.Errorf("a low threshold marks %.2f, the one found %.2f", share, all)
	}
	for name, tt := range map[string]struct {
		states   actor.States
		pictures runtime.Image
		word     string
		want     string
	}{
		"another word": {*states, cluster.Images, "cat", "no \"cat\""},
		"no word":      {*states, cluster.Images, " ", "no base word"},
		"no prompt":    {actor.States{Model: states.Model, VAE: states.VAE}, cluster.Images, "robot", "no words"},
		"no pictures":  {*states, runtime.Image{Tensor: tensor.New(0, 8, 8, 3)}, "robot", "no pictures"},
		"no VAE":       {actor.States{Model: states.Model, Positive: states.Positive}, cluster.Images, "robot", "VAELoader"},
		"no model":     {actor.States{VAE: states.VAE, Positive: states.Positive}, cluster.Images, "robot", "no diffusion model"},
	} {
		if _, err := actor.WordMask(t.Context(), rt, tt.states, tt.pictures, tt.word, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v; want one with %q", name, err, tt.want)
		}
	}
	if _, err := actor.WordMask(t.Context(), rt, *states, cluster.Images, "cat", 0); !errors.Is(err, actor.ErrWord) {
		t.Errorf("another word: %v, want ErrWord", err)
	}
}

// shares is how much of the middle half of the columns and rows a mask marks, and how much of all.
func shares(m runtime.Mask) (middle, all float64) {
	h, w := m.Dim(1), m.Dim(2)
	var inside, count float64
	for i, v := range m.Data {
		x, y := i%w, i/w%h
		all += float64(v) / float64(len(m.Data))
		if x >= w/4 && x < 3*w/4 && y >= h/4 && y < 3*h/4 {
			inside += float64(v)
			count++
		}
	}
	return inside / count, all
}

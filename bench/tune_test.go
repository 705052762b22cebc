package bench

import (
	"context"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestTuneStep makes the measured step on the shipped checkpoint: the loss on the same noise must fall.
func TestTuneStep(t *testing.T) {
	r := ortest.Setup(t)
	c, err := weights.OpenCheckpoint("../models/checkpoints/tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	g, err := tuneGraph(c, 16, 1, autodiff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	session, err := r.NewSession(context.Background(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	step := newTuneStep(g, session)
	if len(step.order) < 20 {
		t.Fatalf("%d gradients of parameters", len(step.order))
	}
	step.adam.Rate = 1e-3
	var losses []float32
	for range 4 {
		if _, err := step.compare(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, step.results["loss"].Data[0])
		if err := step.adam.Update(step.order...); err != nil {
			t.Fatal(err)
		}
	}
	if !(losses[3] < losses[0]) {
		t.Errorf("losses %v do not fall", losses)
	}
}

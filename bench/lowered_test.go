package bench

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestLoweredGradient runs a tuning step that was rewritten for a GPU, with its fused operators written out, beside the plain one.
func TestLoweredGradient(t *testing.T) {
	rt := ortest.Setup(t)
	c, err := weights.OpenCheckpoint("../models/checkpoints/tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	g, err := tuneGraph(c, 16, 64, autodiff.Options{Block: 3 << 30, Align: 8})
	if err != nil {
		t.Fatal(err)
	}
	lowered, err := lower.Graph(g, lower.Options{Compute: onnx.Float32, Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	// What the GPU gets loads as far as the first operator that the CPU lacks: types and shapes of all fit.
	half, err := lower.Graph(g, lower.Options{Compute: onnx.Float16})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := newSession(t.Context(), rt, half, ort.SessionOptions{}); err == nil {
		s.Close()
		t.Error("the CPU runs it; compare its numbers")
	} else if !strings.Contains(err.Error(), "Kernel not found") && !strings.Contains(err.Error(), "Could not find an implementation") {
		t.Error(err)
	}
	var results []*tuneStep
	for _, graph := range []*onnx.Graph{g, lowered} {
		s, err := newSession(t.Context(), rt, graph, ort.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		step := newTuneStep(g, s)
		if err := s.RunInto(t.Context(), step.inputs, step.results); err != nil {
			t.Fatal(err)
		}
		results = append(results, step)
	}
	for name, want := range results[0].results {
		if d := relative(results[1].results[name].Data, want.Data); d > 1e-4 {
			t.Errorf("%s differs by %.2g (relative L2)", name, d)
		}
	}
}

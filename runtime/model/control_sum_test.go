package model_test

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

// TestControlSum: strengths, the mean of planes, and one picture that stands for all items.
func TestControlSum(t *testing.T) {
	g, err := model.ControlSum([]bool{false, true}, 2)
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ortest.Setup(t).NewSession(t.Context(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), map[string]ort.Value{
		"part.0.0": ort.FromFloat32([]float32{1, 2, 3, 4}, 2, 2, 1, 1), "part.0.1": ort.FromFloat32([]float32{1, 2, 3, 4}, 2, 1, 1, 2),
		"part.1.0": ort.FromFloat32([]float32{10, 20}, 1, 2, 1, 1), "part.1.1": ort.FromFloat32([]float32{10, 30}, 1, 1, 1, 2),
		"strength.0": ort.FromFloat32([]float32{2}, 1), "strength.1": ort.FromFloat32([]float32{0.5}, 1),
	}, "output.0", "output.1")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{7, 14, 11, 18}, {12, 14, 16, 18}} {
		if !slices.Equal(out[i].Data, want) {
			t.Errorf("output %d is %v, want %v", i, out[i].Data, want)
		}
	}
}

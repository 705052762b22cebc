package ort

import (
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// TestScalarNotWanted: an output without a shape, wanted and beside the wanted one.
func TestScalarNotWanted(t *testing.T) {
	r := openCPU(t)
	b := onnx.NewBuilder("scalar")
	x := b.Input("x", onnx.Float32, 2)
	b.Output("sum", b.Op("ReduceSum", x, onnx.Int("keepdims", 0)))
	b.Output("twice", b.Add(x, x))
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	model, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.NewSession(t.Context(), model, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := map[string]Value{"x": FromFloat32([]float32{1, 2}, 2)}
	for name, want := range map[string]float32{"twice": 2, "sum": 3} {
		got, err := s.Run(t.Context(), in, name)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Data[0] != want {
			t.Errorf("%s is %v, want %v first", name, got[0].Data, want)
		}
	}
}

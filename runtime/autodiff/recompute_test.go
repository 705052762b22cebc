package autodiff

import (
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// feedForward is layers of x + W·gelu(V·norm(x)), whose inside is wider than x.
func feedForward(b *onnx.Builder) (loss, x *onnx.Value) {
	const width, inner = 4, 16
	x = b.Input("x", onnx.Float32, 3, width)
	y := x
	for range 3 {
		n := b.Op("LayerNormalization", y, b.Const("gain", make([]float32, width), width), onnx.Int("axis", -1), onnx.Float("epsilon", 1e-5))
		h := b.Op("Gelu", b.Gemm(n, b.Const("in", make([]float32, width*inner), inner, width), nil, true))
		y = b.Add(y, b.Gemm(h, b.Const("out", make([]float32, width*inner), width, inner), nil, true))
	}
	return b.Op("ReduceSum", y), x
}

func TestRecomputeKeepsLess(t *testing.T) {
	tests := map[string]struct {
		o     Options
		again bool
	}{
		"zero value":  {Options{}, false},
		"keep":        {Options{Recompute: Keep, Room: 1}, false},
		"again":       {Options{Recompute: Again}, true},
		"no room":     {Options{Room: 1}, true},
		"enough room": {Options{Room: 1 << 20}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := onnx.NewBuilder("test")
			loss, x := feedForward(b)
			first := len(b.Nodes())
			d := Gradients(b, loss, []*onnx.Value{x}, tt.o)
			b.Output("d", d[0])
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			a := again{forward: map[*onnx.Node]bool{}}
			for _, n := range b.Nodes()[:first] {
				a.forward[n] = true
			}
			wide := false
			for _, n := range b.Nodes()[first:] {
				for _, v := range n.In {
					wide = wide || v != nil && a.forward[v.Producer] && v.Shape[len(v.Shape)-1] == 16
				}
			}
			if wide == tt.again {
				t.Errorf("the backward pass keeps the inside of a layer: %v; %d bytes in all", wide, a.kept(b.Nodes()[first:]))
			}
			made := map[*onnx.Value]bool{}
			for _, n := range b.Nodes() {
				for _, v := range n.In {
					if v != nil && v.Producer != nil && !made[v] {
						t.Fatalf("node %s reads %s before it is made", n.Name, v.Name)
					}
				}
				for _, v := range n.Out {
					made[v] = true
				}
			}
		})
	}
}

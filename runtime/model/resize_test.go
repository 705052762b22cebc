package model

import (
	"context"
	"fmt"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestResizer: resizing inside a graph is that of package imaging, whose methods are compared with PyTorch.
func TestResizer(t *testing.T) {
	x := random(5, 2, 3, 6, 9)
	for i := range x.Data {
		x.Data[i] += 2 // nearly opposite vectors have no sure arc between them in float32
	}
	copy(x.Data[2*54:3*54], x.Data[:54]) // some vectors along the channels agree with their neighbours, one is 0
	for c := range 3 {
		x.Data[c*54+3], x.Data[c*54+20] = x.Data[c*54+2], 0
	}
	for _, m := range []imaging.Method{imaging.NearestExact, imaging.Bilinear, imaging.Bicubic, imaging.Area, imaging.Bislerp} {
		for _, size := range [][2]int{{6, 9}, {3, 4}, {8, 13}, {6, 5}, {1, 1}} {
			t.Run(fmt.Sprint(m, size), func(t *testing.T) {
				want, err := imaging.Resize(x, size[0], size[1], m)
				if err != nil {
					t.Fatal(err)
				}
				near(t, resizedInGraph(t, x, size[0], size[1], m), want)
			})
		}
	}
}

func resizedInGraph(t *testing.T, x *tensor.Tensor, height, width int, m imaging.Method) *tensor.Tensor {
	t.Helper()
	how, inputs := ByMatrix, map[string]ort.Value{"x": ort.FromTensor(x)}
	for name, axis := range map[string][2]int{"rows": {x.Dim(2), height}, "columns": {x.Dim(3), width}} {
		if m == imaging.Bislerp {
			how = ByArc
			lo, hi, ratio := imaging.Arcs(axis[0], axis[1])
			inputs[name+".lo"], inputs[name+".hi"] = ort.FromInt64(lo, len(lo)), ort.FromInt64(hi, len(hi))
			inputs[name+".ratio"] = ort.FromFloat32(ratio, len(ratio))
			continue
		}
		matrix, err := imaging.Matrix(axis[0], axis[1], m)
		if err != nil {
			t.Fatal(err)
		}
		inputs[name] = ort.FromTensor(matrix)
	}
	b := onnx.NewBuilder("test")
	n := &net{Builder: b}
	b.Output("y", n.resizer("", how)(n.Input("x", onnx.Float32, "batch", 3, "height of x", "width of x")))
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	session, err := ortest.Setup(t).NewSession(context.Background(), proto, ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out, err := session.Run(context.Background(), inputs, "y")
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

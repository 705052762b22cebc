package autodiff_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/onnx"
)

func TestGradientsRefuses(t *testing.T) {
	tests := map[string]struct {
		build func(b builder) (loss value, wrt values)
		want  string
	}{
		"no path": {func(b builder) (value, values) {
			x, y := b.Input("x", onnx.Float32, 2), b.Input("y", onnx.Float32, 2)
			return b.Op("ReduceSum", x), values{x, y}
		}, "the loss does not depend on y"},
		"behind a stop": {func(b builder) (value, values) {
			x := b.Input("x", onnx.Float32, 2)
			return b.Op("ReduceSum", b.Op("Sign", x)), values{x}
		}, "the loss does not depend on x"},
		"several elements": {func(b builder) (value, values) {
			x := b.Input("x", onnx.Float32, 2)
			return x, values{x}
		}, "wants one float32 element"},
		"whole numbers": {func(b builder) (value, values) {
			x, i := b.Input("x", onnx.Float32, 2), b.Input("i", onnx.Int64, 2)
			return b.Op("ReduceSum", b.Gather(x, i, 0)), values{i}
		}, "i is int64, wants float32"},
		"unknown size": {func(b builder) (value, values) {
			x := b.Input("x", onnx.Float32, "n", 1, 4, 4)
			return b.Op("ReduceMean", x), values{x}
		}, "x is [?,1,4,4]; fix its sizes"},
		"groups": {func(b builder) (value, values) {
			x := b.Input("x", onnx.Float32, 1, 2, 4, 4)
			return b.Op("ReduceSum", b.Op("Conv", x, b.Const("w", []float32{1, 2}, 2, 1, 1, 1), onnx.Int("group", 2))), values{x}
		}, "convolutions in groups have no rule"},
		"earlier error": {func(b builder) (value, values) {
			x := b.Input("x", onnx.Float32, 2)
			b.Add(x, b.Input("y", onnx.Float32, 3))
			return x, values{x}
		}, "do not broadcast"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := onnx.NewBuilder("test")
			loss, wrt := tt.build(b)
			got := autodiff.Gradients(b, loss, wrt, autodiff.Options{})
			if len(got) != len(wrt) {
				t.Errorf("%d gradients, want %d", len(got), len(wrt))
			}
			if b.Err() == nil || !strings.Contains(b.Err().Error(), tt.want) {
				t.Fatalf("error %v, want one that says %q", b.Err(), tt.want)
			}
			if name != "earlier error" && !errors.Is(b.Err(), autodiff.ErrGradient) {
				t.Errorf("%v does not wrap ErrGradient", b.Err())
			}
		})
	}
}

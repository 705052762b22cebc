package model

import (
	"math"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestHyperActivations compares the activations of hypernetworks with their definitions in PyTorch's documentation.
func TestHyperActivations(t *testing.T) {
	definitions := map[string]func(x float64) float64{
		"linear":    func(x float64) float64 { return x },
		"relu":      func(x float64) float64 { return max(x, 0) },
		"leakyrelu": func(x float64) float64 { return max(x, 0) + 0.01*min(x, 0) },
		"elu":       func(x float64) float64 { return max(x, 0) + math.Expm1(min(x, 0)) },
		"swish":     func(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 },
		"tanh":      math.Tanh,
		"sigmoid":   func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		"softsign":  func(x float64) float64 { return x / (1 + math.Abs(x)) },
		"mish":      func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) },
	}
	x := &tensor.Tensor{Shape: []int{1, 9}, Data: []float32{-120, -7, -3, -0.6, 0, 0.4, 2.9, 11, 90}}
	set := stored(t, map[string]*tensor.Tensor{"unused": tensor.New(1)})
	for _, name := range weights.HypernetworkActivations {
		t.Run(name, func(t *testing.T) {
			want := tensor.New(x.Shape...)
			for i, v := range x.Data {
				want.Data[i] = float32(definitions[name](float64(v)))
			}
			got, same := evaluate(t, set, Patches{}, map[string]*tensor.Tensor{"x": x, "want": want}, func(n *net) (a, b *onnx.Value) {
				return n.hyperActivation(n.Input("x", onnx.Float32, 1, 9), name), n.Input("want", onnx.Float32, 1, 9)
			})
			near(t, got, same)
		})
	}
}

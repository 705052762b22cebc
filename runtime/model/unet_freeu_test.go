package model

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestScaleLowest compares the closed form with a Fourier transform, a mask and the way back, at sizes where frequencies coincide too.
func TestScaleLowest(t *testing.T) {
	const s = 0.3
	for _, size := range [][2]int{{1, 1}, {1, 4}, {2, 1}, {2, 2}, {3, 5}, {8, 6}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x := random(1, 2, 3, size[0], size[1])
			got, want := evaluate(t, stored(t, map[string]*tensor.Tensor{"unused": tensor.New(1)}), Patches{}, map[string]*tensor.Tensor{"x": x, "want": lowestScaled(x, s)},
				func(n *net) (a, b *onnx.Value) {
					x := n.Input("x", onnx.Float32, "batch", 3, "height", "width")
					want := n.Input("want", onnx.Float32, "batch", 3, "height", "width")
					return n.scaleLowest(x, n.Op("Unsqueeze", n.Scalar(s), n.Ints(0))), want
				})
			near(t, got, want)
		})
	}
}

// lowestScaled multiplies frequencies 0 and -1 of both axes by s.
func lowestScaled(x *tensor.Tensor, s float64) *tensor.Tensor {
	h, w := x.Dim(2), x.Dim(3)
	low := func(f, n int) bool { return f == 0 || f == n-1 }
	turn := func(f, at, n int) complex128 {
		return cmplx.Exp(complex(0, 2*math.Pi*float64(f*at)/float64(n)))
	}
	out := tensor.New(x.Shape...)
	for from := 0; from < len(x.Data); from += h * w {
		plane := x.Data[from : from+h*w]
		for u := range h {
			for v := range w {
				var c complex128
				for i, value := range plane {
					c += complex(float64(value), 0) * cmplx.Conj(turn(u, i/w, h)*turn(v, i%w, w))
				}
				if low(u, h) && low(v, w) {
					c *= complex(s, 0)
				}
				for i := range plane {
					out.Data[from+i] += float32(real(c*turn(u, i/w, h)*turn(v, i%w, w)) / float64(h*w))
				}
			}
		}
	}
	return out
}

// Package gradtest checks gradients against central differences, run through onnxruntime.
package gradtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// step is the distance of the central difference. In float32 its rounding (1e-7/h) and truncation (h²/6) are both near 1e-5.
const step = 1e-2

// Formula builds a value of a graph from its inputs.
type Formula func(b *onnx.Builder, in []*onnx.Value) *onnx.Value

// Input is an input of a formula; Values default to seeded normal numbers.
type Input struct {
	Shape  []int
	Values []float32
	Fixed  bool     // its gradient is not asked for
	Names  []string // names of sizes that the graph does not fix; "" for a fixed one
}

// Of makes inputs of shapes, all with gradients and normal values.
func Of(shapes ...[]int) []Input {
	in := make([]Input, len(shapes))
	for i, s := range shapes {
		in[i].Shape = s
	}
	return in
}

// Check compares the gradient of Σ r·f(inputs), with fixed random r, to central differences; the largest difference allowed is tol,
// relative to the largest element of the gradient or 1.
func Check(t *testing.T, f Formula, tol float64, o autodiff.Options, inputs ...Input) {
	t.Helper()
	draw := rand.New(rand.NewPCG(7, 11))
	data := make([]*tensor.Tensor, len(inputs))
	for i, in := range inputs {
		data[i] = tensor.New(in.Shape...)
		for k := range data[i].Data {
			if data[i].Data[k] = float32(draw.NormFloat64()); in.Values != nil {
				data[i].Data[k] = in.Values[k]
			}
		}
	}
	s := build(t, f, o, inputs, draw)
	defer s.Close()
	run := func(names ...string) []*tensor.Tensor {
		t.Helper()
		given := map[string]ort.Value{}
		for i, d := range data {
			given[name(i)] = ort.FromTensor(d)
		}
		out, err := s.Run(context.Background(), given, names...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for i, in := range inputs {
		if in.Fixed {
			continue
		}
		got := run("d" + name(i))[0]
		if tensor.Size(got.Shape) != tensor.Size(in.Shape) {
			t.Fatalf("gradient of input %d is %v, wants %v", i, got.Shape, in.Shape)
		}
		want, largest := make([]float64, len(got.Data)), 1.0
		for k := range want {
			x := data[i].Data[k]
			data[i].Data[k] = x + step
			up := weighted(run("terms")[0])
			data[i].Data[k] = x - step
			down := weighted(run("terms")[0])
			data[i].Data[k] = x
			want[k] = (up - down) / (float64(x+step) - float64(x-step))
			largest = max(largest, math.Abs(want[k]))
		}
		for k, w := range want {
			if d := math.Abs(float64(got.Data[k]) - w); d > tol*largest || math.IsNaN(d) {
				t.Errorf("gradient of input %d %v: element %d is %g, central difference %g", i, in.Shape, k, got.Data[k], w)
				return
			}
		}
	}
}

// weighted adds up in float64.
func weighted(terms *tensor.Tensor) float64 {
	sum := 0.0
	for _, v := range terms.Data {
		sum += float64(v)
	}
	return sum
}

// build makes the session: outputs "terms", of which the loss is the sum, and "d<input>".
func build(t *testing.T, f Formula, o autodiff.Options, inputs []Input, draw *rand.Rand) *ort.Session {
	t.Helper()
	b := onnx.NewBuilder("gradtest")
	in := make([]*onnx.Value, len(inputs))
	var wrt []*onnx.Value
	for i, p := range inputs {
		sizes := make([]any, len(p.Shape))
		for k, d := range p.Shape {
			if sizes[k] = d; p.Names != nil && p.Names[k] != "" {
				sizes[k] = p.Names[k]
			}
		}
		in[i] = b.Input(name(i), onnx.Float32, sizes...)
		if !p.Fixed {
			wrt = append(wrt, in[i])
		}
	}
	y := f(b, in)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	n := y.Shape.Count()
	if n == onnx.Unknown {
		t.Fatalf("the formula's result is %v; give it known sizes", y.Shape)
	}
	r := make([]float32, n)
	for i := range r {
		r[i] = float32(draw.NormFloat64())
	}
	terms := b.Mul(y, b.Const("r", r, y.Shape...))
	loss := b.Op("ReduceSum", terms)
	for i, d := range autodiff.Gradients(b, loss, wrt, o) {
		at := 0
		for k := range in {
			if in[k] == wrt[i] {
				at = k
			}
		}
		b.Output("d"+name(at), d)
	}
	b.Output("terms", terms)
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	proto, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ortest.Setup(t).NewSession(context.Background(), proto, ort.SessionOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func name(i int) string { return fmt.Sprint("x", i) }

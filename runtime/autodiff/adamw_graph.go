package autodiff

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// AdamWGraph is a step of AdamW as a graph, for values that stay in the memory of a device. Inputs, for each shape i: "value.<i>",
// "gradient.<i>", "mean.<i>" and "square.<i>", and those of Factors, which say the rest. Outputs: "new value.<i>", "new mean.<i>" and
// "new square.<i>", and "finite" [number of shapes], 0 where a gradient is finite and NaN elsewhere. Everything is float32.
func AdamWGraph(shapes []onnx.Shape) (*onnx.Graph, error) {
	b := onnx.NewBuilder("AdamW")
	factor := map[string]*onnx.Value{}
	for _, name := range factorNames {
		factor[name] = b.Input(name, onnx.Float32, 1)
	}
	var finite []*onnx.Value
	for i, shape := range shapes {
		sizes := make([]any, len(shape))
		for d, size := range shape {
			sizes[d] = size
		}
		in := func(name string) *onnx.Value { return b.Input(fmt.Sprint(name, ".", i), onnx.Float32, sizes...) }
		x, g, m, v := in("value"), in("gradient"), in("mean"), in("square")
		g = b.Mul(g, factor["unscale"])
		finite = append(finite, b.Reshape(b.Op("ReduceSum", b.Mul(g, b.Scalar(0))), 1))
		m = b.Add(m, b.Mul(factor["mean"], b.Sub(g, m)))
		v = b.Add(b.Mul(factor["square"], v), b.Mul(factor["fresh"], b.Mul(g, g)))
		size := b.Add(b.Op("Div", b.Op("Sqrt", v), factor["root"]), factor["epsilon"])
		x = b.Sub(b.Mul(x, factor["keep"]), b.Mul(factor["step"], b.Op("Div", m, size)))
		for name, v := range map[string]*onnx.Value{"value": x, "mean": m, "square": v} {
			b.Output(fmt.Sprint("new ", name, ".", i), v)
		}
	}
	b.Output("finite", b.Concat(0, finite...))
	g, err := b.Graph()
	if err != nil {
		return nil, fmt.Errorf("AdamW: %w", err)
	}
	return g, nil
}

var factorNames = []string{"keep", "mean", "square", "fresh", "root", "step", "epsilon", "unscale"}

// Factors are the numbers of the next step as inputs of AdamWGraph, where gradients are scale times as large as they should be. The step is
// counted by Advance.
func (a *AdamW) Factors(scale float32) map[string]float32 {
	f := a.factors(a.Steps + 1)
	return map[string]float32{
		"keep": f.keep, "mean": f.mean, "square": f.square, "fresh": f.fresh, "root": f.root, "step": f.step, "epsilon": f.epsilon, "unscale": 1 / scale,
	}
}

// Advance counts a step that was made elsewhere.
func (a *AdamW) Advance() { a.Steps++ }

// factors are those of a step, which are counted from 1.
func (a *AdamW) factors(step int) adamwFactors {
	bias1, bias2 := 1-math.Pow(a.Beta1, float64(step)), 1-math.Pow(a.Beta2, float64(step))
	return adamwFactors{
		keep: float32(1 - a.Rate*a.Decay), mean: float32(1 - a.Beta1), square: float32(a.Beta2), fresh: float32(1 - a.Beta2),
		root: float32(math.Sqrt(bias2)), step: float32(a.Rate / bias1), epsilon: float32(a.Epsilon),
	}
}

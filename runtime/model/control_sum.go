package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// ControlSum is the graph that adds up the residuals of several control networks. Inputs are "part.<k>.<i>" [B or 1,C,h,w], residual i of
// network k, and "strength.<k>" [1]; outputs "output.<i>" are the sums over k of strength times residual. pooled says which networks
// count with the mean of each plane instead (control_v11e_sd15_shuffle). places is the number of residuals.
func ControlSum(pooled []bool, places int) (*onnx.Graph, error) {
	b := onnx.NewBuilder("control sum")
	strengths := make([]*onnx.Value, len(pooled))
	for k := range pooled {
		strengths[k] = b.Input(fmt.Sprint("strength.", k), onnx.Float32, 1)
	}
	for i := range places {
		var sum *onnx.Value
		for k, mean := range pooled {
			x := b.Input(fmt.Sprintf("part.%d.%d", k, i), onnx.Float32, fmt.Sprint("batch ", k), fmt.Sprint("channels ", i), fmt.Sprint("height ", i), fmt.Sprint("width ", i))
			if mean {
				x = b.Op("Expand", b.Op("ReduceMean", x, b.Ints(2, 3)), b.Op("Shape", x))
			}
			x = b.Mul(x, strengths[k])
			if sum != nil {
				x = b.Add(sum, x)
			}
			sum = x
		}
		b.Output(fmt.Sprint("output.", i), sum)
	}
	return finish(b, "control sum")
}

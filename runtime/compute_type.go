package runtime

import (
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ComputeType is the type that a model's weights are rounded to before they are used. Everything is computed in float32.
type ComputeType string

// The compute types of the node ModelComputeDtype.
const (
	ComputeDefault  ComputeType = "default"
	ComputeFloat32  ComputeType = "fp32"
	ComputeFloat16  ComputeType = "fp16"
	ComputeBFloat16 ComputeType = "bf16"
)

// Choices lists the types.
func (ComputeType) Choices() []string {
	return []string{string(ComputeDefault), string(ComputeFloat32), string(ComputeFloat16), string(ComputeBFloat16)}
}

// rounds is the type of rounded weights, 0 where they are used as they are.
func (t ComputeType) rounds() weights.DType {
	switch t {
	case ComputeFloat16:
		return weights.F16
	case ComputeBFloat16:
		return weights.BF16
	}
	return 0
}

// roundings is the same types in a graph.
var roundings = map[weights.DType]onnx.DType{weights.F16: onnx.Float16, weights.BF16: onnx.BFloat16}

// WithComputeType is the model with its weights, patched ones after their patches, rounded to a type. Activations stay float32.
func (m Model) WithComputeType(t ComputeType) Model {
	m.compute = t
	return m
}

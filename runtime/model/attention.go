package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// attend is softmax(QKᵀ/√d)·V in several heads. q is rows [B·S,C], k and v rows [B·T,C]; batch is a vector of one number, B.
// The result is rows [B·S,C].
func (n *net) attend(q, k, v, batch *onnx.Value, heads int64, causal bool) *onnx.Value {
	c := n.columns(q)
	if heads < 1 || c%heads != 0 {
		return n.Fail(fmt.Errorf("attention of width %d in %d heads: %w", c, heads, ErrUnsupported))
	}
	attrs := []onnx.Attr{onnx.Int("num_heads", heads)}
	if causal {
		attrs = append(attrs, onnx.Int("unidirectional", 1))
	}
	return n.Group("Attention", []*onnx.Value{q, k, v, batch}, func() *onnx.Value {
		shape := n.Concat(0, batch, n.Ints(onnx.Unknown, c))
		args := []onnx.Arg{n.ReshapeTo(q, shape), n.ReshapeTo(k, shape), n.ReshapeTo(v, shape)}
		for _, a := range attrs {
			args = append(args, a)
		}
		y := n.Op("com.microsoft::MultiHeadAttention", args...) // [B,S,C]
		return n.Reshape(y, onnx.Unknown, c)
	}, attrs...)
}

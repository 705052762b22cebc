package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// MiddleAttention changes and watches the self-attention of the middle block, for guidance.
//
// With Perturb the input "identity" bool [1] has it give its values unmixed (Ahn et al. 2024, arXiv:2403.17377, "PAG"). With Record the graph
// has the output "attention" [B,S], how much each token gets in the first transformer block: the weights summed over the tokens that ask and
// averaged over the heads (Hong et al. 2023, arXiv:2210.00939, "SAG"); that block is then not perturbed: so it is in the reference, where the
// recording takes the place of the perturbation.
type MiddleAttention struct{ Perturb, Record bool }

func (m MiddleAttention) String() string {
	return fmt.Sprintf("middle attention perturb %t record %t", m.Perturb, m.Record)
}

func (m MiddleAttention) hooks(u *unet, prefix string) hooks {
	var identity *onnx.Value
	if m.Perturb {
		identity = u.Input(prefix+"identity", onnx.Bool, 1)
	}
	first := true
	return hooks{attended: func(at layer, q, k, v, y *onnx.Value) *onnx.Value {
		if !at.middle {
			return y
		}
		recorded := first && m.Record
		first = false
		switch {
		case recorded:
			u.Output("attention", u.received(q, k))
		case m.Perturb:
			y = u.Op("Where", identity, v, y)
		}
		return y
	}}
}

// received is [B,S]: for rows of queries and keys [B·S,C] the weights that each key gets, summed over the queries and averaged over the heads.
func (u *unet) received(q, k *onnx.Value) *onnx.Value {
	width := u.columns(q)
	heads := u.config.heads(width)
	if heads < 1 || width%heads != 0 {
		return u.Fail(fmt.Errorf("attention of width %d in %d heads: %w", width, heads, ErrUnsupported))
	}
	split := func(rows *onnx.Value, axes ...int64) *onnx.Value {
		return u.Transpose(u.ReshapeTo(rows, u.Concat(0, u.batch, u.Ints(onnx.Unknown, heads, width/heads))), axes...)
	}
	scores := u.MatMul(split(q, 0, 2, 1, 3), split(k, 0, 2, 3, 1)) // [B,heads,S,S]
	scores = u.Mul(scores, u.Scalar(float32(1/math.Sqrt(float64(width/heads)))))
	weights := u.Op("ReduceMean", u.Op("Softmax", scores, onnx.Int("axis", -1)), u.Ints(1), onnx.Int("keepdims", 0))
	return u.Op("ReduceSum", weights, u.Ints(1), onnx.Int("keepdims", 0))
}

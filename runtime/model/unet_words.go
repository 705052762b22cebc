package model

import (
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// WordMaps makes the output "h" something else: [B,T,h,w], how much of its cross-attention each place of the picture gives to each token of the
// prompt, mean over the heads and the transformer blocks of the widest level outside the middle block (a quarter of the latent's height and
// width in SD 1.x). The prediction stays as it is. Tang et al. 2022, DAAM (arXiv:2210.04885).
type WordMaps struct{}

func (WordMaps) String() string { return "word maps" }

func (WordMaps) hooks(u *unet, _ string) hooks {
	maps := map[int64][]*onnx.Value{} // by width
	return hooks{
		crossed: func(at layer, q, k *onnx.Value) {
			if !at.middle {
				maps[at.width] = append(maps[at.width], u.attentionMap(q, k, u.picture))
			}
		},
		features: func(h *onnx.Value) *onnx.Value {
			widest := int64(0)
			for width := range maps {
				widest = max(widest, width)
			}
			list := maps[widest]
			if len(list) == 0 {
				return h // a network without cross-attention outside the middle: the caller sees channels that are no tokens
			}
			sum := list[0]
			for _, m := range list[1:] {
				sum = u.Add(sum, m)
			}
			return u.Mul(sum, u.Scalar(1/float32(len(list))))
		},
	}
}

// attentionMap is softmax(QKᵀ/√d), mean over the heads, of queries [B·S,C] that are the pixels of a picture and keys [B·T,C]: [B,T,h,w].
func (u *unet) attentionMap(q, k, picture *onnx.Value) *onnx.Value {
	c := u.columns(q)
	heads := u.config.heads(c)
	if heads < 1 {
		return u.picture
	}
	d := c / heads
	split := u.Concat(0, u.batch, u.Ints(-1, heads, d))
	q4 := u.Transpose(u.ReshapeTo(q, split), 0, 2, 1, 3)                                                          // [B,heads,S,d]
	k4 := u.Transpose(u.ReshapeTo(k, split), 0, 2, 3, 1)                                                          // [B,heads,d,T]
	scores := u.Mul(u.MatMul(q4, k4), u.Scalar(float32(1/math.Sqrt(float64(d)))))                                 // [B,heads,S,T]
	mean := u.Op("ReduceMean", u.Op("Softmax", scores, onnx.Int("axis", -1)), u.Ints(1), onnx.Int("keepdims", 0)) // [B,S,T]
	shape := u.Concat(0, u.batch, u.Ints(-1), u.Sizes(picture, 2, 4))
	return u.ReshapeTo(u.Transpose(mean, 0, 2, 1), shape)
}

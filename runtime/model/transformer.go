package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// transformer is a spatial transformer: the picture's pixels, as tokens, attend to each other and to the context. Its projections
// in and out are stored as 1x1 convolutions (SD 1.x) or matrices (SD 2, SDXL), which are the same numbers.
func (u *unet) transformer(x *onnx.Value, p part) *onnx.Value {
	rows, g := u.toTokens(u.groupNorm(x, p.path+".norm", 1e-6))
	rows = u.linear(rows, p.path+".proj_in") // [B·S,C]
	for i := range p.depth {
		rows = u.transformerBlock(rows, fmt.Sprintf("%s.transformer_blocks.%d", p.path, i))
	}
	return u.Add(u.fromTokens(u.linear(rows, p.path+".proj_out"), g), x)
}

// transformerBlock is self-attention, cross-attention and a feed-forward layer on rows [B·S,C], each with a residual.
func (u *unet) transformerBlock(x *onnx.Value, path string) *onnx.Value {
	y := u.layerNorm(x, path+".norm1")
	x = u.Add(u.attention(y, y, path+".attn1"), x)
	x = u.Add(u.attention(u.layerNorm(x, path+".norm2"), u.context, path+".attn2"), x)
	return u.Add(u.geglu(u.layerNorm(x, path+".norm3"), path+".ff.net"), x)
}

// attention asks with rows x and answers from rows source.
func (u *unet) attention(x, source *onnx.Value, path string) *onnx.Value {
	if source == nil {
		return u.Fail(fmt.Errorf("%s: no context to attend to: %w", path, ErrUnsupported))
	}
	q, k, v := u.linear(x, path+".to_q"), u.linear(source, path+".to_k"), u.linear(source, path+".to_v")
	return u.linear(u.attend(q, k, v, u.batch, u.config.heads(u.columns(q)), false), path+".to_out.0")
}

// geglu is (h·gelu(g))·Wᵀ, where h and g are the two halves of one linear layer: two products with rows of its matrix.
func (u *unet) geglu(x *onnx.Value, path string) *onnx.Value {
	inner := u.size(path+".0.proj.weight", 0) / 2
	h := u.linearRows(x, path+".0.proj", 0, inner)
	g := u.linearRows(x, path+".0.proj", inner, 2*inner)
	gated := u.Group("GEGLU", []*onnx.Value{h, g}, func() *onnx.Value { return u.Mul(h, u.Op("Gelu", g)) })
	return u.linear(gated, path+".2")
}

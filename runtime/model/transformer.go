package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// transformer is a spatial transformer: the picture's pixels, as tokens, attend to each other and to the context. Its projections
// in and out are stored as 1x1 convolutions (SD 1.x) or matrices (SD 2, SDXL), which are the same numbers.
func (u *unet) transformer(x *onnx.Value, p part) *onnx.Value {
	u.picture = x
	rows, g := u.toTokens(u.groupNorm(x, p.path+".norm", 1e-6))
	rows = u.linear(rows, p.path+".proj_in") // [B·S,C]
	for i := range p.depth {
		rows = u.transformerBlock(rows, fmt.Sprintf("%s.transformer_blocks.%d", p.path, i))
	}
	return u.Add(u.fromTokens(u.linear(rows, p.path+".proj_out"), g), x)
}

// transformerBlock is self-attention, cross-attention and a feed-forward layer on rows [B·S,C], each with a residual.
func (u *unet) transformerBlock(x *onnx.Value, path string) *onnx.Value {
	at := u.nextLayer(x)
	y := u.layerNorm(x, path+".norm1")
	from := sources{y, y, y, u.batch}
	if u.context != nil && u.size(path+".attn1.to_k.weight", 1) != u.columns(y) { // the upscaler looks at the prompt twice, where that is cheaper
		from.k, from.v = u.context, u.context
	}
	y = u.attention(u.edits.self(at, from), path+".attn1", u.edits.attended(at))
	x = u.Add(u.edits.selfOut(at, y), x)
	x = u.edits.between(at, x)
	y = u.layerNorm(x, path+".norm2")
	x = u.Add(u.attention(u.edits.cross(at, sources{y, u.context, u.context, u.batch}), path+".attn2", u.edits.crossed(at)), x)
	return u.Add(u.geglu(u.layerNorm(x, path+".norm3"), path+".ff.net"), x)
}

// sources are what an attention layer makes its queries, keys and values of: rows [N·S,C] and [N·T,D] of N items.
type sources struct {
	q, k, v *onnx.Value
	items   *onnx.Value // N as a vector of one number
}

// attention asks with rows q and answers from rows k and v; changed, if not nil, has the last word on the answer before the projection out.
func (u *unet) attention(s sources, path string, changed func(q, k, v, y *onnx.Value) *onnx.Value) *onnx.Value {
	if s.k == nil {
		return u.Fail(fmt.Errorf("%s: no context to attend to: %w", path, ErrUnsupported))
	}
	q, k, v := u.linear(s.q, path+".to_q"), u.linear(s.k, path+".to_k"), u.linear(s.v, path+".to_v")
	y := u.attend(q, k, v, s.items, u.config.heads(u.columns(q)), false)
	if changed != nil {
		y = changed(q, k, v, y)
	}
	return u.linear(y, path+".to_out.0")
}

// geglu is (h·gelu(g))·Wᵀ, where h and g are the two halves of one linear layer: two products with rows of its matrix.
func (u *unet) geglu(x *onnx.Value, path string) *onnx.Value {
	inner := u.size(path+".0.proj.weight", 0) / 2
	h := u.linearRows(x, path+".0.proj", 0, inner)
	g := u.linearRows(x, path+".0.proj", inner, 2*inner)
	gated := u.Group("GEGLU", []*onnx.Value{h, g}, func() *onnx.Value { return u.Mul(h, u.Op("Gelu", g)) })
	return u.linear(gated, path+".2")
}

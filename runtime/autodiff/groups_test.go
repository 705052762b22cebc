package autodiff_test

import (
	"fmt"
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/autodiff/gradtest"
	"github.com/oneactor/oneactor/runtime/onnx"
)

// groupNorm is a group normalisation as networks write it, with the group's mark.
func groupNorm(groups int64) func(b builder, in values) value {
	return func(b builder, in values) value {
		x := in[0]
		return b.Group("GroupNorm", in, func() *onnx.Value {
			ones, zeros := make([]float32, groups), make([]float32, groups)
			for i := range ones {
				ones[i] = 1
			}
			y := b.Reshape(x, 0, groups, onnx.Unknown)
			y = b.Op("InstanceNormalization", y, b.Const("ones", ones, groups), b.Const("zeros", zeros, groups), onnx.Float("epsilon", 1e-3))
			return b.Add(b.Mul(b.ReshapeTo(y, b.Sizes(x, 0, 4)), in[1]), in[2])
		}, onnx.Int("groups", groups), onnx.Float("epsilon", 1e-3))
	}
}

func TestGroups(t *testing.T) {
	tests := map[string]struct {
		f  gradtest.Formula
		in []gradtest.Input
	}{
		"group norm": {groupNorm(2), gradtest.Of([]int{2, 6, 2, 3}, []int{6, 1, 1}, []int{6, 1, 1})},
		"geglu": {func(b builder, in values) value {
			return b.Group("GEGLU", in, func() *onnx.Value { return b.Mul(in[0], b.Op("Gelu", in[1])) })
		}, gradtest.Of([]int{2, 3}, []int{2, 3})},
		"group norm and SiLU": {func(b builder, in values) value {
			return b.Group("GroupNormSiLU", in, func() *onnx.Value {
				return b.Op("com.microsoft::QuickGelu", groupNorm(2)(b, in), onnx.Float("alpha", 1))
			}, onnx.Int("groups", 2), onnx.Float("epsilon", 1e-3))
		}, gradtest.Of([]int{2, 6, 2, 3}, []int{6, 1, 1}, []int{6, 1, 1})},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { gradtest.Check(t, tt.f, 1e-3, autodiff.Options{}, tt.in...) })
	}
}

func TestAttentionInBlocks(t *testing.T) {
	for name, o := range map[string]autodiff.Options{
		"two rows of two heads and four keys": {Block: 2 * 4 * 2 * 4},
		"aligned":                             {Align: 8},
		"aligned, in blocks":                  {Align: 4, Block: 2 * 4 * 2 * 4},
	} {
		for _, causal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, causal %v", name, causal), func(t *testing.T) {
				gradtest.Check(t, attention(causal), 1e-3, o, gradtest.Of([]int{2, 5, 4}, []int{2, 5, 4}, []int{2, 5, 4})...)
			})
		}
	}
}

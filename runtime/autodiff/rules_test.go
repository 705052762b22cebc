package autodiff_test

import (
	"testing"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/autodiff/gradtest"
	"github.com/oneactor/oneactor/runtime/onnx"
)

type (
	builder = *onnx.Builder
	value   = *onnx.Value
	values  = []*onnx.Value
)

// op is a formula of one operator on all inputs.
func op(name string, more ...onnx.Arg) gradtest.Formula {
	return func(b builder, in values) value {
		args := make([]onnx.Arg, 0, len(in)+len(more))
		for _, v := range in {
			args = append(args, v)
		}
		return b.Op(name, append(args, more...)...)
	}
}

// first is a formula of one operator on the first input, with further arguments that the builder makes.
func first(name string, more func(b builder) []onnx.Arg) gradtest.Formula {
	return func(b builder, in values) value { return b.Op(name, append([]onnx.Arg{in[0]}, more(b)...)...) }
}

// positive and apart are values where a function is smooth: above 0.5, or no closer than 0.1 to 0 and to each other.
var (
	positive = []float32{0.6, 1.3, 2.1, 0.9, 1.7, 3.2}
	apart    = []float32{-1.2, 0.4, 0.7, -0.3, 1.5, -2.1}
	opposite = []float32{0.3, 0.9, -0.6, -0.8, 1.1, -1.9}
)

func TestRules(t *testing.T) {
	const tol = 1e-3
	shape := []int{2, 3}
	at := func(v ...[]float32) []gradtest.Input {
		in := make([]gradtest.Input, len(v))
		for i := range v {
			in[i] = gradtest.Input{Shape: shape, Values: v[i]}
		}
		return in
	}
	index := func(i ...int64) func(b builder) []onnx.Arg {
		return func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(i...)} }
	}
	tests := map[string]struct {
		f  gradtest.Formula
		in []gradtest.Input
	}{
		"identity":                {op("Identity"), gradtest.Of(shape)},
		"neg":                     {op("Neg"), gradtest.Of(shape)},
		"sqrt":                    {op("Sqrt"), at(positive)},
		"reciprocal":              {op("Reciprocal"), at(positive)},
		"exp":                     {op("Exp"), gradtest.Of(shape)},
		"log":                     {op("Log"), at(positive)},
		"erf":                     {op("Erf"), gradtest.Of(shape)},
		"sin":                     {op("Sin"), gradtest.Of(shape)},
		"cos":                     {op("Cos"), gradtest.Of(shape)},
		"acos":                    {op("Acos"), at([]float32{-0.7, 0.2, 0.5, -0.3, 0.8, 0.1})},
		"tanh":                    {op("Tanh"), gradtest.Of(shape)},
		"sigmoid":                 {op("Sigmoid"), gradtest.Of(shape)},
		"relu":                    {op("Relu"), at(apart)},
		"leaky relu":              {op("LeakyRelu", onnx.Float("alpha", 0.2)), at(apart)},
		"prelu":                   {op("PRelu"), append(at(apart), gradtest.Of([]int{3})...)},
		"gelu":                    {op("Gelu"), gradtest.Of(shape)},
		"quick gelu":              {op("com.microsoft::QuickGelu", onnx.Float("alpha", 1.702)), gradtest.Of(shape)},
		"silu":                    {op("com.microsoft::QuickGelu", onnx.Float("alpha", 1)), gradtest.Of(shape)},
		"abs":                     {op("Abs"), at(apart)},
		"clip":                    {first("Clip", func(b builder) []onnx.Arg { return []onnx.Arg{b.Scalar(-1), b.Scalar(1)} }), at(apart)},
		"softmax":                 {op("Softmax", onnx.Int("axis", -1)), gradtest.Of(shape)},
		"softmax 0":               {op("Softmax", onnx.Int("axis", 0)), gradtest.Of(shape)},
		"trilu":                   {op("Trilu", onnx.Int("upper", 0)), gradtest.Of([]int{3, 3})},
		"add":                     {op("Add"), gradtest.Of(shape, shape)},
		"sub":                     {op("Sub"), gradtest.Of(shape, shape)},
		"mul":                     {op("Mul"), gradtest.Of(shape, shape)},
		"div":                     {op("Div"), at(apart, positive)},
		"pow":                     {op("Pow"), at(positive, apart)},
		"min":                     {op("Min"), at(apart, opposite)},
		"max":                     {op("Max"), at(apart, opposite)},
		"square":                  {func(b builder, in values) value { return b.Mul(in[0], in[0]) }, gradtest.Of(shape)},
		"where":                   {where, gradtest.Of(shape, shape)},
		"cast":                    {cast, gradtest.Of(shape)},
		"sign and more that stop": {stopped, at(apart)},

		"mul broadcasts [3]":       {op("Mul"), gradtest.Of(shape, []int{3})},
		"mul broadcasts [2,1]":     {op("Mul"), gradtest.Of(shape, []int{2, 1})},
		"mul broadcasts both":      {op("Mul"), gradtest.Of([]int{2, 1, 3}, []int{4, 1})},
		"div broadcasts a scalar":  {op("Div"), []gradtest.Input{{Shape: shape}, {Shape: []int{}, Values: []float32{1.5}}}},
		"where broadcasts [1,1,3]": {where, gradtest.Of(shape, []int{1, 1, 3})},
		"unknown batch": {func(b builder, in values) value { return b.Op("ReduceSum", b.Mul(in[0], in[1]), b.Ints(0)) },
			[]gradtest.Input{{Shape: shape, Names: []string{"n", ""}}, {Shape: []int{3}}}},

		"reshape":       {first("Reshape", index(3, 2)), gradtest.Of(shape)},
		"transpose":     {op("Transpose", onnx.Ints("perm", 2, 0, 1)), gradtest.Of([]int{2, 3, 4})},
		"unsqueeze":     {first("Unsqueeze", index(1, 3)), gradtest.Of(shape)},
		"squeeze":       {first("Squeeze", index(1)), gradtest.Of([]int{2, 1, 3})},
		"concat":        {op("Concat", onnx.Int("axis", -1)), gradtest.Of(shape, []int{2, 2}, shape)},
		"split":         {parts, gradtest.Of([]int{2, 5})},
		"slice":         {first("Slice", func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(1, -3), b.Ints(9, -1), b.Ints(0, 2)} }), gradtest.Of([]int{3, 2, 5})},
		"slice, step 2": {first("Slice", func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(1), b.Ints(5), b.Ints(1), b.Ints(2)} }), gradtest.Of([]int{2, 6})},
		"gather rows":   {gathered(0, 2, 0, 2), gradtest.Of([]int{3, 4})},
		"gather inside": {gathered(1, 1, 1), gradtest.Of([]int{2, 3, 2})},
		"gather a grid": {func(b builder, in values) value {
			return b.Gather(in[0], b.Reshape(b.Ints(0, 2, 1, 2), 2, 2), 0)
		}, gradtest.Of([]int{3, 2})},
		"scatter": {func(b builder, in values) value {
			return b.Op("ScatterElements", in[0], b.Reshape(b.Ints(0, 1, 1), 1, 3), b.Const("c", positive[:3], 1, 3),
				onnx.Int("axis", 0), onnx.Str("reduction", "add"))
		}, gradtest.Of(shape)},
		"scatter rows": {func(b builder, in values) value {
			return b.Op("ScatterND", in[0], b.Reshape(b.Ints(1, 0, 1), 3, 1), in[1], onnx.Str("reduction", "add"))
		}, gradtest.Of([]int{2, 2}, []int{3, 2})},
		"expand":         {first("Expand", index(4, 2, 3)), gradtest.Of([]int{2, 1})},
		"pad":            {first("Pad", func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(0, 1, 2, 0), b.Scalar(3)} }), gradtest.Of(shape)},
		"depth to space": {op("DepthToSpace", onnx.Int("blocksize", 2), onnx.Str("mode", "DCR")), gradtest.Of([]int{1, 8, 2, 3})},
		"space to depth": {op("SpaceToDepth", onnx.Int("blocksize", 2)), gradtest.Of([]int{1, 2, 4, 6})},
		"resize":         {resized(6, 8), gradtest.Of([]int{1, 2, 3, 4})},
		"resize, odd":    {resized(5, 7), gradtest.Of([]int{2, 1, 3, 4})},

		"sum":                    {op("ReduceSum"), gradtest.Of(shape)},
		"sum without axes kept":  {first("ReduceSum", func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(0, -1), onnx.Int("keepdims", 0)} }), gradtest.Of([]int{2, 3, 2})},
		"mean":                   {first("ReduceMean", index(1)), gradtest.Of(shape)},
		"mean without axes kept": {first("ReduceMean", func(b builder) []onnx.Arg { return []onnx.Arg{b.Ints(1), onnx.Int("keepdims", 0)} }), gradtest.Of([]int{2, 3, 2})},
		"sum of squares":         {first("ReduceSumSquare", index(0)), gradtest.Of(shape)},
		"maximum":                {first("ReduceMax", index(1)), at(apart)},

		"matmul":                    {op("MatMul"), gradtest.Of([]int{2, 3}, []int{3, 4})},
		"matmul with one matrix":    {op("MatMul"), gradtest.Of([]int{2, 2, 3}, []int{3, 4})},
		"matmul broadcasts batches": {op("MatMul"), gradtest.Of([]int{2, 1, 2, 3}, []int{2, 3, 2})},
		"gemm":                      {op("Gemm"), gradtest.Of([]int{2, 3}, []int{3, 4}, []int{4})},
		"gemm transB":               {op("Gemm", onnx.Int("transB", 1)), gradtest.Of([]int{2, 3}, []int{4, 3}, []int{2, 4})},
		"gemm transA":               {op("Gemm", onnx.Int("transA", 1)), gradtest.Of([]int{3, 2}, []int{3, 4})},
		"gemm, both and factors": {op("Gemm", onnx.Int("transA", 1), onnx.Int("transB", 1), onnx.Float("alpha", 0.5), onnx.Float("beta", 2)),
			gradtest.Of([]int{3, 2}, []int{4, 3}, []int{1, 4})},
		"fused matmul": {op("com.microsoft::FusedMatMul", onnx.Float("alpha", 0.5)), gradtest.Of([]int{2, 2, 3}, []int{2, 3, 2})},
		"fused matmul, transposed": {op("com.microsoft::FusedMatMul", onnx.Int("transA", 1), onnx.Int("transB", 1)),
			gradtest.Of([]int{2, 3, 2}, []int{2, 2, 3})},
		"fused matmul, rows first": {op("com.microsoft::FusedMatMul", onnx.Int("transBatchA", 1), onnx.Int("transBatchB", 1), onnx.Int("transB", 1)),
			gradtest.Of([]int{3, 2, 2, 2}, []int{4, 2, 2, 2})},

		"conv 3x3":                             {conv(1, 1, 1), gradtest.Of([]int{2, 2, 3, 4}, []int{3, 2, 3, 3}, []int{3})},
		"conv 1x1":                             {conv(1, 0, 1), gradtest.Of([]int{2, 2, 3, 2}, []int{3, 2, 1, 1}, []int{3})},
		"conv 1x1, stride 2":                   {conv(2, 0, 1), gradtest.Of([]int{2, 2, 4, 5}, []int{3, 2, 1, 1})},
		"conv 3x3, stride 2":                   {conv(2, 1, 1), gradtest.Of([]int{2, 2, 4, 5}, []int{2, 2, 3, 3}, []int{2})},
		"conv 3x3, stride 2, window left over": {conv(2, 0, 1), gradtest.Of([]int{1, 1, 4, 6}, []int{1, 1, 3, 3})},
		"conv 7x7, stride 2":                   {conv(2, 3, 1), gradtest.Of([]int{1, 1, 4, 4}, []int{2, 1, 7, 7})},
		"conv, dilated":                        {conv(1, 2, 2), gradtest.Of([]int{1, 2, 4, 4}, []int{1, 2, 3, 3})},
		"conv, wide pads":                      {conv(1, 3, 1), gradtest.Of([]int{1, 1, 2, 2}, []int{1, 1, 3, 3})},
		"conv with pads of one side":           {op("Conv", onnx.Ints("pads", 1, 0, 0, 1)), gradtest.Of([]int{1, 2, 3, 3}, []int{2, 2, 2, 2})},
		"conv transposed": {func(b builder, in values) value {
			return b.Op("ConvTranspose", in[0], b.Const("w", positive, 2, 3, 1, 1), onnx.Ints("strides", 2, 2))
		}, gradtest.Of([]int{1, 2, 2, 3})},

		"instance norm":     {op("InstanceNormalization", onnx.Float("epsilon", 1e-3)), gradtest.Of([]int{2, 3, 5}, []int{3}, []int{3})},
		"layer norm":        {op("LayerNormalization", onnx.Int("axis", -1), onnx.Float("epsilon", 1e-3)), gradtest.Of([]int{3, 6}, []int{6}, []int{6})},
		"attention":         {attention(false), gradtest.Of([]int{2, 3, 4}, []int{2, 5, 4}, []int{2, 5, 4})},
		"attention, causal": {attention(true), gradtest.Of([]int{2, 3, 4}, []int{2, 3, 4}, []int{2, 3, 4})},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { gradtest.Check(t, tt.f, tol, autodiff.Options{}, tt.in...) })
	}
}

func where(b builder, in values) value {
	return b.Op("Where", b.Op("Less", b.Const("c", apart[:3], 3), b.Scalar(0.5)), in[0], in[1])
}

// cast goes through a type whose values flow on.
func cast(b builder, in values) value { return b.Cast(b.Cast(in[0], onnx.Float32), onnx.Float32) }

// stopped has operators that let nothing through beside one that does.
func stopped(b builder, in values) value {
	x := in[0]
	size := b.Cast(b.Sizes(b.Reshape(x, onnx.Unknown), 0, 1), onnx.Float32)
	y := b.Add(b.Mul(x, b.Op("Sign", x)), size)
	for _, op := range []string{"Equal", "Greater", "GreaterOrEqual", "Less"} {
		y = b.Add(y, b.Cast(b.Op(op, x, b.Scalar(0.1)), onnx.Float32))
	}
	return b.Add(y, b.Op("ConstantOfShape", b.Ints(3)))
}

// parts leaves the middle of three parts unread.
func parts(b builder, in values) value {
	p := b.Ops(3, "Split", in[0], b.Ints(2, 1, 2), onnx.Int("axis", 1))
	return b.Mul(p[0], p[2])
}

func gathered(axis int64, rows ...int64) gradtest.Formula {
	return func(b builder, in values) value { return b.Gather(in[0], b.Ints(rows...), axis) }
}

func resized(h, w int64) gradtest.Formula {
	return first("Resize", func(b builder) []onnx.Arg {
		return []onnx.Arg{nil, nil, b.Ints(h, w), onnx.Ints("axes", 2, 3), onnx.Str("mode", "nearest"),
			onnx.Str("coordinate_transformation_mode", "asymmetric"), onnx.Str("nearest_mode", "floor")}
	})
}

func conv(stride, pad, dilation int64) gradtest.Formula {
	return op("Conv", onnx.Ints("strides", stride, stride), onnx.Ints("pads", pad, pad, pad, pad), onnx.Ints("dilations", dilation, dilation))
}

func attention(causal bool) gradtest.Formula {
	args := []onnx.Arg{onnx.Int("num_heads", 2)}
	if causal {
		args = append(args, onnx.Int("unidirectional", 1))
	}
	return op("com.microsoft::MultiHeadAttention", args...)
}

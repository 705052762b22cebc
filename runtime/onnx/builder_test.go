package onnx

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestShapes(t *testing.T) {
	x := func(b *Builder) *Value { return b.Input("x", Float32, "batch", 4, "height", 8) }
	tests := map[string]struct {
		build func(b *Builder) *Value
		want  Shape
	}{
		"add broadcasts [4,1,1]": {func(b *Builder) *Value { return b.Add(x(b), b.Const("c", make([]float32, 4), 4, 1, 1)) }, Shape{-1, 4, -1, 8}},
		"add scalar":             {func(b *Builder) *Value { return b.Add(b.Scalar(1), x(b)) }, Shape{-1, 4, -1, 8}},
		"reshape copies and works out": {
			func(b *Builder) *Value { return b.Reshape(x(b), 0, 2, Unknown) }, Shape{-1, 2, -1}},
		"reshape of known sizes": {
			func(b *Builder) *Value { return b.Reshape(b.Input("k", Float32, 2, 3, 4), Unknown, 4) }, Shape{6, 4}},
		"reshape cancels a copied unknown size": {
			func(b *Builder) *Value { return b.Reshape(b.Input("k", Float32, "n", 3, 4), 0, Unknown) }, Shape{-1, 12}},
		"reshape to sizes of another": {func(b *Builder) *Value {
			y := b.Reshape(x(b), Unknown, 4)
			return b.ReshapeTo(y, b.Concat(0, b.Sizes(b.Input("k", Float32, "n", 3, 4), 0, 2), b.Ints(4)))
		}, Shape{-1, 3, 4}},
		"transpose":               {func(b *Builder) *Value { return b.Transpose(x(b), 0, 2, 3, 1) }, Shape{-1, -1, 8, 4}},
		"concat of unknown sizes": {func(b *Builder) *Value { v := x(b); return b.Concat(2, v, v) }, Shape{-1, 4, -1, 8}},
		"concat":                  {func(b *Builder) *Value { v := x(b); return b.Concat(1, v, v) }, Shape{-1, 8, -1, 8}},
		"slice":                   {func(b *Builder) *Value { return b.Slice(x(b), 1, 1, 3) }, Shape{-1, 2, -1, 8}},
		"slice to the end":        {func(b *Builder) *Value { return b.Slice(x(b), -1, -3, 1<<40) }, Shape{-1, 4, -1, 3}},
		"slice with a step": {func(b *Builder) *Value {
			return b.Op("Slice", x(b), b.Ints(1), b.Ints(8), b.Ints(3), b.Ints(2))
		}, Shape{-1, 4, -1, 4}},
		"gather":    {func(b *Builder) *Value { return b.Gather(x(b), b.Input("i", Int64, 2, 7), 1) }, Shape{-1, 2, 7, -1, 8}},
		"unsqueeze": {func(b *Builder) *Value { return b.Unsqueeze(x(b), 1, -1) }, Shape{-1, 1, 4, -1, 8, 1}},
		"squeeze":   {func(b *Builder) *Value { return b.Op("Squeeze", b.Slice(x(b), 1, 0, 1), b.Ints(1)) }, Shape{-1, -1, 8}},
		"expand":    {func(b *Builder) *Value { return b.Op("Expand", b.Scalar(1), b.Ints(2, 3)) }, Shape{2, 3}},
		"pad": {func(b *Builder) *Value {
			return b.Op("Pad", x(b), b.Ints(0, 0, 1, 1, 0, 0, 0, 2), b.Scalar(0))
		}, Shape{-1, 4, -1, 11}},
		"sum over one axis": {func(b *Builder) *Value {
			return b.Op("ReduceSum", x(b), b.Ints(-1), Int("keepdims", 0))
		}, Shape{-1, 4, -1}},
		"mean over all": {func(b *Builder) *Value { return b.Op("ReduceMean", x(b)) }, Shape{1, 1, 1, 1}},
		"gemm transposed": {func(b *Builder) *Value {
			return b.Gemm(b.Input("a", Float32, "rows", 3), b.Input("w", Float32, 5, 3), b.Input("c", Float32, 5), true)
		}, Shape{-1, 5}},
		"matmul broadcasts batches": {func(b *Builder) *Value {
			return b.MatMul(b.Input("a", Float32, 2, 1, 3, 4), b.Input("w", Float32, 7, 4, 5))
		}, Shape{2, 7, 3, 5}},
		"sequence first": {func(b *Builder) *Value {
			q, k := b.Input("q", Float32, 9, 2, 8, 40), b.Input("k", Float32, 77, 2, 8, 40)
			return b.Op("com.microsoft::FusedMatMul", q, k, Int("transBatchA", 1), Int("transBatchB", 1), Int("transB", 1))
		}, Shape{2, 8, 9, 77}},
		"conv, stride 2, odd size": {func(b *Builder) *Value {
			return b.Op("Conv", b.Input("k", Float32, "n", 4, 7, 8), b.Input("w", Float32, 6, 4, 3, 3), Ints("strides", 2, 2), Ints("pads", 1, 1, 1, 1))
		}, Shape{-1, 6, 4, 4}},
		"attention": {func(b *Builder) *Value {
			q, k := b.Input("q", Float32, "b", "s", 64), b.Input("k", Float32, "b", 77, 64)
			return b.Op("com.microsoft::MultiHeadAttention", q, k, k, Int("num_heads", 8))
		}, Shape{-1, -1, 64}},
		"depth to space": {func(b *Builder) *Value { return b.Op("DepthToSpace", x(b), Int("blocksize", 2)) }, Shape{-1, 1, -1, 16}},
		"space to depth": {func(b *Builder) *Value {
			return b.Op("SpaceToDepth", b.Input("k", Float32, 1, 3, 4, 6), Int("blocksize", 2))
		}, Shape{1, 12, 2, 3}},
		"resize to sizes of another": {func(b *Builder) *Value {
			return b.Op("Resize", x(b), nil, nil, b.Sizes(b.Input("k", Float32, 1, 4, 5, 6), 2, 4), Ints("axes", 2, 3))
		}, Shape{-1, 4, 5, 6}},
		"where": {func(b *Builder) *Value {
			v := x(b)
			return b.Op("Where", b.Op("Less", v, b.Scalar(0)), v, b.Scalar(2))
		}, Shape{-1, 4, -1, 8}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder("test")
			v := tt.build(b)
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			if !v.Shape.Equal(tt.want) {
				t.Errorf("got %v, want %v", v.Shape, tt.want)
			}
		})
	}
}

func TestErrorsNameWhatDoesNotFit(t *testing.T) {
	tests := map[string]struct {
		build func(b *Builder) *Value
		want  string
	}{
		"shapes": {func(b *Builder) *Value {
			return b.Add(b.Input("a", Float32, 2, 3), b.Input("c", Float32, 2, 4))
		}, "node Add: shapes [2,3] and [2,4] do not broadcast (inputs a float32[2,3], c float32[2,4])"},
		"types": {func(b *Builder) *Value { return b.Add(b.Input("a", Float32, 2), b.Input("c", Int64, 2)) }, "element types float32 and int64 differ"},
		"inner sizes": {func(b *Builder) *Value {
			return b.Gemm(b.Input("a", Float32, "n", 3), b.Input("w", Float32, 4, 5), nil, false)
		}, "inner sizes 3 and 4 differ"},
		"channels": {func(b *Builder) *Value {
			return b.Op("Conv", b.Input("x", Float32, 1, 3, 8, 8), b.Input("w", Float32, 4, 4, 3, 3))
		}, "3 channels in, the weights want 4"},
		"bias": {func(b *Builder) *Value {
			return b.Op("Conv", b.Input("x", Float32, 1, 4, 8, 8), b.Input("w", Float32, 4, 4, 3, 3), b.Input("c", Float32, 5))
		}, "the bias is [5], wants [4]"},
		"reshape":          {func(b *Builder) *Value { return b.Reshape(b.Input("a", Float32, 2, 3), 4, Unknown) }, "cannot reshape [2,3] to [4,?]"},
		"reshape computed": {func(b *Builder) *Value { return b.ReshapeTo(b.Scalar(1), b.Cast(b.Input("s", Float32, 2), Int64)) }, "must be a constant or made of sizes"},
		"permutation":      {func(b *Builder) *Value { return b.Transpose(b.Input("a", Float32, 2, 3), 0, 0) }, "not a permutation"},
		"axis":             {func(b *Builder) *Value { return b.Slice(b.Input("a", Float32, 2), 1, 0, 1) }, "axis 1 of a tensor with 1 axes"},
		"operator":         {func(b *Builder) *Value { return b.Op("Frobnicate", b.Scalar(1)) }, "operator Frobnicate is not in the table"},
		"missing input":    {func(b *Builder) *Value { return b.Op("Add", nil, b.Scalar(1)) }, "input 0 is missing"},
		"too few inputs":   {func(b *Builder) *Value { return b.Op("Add", b.Scalar(1)) }, "1 inputs, wants 2 to 2"},
		"weight bytes": {func(b *Builder) *Value {
			return b.FromFile("w", Float16, Shape{2, 3}, External{Path: "/w", Length: 24})
		}, "weight w: [2,3] of float16 is 12 bytes, the file has 24"},
		"name taken": {func(b *Builder) *Value { b.Input("x", Float32); return b.Input("x", Float32) }, "input x: the name is taken"},
		"size":       {func(b *Builder) *Value { return b.Input("x", Float32, -1) }, "size 0 is -1"},
		"kind":       {func(b *Builder) *Value { return b.Input("x", Float32, 1.5) }, "size 0 is a float64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder("test")
			v := tt.build(b)
			v = b.Op("Exp", b.Reshape(b.Add(v, v), 0, Unknown)) // formulas after an error do not matter
			b.Output("y", v)
			_, err := b.Graph()
			if !errors.Is(err, ErrGraph) {
				t.Fatalf("got %v, want an error that wraps ErrGraph", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestNoOutputs(t *testing.T) {
	if _, err := NewBuilder("test").Graph(); !errors.Is(err, ErrGraph) {
		t.Errorf("got %v, want an error", err)
	}
}

func TestFailKeepsTheFirstError(t *testing.T) {
	b := NewBuilder("test")
	first := errors.New("first")
	b.Fail(first)
	b.Fail(errors.New("second"))
	if _, err := b.Graph(); err != first {
		t.Errorf("got %v, want %v", err, first)
	}
}

// chain is a graph with something of everything: x·w + w2 from files, a branch that leads nowhere, and a group.
func chain(t *testing.T) *Graph {
	t.Helper()
	b := NewBuilder("chain")
	x := b.Input("x", Float32, "rows", 3)
	leave := b.Scope("layer")
	w := b.Cast(b.FromFile("w", Float16, Shape{4, 3}, External{Path: "/models/b.safetensors", Offset: 17, Length: 24}), Float32)
	y := b.Gemm(x, w, b.FromFile("bias", Float32, Shape{4}, External{Path: "/models/a.safetensors", Offset: 8, Length: 16}), true)
	b.Op("Exp", b.FromFile("unused", Float32, Shape{1}, External{Path: "/models/unused.safetensors", Length: 4}))
	leave()
	y = b.Group("SiLU", []*Value{y}, func() *Value { return b.Mul(y, b.Op("Sigmoid", y)) }, Float("alpha", 1))
	b.Output("y", b.Op("Clip", y, nil, b.Scalar(1)))
	b.Output("same", y)
	b.Output("input", x)
	b.Output("bounds", b.Op("com.microsoft::QuickGelu", b.Reshape(y, 0, 2, Unknown), Float("alpha", 1.5)))
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGraph(t *testing.T) {
	g := chain(t)
	if got, want := g.Files(), []string{"/models/a.safetensors", "/models/b.safetensors"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if got, want := g.WeightBytes(), int64(12*4+16+4+3*8); got != want { // w as float32, bias, the scalar, the shape [0,2,-1]
		t.Errorf("%d bytes of weights, want %d", got, want)
	}
	if len(g.Groups) != 1 || g.Groups[0].Kind != "SiLU" || len(g.Groups[0].Nodes) != 2 || g.Groups[0].Out != g.Output("same") {
		t.Errorf("groups %+v", g.Groups)
	}
	for _, n := range g.Nodes {
		if n.Op == "Exp" {
			t.Errorf("node %s leads nowhere and is still there", n.Name)
		}
	}
	if g.Input("x") == nil || g.Input("y") != nil || g.Output("y") == nil || g.Output("x") != nil {
		t.Error("inputs and outputs are not found by name")
	}
	if !slices.Equal(g.Output("bounds").Shape, Shape{-1, 2, 2}) {
		t.Errorf("output bounds is %v", g.Output("bounds").Shape)
	}
}

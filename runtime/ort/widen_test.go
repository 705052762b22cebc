package ort

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestToFloat32(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tests := map[string]struct {
		dtype DType
		raw   []byte
		want  []float32
	}{
		"nothing":             {Float16, nil, nil},
		"float16":             {Float16, []byte{0, 0x3c, 0x66, 0xae, 0xff, 0x7b, 0, 0x80}, []float32{1, -0.099975586, 65504, 0}},
		"float16, subnormal":  {Float16, []byte{1, 0, 0xff, 3, 0, 4}, []float32{0x1p-24, 1023 * 0x1p-24, 0x1p-14}},
		"float16, not finite": {Float16, []byte{0, 0x7c, 0, 0xfc, 1, 0x7e}, []float32{inf, -inf, nan}},
		"bfloat16":            {BFloat16, []byte{0x80, 0x3f, 0x49, 0xc0, 0x80, 0x7f}, []float32{1, -3.140625, inf}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := make([]float32, len(tt.want))
			toFloat32(got, tt.raw, tt.dtype)
			for i := range got {
				if got[i] != tt.want[i] && !(got[i] != got[i] && tt.want[i] != tt.want[i]) {
					t.Errorf("value %d is %g; want %g", i, got[i], tt.want[i])
				}
			}
		})
	}
}

// storedProto is a TensorProto in /weights.
func storedProto(name string, t DType, offset, length int, shape ...int) []byte {
	var b []byte
	for _, d := range shape {
		b = appendNumber(b, tensorDims, uint64(d))
	}
	b = appendText(appendNumber(b, tensorType, uint64(t)), tensorName, name)
	for _, e := range [][2]string{{"location", "weights"}, {"offset", strconv.Itoa(offset)}, {"length", strconv.Itoa(length)}} {
		b = appendBytes(b, tensorExternalData, appendText(appendText(nil, entryKey, e[0]), entryValue, e[1]))
	}
	return appendNumber(b, tensorDataLocation, dataLocationFile)
}

func nodeProto(op, in, out string, attributes ...[]byte) []byte {
	b := appendText(appendText(appendText(nil, nodeInput, in), nodeOutput, out), nodeOp, op)
	for _, a := range attributes {
		b = appendBytes(b, nodeAttribute, a)
	}
	return b
}

func TestWidenCasts(t *testing.T) {
	to := func(d DType) []byte {
		return appendNumber(appendText(nil, attributeName, "to"), attributeInt, uint64(d))
	}
	half := storedProto("w", Float16, 10, 12, 2, 3)
	cast := nodeProto("Cast", "w", "wide", to(Float32))
	tests := map[string]struct {
		weight []byte
		nodes  [][]byte
		output string
		want   bool
	}{
		"a cast alone":        {half, [][]byte{cast}, "y", true},
		"bfloat16":            {storedProto("w", BFloat16, 0, 12, 6), [][]byte{cast}, "y", true},
		"another reader":      {half, [][]byte{cast, nodeProto("Shape", "w", "s")}, "y", false},
		"cast to another":     {half, [][]byte{nodeProto("Cast", "w", "wide", to(Int64))}, "y", false},
		"the result is out":   {half, [][]byte{cast}, "wide", false},
		"float32":             {storedProto("w", Float32, 0, 24, 6), [][]byte{cast}, "y", false},
		"a scalar":            {storedProto("w", Float16, 0, 2), [][]byte{cast}, "y", false},
		"the wrong length":    {storedProto("w", Float16, 0, 11, 6), [][]byte{cast}, "y", false},
		"a subgraph may read": {half, [][]byte{cast, nodeProto("If", "c", "i", appendBytes(nil, attributeGraph, nil))}, "y", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			graph := appendBytes(nil, graphInitializer, tt.weight)
			for _, n := range append(tt.nodes, nodeProto("Neg", "wide", "y")) {
				graph = appendBytes(graph, graphNode, n)
			}
			graph = appendBytes(graph, graphInput, appendPort("x", Float32, []int64{1}))
			graph = appendBytes(graph, graphOutput, appendPort(tt.output, Float32, []int64{1}))
			model := appendBytes(appendNumber(nil, 1, 8), modelGraph, graph)
			got, widened, err := widenCasts(model)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.want {
				if len(widened) > 0 || !slices.Equal(got, model) {
					t.Fatalf("widened %+v", widened)
				}
				return
			}
			if len(widened) != 1 || widened[0].as != "wide" || widened[0].path != "/weights" || widened[0].count() != 6 {
				t.Fatalf("widened %+v", widened)
			}
			before, _ := readSignature(model)
			after, err := readSignature(got)
			if err != nil || len(after.inputs) != len(before.inputs)+1 || after.weights.stored != 0 {
				t.Errorf("after: %+v, %v", after, err)
			}
		})
	}
}

func TestWidenErrors(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte{0, 0x3c, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	one := func(path string) []widening {
		return []widening{{storedTensor{name: "w", dtype: Float16, shape: []int64{2}, path: path, length: 4}, "wide", nil}}
	}
	if openCPU(t).threads < 1 {
		t.Fatal("no threads")
	}
	if _, err := widen(t.Context(), one("/no/such/file"), 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := widen(t.Context(), one(short), 2); err == nil || !strings.Contains(err.Error(), "weight w") {
		t.Errorf("short file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := widen(ctx, one(short), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

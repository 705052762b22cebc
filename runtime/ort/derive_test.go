package ort

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestDerive compares convolutions with a kernel in two forms, worked out while loading or by onnxruntime.
func TestDerive(t *testing.T) {
	r := openCPU(t)
	for name, dtype := range map[string]onnx.DType{"float32": onnx.Float32, "float16": onnx.Float16} {
		t.Run(name, func(t *testing.T) {
			model := turning(t, dtype)
			reduced, found, err := derive(model)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != 2 || len(found[0].steps) != 2 || len(reduced) >= len(model) {
				t.Fatalf("derived %v; the model has %d bytes of %d", found, len(reduced), len(model))
			}
			x := tensor.New(2, 3, 4, 4)
			for i := range x.Data {
				x.Data[i] = float32(i%7) - 3
			}
			var results []*tensor.Tensor
			for _, level := range []Level{Mapped, Packed, Stored} {
				s, err := r.NewSession(t.Context(), model, SessionOptions{Level: level})
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.Run(t.Context(), map[string]Value{"x": FromTensor(x)}, "y")
				if err != nil {
					t.Fatal(err)
				}
				results = append(results, got[0])
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			for i, v := range results[0].Data {
				for _, other := range results[1:] {
					if math.Abs(float64(v-other.Data[i])) > 1e-4 {
						t.Fatalf("element %d is %v, by onnxruntime %v", i, v, other.Data[i])
					}
				}
			}
		})
	}
}

// turning is a graph that reads a kernel [3,2,3,3] from a file: as it is, turned around, and summed to 2x2 taps.
func turning(t *testing.T, dtype onnx.DType) []byte {
	t.Helper()
	var raw []byte
	for i := range 54 {
		v := float32(i%11)/4 - 1
		if dtype == onnx.Float16 {
			bits := math.Float32bits(v) // quarters below 2: the fraction fits
			half := uint16(bits>>16&0x8000) | uint16((bits>>23&0xff-127+15)<<10) | uint16(bits>>13&0x3ff)
			if v == 0 {
				half = 0
			}
			raw = binary.LittleEndian.AppendUint16(raw, half)
		} else {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
	}
	path := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	b := onnx.NewBuilder("turning")
	x := b.Input("x", onnx.Float32, 2, 3, 4, 4)
	kernel := b.Cast(b.FromFile("kernel", dtype, onnx.Shape{3, 2, 3, 3}, onnx.External{Path: path, Length: int64(len(raw))}), onnx.Float32)
	pads := onnx.Ints("pads", 1, 1, 1, 1)
	reversed, summed := make([]float32, 81), make([]float32, 36)
	for i := range 9 {
		reversed[9*i+8-i] = 1
		summed[4*i+i%4] = 1
	}
	mixed := func(matrix []float32, to, side int64) *onnx.Value {
		y := b.MatMul(b.Reshape(kernel, onnx.Unknown, 9), b.Const("mix", matrix, 9, to))
		return b.Reshape(b.Transpose(b.Reshape(y, 3, 2, to), 1, 0, 2), 2, 3, side, side)
	}
	y := b.Op("Conv", x, mixed(reversed, 9, 3), pads)                          // [2,2,4,4]
	y = b.Op("Conv", b.Op("Conv", y, kernel, pads), mixed(summed, 4, 2), pads) // [2,2,5,5]
	b.Output("y", y)
	g, err := b.Graph()
	if err != nil {
		t.Fatal(err)
	}
	model, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestPermute(t *testing.T) {
	tests := map[string]struct{ shape, perm []int64 }{
		"blocks":  {[]int64{2, 3, 4}, []int64{1, 0, 2}},
		"matrix":  {[]int64{3, 5}, []int64{1, 0}},
		"turn":    {[]int64{2, 3, 4}, []int64{2, 0, 1}},
		"nothing": {[]int64{2, 3}, []int64{0, 1}},
		"four":    {[]int64{2, 3, 2, 2}, []int64{0, 2, 1, 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := int64(1)
			for _, d := range tt.shape {
				n *= d
			}
			in, out := make([]float32, n), make([]float32, n)
			for i := range in {
				in[i] = float32(i)
			}
			step{shape: tt.shape, perm: tt.perm}.run(in, out)
			rank := len(tt.shape)
			for to := range n {
				// The place in the result as indices, and those back to a place in the source.
				from, rest := int64(0), to
				index := make([]int64, rank)
				for i := rank - 1; i >= 0; i-- {
					size := tt.shape[tt.perm[i]]
					index[tt.perm[i]] = rest % size
					rest /= size
				}
				for i, d := range tt.shape {
					from = from*d + index[i]
				}
				if out[to] != float32(from) {
					t.Fatalf("element %d came from %v, want %d", to, out[to], from)
				}
			}
		})
	}
}

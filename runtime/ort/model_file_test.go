package ort_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort"
)

// raw adds an initializer whose values lie in the model.
func (m *model) raw(name string, t ort.DType, data []byte, shape ...int) *model {
	var b []byte
	for _, d := range shape {
		b = numberField(b, 1, uint64(d))
	}
	b = textField(numberField(b, 2, uint64(t)), 8, name)
	m.graph = bytesField(m.graph, 5, bytesField(b, 9, data))
	return m
}

// counting is 0, 1, 2, … as float32 bytes.
func counting(n int) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return b
}

// exportTo writes an .onnx file and, where there is something, the file with its weights.
func exportTo(t *testing.T, m, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(path, m, 0o600); err != nil {
		t.Fatal(err)
	}
	if data != nil {
		if err := os.WriteFile(filepath.Join(dir, "model.onnx_data"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestReadModelFile runs files of others: y = x + w.
func TestReadModelFile(t *testing.T) {
	const n = 4096
	sum := func(from ort.DType) *model {
		return new(model).input("x", from, "N").output("y", from, "N").node("Add", []string{"x", "w"}, "y")
	}
	halves := make([]byte, 2*n) // 1.5
	for i := range n {
		binary.LittleEndian.PutUint16(halves[2*i:], 0x3e00)
	}
	tests := map[string]struct {
		model []byte
		data  []byte // of the other file
		plus  func(i int) float32
	}{
		"weights in the file":     {sum(ort.Float32).raw("w", ort.Float32, counting(n), n).bytes(), nil, func(i int) float32 { return float32(i) }},
		"weights beside the file": {sum(ort.Float32).external("w", ort.Float32, "model.onnx_data", 64, 4*n, n).bytes(), append(make([]byte, 64), counting(n)...), func(i int) float32 { return float32(i) }},
		"without a length":        {sum(ort.Float32).external("w", ort.Float32, "model.onnx_data", 0, 0, n).bytes(), counting(n), func(i int) float32 { return float32(i) }},
		"half precision":          {sum(ort.Float16).raw("w", ort.Float16, halves, n).bytes(), nil, func(int) float32 { return 1.5 }},
		"a scalar":                {sum(ort.Float32).raw("w", ort.Float32, counting(2)[4:], 1).bytes(), nil, func(int) float32 { return 1 }},
		"old files list weights among the inputs": {
			sum(ort.Float32).input("w", ort.Float32, n).raw("w", ort.Float32, counting(n), n).bytes(), nil, func(i int) float32 { return float32(i) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := ort.ReadModelFile(exportTo(t, tt.model, tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Proto) > 2000 || len(m.Inputs) != 1 || len(m.Outputs) != 1 {
				t.Errorf("%d bytes, inputs %v, outputs %v", len(m.Proto), m.Inputs, m.Outputs)
			}
			for _, level := range []ort.Level{ort.Mapped, ort.Packed, ort.Stored} {
				s := newSession(t, m.Proto, ort.SessionOptions{Level: level})
				x := make([]float32, n)
				for i := range x {
					x[i] = 0.25 * float32(i%4)
				}
				got, err := s.Run(t.Context(), map[string]ort.Value{m.Inputs["x"].Name: ort.FromFloat32(x, n)}, m.Outputs["y"].Name)
				if err != nil {
					t.Fatalf("%v: %v", level, err)
				}
				for i, v := range got[0].Data {
					if want := x[i] + tt.plus(i); v != want {
						t.Fatalf("%v: value %d is %v, want %v", level, i, v, want)
					}
				}
			}
		})
	}
}

func TestReadModelFileRejects(t *testing.T) {
	sum := new(model).input("x", ort.Float32, 2).output("y", ort.Float32, 2).node("Add", []string{"x", "w"}, "y")
	beside := func(location string, offset, length int) []byte {
		m := model{graph: slices.Clone(sum.graph)}
		return m.external("w", ort.Float32, location, offset, length, 2).bytes()
	}
	whole := (&model{graph: slices.Clone(sum.graph)}).raw("w", ort.Float32, counting(1<<12), 2).bytes()
	tests := map[string]struct {
		model, data []byte
		want        string
		is          error
	}{
		"empty":                    {nil, nil, "0 graphs", ort.ErrModel},
		"text":                     {[]byte("<html>not found</html>"), nil, "", ort.ErrModel},
		"cut short":                {whole[:len(whole)/2], nil, "incomplete", ort.ErrModel},
		"two graphs":               {append(slices.Clone(whole), whole...), nil, "2 graphs", ort.ErrModel},
		"no output":                {new(model).input("x", ort.Float32, 2).bytes(), nil, "0 outputs", ort.ErrModel},
		"no input":                 {new(model).output("x", ort.Float32, 2).bytes(), nil, "0 inputs", ort.ErrModel},
		"weights are missing":      {beside("model.onnx_data", 0, 8), nil, "model.onnx_data, which is not beside", fs.ErrNotExist},
		"weights are cut short":    {beside("model.onnx_data", 4, 8), counting(2), "incomplete", ort.ErrModel},
		"weights before the start": {beside("model.onnx_data", -4, 8), counting(2), "incomplete", ort.ErrModel},
		"weights elsewhere":        {beside("../secret", 0, 8), nil, "outside of the folder", ort.ErrModel},
		"weights at a root":        {beside("/etc/passwd", 0, 8), nil, "outside of the folder", ort.ErrModel},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := exportTo(t, tt.model, tt.data)
			_, err := ort.ReadModelFile(path)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v; want %v with %q and the path", err, tt.is, tt.want)
			}
		})
	}
	if _, err := ort.ReadModelFile(filepath.Join(t.TempDir(), "none.onnx")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v; want fs.ErrNotExist", err)
	}
}

// FuzzReadModelFile checks that what is accepted can be read again.
func FuzzReadModelFile(f *testing.F) {
	f.Add(double())
	f.Add(new(model).input("x", ort.Float16, "N").output("y", ort.Float16, "N").node("Add", []string{"x", "w"}, "y").raw("w", ort.Float16, make([]byte, 1<<11), 1<<10).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := ort.ReadModelFile(path)
		if err != nil {
			if !errors.Is(err, ort.ErrModel) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v wraps neither ErrModel nor fs.ErrNotExist", err)
			}
			return
		}
		if len(m.Inputs) == 0 || len(m.Outputs) == 0 {
			t.Errorf("accepted %d inputs and %d outputs", len(m.Inputs), len(m.Outputs))
		}
	})
}

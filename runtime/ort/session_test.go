package ort_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func newSession(t testing.TB, model []byte, o ort.SessionOptions) *ort.Session {
	t.Helper()
	s, err := ortest.Setup(t).NewSession(t.Context(), model, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRunTypes(t *testing.T) {
	cast := func(from ort.DType, shape ...any) []byte {
		return new(model).input("x", from, shape...).output("y", ort.Float32, shape...).
			node("Cast", []string{"x"}, "y", intAttr("to", int(ort.Float32))).bytes()
	}
	tests := map[string]struct {
		model []byte
		in    ort.Value
		shape []int
		want  []float32
	}{
		"float32, free size":   {double(), ort.FromFloat32([]float32{1, 2}, 2), []int{2}, []float32{2, 4}},
		"float32, no elements": {double(), ort.FromFloat32(nil, 0), []int{0}, nil},
		"float32 scalar":       {cast(ort.Float32), ort.FromFloat32([]float32{7}), []int{}, []float32{7}},
		"int64":                {cast(ort.Int64, 2, 1), ort.FromInt64([]int64{-1, 3}, 2, 1), []int{2, 1}, []float32{-1, 3}},
		"int64 scalar":         {cast(ort.Int64), ort.FromInt64([]int64{-5}), []int{}, []float32{-5}},
		"int32":                {cast(ort.Int32, "A"), ort.FromInt32([]int32{9}, 1), []int{1}, []float32{9}},
		"bool":                 {cast(ort.Bool, 3), ort.FromBool([]bool{true, false, true}, 3), []int{3}, []float32{1, 0, 1}},
		"float16":              {cast(ort.Float16, 2), ort.FromFloat16([]uint16{0x3c00, 0xc000}, 2), []int{2}, []float32{1, -2}},
		"bytes":                {cast(ort.Float16, 1), ort.FromBytes(ort.Float16, []byte{0, 0x3c}, 1), []int{1}, []float32{1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, tt.model, ort.SessionOptions{})
			got, err := s.Run(t.Context(), map[string]ort.Value{"x": tt.in}, "y")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0].Shape, tt.shape) || !slices.Equal(got[0].Data, tt.want) {
				t.Errorf("got %v of shape %v; want %v of shape %v", got[0].Data, got[0].Shape, tt.want, tt.shape)
			}
		})
	}
}

func TestRunChoosesOutputs(t *testing.T) {
	m := new(model).input("x", ort.Float32, 2).output("a", ort.Float32, 2).output("b", ort.Float32, "N").output("c", ort.Int64, 1).
		node("Neg", []string{"x"}, "a").node("Abs", []string{"x"}, "b").node("Shape", []string{"x"}, "c").bytes()
	s := newSession(t, m, ort.SessionOptions{})
	in := map[string]ort.Value{"x": ort.FromFloat32([]float32{-1, 2}, 2)}
	got, err := s.Run(t.Context(), in, "b", "a")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0].Data, []float32{1, 2}) || !slices.Equal(got[1].Data, []float32{1, -2}) {
		t.Errorf("b, a = %v, %v", got[0].Data, got[1].Data)
	}
	if all, err := s.Run(t.Context(), in); err != nil || len(all) != 2 {
		t.Errorf("without names: %d outputs, %v; want the 2 float32 ones", len(all), err)
	}
	if _, err := s.Run(t.Context(), in, "c"); err == nil || !strings.Contains(err.Error(), "float32") {
		t.Errorf("int64 output: %v", err)
	}
	into := map[string]*tensor.Tensor{"a": tensor.New(2)}
	if err := s.RunInto(t.Context(), in, into); err != nil || !slices.Equal(into["a"].Data, []float32{1, -2}) {
		t.Errorf("RunInto: %v, %v", into["a"].Data, err)
	}
	if err := s.RunInto(t.Context(), in, map[string]*tensor.Tensor{"a": tensor.New(3)}); err == nil {
		t.Error("RunInto took a tensor of the wrong shape")
	}
}

func TestRunWrongInputs(t *testing.T) {
	m := new(model).input("x", ort.Float32, "N", 2).input("w", ort.Float32, "N").output("y", ort.Float32, "N", 2).
		node("Mul", []string{"x", "x"}, "p").node("Identity", []string{"w"}, "unused").node("Neg", []string{"p"}, "y").bytes()
	x, w := ort.FromFloat32(make([]float32, 6), 3, 2), ort.FromFloat32(make([]float32, 3), 3)
	tests := map[string]struct {
		in   map[string]ort.Value
		says []string
	}{
		"missing":     {map[string]ort.Value{"x": x}, []string{"w is missing", "float32 [N]"}},
		"unknown":     {map[string]ort.Value{"x": x, "w": w, "v": w}, []string{"v is not an input", "x, w"}},
		"other type":  {map[string]ort.Value{"x": x, "w": ort.FromInt64(make([]int64, 3), 3)}, []string{"w", "int64", "float32"}},
		"rank":        {map[string]ort.Value{"x": w, "w": w}, []string{"x", "[3]", "[N,2]"}},
		"fixed size":  {map[string]ort.Value{"x": ort.FromFloat32(make([]float32, 9), 3, 3), "w": w}, []string{"x", "[3 3]", "[N,2]"}},
		"named size":  {map[string]ort.Value{"x": x, "w": ort.FromFloat32(make([]float32, 4), 4)}, []string{"w", "[4]", "N = 3"}},
		"data length": {map[string]ort.Value{"x": x, "w": ort.FromFloat32(make([]float32, 2), 3)}, []string{"w", "2 values"}},
	}
	s := newSession(t, m, ort.SessionOptions{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.Run(t.Context(), tt.in)
			if !errors.Is(err, ort.ErrInput) {
				t.Fatalf("got %v; want an ErrInput", err)
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestExternalWeights reads float32 and float16 weights at odd offsets of one file and through a link in another folder.
func TestExternalWeights(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weights.bin")
	raw := []byte("odd") // 3 bytes before the first weight
	for _, f := range []float32{10, 20, 30, 40} {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	raw = append(raw, 0xff, 0, 0x3c, 0, 0x40, 0, 0x42, 0, 0x44) // 1, 2, 3, 4 in float16 from byte 20 on
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.safetensors")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"file": file, "link": link} {
		for _, level := range []ort.Level{ort.Mapped, ort.Packed} {
			t.Run(name+" "+level.String(), func(t *testing.T) {
				real, err := filepath.EvalSymlinks(path)
				if err != nil {
					t.Fatal(err)
				}
				location := strings.TrimPrefix(real, "/")
				m := new(model).input("x", ort.Float32, 1, 2).output("y", ort.Float32, 1, 2).
					external("w", ort.Float32, location, 3, 16, 2, 2).external("h", ort.Float16, location, 20, 8, 2, 2).
					node("Cast", []string{"h"}, "hf", intAttr("to", 1)).
					node("Gemm", []string{"x", "w"}, "xw").node("MatMul", []string{"xw", "hf"}, "y").bytes()
				s := newSession(t, m, ort.SessionOptions{Level: level})
				got, err := s.Run(t.Context(), map[string]ort.Value{"x": ort.FromFloat32([]float32{1, 1}, 1, 2)})
				if err != nil {
					t.Fatal(err)
				}
				// [1 1]·[10 20; 30 40] = [40 60]; ·[1 2; 3 4] = [220 320]
				if !slices.Equal(got[0].Data, []float32{220, 320}) {
					t.Errorf("got %v; want [220 320]", got[0].Data)
				}
				if s.Bytes() != 32 {
					t.Errorf("%d bytes of weights; want 32: 8 values as float32", s.Bytes())
				}
			})
		}
	}
}

// slow squares a matrix n times. At size 1000 each is some ten milliseconds, and n of them longer than anyone waits.
func slow(n int) []byte {
	m := new(model).input("x", ort.Float32, "N", "N").output("y", ort.Float32, "N", "N")
	last := "x"
	for i := range n {
		next := "v" + strconv.Itoa(i)
		m.node("MatMul", []string{last, last}, next)
		last = next
	}
	return m.node("Identity", []string{last}, "y").bytes()
}

func TestRunCancel(t *testing.T) {
	s := newSession(t, slow(1000), ort.SessionOptions{})
	in := map[string]ort.Value{"x": ort.FromFloat32(make([]float32, 1000*1000), 1000, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, in)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("the run ended by itself: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	start := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v; want context.Canceled", err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("stopping took %v", d)
	}
	// The session is as good as new.
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := s.Run(short, in); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second run: %v; want context.DeadlineExceeded", err)
	}
	if _, err := s.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("run with a cancelled context: %v", err)
	}
}

func TestLoadCancel(t *testing.T) {
	r := ortest.Setup(t)
	model := slow(10000) // seconds of graph optimisation
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.NewSession(ctx, model, ort.SessionOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := r.NewSession(ctx, model, ort.SessionOptions{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v after %v; want context.DeadlineExceeded", err, time.Since(start))
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("giving up took %v", d)
	}
}

func TestLoadErrors(t *testing.T) {
	r := ortest.Setup(t)
	tests := map[string]struct {
		model []byte
		says  string
	}{
		"nothing":      {nil, "0 graphs"},
		"text":         {[]byte("not a model"), ""},
		"unknown op":   {new(model).input("x", ort.Float32, 1).output("y", ort.Float32, 1).node("Nonsense", []string{"x"}, "y").bytes(), "Nonsense"},
		"no inputs":    {new(model).output("y", ort.Float32, 1).bytes(), "no inputs"},
		"missing file": {new(model).input("x", ort.Float32, 1).output("y", ort.Float32, 1).external("w", ort.Float32, "no/such/file", 0, 4, 1).node("Add", []string{"x", "w"}, "y").bytes(), "no/such/file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := r.NewSession(t.Context(), tt.model, ort.SessionOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v; want it to say %q", err, tt.says)
			}
		})
	}
}

func TestClose(t *testing.T) {
	s, err := ortest.Setup(t).NewSession(t.Context(), double(), ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]ort.Value{"x": ort.FromFloat32([]float32{1}, 1)}
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			for range 100 {
				if _, err := s.Run(t.Context(), in); err != nil && !errors.Is(err, ort.ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	runs.Wait()
	if _, err := s.Run(t.Context(), in); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("run after Close: %v; want ErrClosed", err)
	}
}

// TestRelease runs a graph whose activations take 64 MB. The first one is small: onnxruntime never gives the first block back.
func TestRelease(t *testing.T) {
	m := new(model).input("x", ort.Float32, "N", 1).output("y", ort.Float32, 1, "N").
		node("Neg", []string{"x"}, "first").node("Transpose", []string{"first"}, "t").
		node("MatMul", []string{"x", "t"}, "big").node("MatMul", []string{"t", "big"}, "y").bytes()
	in := map[string]ort.Value{"x": ort.FromFloat32(make([]float32, 4096), 4096, 1)}
	held := func(release bool) int64 {
		s := newSession(t, m, ort.SessionOptions{Release: release})
		before, err := ort.ReadMemory()
		if err != nil {
			t.Skipf("needs the memory of this process: %v", err)
		}
		if _, err := s.Run(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		after, err := ort.ReadMemory()
		if err != nil {
			t.Fatal(err)
		}
		return after.Anonymous - before.Anonymous
	}
	const activations = 64 << 20
	if kept := held(false); kept < activations/2 {
		t.Errorf("without Release %d bytes stay; the test wants more than half of %d", kept, activations)
	}
	if kept := held(true); kept > activations/4 {
		t.Errorf("with Release %d bytes stay; want less than a quarter of %d", kept, activations)
	}
}

func BenchmarkRunSmallest(b *testing.B) {
	s := newSession(b, double(), ort.SessionOptions{})
	in := map[string]ort.Value{"x": ort.FromFloat32([]float32{1, 2, 3, 4}, 4)}
	for b.Loop() {
		if _, err := s.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

package ort_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// sums is y = x + x of a free size, and total = the sum of x, a scalar.
func sums() []byte {
	return new(model).input("x", ort.Float32, "N").output("y", ort.Float32, "N").output("total", ort.Float32).
		node("Add", []string{"x", "x"}, "y").node("ReduceSum", []string{"x"}, "total", intAttr("keepdims", 0)).bytes()
}

func TestRunKeeping(t *testing.T) {
	s := newSession(t, sums(), ort.SessionOptions{})
	v := ort.FromFloat32([]float32{1, 2, 3}, 3)
	total := tensor.New()
	for step := 1; step <= 4; step++ { // y feeds the next run without coming to the host
		kept, err := s.RunKeeping(t.Context(), map[string]ort.Value{"x": v}, map[string]*tensor.Tensor{"total": total}, "y")
		if err != nil {
			t.Fatal(err)
		}
		v.Resident().Free()
		v = kept[0].Value()
		scale := float32(int(1) << step)
		if want := 6 * scale / 2; total.Data[0] != want {
			t.Errorf("step %d: the sum is %v, want %v", step, total.Data[0], want)
		}
		got := make([]float32, 3)
		if err := kept[0].Read(got); err != nil {
			t.Fatal(err)
		}
		if want := []float32{scale, 2 * scale, 3 * scale}; !slices.Equal(got, want) || !slices.Equal(v.Shape(), []int{3}) {
			t.Errorf("step %d: %v of shape %v, want %v", step, got, v.Shape(), want)
		}
	}
	out, err := s.Run(t.Context(), map[string]ort.Value{"x": v}, "total")
	if err != nil || out[0].Data[0] != 96 {
		t.Errorf("a run without kept outputs got %v, %v; want 96", out, err)
	}
}

func TestKeep(t *testing.T) {
	s := newSession(t, sums(), ort.SessionOptions{})
	data := []float32{4, 5}
	r, err := s.Keep(ort.FromFloat32(data, 2))
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 0 // a copy does not see it
	same, err := s.Keep(r.Value())
	if err != nil || same != r {
		t.Errorf("keeping a resident again made another, %v", err)
	}
	out, err := s.Run(t.Context(), map[string]ort.Value{"x": r.Value()}, "y")
	if err != nil || !slices.Equal(out[0].Data, []float32{8, 10}) {
		t.Errorf("got %v, %v", out, err)
	}
	if err := r.Read(make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "3 float32 values were asked for") {
		t.Errorf("reading into three values: %v", err)
	}
	r.Free()
	r.Free()
	if _, err := s.Run(t.Context(), map[string]ort.Value{"x": r.Value()}, "y"); !errors.Is(err, ort.ErrInput) || !strings.Contains(err.Error(), "freed") {
		t.Errorf("a freed input: %v", err)
	}
	if err := r.Read(make([]float32, 2)); err == nil {
		t.Error("a freed tensor was read")
	}
	if _, err := s.Keep(ort.FromFloat32(data, 3)); err == nil {
		t.Error("two values were kept as three")
	}
}

// TestResidentOutlives: the memory belongs to the tensor, not to the session it came from.
func TestResidentOutlives(t *testing.T) {
	r := ortest.Setup(t)
	first, err := r.NewSession(t.Context(), sums(), ort.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := first.RunKeeping(t.Context(), map[string]ort.Value{"x": ort.FromFloat32([]float32{1, 2}, 2)}, nil, "y")
	if err != nil {
		t.Fatal(err)
	}
	put, err := first.Keep(ort.FromFloat32([]float32{7}, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Keep(ort.FromFloat32([]float32{7}, 1)); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("keeping in a closed session: %v", err)
	}
	second := newSession(t, sums(), ort.SessionOptions{})
	for want, x := range map[float32]*ort.Resident{6: kept[0], 7: put} {
		out, err := second.Run(t.Context(), map[string]ort.Value{"x": x.Value()}, "total")
		if err != nil || out[0].Data[0] != want {
			t.Errorf("got %v, %v; want %v", out, err, want)
		}
		x.Free()
	}
}

// TestResidentsForgotten: the collector frees what nobody freed, while other runs go on.
func TestResidentsForgotten(t *testing.T) {
	s := newSession(t, sums(), ort.SessionOptions{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			v := ort.FromFloat32([]float32{1}, 1)
			for i := range 100 {
				kept, err := s.RunKeeping(t.Context(), map[string]ort.Value{"x": v}, nil, "y")
				if err != nil {
					t.Error(err)
					return
				}
				if i%20 == 0 {
					runtime.GC()
				}
				if v = kept[0].Value(); i%8 == 7 {
					v = ort.FromFloat32([]float32{1}, 1)
				}
			}
		})
	}
	all.Wait()
}

func TestRunKeepingWrong(t *testing.T) {
	s := newSession(t, sums(), ort.SessionOptions{})
	in := map[string]ort.Value{"x": ort.FromFloat32([]float32{1}, 1)}
	if _, err := s.RunKeeping(t.Context(), in, nil, "z"); err == nil || !strings.Contains(err.Error(), "output z is not") {
		t.Errorf("an unknown output: %v", err)
	}
}

package weights

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// saved writes a file with tensors of zeros that have the given names and shapes.
func saved(t *testing.T, name string, shapes map[string][]int) string {
	t.Helper()
	var entries []Entry
	for name, shape := range shapes {
		entries = append(entries, Float16Entry(name, tensor.New(shape...)))
	}
	path := filepath.Join(t.TempDir(), name)
	if err := Save(t.Context(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
	return path
}

// ramp is a tensor of 0, 1, 2, …
func ramp(shape ...int) *tensor.Tensor {
	r := tensor.New(shape...)
	for i := range r.Data {
		r.Data[i] = float32(i)
	}
	return r
}

func openRamp(t *testing.T, shape ...int) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ramp.safetensors")
	if err := Save(t.Context(), path, []Pair{{"format", "pt"}}, []Entry{Float32Entry("a", ramp(shape...))}); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFile(t *testing.T) {
	f := openRamp(t, 3, 2)
	if _, ok := f.Info("b"); ok {
		t.Error("info of a tensor that is not there")
	}
	if _, err := f.Float32("b"); err == nil {
		t.Error("read a tensor that is not there")
	}
	if f.Metadata()["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata())
	}
	got, err := f.Float32("a")
	if err != nil || !slices.Equal(got.Data, []float32{0, 1, 2, 3, 4, 5}) || !slices.Equal(got.Shape, []int{3, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := f.Raw("a"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Raw("a"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v, want fs.ErrClosed", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// TestPath follows a chain of links, one relative, and leaves nothing beside the file.
func TestPath(t *testing.T) {
	f := openRamp(t, 1)
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.safetensors"), filepath.Join(dir, "second.safetensors")
	if err := errors.Join(os.Symlink(f.Path(), first), os.Symlink("first.safetensors", second)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	g, err := Open("second.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Raw("a"); err != nil {
		t.Fatal(err)
	}
	if g.Path() != f.Path() || !filepath.IsAbs(g.Path()) {
		t.Errorf("path %s, want %s", g.Path(), f.Path())
	}
	beside, err := os.ReadDir(filepath.Dir(f.Path()))
	if err != nil || len(beside) != 1 {
		t.Errorf("beside the file: %v, %v", beside, err)
	}
}

func TestPart(t *testing.T) {
	f := openRamp(t, 10)
	all, err := f.Raw("a")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		from, length int64
		ok           bool
	}{
		"nothing": {0, 0, true}, "all": {0, 40, true}, "middle": {4, 8, true}, "nothing at the end": {40, 0, true},
		"too long": {0, 41, false}, "behind the end": {41, 0, false}, "before the front": {-1, 2, false}, "less than nothing": {4, -1, false},
		"overflow": {math.MaxInt64, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			part, err := f.Part("a", tt.from, tt.length)
			if tt.ok && (err != nil || !bytes.Equal(part, all[tt.from:tt.from+tt.length])) || !tt.ok && !errors.Is(err, ErrFormat) {
				t.Errorf("part %v (%v)", part, err)
			}
		})
	}
	if _, err := f.Part("none", 0, 0); err == nil {
		t.Error("a tensor that is not there has bytes")
	}
}

// TestCutShort reads a file that another program truncates after its header was read.
func TestCutShort(t *testing.T) {
	f := openRamp(t, 1<<16)
	if _, err := f.Raw("a"); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(f.Path(), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Float32("a"); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
	if _, err := f.Part("a", 1<<15, 1<<10); !errors.Is(err, ErrFormat) {
		t.Errorf("part: got %v, want ErrFormat", err)
	}
	ref, _ := f.All().Ref("a")
	if err := Save(t.Context(), filepath.Join(t.TempDir(), "copy"), nil, []Entry{RefEntry("a", ref)}); !errors.Is(err, ErrFormat) {
		t.Errorf("copy: got %v, want ErrFormat", err)
	}
}

// TestReplaced reads on from the old file when another takes its name.
func TestReplaced(t *testing.T) {
	f := openRamp(t, 4)
	if err := Save(t.Context(), f.Path(), nil, []Entry{Float32Entry("b", tensor.New(1))}); err != nil {
		t.Fatal(err)
	}
	got, err := f.Float32("a")
	if err != nil || !slices.Equal(got.Data, []float32{0, 1, 2, 3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRef(t *testing.T) {
	r, ok := openRamp(t, 6, 2).All().Ref("a")
	if !ok {
		t.Fatal("no ref")
	}
	tests := map[string]struct {
		ref   func() (Ref, error)
		shape []int
		data  []float32 // nil: an error
	}{
		"as":            {func() (Ref, error) { return r.As(2, 6, 1) }, []int{2, 6, 1}, ramp(12).Data},
		"as more":       {func() (Ref, error) { return r.As(13) }, nil, nil},
		"as overflow":   {func() (Ref, error) { return r.As(1<<62, 1<<62) }, nil, nil},
		"rows":          {func() (Ref, error) { return r.Rows(2, 4) }, []int{2, 2}, []float32{4, 5, 6, 7}},
		"no rows":       {func() (Ref, error) { return r.Rows(6, 6) }, []int{0, 2}, []float32{}},
		"rows past end": {func() (Ref, error) { return r.Rows(5, 7) }, nil, nil},
		"rows below 0":  {func() (Ref, error) { return r.Rows(-1, 1) }, nil, nil},
		"rows swapped":  {func() (Ref, error) { return r.Rows(3, 2) }, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ref, err := tt.ref()
			if tt.data == nil {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := ref.Float32()
			if err != nil || !slices.Equal(got.Shape, tt.shape) || !slices.Equal(got.Data, tt.data) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestSet(t *testing.T) {
	f, err := Open(saved(t, "x.safetensors", map[string][]int{"m.b": {1}, "m.a": {2}, "n.a": {3}}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.All()
	m := s.Sub("m.")
	if !slices.Equal(m.Names(), []string{"a", "b"}) || m.Len() != 2 || m.Has("m.a") {
		t.Errorf("names %v", m.Names())
	}
	if s.Sub("x").Len() != 0 {
		t.Error("tensors under a prefix that is not there")
	}
	if _, err := s.Float32("m.c"); err == nil {
		t.Error("read a missing tensor")
	}
}

func TestFingerprint(t *testing.T) {
	path := saved(t, "x.safetensors", map[string][]int{"m.b": {1}, "m.a": {2}})
	fingerprint := func(prefix string) string {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return f.All().Sub(prefix).Fingerprint()
	}
	first := fingerprint("")
	if again := fingerprint(""); again != first {
		t.Errorf("opened twice: %s and %s", first, again)
	}
	if sub := fingerprint("m."); sub == first {
		t.Error("other names have the same fingerprint")
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if touched := fingerprint(""); touched == first {
		t.Error("a changed file has the same fingerprint")
	}
}

// TestContentHash: a copy elsewhere is the same model, one other value makes another.
func TestContentHash(t *testing.T) {
	hash := func(path string) string {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		h, err := f.All().ContentHash()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	shapes := map[string][]int{"m.b": {3}, "m.a": {2, 200}}
	path, moved := saved(t, "x.safetensors", shapes), saved(t, "y.safetensors", shapes)
	if hash(path) != hash(moved) {
		t.Error("the same weights under another name have another hash")
	}
	raw, err := os.ReadFile(moved)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(moved, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if hash(path) == hash(moved) {
		t.Error("a changed value is not seen")
	}
}

package runtime

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// latentOf is a latent [batch,1,rows,width] of the given values.
func latentOf(batch, width int, values ...float32) Latent {
	return Latent{Samples: &tensor.Tensor{Shape: []int{batch, 1, len(values) / batch / width, width}, Data: values}}
}

// maskPlanes are masks [n,1,1,1].
func maskPlanes(values ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{len(values), 1, 1, 1}, Data: values}
}

func TestLatentFromBatch(t *testing.T) {
	tests := map[string]struct {
		mask          *tensor.Tensor
		places        []int
		index, length int
		want          []float32
		wantPlaces    []int
		wantMask      []float32
	}{
		"one":             {nil, nil, 2, 1, []float32{2}, []int{2}, nil},
		"clamped":         {nil, nil, 9, 9, []float32{3}, []int{3}, nil},
		"to the end":      {nil, nil, 1, 64, []float32{1, 2, 3}, []int{1, 2, 3}, nil},
		"places again":    {nil, []int{7, 5, 3, 1}, 1, 2, []float32{1, 2}, []int{5, 3}, nil},
		"one mask":        {maskPlanes(0.5), nil, 1, 1, []float32{1}, []int{1}, []float32{0.5}},
		"mask per item":   {maskPlanes(0, 1, 2, 3), nil, 1, 2, []float32{1, 2}, []int{1, 2}, []float32{1, 2}},
		"masks repeated":  {maskPlanes(0, 1), nil, 1, 3, []float32{1, 2, 3}, []int{1, 2, 3}, []float32{1, 0, 1}},
		"surplus of mask": {maskPlanes(0, 1, 2, 3, 4), nil, 3, 1, []float32{3}, []int{3}, []float32{3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := latentOf(4, 1, 0, 1, 2, 3)
			l.NoiseMask, l.BatchIndex = tt.mask, tt.places
			got := l.FromBatch(tt.index, tt.length)
			if !slices.Equal(got.Samples.Data, tt.want) || !slices.Equal(got.BatchIndex, tt.wantPlaces) {
				t.Errorf("got %v at %v, want %v at %v", got.Samples.Data, got.BatchIndex, tt.want, tt.wantPlaces)
			}
			if (got.NoiseMask == nil) != (tt.wantMask == nil) || got.NoiseMask != nil && !slices.Equal(got.NoiseMask.Data, tt.wantMask) {
				t.Errorf("mask is %v, want %v", got.NoiseMask, tt.wantMask)
			}
		})
	}
}

func TestLatentRepeatBatch(t *testing.T) {
	l := latentOf(2, 1, 0, 1)
	if got, err := l.RepeatBatch(2); err != nil || !slices.Equal(got.Samples.Data, []float32{0, 1, 0, 1}) || got.BatchIndex != nil {
		t.Errorf("got %v at %v (%v)", got.Samples.Data, got.BatchIndex, err)
	}
	l.BatchIndex, l.NoiseMask = []int{2, 4}, maskPlanes(0, 1)
	got, err := l.RepeatBatch(3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 4, 5, 7, 8, 10}; !slices.Equal(got.BatchIndex, want) {
		t.Errorf("places are %v, want %v", got.BatchIndex, want)
	}
	if want := []float32{0, 1, 0, 1, 0, 1}; !slices.Equal(got.NoiseMask.Data, want) {
		t.Errorf("masks are %v, want %v", got.NoiseMask.Data, want)
	}
}

func TestLatentSeedBehavior(t *testing.T) {
	l := latentOf(3, 1, 0, 1, 2)
	if got := l.FixSeed().BatchIndex; !slices.Equal(got, []int{0, 0, 0}) {
		t.Errorf("fixed places are %v", got)
	}
	l.BatchIndex = []int{4, 5, 6}
	if got := l.FixSeed().BatchIndex; !slices.Equal(got, []int{4, 4, 4}) {
		t.Errorf("fixed places are %v, want the first", got)
	}
	if got := l.FreeSeed().BatchIndex; got != nil {
		t.Errorf("free places are %v", got)
	}
}

func TestLatentAppend(t *testing.T) {
	a, b := latentOf(1, 2, 1, 1, 1, 1), latentOf(2, 4, slices.Repeat([]float32{3}, 32)...)
	b.BatchIndex = []int{8, 9}
	got, err := a.Append(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{3, 1, 2, 2}; !slices.Equal(got.Samples.Shape, want) {
		t.Errorf("shape is %v, want %v", got.Samples.Shape, want)
	}
	if want := []int{0, 8, 9}; !slices.Equal(got.BatchIndex, want) {
		t.Errorf("places are %v, want %v", got.BatchIndex, want)
	}
	if _, err := a.Append(Latent{Samples: tensor.New(1, 4, 2, 2)}); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("other channels: error is %v", err)
	}
}

func TestRebatchLatents(t *testing.T) {
	masked := latentOf(1, 1, 9)
	masked.NoiseMask = maskPlanes(0.5)
	tests := map[string]struct {
		in     []Latent
		size   int
		want   [][]float32
		places [][]int
		masks  [][]float32
	}{
		"nothing": {nil, 2, nil, nil, nil},
		"split":   {[]Latent{latentOf(3, 1, 0, 1, 2)}, 2, [][]float32{{0, 1}, {2}}, [][]int{{0, 1}, {2}}, [][]float32{nil, nil}},
		"join": {[]Latent{latentOf(1, 1, 5), latentOf(2, 1, 6, 7)}, 2, [][]float32{{5, 6}, {7}}, [][]int{{0, 1}, {2}},
			[][]float32{nil, nil}},
		"other size": {[]Latent{latentOf(1, 1, 5), latentOf(1, 2, 6, 7)}, 2, [][]float32{{5}, {6, 7}}, [][]int{{0}, {1}},
			[][]float32{nil, nil}},
		"mask beside none": {[]Latent{latentOf(1, 1, 5), masked}, 2, [][]float32{{5, 9}}, [][]int{{0, 1}}, [][]float32{{1, 0.5}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := RebatchLatents(tt.in, tt.size)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d batches, want %d", len(got), len(tt.want))
			}
			for i, l := range got {
				if !slices.Equal(l.Samples.Data, tt.want[i]) || !slices.Equal(l.BatchIndex, tt.places[i]) {
					t.Errorf("batch %d is %v at %v, want %v at %v", i, l.Samples.Data, l.BatchIndex, tt.want[i], tt.places[i])
				}
				var mask []float32
				if l.NoiseMask != nil {
					mask = l.NoiseMask.Data
				}
				if !slices.Equal(mask, tt.masks[i]) {
					t.Errorf("mask %d is %v, want %v", i, mask, tt.masks[i])
				}
			}
		})
	}
}

func TestLatentResize(t *testing.T) {
	tests := map[string]struct{ width, height, wantW, wantH int }{
		"nothing asked":   {0, 0, 12, 6},
		"both":            {128, 72, 16, 9},
		"width from it":   {0, 64, 16, 8},
		"height from it":  {160, 0, 20, 10},
		"at least 64":     {8, 8, 8, 8},
		"not whole cells": {71, 79, 8, 9},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ZeroLatent(1, 4, 6, 12).Resize(tt.width, tt.height, imaging.Bilinear, imaging.CropDisabled)
			if err != nil {
				t.Fatal(err)
			}
			if want := []int{1, 4, tt.wantH, tt.wantW}; !slices.Equal(got.Samples.Shape, want) {
				t.Errorf("shape is %v, want %v", got.Samples.Shape, want)
			}
		})
	}
	got, err := ZeroLatent(1, 4, 5, 7).ScaleBy(0.5, imaging.NearestExact)
	if want := []int{1, 4, 2, 4}; err != nil || !slices.Equal(got.Samples.Shape, want) {
		t.Errorf("half of 5x7 is %v (%v), want %v: 2.5 goes to the even 2, 3.5 to 4", got.Samples.Shape, err, want)
	}
}

func TestLatentCutAndConcat(t *testing.T) {
	l := latentOf(1, 3, 1, 2, 3, 4, 5, 6)
	cuts := map[string]struct {
		axis          string
		index, amount int
		want          []float32
	}{
		"columns":       {"x", 1, 1, []float32{2, 5}},
		"from the end":  {"x", -2, 2, []float32{2, 3, 5, 6}},
		"too far":       {"x", 99, 99, []float32{3, 6}},
		"too far back":  {"y", -99, 1, []float32{1, 2, 3}},
		"rows":          {"y", 1, 5, []float32{4, 5, 6}},
		"time is depth": {"t", 0, 3, l.Samples.Data},
	}
	for name, tt := range cuts {
		t.Run("cut "+name, func(t *testing.T) {
			got, err := l.Cut(tt.axis, tt.index, tt.amount)
			if err != nil || !slices.Equal(got.Samples.Data, tt.want) {
				t.Errorf("got %v (%v), want %v", got.Samples.Data, err, tt.want)
			}
		})
	}
	if _, err := l.Cut("z", 0, 1); err == nil {
		t.Error("axis z is accepted")
	}
	o := latentOf(1, 3, 7, 8, 9, 10, 11, 12)
	joins := map[string][]float32{
		"x":  {1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12},
		"-y": {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6},
	}
	for axis, want := range joins {
		got, err := l.Concat(o, axis)
		if err != nil || !slices.Equal(got.Samples.Data, want) {
			t.Errorf("concat %s: got %v (%v), want %v", axis, got.Samples.Data, err, want)
		}
	}
	if _, err := l.Concat(latentOf(1, 2, 1, 2, 3, 4, 5, 6), "x"); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("rows that differ: error is %v", err)
	}
}

func TestLatentMath(t *testing.T) {
	a, b := latentOf(1, 2, 3, 0), latentOf(1, 2, 1, -1)
	check := func(name string, got Latent, err error, want ...float32) {
		t.Helper()
		if err != nil || !slices.Equal(got.Samples.Data, want) {
			t.Errorf("%s: got %v (%v), want %v", name, got.Samples.Data, err, want)
		}
	}
	sum, err := a.Add(b)
	check("add", sum, err, 4, -1)
	difference, err := a.Subtract(b)
	check("subtract", difference, err, 2, 1)
	check("multiply", a.Multiply(-2), nil, -6, 0)
	blend, err := a.Blend(b, 0.25)
	check("blend", blend, err, 1.5, -0.75)
	// One channel: directions are signs, and a vector of length 0 gives no direction.
	mix, err := a.Interpolate(b, 0.5)
	check("interpolate", mix, err, 2, -0.5)
	if !slices.Equal(a.Samples.Data, []float32{3, 0}) {
		t.Error("an operation wrote into its input")
	}
	if _, err := a.Add(Latent{Samples: tensor.New(1, 4, 1, 2)}); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("other channels: error is %v", err)
	}
}

func TestLatentPaste(t *testing.T) {
	to := Latent{Samples: tensor.New(1, 1, 4, 4)}
	from := Latent{Samples: tensor.Full(1, 1, 1, 2, 2)}
	tests := map[string]struct {
		x, y, feather int
		want          []float32
	}{
		"hard": {16, 16, 0, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1}},
		// At the border only the inner edges fade: 1/2 at the edge, then 1.
		"feathered corner": {16, 16, 16, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.5, 0, 0, 0.5, 1}},
		"over the edge":    {24, 0, 0, []float32{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
		"outside":          {800, 0, 8, make([]float32, 16)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := to.Paste(from, tt.x, tt.y, tt.feather)
			if err != nil || !slices.Equal(got.Samples.Data, tt.want) {
				t.Errorf("got %v (%v), want %v", got.Samples.Data, err, tt.want)
			}
		})
	}
}

func TestLatentOperations(t *testing.T) {
	x := &tensor.Tensor{Shape: []int{1, 2, 2, 2}, Data: []float32{3, 0, 0, 6, 4, 0, 0, 8}}
	// Lengths are 5, 0, 0, 10: mean 3.75, standard deviation 4.7871 (n-1), top 27.6856.
	y, err := TonemapReinhard(1).Apply(x)
	if err != nil {
		t.Fatal(err)
	}
	const top = 3.75 + 5*4.787135538
	for i, length := range []float64{5, 0, 0, 10} {
		want := length * top / (length + top)
		if got := math.Hypot(float64(y.Data[i]), float64(y.Data[4+i])); math.Abs(got-want) > 1e-5 {
			t.Errorf("length %d is %v, want %v", i, got, want)
		}
	}
	if y, err = TonemapReinhard(0).Apply(x); err != nil || slices.ContainsFunc(y.Data, func(v float32) bool { return v != 0 }) {
		t.Errorf("multiplier 0 gives %v (%v), want zeros", y.Data, err)
	}
	// A constant direction stays as it is.
	plain := tensor.Full(2, 1, 2, 4, 4)
	if y, err = SharpenLatent(1, 1, 0.1).Apply(plain); err != nil {
		t.Fatal(err)
	}
	for i, v := range y.Data {
		if math.Abs(float64(v)-2) > 1e-5 {
			t.Fatalf("value %d of a constant latent becomes %v", i, v)
		}
	}
	if _, err := SharpenLatent(9, 1, 0.1).Apply(plain); err == nil {
		t.Error("a radius beyond the latent is accepted")
	}
}

func TestLatentFile(t *testing.T) {
	l := latentOf(2, 2, 1, 2, 3, 4)
	var file bytes.Buffer
	if err := l.Encode(t.Context(), &file, []imaging.Text{{Key: "prompt", Value: `{"1": 2}`}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.latent")
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := LoadLatent(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Samples.Data, l.Samples.Data) || !slices.Equal(got.Samples.Shape, l.Samples.Shape) {
		t.Errorf("got %v %v, want %v %v", got.Samples.Shape, got.Samples.Data, l.Samples.Shape, l.Samples.Data)
	}
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Metadata()["prompt"]; got != `{"1": 2}` {
		t.Errorf("prompt is %q", got)
	}
	if _, ok := f.Info("latent_format_version_0"); !ok {
		t.Error("the format mark is missing")
	}

	if err := weights.Save(t.Context(), path, nil, []weights.Entry{weights.Float32Entry("latent_tensor", l.Samples)}); err != nil {
		t.Fatal(err)
	}
	if got, err = LoadLatent(path); err != nil || math.Abs(float64(got.Samples.Data[0])-1/0.18215) > 1e-5 {
		t.Errorf("an old file gives %v (%v), want its values divided by 0.18215", got.Samples, err)
	}
	if err := weights.Save(t.Context(), path, nil, []weights.Entry{weights.Float32Entry("weight", l.Samples)}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadLatent(path); !errors.Is(err, weights.ErrFormat) {
		t.Errorf("a file without a latent: error is %v", err)
	}
}

// Rows and columns are those of ComfyUI 0.3.64's LatentCrop, which slices x[:, :, top:bottom, left:right] of Python after moving
// the corner to size-8.
func TestLatentCropSmall(t *testing.T) {
	tests := []struct {
		name        string
		n, at, size int // cells
		from, to    int
	}{
		{"inside", 12, 2, 8, 2, 10},
		{"moved", 12, 9, 8, 4, 12},
		{"exactly eight", 8, 3, 8, 0, 8},
		{"small, from the far end", 5, 0, 25, 2, 5},
		{"small, end before the edge too", 5, 3, 8, 2, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if from, to := cropSpan(tt.n, tt.at, tt.size); from != tt.from || to != tt.to {
				t.Errorf("got %d:%d, want %d:%d", from, to, tt.from, tt.to)
			}
		})
	}
}

// TestLatentBlendPlaces: there are as many places as items, or none, so that a batch can be cut and sampled on.
func TestLatentBlendPlaces(t *testing.T) {
	three := latentOf(3, 1, 0, 1, 2)
	for name, tt := range map[string]struct{ places, want []int }{"none": {nil, nil}, "one": {[]int{5}, []int{5, 5, 5}}} {
		t.Run(name, func(t *testing.T) {
			one := latentOf(1, 1, 4)
			one.BatchIndex = tt.places
			got, err := one.Blend(three, 0.5)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.BatchIndex, tt.want) || (got.BatchIndex == nil) != (tt.want == nil) {
				t.Errorf("places %v, want %v", got.BatchIndex, tt.want)
			}
			if last := got.FromBatch(2, 1); last.Samples.Data[0] != 3 {
				t.Errorf("last item is %v, want 3", last.Samples.Data)
			}
		})
	}
}

func TestLatentBlendBatch(t *testing.T) {
	one, three := ZeroLatent(1, 4, 2, 2), ZeroLatent(3, 4, 2, 2)
	got, err := one.Blend(three, 0.5)
	if err != nil || got.Samples.Dim(0) != 3 {
		t.Errorf("1 blended with 3: %v (%v)", got.Samples.Shape, err)
	}
}

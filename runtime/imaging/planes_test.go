package imaging

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// planes wraps values as one plane of rows of width w.
func planes(w int, values ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{1, 1, len(values) / w, w}, Data: values}
}

func TestInterleave(t *testing.T) {
	x := ramp(2, 3, 4, 5)
	if back := Planes(Interleave(x)); !slices.Equal(back.Data, x.Data) || !slices.Equal(back.Shape, x.Shape) {
		t.Error("planes do not come back from pictures")
	}
	y := Interleave(planes(2, 1, 2, 3, 4))
	if want := []int{1, 2, 2, 1}; !slices.Equal(y.Shape, want) {
		t.Errorf("shape is %v, want %v", y.Shape, want)
	}
}

func TestFlip(t *testing.T) {
	x := planes(3, 1, 2, 3, 4, 5, 6)
	if got, want := FlipRows(x).Data, []float32{4, 5, 6, 1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("rows: got %v, want %v", got, want)
	}
	if got, want := FlipColumns(x).Data, []float32{3, 2, 1, 6, 5, 4}; !slices.Equal(got, want) {
		t.Errorf("columns: got %v, want %v", got, want)
	}
}

func TestMorphology(t *testing.T) {
	dot := planes(5,
		0, 0, 0, 0, 0,
		0, 0, 0, 0, 0,
		0, 0, 1, 0, 0,
		0, 0, 0, 0, 0,
		0, 0, 0, 0, 0.5)
	tests := map[string]struct {
		got  *tensor.Tensor
		want []float32
	}{
		"no step": {DilateDiamond(dot, 0), dot.Data},
		"cross": {DilateDiamond(dot, 1), []float32{
			0, 0, 0, 0, 0,
			0, 0, 1, 0, 0,
			0, 1, 1, 1, 0,
			0, 0, 1, 0, 0.5,
			0, 0, 0, 0.5, 0.5}},
		"square": {DilateBox(dot, 3), []float32{
			0, 0, 0, 0, 0,
			0, 1, 1, 1, 0,
			0, 1, 1, 1, 0,
			0, 1, 1, 1, 0.5,
			0, 0, 0, 0.5, 0.5}},
		"diamond": {DilateDiamond(dot, 2), []float32{
			0, 0, 1, 0, 0,
			0, 1, 1, 1, 0,
			1, 1, 1, 1, 1,
			0, 1, 1, 1, 0.5,
			0, 0, 1, 0.5, 0.5}},
		"more steps than cells": {DilateDiamond(dot, 1<<40), slices.Repeat([]float32{1}, 25)},
		"erode what was grown":  {ErodeDiamond(planes(3, 1, 1, 1, 1, 1, 1, 1, 1, 0), 1), []float32{1, 1, 1, 1, 1, 0, 1, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !slices.Equal(tt.got.Data, tt.want) {
				t.Errorf("got %v, want %v", tt.got.Data, tt.want)
			}
		})
	}
}

func TestComposite(t *testing.T) {
	to := planes(3, 0, 0, 0, 0, 0, 0)
	from := planes(2, 1, 2, 3, 4)
	tests := map[string]struct {
		mask *tensor.Tensor
		x, y int
		want []float32
	}{
		"inside":             {nil, 1, 0, []float32{0, 1, 2, 0, 3, 4}},
		"over the edge":      {nil, 2, 1, []float32{0, 0, 0, 0, 0, 1}},
		"before the corner":  {nil, -1, -1, []float32{4, 0, 0, 0, 0, 0}},
		"outside":            {nil, 3, 0, []float32{0, 0, 0, 0, 0, 0}},
		"half":               {planes(1, 0.5), 0, 0, []float32{0.5, 1, 0, 1.5, 2, 0}},
		"mask per cell":      {planes(2, 1, 0, 0, 1), 0, 0, []float32{1, 0, 0, 0, 4, 0}},
		"far outside, above": {nil, 0, -5, []float32{0, 0, 0, 0, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Composite(to, from, tt.mask, tt.x, tt.y)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Data, tt.want) {
				t.Errorf("got %v, want %v", got.Data, tt.want)
			}
		})
	}
	if _, err := Composite(to, ramp(1, 2, 2, 2), nil, 0, 0); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("two channels onto one: error is %v", err)
	}
}

func TestBlurErrors(t *testing.T) {
	x := ramp(1, 1, 4, 4)
	for name, run := range map[string]func() error{
		"radius 0":            func() error { _, err := Gaussian(x, 0, 1); return err },
		"radius as the side":  func() error { _, err := Gaussian(x, 4, 1); return err },
		"sigma 0":             func() error { _, err := Gaussian(x, 1, 0); return err },
		"sharpen a flat line": func() error { _, err := Sharpen(ramp(1, 1, 1, 9), 1, 1, 1); return err },
	} {
		if run() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestDiamondMorphology compares with the definition: the extreme of all cells that so many steps reach.
func TestDiamondMorphology(t *testing.T) {
	distance := func(a, b int) int { return max(a-b, b-a) }
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {1, 9}, {7, 9}, {16, 5}} {
		h, w := size[0], size[1]
		x := tensor.New(2, h, w)
		for i := range x.Data {
			x.Data[i] = r.Float32()
		}
		for steps := range h + w + 2 {
			low, high := ErodeDiamond(x, steps), DilateDiamond(x, steps)
			for i, v := range x.Data {
				wantLow, wantHigh := v, v
				plane := x.Data[i/(h*w)*h*w:][:h*w]
				for k, v := range plane {
					if at := i % (h * w); distance(k/w, at/w)+distance(k%w, at%w) <= steps {
						wantLow, wantHigh = min(wantLow, v), max(wantHigh, v)
					}
				}
				if low.Data[i] != wantLow || high.Data[i] != wantHigh {
					t.Fatalf("%d steps over %dx%d, cell %d: %v and %v, want %v and %v", steps, h, w, i, low.Data[i], high.Data[i], wantLow, wantHigh)
				}
			}
		}
	}
}

func BenchmarkDilateDiamond(b *testing.B) {
	x := tensor.New(1, 1024, 1024)
	x.Data[0] = 1
	for b.Loop() {
		DilateDiamond(x, 300)
	}
}

func TestBoxMorphology(t *testing.T) {
	x := ramp(2, 1, 7, 9)
	for _, size := range []int{1, 2, 3, 4, 7, 30} {
		low, high := ErodeBox(x, size), DilateBox(x, size)
		for i := range x.Data {
			p, r, c := i/63, i%63/9, i%9
			wantLow, wantHigh := x.Data[i], x.Data[i]
			for y := max(0, r-size/2); y < min(7, r-size/2+size); y++ {
				for k := max(0, c-size/2); k < min(9, c-size/2+size); k++ {
					v := x.Data[p*63+y*9+k]
					wantLow, wantHigh = min(wantLow, v), max(wantHigh, v)
				}
			}
			if low.Data[i] != wantLow || high.Data[i] != wantHigh {
				t.Fatalf("size %d, cell %d: %v and %v, want %v and %v", size, i, low.Data[i], high.Data[i], wantLow, wantHigh)
			}
		}
	}
}

func TestCanny(t *testing.T) {
	// Dark, half bright and bright: the gradient is largest at the step in the middle, which is one column wide.
	x := tensor.New(1, 3, 12, 12)
	for i := range x.Data {
		switch c := i % 12; {
		case c == 6:
			x.Data[i] = 0.5
		case c > 6:
			x.Data[i] = 1
		}
	}
	y, err := Canny(x, 0.4, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range y.Data {
		if want := i%12 == 6; (v == 1) != want {
			t.Fatalf("row %d, column %d is %v", i/12, i%12, v)
		}
	}
	for name, run := range map[string]func() error{
		"low above high": func() error { _, err := Canny(x, 0.8, 0.4); return err },
		"too small":      func() error { _, err := Canny(tensor.New(1, 3, 2, 9), 0.1, 0.2); return err },
	} {
		if run() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

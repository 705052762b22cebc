package runtime

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// mask is one mask of rows of the given width.
func mask(width int, values ...float32) Mask {
	return Mask{&tensor.Tensor{Shape: []int{1, len(values) / width, width}, Data: values}}
}

func TestMaskOperations(t *testing.T) {
	to, from := mask(3, 0.4, 0.6, 1, 0.4, 0.6, 1), mask(2, 0.3, 0.8, 1, 0)
	tests := map[string]struct {
		x, y int
		want []float32
	}{
		"multiply": {0, 0, []float32{0.4 * 0.3, 0.6 * 0.8, 1, 0.4, 0, 1}},
		"add":      {1, 0, []float32{0.4, 0.6 + 0.3, 1, 0.4, 1, 1}},
		"subtract": {1, 1, []float32{0.4, 0.6, 1, 0.4, 0.6 - 0.3, 1 - 0.8}},
		"and":      {0, 0, []float32{0, 1, 1, 0, 0, 1}},
		"or":       {2, 1, []float32{0.4, 0.6, 1, 0.4, 0.6, 1}},
		"xor":      {0, 0, []float32{0, 0, 1, 1, 1, 1}},
	}
	for operation, tt := range tests {
		t.Run(operation, func(t *testing.T) {
			got, err := to.Composite(from, tt.x, tt.y, operation)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.want {
				if d := got.Data[i] - want; d < -1e-6 || d > 1e-6 {
					t.Fatalf("got %v, want %v", got.Data, tt.want)
				}
			}
		})
	}
	if _, err := to.Composite(from, 0, 0, "nand"); err == nil {
		t.Error("an unknown operation is accepted")
	}
	if got, err := to.Composite(from, 99, 99, "add"); err != nil || !slices.Equal(got.Data, to.Data) {
		t.Errorf("outside: got %v (%v)", got.Data, err)
	}
}

func TestMaskFeather(t *testing.T) {
	tests := map[string]struct {
		left, top, right, bottom int
		want                     []float32
	}{
		"left":  {2, 0, 0, 0, []float32{0.5, 1, 1, 1}},
		"right": {0, 0, 2, 0, []float32{0.5, 1, 1, 1}}, // column 0 takes the first step, column 3 the second
		"far":   {99, 0, 0, 0, []float32{0.25, 0.5, 0.75, 1}},
		"row":   {0, 1, 0, 1, []float32{1, 1, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := mask(4, 1, 1, 1, 1).Feather(tt.left, tt.top, tt.right, tt.bottom)
			if !slices.Equal(got.Data, tt.want) {
				t.Errorf("got %v, want %v", got.Data, tt.want)
			}
		})
	}
}

func TestMaskCrop(t *testing.T) {
	m := mask(3, 1, 2, 3, 4, 5, 6)
	if got, err := m.Crop(1, 0, 99, 1); err != nil || !slices.Equal(got.Data, []float32{2, 3}) || !slices.Equal(got.Shape, []int{1, 1, 2}) {
		t.Errorf("got %v %v (%v)", got.Shape, got.Data, err)
	}
	if _, err := m.Crop(3, 0, 1, 1); err == nil {
		t.Error("a corner outside is accepted")
	}
}

func TestMaskThresholdAndInvert(t *testing.T) {
	m := mask(3, 0, 0.5, 0.75)
	if got := m.Threshold(0.5).Data; !slices.Equal(got, []float32{0, 0, 1}) {
		t.Errorf("threshold gives %v", got)
	}
	if got := m.Invert().Data; !slices.Equal(got, []float32{1, 0.5, 0.25}) {
		t.Errorf("inverse is %v", got)
	}
}

func TestMaskForInpaint(t *testing.T) {
	// 18 x 17 pixels: one cell row and two columns of 8 remain, cut at (0,1).
	picture := Image{tensor.Full(1, 1, 17, 18, 3)}
	m := Mask{tensor.New(1, 17, 18)}
	m.Data[5*18+6] = 0.6 // rounds to marked; at (5,5) after the cut
	m.Data[5*18+7] = 0.5 // rounds to even, not marked
	got, noise, err := MaskForInpaint(picture, m, 8, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 16, 16, 3}; !slices.Equal(got.Shape, want) {
		t.Fatalf("shape is %v, want %v", got.Shape, want)
	}
	for p := range 16 * 16 {
		want := float32(1)
		if p == 5*16+5 {
			want = 0.5
		}
		if got.Data[p*3+2] != want {
			t.Fatalf("pixel %d is %v, want %v", p, got.Data[p*3+2], want)
		}
	}
	// A square of 2 lies at the cell and the one after it, as padding 1 has it.
	for p, v := range noise.Data {
		y, x := p/16, p%16
		if want := truth((y == 5 || y == 6) && (x == 5 || x == 6)); v != want {
			t.Fatalf("mask at (%d,%d) is %v, want %v", x, y, v, want)
		}
	}
	if slices.Contains(picture.Data, 0.5) {
		t.Error("the picture of the caller was changed")
	}
}

package imaging

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// reference is one row of testdata/resize_*.json, see testdata/reference.py.
type reference struct {
	Method string    `json:"method"`
	In     []int     `json:"in"`
	Out    []int     `json:"out"`
	Values []float32 `json:"values"`
}

func readReferences(t *testing.T, name string) []reference {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var rows []reference
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatalf("%s holds no reference values", name)
	}
	return rows
}

// ramp is the input of the reference values.
func ramp(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(i*37%101) / 100
	}
	return x
}

func TestTorch(t *testing.T) {
	// PyTorch 2.15 CPU float32. Values are near 1; two weighted sums of four may differ by some ulp of 6e-8.
	const tol = 1e-6
	for _, row := range readReferences(t, "resize_torch.json") {
		t.Run(fmt.Sprintf("%s %v to %v", row.Method, row.In, row.Out), func(t *testing.T) {
			x := ramp(row.In...)
			before := slices.Clone(x.Data)
			y, err := referenceCall(t, row, x)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(y.Shape, row.Out) {
				t.Fatalf("shape is %v, want %v", y.Shape, row.Out)
			}
			for i, want := range row.Values {
				if d := math.Abs(float64(y.Data[i] - want)); d > tol {
					t.Fatalf("value %d is %v, want %v", i, y.Data[i], want)
				}
			}
			if !slices.Equal(before, x.Data) {
				t.Error("resize wrote into its input")
			}
		})
	}
}

// referenceCall runs what a row of resize_torch.json names: a resize method or "name number …".
func referenceCall(t *testing.T, row reference, x *tensor.Tensor) (*tensor.Tensor, error) {
	t.Helper()
	words := strings.Fields(row.Method)
	number := func(i int) float64 {
		v, err := strconv.ParseFloat(words[i], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	switch words[0] {
	case "gaussian":
		return Gaussian(x, int(number(1)), number(2))
	case "box":
		marks := tensor.New(x.Shape...)
		for i, v := range x.Data {
			if v > 0.9 {
				marks.Data[i] = 1
			}
		}
		return GrowBox(marks, int(number(1))), nil
	case "antialias":
		return ResizeAntialias(x, row.Out[2], row.Out[3])
	case "rotate":
		return Rotate(x, int(number(1))), nil
	}
	return Resize(x, row.Out[2], row.Out[3], Method(row.Method))
}

func TestResamplePillow(t *testing.T) {
	kernels := map[string]kernel{"lanczos": lanczos3, "triangle": triangle}
	for _, row := range readReferences(t, "resize_pillow.json") {
		t.Run(fmt.Sprintf("%s %v to %v", row.Method, row.In, row.Out), func(t *testing.T) {
			h, w, c := row.In[0], row.In[1], row.In[2]
			px := make([]uint8, h*w*c)
			for i := range px {
				px[i] = uint8(i * 37 % 256)
			}
			if c == 4 {
				premultiply(px)
			}
			px = resample(px, h, w, c, row.Out[0], row.Out[1], kernels[row.Method])
			if c == 4 {
				unpremultiply(px)
			}
			for i, want := range row.Values {
				if px[i] != uint8(want) {
					t.Fatalf("byte %d is %d, want %v", i, px[i], want)
				}
			}
		})
	}
}

func TestBislerp(t *testing.T) {
	// Two unit vectors at a right angle: the middle of the arc is at 45 degrees and has length 1.
	x, _ := tensor.From([]float32{1, 0, 0, 1}, 1, 2, 1, 2)
	y, err := Resize(x, 1, 4, Bislerp)
	if err != nil {
		t.Fatal(err)
	}
	// Positions are 0, 0.25, 0.75, 1 of the way: angles 0, 22.5, 67.5, 90 degrees.
	for i, angle := range []float64{0, 22.5, 67.5, 90} {
		sin, cos := math.Sincos(angle * math.Pi / 180)
		if d := math.Hypot(float64(y.Data[i])-cos, float64(y.Data[4+i])-sin); d > 1e-6 {
			t.Errorf("cell %d is (%v, %v), want (%v, %v)", i, y.Data[i], y.Data[4+i], cos, sin)
		}
	}

	edges := map[string]struct{ x, want []float32 }{
		"same direction keeps the first": {[]float32{1, 3}, []float32{1, 1, 1, 3}},
		"opposite is mixed straight":     {[]float32{1, -1}, []float32{1, 0.5, -0.5, -1}},
		"zeros stay zero":                {[]float32{0, 0}, []float32{0, 0, 0, 0}},
	}
	for name, tt := range edges {
		t.Run(name, func(t *testing.T) {
			x, _ := tensor.From(tt.x, 1, 1, 1, 2)
			y, err := Resize(x, 1, 4, Bislerp)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(y.Data, tt.want) {
				t.Errorf("got %v, want %v", y.Data, tt.want)
			}
		})
	}
}

func TestResizeCrop(t *testing.T) {
	tests := map[string]struct {
		h, w, height, width int
		top, left           int // of the window kept
	}{
		"same aspect":             {4, 6, 2, 3, 0, 0},
		"too wide":                {4, 8, 4, 4, 0, 2},
		"too high":                {8, 4, 4, 4, 2, 0},
		"half is rounded to even": {4, 5, 4, 4, 0, 0},
		"one and a half is two":   {4, 7, 4, 4, 0, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := ramp(1, 1, tt.h, tt.w)
			window, err := Window(x, tt.top, tt.left, tt.h-2*tt.top, tt.w-2*tt.left)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Resize(window, tt.height, tt.width, Bilinear)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ResizeCrop(x, tt.height, tt.width, Bilinear, CropCenter)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Data, want.Data) {
				t.Errorf("got %v, want %v", got.Data, want.Data)
			}
		})
	}
}

func TestResizeErrors(t *testing.T) {
	x := ramp(1, 1, 2, 2)
	tests := map[string]struct {
		x             *tensor.Tensor
		height, width int
		method        Method
		crop          Crop
		want          error
	}{
		"unknown method":   {x, 2, 2, "cubic", CropDisabled, ErrMethod},
		"unknown crop":     {x, 2, 2, Bilinear, "left", ErrMethod},
		"no height":        {x, 0, 2, Bilinear, CropDisabled, tensor.ErrShape},
		"no width, center": {x, 2, 0, Bilinear, CropCenter, tensor.ErrShape},
		"huge":             {x, 2, MaxSide + 1, Area, CropDisabled, tensor.ErrShape},
		"three axes":       {ramp(1, 2, 2), 2, 2, Bilinear, CropDisabled, tensor.ErrShape},
		"empty":            {tensor.New(0, 1, 2, 2), 2, 2, Bilinear, CropDisabled, tensor.ErrShape},
		"nil":              {nil, 2, 2, Bilinear, CropDisabled, tensor.ErrShape},
		"lanczos latent":   {ramp(1, 5, 2, 2), 4, 4, Lanczos, CropDisabled, tensor.ErrShape},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ResizeCrop(tt.x, tt.height, tt.width, tt.method, tt.crop); !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}

func BenchmarkResize(b *testing.B) {
	x := ramp(1, 3, 512, 512)
	for _, m := range []Method{NearestExact, Bilinear, Area, Bicubic, Lanczos} {
		b.Run(string(m), func(b *testing.B) {
			for b.Loop() {
				if _, err := Resize(x, 768, 768, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package tensor

import (
	"errors"
	"slices"
	"testing"
)

// counted is a tensor of the values 0, 1, 2, …
func counted(shape ...int) *Tensor {
	t := New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(i)
	}
	return t
}

func TestReshape(t *testing.T) {
	tests := map[string]struct {
		from, to, want []int // want nil: an error
	}{
		"same":              {[]int{2, 3}, []int{2, 3}, []int{2, 3}},
		"flat":              {[]int{2, 3}, []int{6}, []int{6}},
		"one left open":     {[]int{2, 3, 4}, []int{4, -1}, []int{4, 6}},
		"a scalar":          {[]int{1}, []int{}, []int{}},
		"empty":             {[]int{0, 3}, []int{3, 0}, []int{3, 0}},
		"too small":         {[]int{2, 3}, []int{5}, nil},
		"does not divide":   {[]int{2, 3}, []int{4, -1}, nil},
		"two left open":     {[]int{2, 3}, []int{-1, -1}, nil},
		"negative":          {[]int{2, 3}, []int{-2, -3}, nil},
		"open beside empty": {[]int{0, 3}, []int{0, -1}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := counted(tt.from...)
			got, err := x.Reshape(tt.to...)
			if tt.want == nil {
				if !errors.Is(err, ErrShape) {
					t.Errorf("got %v, %v; want an error that wraps ErrShape", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got.Shape, tt.want) || !slices.Equal(got.Data, x.Data) {
				t.Errorf("got %v, %v; want shape %v", got, err, tt.want)
			}
		})
	}
}

func TestConcat(t *testing.T) {
	tests := map[string]struct {
		axis  int
		parts []*Tensor
		shape []int // nil: an error
		data  []float32
	}{
		"rows":           {0, []*Tensor{counted(1, 2), counted(2, 2)}, []int{3, 2}, []float32{0, 1, 0, 1, 2, 3}},
		"columns":        {1, []*Tensor{counted(2, 1), counted(2, 2)}, []int{2, 3}, []float32{0, 0, 1, 1, 2, 3}},
		"from the end":   {-1, []*Tensor{counted(2, 1), counted(2, 1)}, []int{2, 2}, []float32{0, 0, 1, 1}},
		"one":            {0, []*Tensor{counted(2)}, []int{2}, []float32{0, 1}},
		"an empty one":   {0, []*Tensor{counted(0, 2), counted(1, 2)}, []int{1, 2}, []float32{0, 1}},
		"none":           {0, nil, nil, nil},
		"another rank":   {0, []*Tensor{counted(2), counted(2, 1)}, nil, nil},
		"another width":  {0, []*Tensor{counted(2, 2), counted(2, 3)}, nil, nil},
		"no such axis":   {2, []*Tensor{counted(2, 2)}, nil, nil},
		"axis too small": {-3, []*Tensor{counted(2, 2)}, nil, nil},
		"scalars":        {0, []*Tensor{counted(), counted()}, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Concat(tt.axis, tt.parts...)
			if tt.shape == nil {
				if !errors.Is(err, ErrShape) {
					t.Errorf("got %v, %v; want an error that wraps ErrShape", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got.Shape, tt.shape) || !slices.Equal(got.Data, tt.data) {
				t.Errorf("got %v, %v; want %v %v", got, err, tt.shape, tt.data)
			}
		})
	}
}

func TestRepeat(t *testing.T) {
	tests := map[string]struct {
		n    int
		want []float32
	}{
		"none":          {0, []float32{}},
		"fewer":         {1, []float32{0, 1}},
		"as many":       {2, []float32{0, 1, 2, 3}},
		"a part copied": {3, []float32{0, 1, 2, 3, 0, 1}},
		"twice":         {4, []float32{0, 1, 2, 3, 0, 1, 2, 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := counted(2, 2).Repeat(tt.n)
			if !slices.Equal(got.Shape, []int{tt.n, 2}) || !slices.Equal(got.Data, tt.want) {
				t.Errorf("got %v %v, want %v", got.Shape, got.Data, tt.want)
			}
		})
	}
}

// TestViews: Rows and Reshape share the data, Clone does not, and a view's shape is its own.
func TestViews(t *testing.T) {
	x := counted(3, 2)
	rows, copied := x.Rows(1, 3), x.Clone()
	if !slices.Equal(rows.Shape, []int{2, 2}) || !slices.Equal(rows.Data, []float32{2, 3, 4, 5}) {
		t.Errorf("rows 1 to 3 are %v %v", rows.Shape, rows.Data)
	}
	rows.Data[0], rows.Shape[0] = 9, 1
	if x.Data[2] != 9 || copied.Data[2] != 2 || x.Dim(0) != 3 {
		t.Errorf("after a write to the view: %v %v, clone %v", x.Shape, x.Data, copied.Data)
	}
	if x.Dim(-1) != 2 || x.Bytes() != 24 || (*Tensor)(nil).Bytes() != 0 {
		t.Errorf("last axis %d, %d bytes, none has %d", x.Dim(-1), x.Bytes(), (*Tensor)(nil).Bytes())
	}
	if _, err := From(x.Data, 5); !errors.Is(err, ErrShape) {
		t.Errorf("6 values as 5: %v, want an error that wraps ErrShape", err)
	}
}

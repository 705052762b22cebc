package imaging

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestWrap(t *testing.T) {
	f := NewFont(Regular, 20)
	tests := map[string]struct {
		text  string
		width float64
		want  []string
	}{
		"empty":              {"", 100, []string{""}},
		"one line":           {"a red robot", 300, []string{"a red robot"}},
		"lines alike":        {"one two three four", 130, []string{"one two", "three four"}},
		"breaks are kept":    {"one\ntwo", 300, []string{"one", "two"}},
		"spaces are not":     {"  one   two ", 300, []string{"one two"}},
		"no room for a word": {"Wiiiii", 22, []string{"W", "iiii", "i"}},
		"no room at all":     {"ab", 1, []string{"a", "b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := f.Wrap(tt.text, tt.width)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextIsDrawn(t *testing.T) {
	c := NewCanvas(200, 40, Paper)
	if y := c.Text(NewFont(Bold, 20), []string{"robot"}, 100, 4, AlignCenter, Ink); y != 4+26 {
		t.Errorf("next line at %d, want 30", y)
	}
	left, right, dark := 200, 0, float32(1)
	x := c.Tensor()
	for i := 0; i < x.Len(); i += 3 {
		if column := i / 3 % 200; x.Data[i] < 0.5 {
			left, right, dark = min(left, column), max(right, column), min(dark, x.Data[i])
		}
	}
	if dark > 0.2 || left < 60 || right > 140 || abs(100-left-(right-100)) > 4 {
		t.Errorf("ink from column %d to %d, darkest %v; want it dark and around 100", left, right, dark)
	}
}

func TestShapesAreAntialiased(t *testing.T) {
	c := NewCanvas(20, 20, Paper)
	c.Disc(Point{10, 10}, 5, Ink)
	x := c.Tensor()
	area := 0.0
	for i := 0; i < x.Len(); i += 3 {
		area += float64(252./255-x.Data[i]) / ((252. - 32) / 255)
	}
	if want := math.Pi * 25; math.Abs(area-want) > 1 {
		t.Errorf("the disc covers %.1f pixels, want %.1f", area, want)
	}
	c.Line(nil, 2, Ink)
	c.Line([]Point{{-50, -50}, {100, 300}}, 2, Ink) // leaves the canvas
	c.Ring(Point{0, 0}, 30, 2, Ink)
}

func picture(h, w int, v float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{h, w, 3}, Data: tensor.Full(v, h, w, 3).Data}
}

func TestSheet(t *testing.T) {
	small := picture(128, 128, 0.25)
	s := Sheet{Rows: []SheetRow{{Pictures: []*tensor.Tensor{small, nil, small}}, {Pictures: []*tensor.Tensor{small}}}}
	bare, err := s.Draw()
	if err != nil {
		t.Fatal(err)
	}
	// Small pictures double; margins are an eighth, gaps a fourteenth of that.
	const cell, margin, gap = 256, 32, 18
	if want := []int{1, 2*margin + 2*cell + gap, 2*margin + 3*cell + 2*gap, 3}; !slices.Equal(bare.Shape, want) {
		t.Errorf("shape %v, want %v", bare.Shape, want)
	}
	if v := bare.Data[((margin+cell-1)*bare.Shape[2]+margin+cell-1)*3]; math.Abs(float64(v)-0.25) > 1./255 {
		t.Errorf("the corner of the first picture is %v, want 0.25", v)
	}
	s.Title, s.Subtitle, s.Heads, s.Lead, s.LeadCaption = "title", "more", []string{"one"}, small, "lead"
	s.Rows[0].Label, s.Rows[1].Captions = "label", []string{"a caption that needs more than one line"}
	full, err := s.Draw()
	if err != nil {
		t.Fatal(err)
	}
	if full.Shape[1] <= bare.Shape[1] || full.Shape[2] <= bare.Shape[2] {
		t.Errorf("shape %v with words, %v without; want it larger", full.Shape, bare.Shape)
	}
	for name, bad := range map[string]Sheet{
		"no rows": {}, "gaps only": {Rows: []SheetRow{{Pictures: []*tensor.Tensor{nil}}}},
		"a batch": {Rows: []SheetRow{{Pictures: []*tensor.Tensor{tensor.New(1, 8, 8, 3)}}}},
	} {
		if _, err := bad.Draw(); !errors.Is(err, tensor.ErrShape) {
			t.Errorf("%s: error %v, want one about the shape", name, err)
		}
	}
	huge := Sheet{Cell: 1 << 15, Rows: []SheetRow{{Pictures: []*tensor.Tensor{small}}}}
	if _, err := huge.Draw(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

func TestScaledKeepsPixels(t *testing.T) {
	p := picture(2, 2, 0)
	copy(p.Data, []float32{1, 1, 1})
	twice, err := Scaled(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range twice.Data {
		want := float32(0)
		if y, x := i/12, i/3%4; y < 2 && x < 2 {
			want = 1
		}
		if v != want {
			t.Fatalf("value %d is %v, want %v", i, v, want)
		}
	}
	if x, err := Scaled(picture(30, 60, 1), 40); err != nil || !slices.Equal(x.Shape, []int{20, 40, 3}) {
		t.Errorf("%v, error %v; want [20 40 3]", x.Shape, err)
	}
}

func TestCellSize(t *testing.T) {
	for side, want := range map[int]int{0: 256, 64: 256, 100: 300, 128: 256, 256: 256, 384: 384, 1024: 512} {
		if got := CellSize(side); got != want {
			t.Errorf("side %d: cell %d, want %d", side, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 3: 3, 4: 4, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3, 10: 5, 11: 4, 12: 4, 24: 6} {
		if got := Columns(n); got != want {
			t.Errorf("%d pictures: %d columns, want %d", n, got, want)
		}
	}
}

func TestGrid(t *testing.T) {
	rows := Grid(make([]*tensor.Tensor, 5), []string{"a", "b", "c", "d"}, 3)
	if len(rows) != 2 || len(rows[0].Pictures) != 3 || len(rows[1].Pictures) != 2 || !slices.Equal(rows[1].Captions, []string{"d"}) {
		t.Errorf("rows %v", rows)
	}
}

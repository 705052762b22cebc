package imaging

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestTicks(t *testing.T) {
	tests := map[string]struct {
		low, high float64
		count     int
		want      []float64
	}{
		"loss":      {0, 0.35, 4, []float64{0, 0.1, 0.2, 0.3}},
		"steps":     {0, 300, 5, []float64{0, 100, 200, 300}},
		"below 0":   {-1, 1, 4, []float64{-1, -0.5, 0, 0.5, 1}},
		"no range":  {1, 1, 4, nil},
		"not known": {0, math.NaN(), 4, nil},
		"endless":   {0, math.Inf(1), 4, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ticks(tt.low, tt.high, tt.count)
			if fmt.Sprintf("%.6g", got) != fmt.Sprintf("%.6g", tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCurve(t *testing.T) {
	for name, values := range map[string][]float64{
		"none": nil, "one": {0.5}, "flat": {1, 1, 1}, "nothing finite": {math.NaN(), math.Inf(1)}, "a gap": {3, math.NaN(), 2, 1}, "below 0": {-1, -2},
	} {
		x, err := Curve{Title: "Loss", Values: values, Total: 10, Mark: 2}.Draw()
		if err != nil || !slices.Equal(x.Shape, []int{1, 320, 512, 3}) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := (Curve{Width: 1 << 16, Height: 1 << 16}).Draw(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

func TestRunningMean(t *testing.T) {
	values := make([]float64, 100)
	for i := range values {
		values[i] = float64(i)
	}
	got := runningMean(values)
	if got[50] != 50 || got[0] != 2.5 || got[99] != 96.5 {
		t.Errorf("means %v, %v, %v; want 2.5, 50, 96.5", got[0], got[50], got[99])
	}
}

func TestScatter(t *testing.T) {
	thumbnail := picture(64, 32, 0.5)
	points := []Point{{0, 0}, {0, 0}, {3, 4}}
	for name, s := range map[string]Scatter{
		"discs":      {Groups: []Group{{Name: "a", Points: points}}, Target: &[2]int{0, 1}},
		"thumbnails": {Title: "map", Subtitle: "of h", Groups: []Group{{Points: points, Pictures: []*tensor.Tensor{thumbnail, nil, thumbnail}}}, Target: &[2]int{0, 0}},
		"one point":  {Groups: []Group{{Points: points[:1]}}},
		"not finite": {Groups: []Group{{Points: []Point{{math.NaN(), 0}, {1, 1}}}}},
	} {
		if x, err := s.Draw(); err != nil || !slices.Equal(x.Shape, []int{1, 768, 768, 3}) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := (Scatter{}).Draw(); err == nil {
		t.Error("no points: no error")
	}
}

func TestSpreadKeepsThumbnailsApart(t *testing.T) {
	thumbnail, box := picture(4, 4, 0), image.Rect(0, 0, 400, 400)
	var spots []spot
	for i := range 9 {
		at := Point{200 + float64(i%3), 200 + float64(i/3)}
		spots = append(spots, spot{at: at, marker: at, thumbnail: thumbnail})
	}
	spread(spots, 50, box)
	for i, a := range spots {
		for _, b := range spots[:i] {
			if dx, dy := math.Abs(a.marker.X-b.marker.X), math.Abs(a.marker.Y-b.marker.Y); max(dx, dy) < 49 {
				t.Errorf("two thumbnails are %.1f and %.1f apart, want 50 in one direction", dx, dy)
			}
		}
	}
}

func TestTable(t *testing.T) {
	x, err := Table{Title: "Scores", Head: []string{"", "identity"}, Rows: [][]string{{"plain", "0.25"}, {"short"}}, Notes: []string{"a note"}}.Draw()
	if err != nil || x.Shape[1] < 100 || x.Shape[2] < 200 {
		t.Errorf("error %v", err)
	}
}

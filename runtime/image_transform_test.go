package runtime

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// grey is a picture [1,h,width,1] of the given values.
func grey(width int, values ...float32) Image {
	return Image{&tensor.Tensor{Shape: []int{1, len(values) / width, width, 1}, Data: values}}
}

func TestImageTurnAndCrop(t *testing.T) {
	i := grey(3, 1, 2, 3, 4, 5, 6)
	tests := map[string]struct {
		got   Image
		shape []int
		want  []float32
	}{
		"90":           {i.Rotate(1), []int{1, 3, 2, 1}, []float32{4, 1, 5, 2, 6, 3}},
		"180":          {i.Rotate(2), []int{1, 2, 3, 1}, []float32{6, 5, 4, 3, 2, 1}},
		"270":          {i.Rotate(3), []int{1, 3, 2, 1}, []float32{3, 6, 2, 5, 1, 4}},
		"flip rows":    {i.FlipRows(), []int{1, 2, 3, 1}, []float32{4, 5, 6, 1, 2, 3}},
		"flip columns": {i.FlipColumns(), []int{1, 2, 3, 1}, []float32{3, 2, 1, 6, 5, 4}},
		"crop":         {i.Crop(1, 0, 2, 1), []int{1, 1, 2, 1}, []float32{2, 3}},
		"crop outside": {i.Crop(9, 9, 9, 9), []int{1, 1, 1, 1}, []float32{6}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !slices.Equal(tt.got.Shape, tt.shape) || !slices.Equal(tt.got.Data, tt.want) {
				t.Errorf("got %v %v, want %v %v", tt.got.Shape, tt.got.Data, tt.shape, tt.want)
			}
		})
	}
}

func TestImageBatches(t *testing.T) {
	i := Image{&tensor.Tensor{Shape: []int{3, 1, 1, 1}, Data: []float32{0, 1, 2}}}
	if got := i.FromBatch(1, 99).Data; !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("from 1: %v", got)
	}
	if got := i.FromBatch(99, 1).Data; !slices.Equal(got, []float32{2}) {
		t.Errorf("beyond the end: %v", got)
	}
	if got, err := i.RepeatBatch(2); err != nil || !slices.Equal(got.Data, []float32{0, 1, 2, 0, 1, 2}) {
		t.Errorf("repeated: %v (%v)", got, err)
	}
	list, err := RebatchImages([]Image{i, i}, 4)
	if err != nil || len(list) != 2 || !slices.Equal(list[0].Data, []float32{0, 1, 2, 0}) || !slices.Equal(list[1].Data, []float32{1, 2}) {
		t.Errorf("rebatched: %v (%v)", list, err)
	}
	if _, err := RebatchImages([]Image{i, grey(2, 1, 2)}, 9); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("sizes that differ: error is %v", err)
	}
}

func TestImageFit(t *testing.T) {
	got, err := grey(2, 0.5, 0.5).FitInto(4, 4, imaging.NearestExact, 1)
	want := []float32{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1}
	if err != nil || !slices.Equal(got.Data, want) {
		t.Errorf("got %v (%v), want %v", got.Data, err, want)
	}
	for name, tt := range map[string]struct{ w, h, side, wantW, wantH int }{
		"wide": {6, 4, 3, 3, 2}, "high": {4, 6, 3, 2, 3}, "square": {4, 4, 3, 3, 3}, "thin": {100, 1, 10, 10, 1},
	} {
		got, err := solid(tt.w, tt.h, 1, 0).ResizeToSide(tt.side, imaging.Area)
		if err != nil || got.Dim(2) != tt.wantW || got.Dim(1) != tt.wantH {
			t.Errorf("%s: %v (%v), want %dx%d", name, got.Shape, err, tt.wantW, tt.wantH)
		}
	}
	if _, err := solid(4, 4, 1, 0).ResizeToSide(0, imaging.Area); err == nil {
		t.Error("a side of 0 is accepted")
	}
}

func TestImageStitch(t *testing.T) {
	a, b := solid(2, 2, 1, 0xff0000), solid(1, 1, 2, 0x0000ff)
	red := [3]float32{1, 0, 0}
	tests := map[string]struct {
		s     Stitching
		shape []int
		first []float32
	}{
		"right":          {Stitching{Direction: "right", Match: true}, []int{2, 2, 4, 3}, []float32{1, 0, 0}},
		"left":           {Stitching{Direction: "left", Match: true}, []int{2, 2, 4, 3}, []float32{0, 0, 1}},
		"down, gap":      {Stitching{Direction: "down", Match: true, Spacing: 1, Color: red}, []int{2, 6, 2, 3}, []float32{1, 0, 0}},
		"up, not fitted": {Stitching{Direction: "up", Color: [3]float32{1, 1, 1}}, []int{2, 3, 2, 3}, []float32{0, 0, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := a.Stitch(b, tt.s)
			if err != nil || !slices.Equal(got.Shape, tt.shape) || !slices.Equal(got.Data[:3], tt.first) {
				t.Fatalf("got %v beginning %v (%v), want %v beginning %v", got.Shape, got.Data[:3], err, tt.shape, tt.first)
			}
		})
	}
	if _, err := a.Stitch(b, Stitching{Direction: "north"}); err == nil {
		t.Error("an unknown direction is accepted")
	}
}

func TestImageBlend(t *testing.T) {
	a, b := grey(2, 0.25, 0.75), grey(2, 0.4, 0.8)
	for mode, want := range map[string][2]float64{
		"normal": {0.4, 0.8}, "multiply": {0.1, 0.6}, "screen": {0.55, 0.95}, "difference": {0, 0},
		"overlay": {0.2, 0.9}, "soft_light": {0.25 - 0.2*0.25*0.75, 0.75 + 0.6*(math.Sqrt(0.75)-0.75)},
	} {
		got, err := a.Blend(b, 1, mode)
		if err != nil || math.Abs(float64(got.Data[0])-want[0]) > 1e-6 || math.Abs(float64(got.Data[1])-want[1]) > 1e-6 {
			t.Errorf("%s: got %v (%v), want %v", mode, got.Data, err, want)
		}
		if got, err = a.Blend(b, 0, mode); err != nil || !slices.Equal(got.Data, a.Data) {
			t.Errorf("%s, factor 0: got %v (%v)", mode, got.Data, err)
		}
	}
	if _, err := a.Blend(b, 1, "dodge"); err == nil {
		t.Error("an unknown mode is accepted")
	}
}

func TestImageAlpha(t *testing.T) {
	rgba, err := solid(2, 1, 1, 0x336699).JoinAlpha(mask(2, 0, 0.25))
	if err != nil || !slices.Equal(rgba.Shape, []int{1, 1, 2, 4}) || rgba.Data[3] != 1 || rgba.Data[7] != 0.75 {
		t.Fatalf("joined: %v %v (%v)", rgba.Shape, rgba.Data, err)
	}
	rgb, m := rgba.SplitAlpha()
	if rgb.Dim(3) != 3 || !slices.Equal(m.Data, []float32{0, 0.25}) {
		t.Errorf("split: %v, mask %v", rgb.Shape, m.Data)
	}
	if _, m = rgb.SplitAlpha(); !slices.Equal(m.Data, []float32{0, 0}) {
		t.Errorf("mask of a picture without alpha: %v", m.Data)
	}
}

func TestPorterDuff(t *testing.T) {
	s, d := grey(1, 0.8), grey(1, 0.4)
	// Alphas are 0.5 and 1, so premultiplied colours 0.4 and 0.4.
	sm, dm := mask(1, 0.5), mask(1, 0)
	for mode, want := range map[string]struct{ color, alpha float64 }{
		"SRC": {0.8, 0.5}, "DST": {0.4, 1}, "CLEAR": {0, 0}, "SRC_OVER": {0.4 + 0.5*0.4, 1}, "DST_OVER": {0.4, 1},
		"SRC_IN": {0.8, 0.5}, "SRC_OUT": {0, 0}, "XOR": {0.4, 0.5}, "ADD": {0.8, 1}, "MULTIPLY": {0.32, 0.5}, "OVERLAY": {0.32, 1},
		"SCREEN": {0.64, 1}, "DARKEN": {0.5*0.4 + 0.4, 1}, "LIGHTEN": {0.5*0.4 + 0.4, 1},
		"SRC_ATOP": {0.6, 1}, "DST_ATOP": {0.4, 0.5}, "DST_IN": {0.4, 0.5}, "DST_OUT": {0.4, 0.5},
	} {
		got, m, err := PorterDuff(s, sm, d, dm, mode)
		if err != nil || math.Abs(float64(got.Data[0])-want.color) > 1e-6 || math.Abs(float64(1-m.Data[0])-want.alpha) > 1e-6 {
			t.Errorf("%s: colour %v, alpha %v (%v), want %v", mode, got.Data, 1-m.Data[0], err, want)
		}
	}
	if len(porterDuff) != 18 {
		t.Errorf("%d modes, want 18", len(porterDuff))
	}
	if _, _, err := PorterDuff(s, sm, d, dm, "OVER"); err == nil {
		t.Error("an unknown mode is accepted")
	}
	if _, _, err := PorterDuff(solid(1, 1, 1, 0), sm, d, dm, "SRC"); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("channels that differ: error is %v", err)
	}
}

func TestImageComposite(t *testing.T) {
	to, from := solid(2, 1, 1, 0), solid(1, 1, 1, 0xffffff)
	half := mask(1, 0.5)
	got, err := to.Composite(from, &half, 1, 0, false)
	if want := []float32{0, 0, 0, 0.5, 0.5, 0.5}; err != nil || !slices.Equal(got.Data, want) {
		t.Errorf("got %v (%v), want %v", got.Data, err, want)
	}
	if got, err = to.Composite(from.withChannels(4), nil, 0, 0, true); err != nil || !slices.Equal(got.Data, []float32{1, 1, 1, 1, 1, 1}) {
		t.Errorf("resized: got %v (%v)", got.Data, err)
	}
}

func TestYCbCr(t *testing.T) {
	i := solid(1, 1, 1, 0x3366cc)
	y, u, v := i.YCbCr()
	back, err := FromYCbCr(y, u, v)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range i.Data {
		// The coefficients have three digits, so colours come back to a percent.
		if d := math.Abs(float64(back.Data[k] - want)); d > 0.01 {
			t.Errorf("channel %d comes back as %v, want %v", k, back.Data[k], want)
		}
	}
	if _, err := FromYCbCr(y, u, solid(2, 1, 1, 0)); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("sizes that differ: error is %v", err)
	}
}

func TestImageAddNoise(t *testing.T) {
	i := solid(4, 4, 1, 0x808080)
	a, b := i.AddNoise(7, 0.2), i.AddNoise(7, 0.2)
	if !slices.Equal(a.Data, b.Data) || slices.Equal(a.Data, i.Data) || slices.Equal(a.Data, i.AddNoise(8, 0.2).Data) {
		t.Error("noise does not follow its seed")
	}
	if got := i.AddNoise(7, 0); !slices.Equal(got.Data, i.Data) {
		t.Error("strength 0 changes the picture")
	}
}

func TestImageMorphology(t *testing.T) {
	i := grey(5, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0)
	for operation, want := range map[string][]float32{
		"erode":      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"dilate":     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"open":       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"close":      {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"gradient":   {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"top_hat":    {0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0},
		"bottom_hat": {1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1},
	} {
		got, err := i.Morphology(operation, 3)
		if err != nil || !slices.Equal(got.Data, want) {
			t.Errorf("%s: got %v (%v), want %v", operation, got.Data, err, want)
		}
	}
	if _, err := i.Morphology("grow", 3); err == nil {
		t.Error("an unknown operation is accepted")
	}
}

// Batches follow ComfyUI 0.3.64: JoinImageWithAlpha stops with the smaller one, ImageBlend spreads a single picture.
func TestImageBlendBatches(t *testing.T) {
	three, one := Image{solid(2, 1, 1, 0x336699).Repeat(3)}, solid(2, 1, 1, 0xffffff)
	joined, err := three.JoinAlpha(mask(2, 0, 0.25))
	if err != nil || joined.Dim(0) != 1 {
		t.Errorf("3 pictures with 1 mask: %v (%v)", joined.Shape, err)
	}
	for _, tt := range []struct{ lower, upper Image }{{one, three}, {three, one}} {
		got, err := tt.lower.Blend(tt.upper, 0.5, "normal")
		if err != nil || got.Dim(0) != 3 || got.Data[0] != got.Data[12] {
			t.Errorf("%d blended with %d: %v (%v)", tt.lower.Dim(0), tt.upper.Dim(0), got.Shape, err)
		}
	}
}

package imaging

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// quantized is what Pillow makes of a picture, see testdata/quantize.py.
type quantized struct {
	Kind    string `json:"kind"`
	Size    [2]int `json:"size"`
	Colors  int    `json:"colors"`
	Palette []int  `json:"palette"`
	None    []byte `json:"none"`
	Spread  []byte `json:"floyd-steinberg"`
}

// picture is the input of the reference values.
func (q quantized) picture() Frame {
	w, h := q.Size[0], q.Size[1]
	f := Frame{Width: w, Height: h, Pixels: make([]uint8, 4*w*h)}
	for i := range w * h {
		x, y := i%w, i/w
		rgb := [3]int{200, 100, 50}
		switch q.Kind {
		case "mix":
			rgb = [3]int{i * 37, i * i * 11, i*91 + 5}
		case "smooth":
			rgb = [3]int{x * 255 / (w - 1), y * 255 / (h - 1), (x + y) * 3}
		}
		put(f.Pixels, i, uint8(rgb[0]), uint8(rgb[1]), uint8(rgb[2]), 255)
	}
	return f
}

func TestQuantizePillow(t *testing.T) {
	data, err := os.ReadFile("testdata/quantize.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []quantized
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s, %d colours", row.Kind, row.Colors), func(t *testing.T) {
			f := row.picture()
			var colors []int
			for _, c := range medianCut(f.Pixels, row.Colors) {
				colors = append(colors, int(c[0]), int(c[1]), int(c[2]))
			}
			if !slices.Equal(colors, row.Palette) {
				t.Fatalf("palette is %v, want %v", colors, row.Palette)
			}
			for dither, want := range map[Dither][]byte{DitherNone: row.None, FloydSteinberg: row.Spread} {
				got, err := Quantize(f, row.Colors, dither)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range want {
					if at := i/3*4 + i%3; got.Pixels[at] != v {
						t.Fatalf("%s: pixel (%d,%d) is %v, want %v", dither, i/3%f.Width, i/3/f.Width, got.Pixels[at/4*4:at/4*4+3], want[i/3*3:i/3*3+3])
					}
				}
			}
		})
	}
}

func TestBayerPattern(t *testing.T) {
	if want := []float64{-0.375, 0.125, 0.375, -0.125}; !slices.Equal(bayerPattern(1), want) {
		t.Errorf("pattern is %v, want %v", bayerPattern(1), want)
	}
	for steps := 1; steps <= 4; steps++ {
		p := bayerPattern(steps)
		sum := 0.0
		seen := map[float64]bool{}
		for _, v := range p {
			sum += v
			seen[v] = true
		}
		if len(seen) != len(p) || math.Abs(sum) > 1e-9 {
			t.Errorf("pattern of %d steps has %d values of %d cells, sum %g", steps, len(seen), len(p), sum)
		}
	}
}

func TestQuantizeErrors(t *testing.T) {
	f := quantized{Kind: "flat", Size: [2]int{2, 2}}.picture()
	for name, run := range map[string]func() error{
		"no colour":      func() error { _, err := Quantize(f, 0, DitherNone); return err },
		"too many":       func() error { _, err := Quantize(f, 257, DitherNone); return err },
		"unknown dither": func() error { _, err := Quantize(f, 4, "bayer-3"); return err },
	} {
		if run() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

package runtime

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestBlursWhereAttended compares what self-attention guidance blurs with PyTorch: testdata/guidance_hooks.py, float32; 2e-6.
func TestBlursWhereAttended(t *testing.T) {
	var file struct {
		Blurs []struct {
			Shape, Size []int
			Sigma       float64
			Want        []float32
		}
	}
	text, err := os.ReadFile("testdata/guidance_hooks.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Blurs) == 0 {
		t.Fatal("no blur in the fixture")
	}
	for _, c := range file.Blurs {
		attention := wave(0.9, 0.2, c.Shape[0], c.Size[0]*c.Size[1])
		for i := range attention.Data {
			attention.Data[i]++
		}
		x := wave(0.7, 0.3, c.Shape...)
		got, err := selfAttention{1, c.Sigma}.degrade(x, attention)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range c.Want {
			if d := math.Abs(float64(got.Data[i] - w)); !(d <= 2e-6) {
				t.Fatalf("%v, element %d: %v, want %v", c.Shape, i, got.Data[i], w)
			}
		}
	}
	x := wave(0.7, 0.3, 1, 2, 8, 8)
	if got, err := (selfAttention{1, 0}).degrade(x, tensor.Full(2, 1, 4)); err != nil || got != x {
		t.Errorf("a blur of 0 changes the picture, or fails: %v", err)
	}
}

// TestMiddleSize: latents halved up to three times with their rests rounded up, as UNets do; and shapes that deep shrink makes.
func TestMiddleSize(t *testing.T) {
	for height := 5; height < 80; height++ {
		for width := 5; width < 80; width++ {
			rows, columns := height, width
			for range 3 {
				rows, columns = (rows+1)/2, (columns+1)/2
				if r, c := middleSize(height, width, rows*columns); r != rows || c != columns {
					t.Fatalf("%dx%d with %d tokens: %dx%d, want %dx%d", height, width, rows*columns, r, c, rows, columns)
				}
			}
		}
	}
	for _, tt := range [][5]int{{64, 64, 25, 5, 5}, {64, 96, 54, 6, 9}, {96, 64, 54, 9, 6}, {64, 64, 17, 1, 17}, {64, 128, 50, 5, 10}, {9, 64, 16, 2, 8}} {
		if r, c := middleSize(tt[0], tt[1], tt[2]); r != tt[3] || c != tt[4] {
			t.Errorf("%dx%d with %d tokens: %dx%d, want %dx%d", tt[0], tt[1], tt[2], r, c, tt[3], tt[4])
		}
	}
}

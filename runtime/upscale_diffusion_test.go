package runtime

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestUpscaleConditioning: the latent has a cell for every 4 pixels of the enlarged picture, and the network sees the picture at that size
// with noise of the seed less 10 (numbers of PyTorch 2.15: 0.5 with noise of seed 32 at level 70).
func TestUpscaleConditioning(t *testing.T) {
	c := prompt(1, 77)
	got, err := UpscaleConditioning(c, c, Image{tensor.Full(0.75, 1, 4, 4, 3)}, 4, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 4, 4, 4}; !slices.Equal(got.Latent.Samples.Shape, want) {
		t.Errorf("latent %v, want %v", got.Latent.Samples.Shape, want)
	}
	m := Model{sees: upscaleSight, family: weights.Upscaler}
	m.config.LabelDim, m.config.Classes = 1, 1000
	at := target{latent: tensor.New(2, 4, 4, 4), seed: 42}
	planes, err := m.planes(got.Positive[0], at)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 3, 4, 4}; !slices.Equal(planes.Shape, want) {
		t.Fatalf("planes %v, want %v", planes.Shape, want)
	}
	for i, want := range map[int]float64{0: 0.279001713, 1: 0.45078668, 20: 0.557572901, 47: 0.678969979, 48: 0.279001713} {
		if math.Abs(float64(planes.Data[i])-want) > 1e-6 {
			t.Errorf("value %d is %v, want %v", i, planes.Data[i], want)
		}
	}
	if v, err := m.vector(got.Negative[0], at, true); err != nil || v.Data[0] != 70 {
		t.Errorf("level %v (%v), want 70", v, err)
	}
	if v, err := m.vector(c[0], at, false); err != nil || v.Data[0] != 0 {
		t.Errorf("level without a picture %v (%v), want 0", v, err)
	}
	plain, err := UpscaleConditioning(c, c, Image{tensor.Full(0.75, 1, 9, 9, 3)}, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if planes, err = m.planes(plain.Positive[0], at); err != nil || math.Abs(float64(planes.Data[5])-0.5) > 1e-6 {
		t.Errorf("without noise %v (%v), want 0.5", planes, err)
	}
	if _, err := UpscaleConditioning(c, c, Image{tensor.New(1, 4, 4, 3)}, 0.1, 0); err == nil || !strings.Contains(err.Error(), "scale_ratio") {
		t.Errorf("error %v; want one about scale_ratio", err)
	}
}

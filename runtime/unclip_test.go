package runtime

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenAugmented mixes noise into the vector of a picture at the levels that the fixture names. ComfyUI 0.3.64, float32.
func TestGoldenAugmented(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "vision*.safetensors") {
		file := goldentest.Load(t, path)
		seed, err := strconv.ParseUint(file.Metadata()["aug_seed"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range file.Names() {
			level, err := strconv.Atoi(strings.TrimPrefix(name, "aug."))
			if !strings.HasPrefix(name, "aug.") || err != nil {
				continue
			}
			got := augmented(file.Get(t, "aug.in").Data, float64(level)/(unclipLevels-1), sampling.NewGenerator(seed))
			out, err := tensor.From(got, 1, len(got))
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Close(t, name, out, file.Get(t, name), goldentest.Tolerance(t, path, 3e-5))
		}
	}
}

// TestUnCLIPVector: strengths scale vector and level alike, and a sum of pictures is told with the level of the merge.
func TestUnCLIPVector(t *testing.T) {
	const width = 32
	e := tensor.Full(0.5, 1, width)
	picture := func(strength, amount float64) UnCLIPPicture { return UnCLIPPicture{e, strength, amount} }
	vector := func(merged float64, p ...UnCLIPPicture) []float32 {
		t.Helper()
		v, err := unclipVector(p, width, 7, merged) // 7 - 10 is a seed below zero
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one, half := vector(0.05, picture(1, 0.2)), vector(0.05, picture(0.5, 0.2))
	for i := range one {
		if half[i] != one[i]*0.5 {
			t.Fatalf("value %d: half of %v is %v", i, one[i], half[i])
		}
	}
	two := vector(0.05, picture(1, 0.2), picture(1, 0.2))
	if want := sinusoid(50, width); !slices.Equal(two[width:], want) {
		t.Errorf("level of two pictures is %v, want that of 0.05 %v", two[width:], want)
	}
	batch := vector(0.05, UnCLIPPicture{e.Repeat(2), 1, 0.2})
	if !slices.Equal(batch, two) {
		t.Error("a batch of two pictures differs from two pictures")
	}
	if _, err := unclipVector([]UnCLIPPicture{picture(1, 0)}, 64, 7, 0); err == nil || !strings.Contains(err.Error(), "32 numbers and the model wants 64") {
		t.Errorf("error %v; want one about the width", err)
	}
	c := prompt(1, 77)
	if got := c.WithUnCLIP(CLIPVisionOutput{Embeds: e}, 0, 0); got[0].UnCLIP != nil {
		t.Error("strength 0 adds a picture")
	}
	if got := c.WithUnCLIP(CLIPVisionOutput{Embeds: e}, 1, 0).WithUnCLIP(CLIPVisionOutput{Embeds: e}, 1, 0); len(got[0].UnCLIP) != 2 || len(c[0].UnCLIP) != 0 {
		t.Errorf("%d pictures and %d in the original, want 2 and 0", len(got[0].UnCLIP), len(c[0].UnCLIP))
	}
}

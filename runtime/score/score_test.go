package score_test

import (
	"encoding/json"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// reference is testdata/reads.json: what the demo's measure.py reads in the pictures of reads.png. See make_reads.py.
type reference struct {
	Pictures []struct {
		Two   bool
		Reads []struct {
			Species, Pose, Hat, Mark, Body, Clothes string
			X                                       int
			Fit                                     float64
			RGBBody                                 [3]float64 `json:"rgb_body"`
			RGBClothes                              [3]float64 `json:"rgb_clothes"`
		}
		Scene      [2]string
		TruthScene string `json:"truth_scene"`
	}
	Sums struct {
		Identity, RGB float64
		AllFour       float64 `json:"all_four"`
		ToTarget      float64 `json:"to_target"`
	} `json:"first_eight_with_target_nine"`
}

func load(t *testing.T) (reference, *tensor.Tensor) {
	t.Helper()
	var r reference
	text, err := os.ReadFile("testdata/reads.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("testdata/reads.png")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	const cells, side, perRow = 16, 128, 10
	pictures := tensor.New(len(r.Pictures), side, side, 3)
	for i := range pictures.Data {
		n, y, x, c := i/(side*side*3), i/(side*3)%side, i/3%side, i%3
		var levels [3]uint32
		levels[0], levels[1], levels[2], _ = img.At(n%perRow*cells+x*cells/side, n/perRow*cells+y*cells/side).RGBA()
		pictures.Data[i] = float32(levels[c]>>8) / 255
	}
	return r, pictures
}

func TestReaderEqualsMeasurePy(t *testing.T) {
	// measure.py sums in float32 by expanding the square: about 2 of 2e7 are lost, 0.1 of a fit near 0.
	const tol = 0.1
	want, pictures := load(t)
	one, left, right := score.One(), score.Left(), score.Right()
	for i, p := range want.Pictures {
		readers := []*score.Reader{one}
		if p.Two {
			readers = []*score.Reader{left, right}
		}
		for k, reader := range readers {
			got, _, err := reader.ReadAll(pictures.Rows(i, i+1))
			if err != nil {
				t.Fatal(err)
			}
			g, w := got[0], p.Reads[k]
			if math.Abs(g.Fit-w.Fit) > tol {
				t.Errorf("picture %d: fit %v, want %v", i, g.Fit, w.Fit)
			}
			g.Fit = 0
			if (g != score.Reading{Species: w.Species, Hat: w.Hat, Mark: w.Mark, Pose: w.Pose, Body: w.Body, Clothes: w.Clothes,
				BodyRGB: w.RGBBody, ClothesRGB: w.RGBClothes, Left: w.X}) {
				t.Errorf("picture %d: %+v, want %+v", i, g, w)
			}
		}
	}
}

func TestMeasureEqualsMeasurePy(t *testing.T) {
	want, pictures := load(t)
	readings, _, err := score.One().ReadAll(pictures.Rows(0, 9))
	if err != nil {
		t.Fatal(err)
	}
	got := score.Measure(readings[:8], nil, &readings[8], nil)
	for name, pair := range map[string][2]float64{
		"identity": {got.Identity, want.Sums.Identity}, "all four": {got.AllFour, want.Sums.AllFour},
		"to target": {got.ToTarget, want.Sums.ToTarget}, "rgb": {got.RGB, want.Sums.RGB},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	if !math.IsNaN(got.Species) || !math.IsNaN(got.Scene) {
		t.Errorf("species %v and scene %v without prompts; want NaN", got.Species, got.Scene)
	}
}

func TestConformity(t *testing.T) {
	readings := []score.Reading{{Species: "cat", Body: "red"}, {Species: "bear", Body: "red"}, {Species: "cat", Body: "blue"}}
	wanted := []score.Wanted{score.ParsePrompt("a photo of a cat on the moon"), score.ParsePrompt("A cat, in a Forest"), score.ParsePrompt("a photo")}
	got := score.Measure(readings, []string{"moon", "city", "room"}, nil, wanted)
	if got.Species != 0.5 || got.Scene != 0.5 || !math.IsNaN(got.ToTarget) {
		t.Errorf("species %v, scene %v, to target %v; want 0.5, 0.5, NaN", got.Species, got.Scene, got.ToTarget)
	}
	if want := (1 + 0.75 + 0.75) / 3; math.Abs(got.AllFour-1./3) > 1e-9 || math.Abs(got.Identity-want) > 1e-9 {
		t.Errorf("identity %v, all four %v; want %v, 1/3", got.Identity, got.AllFour, want)
	}
	if one := score.Measure(readings[:1], nil, nil, nil); !math.IsNaN(one.Identity) {
		t.Errorf("identity of one picture %v, want NaN", one.Identity)
	}
	if m := score.Mean([]score.Scores{{Scene: 1, RGB: math.NaN()}, {Scene: 0, RGB: 4}}); m.Scene != 0.5 || m.RGB != 4 {
		t.Errorf("mean scene %v, rgb %v; want 0.5, 4", m.Scene, m.RGB)
	}
}

func TestSceneReader(t *testing.T) {
	reader, err := score.OpenSceneReader("../../models/scores/tiny-world-scenes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want, pictures := load(t)
	_, cells, err := score.One().ReadAll(pictures)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Pictures {
		if scene, _ := reader.Read(cells[i]); scene != p.TruthScene {
			t.Errorf("picture %d: scene %s, want %s", i, scene, p.TruthScene)
		}
	}
}

func TestPicturesOfAnotherWorld(t *testing.T) {
	for name, x := range map[string]*tensor.Tensor{
		"oblong": tensor.New(1, 128, 64, 3), "not of cells": tensor.New(1, 100, 100, 3), "grey": tensor.New(1, 128, 128, 1), "one picture": tensor.New(128, 128, 3), "none": nil,
	} {
		if _, _, err := score.One().ReadAll(x); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDistances(t *testing.T) {
	h := func(values ...float32) *tensor.Tensor {
		return &tensor.Tensor{Shape: []int{len(values) / 2, 2, 1, 1}, Data: values}
	}
	cluster := h(0, 1, 3, 1, 0, 5) // distances to the first 3 and 4, between the others 5
	got, err := score.MeasureDistances(h(0, 2, 0, 3, 0, 1), cluster, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := (4. / 3) / 4; math.Abs(got.Pairs-want) > 1e-9 {
		t.Errorf("pairs %v, want %v", got.Pairs, want)
	}
	if want := 1 / 3.5; math.Abs(got.ToTarget-want) > 1e-9 || got.TargetCosine != 0 {
		t.Errorf("to target %v, cosine %v; want %v, 0", got.ToTarget, got.TargetCosine, want)
	}
	for name, f := range map[string]func() error{
		"cluster of one": func() error { _, err := score.MeasureDistances(cluster, h(1, 2), 0); return err },
		"no such target": func() error { _, err := score.MeasureDistances(cluster, cluster, 3); return err },
		"another size": func() error {
			_, err := score.MeasureDistances(cluster, tensor.New(3, 4, 1, 1), 0)
			return err
		},
		"no h": func() error { _, err := score.MeasureDistances(nil, cluster, 0); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	reader, picture := score.One(), tensor.New(1, 128, 128, 3)
	for b.Loop() {
		if _, _, err := reader.ReadAll(picture); err != nil {
			b.Fatal(err)
		}
	}
}

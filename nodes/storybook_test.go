package nodes_test

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
)

func TestStorybookScenes(t *testing.T) {
	got, err := nodes.StorybookScenes{Scenes: "in a forest | Morning\non the moon", Character: "a photo of a robot", Word: "robot", Ending: ", ink", Seed: 7}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Prompts, []string{"a photo of a robot in a forest, ink", "a photo of a robot on the moon, ink"}) ||
		!slices.Equal(got.Captions, []string{"Morning", "on the moon"}) || !slices.Equal(got.Seeds, []uint64{7, 8}) || got.Count != 2 {
		t.Errorf("%+v", got)
	}
}

// TestSheets counts the rows of sheets by their height: pictures of 128 pixels double.
func TestSheets(t *testing.T) {
	const margin, gap, cell = 32, 18, 256
	batch, one := solid(128, 128, 2, 0x808080), solid(128, 128, 1, 0xff0000)
	height := func(rows int) int { return 2*margin + rows*(cell+gap) - gap }
	contact, err := nodes.ContactSheet{Images: []runtime.Image{batch, one, one}, Columns: []int{2}}.Run(t.Context())
	if err != nil || contact.Dim(1) != height(2) {
		t.Errorf("contact sheet %v, error %v; want a height of %d", contact.Shape, err, height(2))
	}
	comparison, err := nodes.ComparisonSheet{Images1: []runtime.Image{batch}, Images2: []runtime.Image{one, one}, Images4: []runtime.Image{batch}}.Run(t.Context())
	if err != nil || comparison.Dim(1) != height(3) {
		t.Errorf("comparison %v, error %v; want a height of %d", comparison.Shape, err, height(3))
	}
	story, err := nodes.StorybookSheet{Images: []runtime.Image{batch}, Captions: []string{"one\ntwo"}, Title: []string{"A story"}}.Run(t.Context())
	if err != nil || story.Dim(1) <= height(1)+40 {
		t.Errorf("storybook %v, error %v; want room for title and captions", story.Shape, err)
	}
	if _, err := (nodes.ContactSheet{}).Run(t.Context()); err == nil {
		t.Error("no pictures: no error")
	}
}

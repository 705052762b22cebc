package nodes

import (
	"slices"
	"testing"
)

func TestGridValues(t *testing.T) {
	g, err := GridValues{Across: "0, 0.8;1.3", AcrossName: "v", Down: "0 1", DownName: "eta2"}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 0.8, 1.3, 0, 0.8, 1.3}; !slices.Equal(g.Across, want) {
		t.Errorf("across %v, want %v", g.Across, want)
	}
	if want := []float64{0, 0, 0, 1, 1, 1}; !slices.Equal(g.Down, want) {
		t.Errorf("down %v, want %v", g.Down, want)
	}
	if g.Columns != 3 || g.Labels[4] != "v 0.8, eta2 1" {
		t.Errorf("columns %d, labels %q", g.Columns, g.Labels)
	}
	for _, wrong := range []string{"", " , ", "1, two", "nan", "1e999"} {
		if _, err := (GridValues{Across: wrong, Down: "1"}).Run(t.Context()); err == nil {
			t.Errorf("across %q was taken", wrong)
		}
		if _, err := (GridValues{Across: "1", Down: wrong}).Run(t.Context()); err == nil {
			t.Errorf("down %q was taken", wrong)
		}
	}
}

package nodes

import (
	"fmt"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestGridValues(t *testing.T) {
	g, err := GridValues{Across: "0, 0.8,1.3", AcrossName: "v", Down: "0..1", DownName: "eta2"}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(g.Across), "[0 0.8 1.3 0 0.8 1.3]"; got != want {
		t.Errorf("across %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(g.Down), "[0 0 0 1 1 1]"; got != want {
		t.Errorf("down %v, want %v", got, want)
	}
	if g.Columns != 3 || g.Labels[4] != "v 0.8, eta2 1" || !slices.Equal(g.Heads, []string{"v 0", "v 0.8", "v 1.3"}) || !slices.Equal(g.Rows, []string{"eta2 0", "eta2 1"}) {
		t.Errorf("columns %d, labels %q, heads %q, rows %q", g.Columns, g.Labels, g.Heads, g.Rows)
	}
	for _, wrong := range []string{"", " , ", "1..9 step 0", "1..1e9"} {
		if _, err := (GridValues{Across: wrong, Down: "1"}).Run(t.Context()); err == nil {
			t.Errorf("across %q was taken", wrong)
		}
		if _, err := (GridValues{Across: "1", Down: wrong}).Run(t.Context()); err == nil {
			t.Errorf("down %q was taken", wrong)
		}
	}
	for text, want := range map[string]string{"1, 2": "[int64 int64]", "1, 2.5": "[float64 float64]", "1, two": "[string string]", "\"a, b\"\nnan": "[string string]", "1..2 step 0.5": "[float64 float64 float64]"} {
		list, err := values(text)
		var types []string
		for _, v := range list {
			types = append(types, fmt.Sprintf("%T", v))
		}
		if err != nil || fmt.Sprint(types) != want {
			t.Errorf("%q: %v, %v; want %s", text, types, err, want)
		}
	}
}

func TestGridSheet(t *testing.T) {
	picture := runtime.Image{Tensor: tensor.New(1, 8, 8, 3)}
	sheet, err := GridSheet{Images: []runtime.Image{picture, picture, picture}, Heads: []string{"a", "b"}, Rows: []string{"one\ntwo"}}.Run(t.Context())
	if err != nil || sheet.Dim(2) < 2*256 || sheet.Dim(1) < 2*256 {
		t.Errorf("%v, %v", sheet.Shape, err)
	}
	if _, err := (GridSheet{}).Run(t.Context()); err == nil {
		t.Error("a sheet without pictures was drawn")
	}
}

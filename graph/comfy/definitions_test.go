package comfy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// Sample has an input of each kind that matters to widget values.
type Sample struct {
	_ graph.Meta `category:"test" title:"A sample"`

	Seed      uint64 `default:"7" min:"0" max:"18446744073709551615" control:"true"`
	NoiseSeed int    `default:"1"`
	Text      string `multiline:"true" dynamic:"true"`
	File      string `choices:"files" upload:"image"`
	Crop      string `enum:"disabled|center"`
	Forced    string `force:"true"`
	Any       any
	On        bool `optional:"true"`
}

func (Sample) Run(context.Context) (string, error) { return "", nil }

func TestFromRegistry(t *testing.T) {
	registry, err := graph.New(graph.Declare[Sample]())
	if err != nil {
		t.Fatal(err)
	}
	choices := func(key string) ([]string, error) { return []string{key + ".png"}, nil }
	want := []Input{
		{Name: "seed", Type: "INT", Default: uint64(7), Widget: true, Control: true},
		{Name: "noise_seed", Type: "INT", Default: int64(1), Widget: true, Control: true},
		{Name: "text", Type: "STRING", Default: "", Widget: true, Dynamic: true},
		{Name: "file", Type: "COMBO", Default: "files.png", Choices: []string{"files.png"}, Widget: true, Upload: true},
		{Name: "crop", Type: "COMBO", Default: "disabled", Choices: []string{"disabled", "center"}, Widget: true},
		{Name: "forced", Type: "STRING", Forced: true},
		{Name: "any", Type: "*"},
		{Name: "on", Type: "BOOLEAN", Default: false, Widget: true},
	}
	info, err := registry.ObjectInfo("Sample", choices)
	if err != nil {
		t.Fatal(err)
	}
	// As a client would receive it, so that both ways must agree.
	text, err := ojson.Marshal(ojson.NewObject("Sample", info), ojson.Compact)
	if err != nil {
		t.Fatal(err)
	}
	described, err := FromObjectInfo(parse(t, string(text)).(*ojson.Object))
	if err != nil {
		t.Fatal(err)
	}
	for name, definitions := range map[string]Definitions{"registry": FromRegistry(registry, choices), "object_info": described} {
		t.Run(name, func(t *testing.T) {
			if definitions.Class("Other") != nil {
				t.Error("knows a class that is not there")
			}
			c := definitions.Class("Sample")
			if c == nil || c.Title != "A sample" || len(c.Inputs) != len(want) {
				t.Fatalf("got %+v", c)
			}
			for i, w := range want {
				g := c.Inputs[i]
				if !ojson.Equal(g.Default, w.Default) || !slices.Equal(g.Choices, w.Choices) {
					t.Errorf("input %s: default %v of %q, want %v of %q", w.Name, g.Default, g.Choices, w.Default, w.Choices)
				}
				g.Default, w.Default, g.Choices, w.Choices = nil, nil, nil, nil
				if g.Name != w.Name || g.Type != w.Type || g.Widget != w.Widget || g.Forced != w.Forced || g.Control != w.Control ||
					g.Upload != w.Upload || g.Dynamic != w.Dynamic {
					t.Errorf("got %+v, want %+v", g, w)
				}
			}
		})
	}
}

func TestFromObjectInfoErrors(t *testing.T) {
	tests := map[string]struct{ info, want string }{
		"class is a number": {`{"A": 1}`, "class A is a number"},
		"input is a text":   {`{"A": {"input": {"required": {"x": "INT"}}}}`, "class A: input x is a string"},
		"input is empty":    {`{"A": {"input": {"optional": {"x": []}}}}`, "class A: input x is an array"},
		"type is a number":  {`{"A": {"input": {"required": {"x": [1]}}}}`, "class A: input x has a number as its type"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := FromObjectInfo(parse(t, tt.info).(*ojson.Object)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if d, err := FromObjectInfo(nil); err != nil || d.Class("A") != nil {
		t.Errorf("no document: %v", err)
	}
}

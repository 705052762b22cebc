package cli

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

func TestParseOverride(t *testing.T) {
	tests := map[string]struct {
		text string
		want override // zero: an error
	}{
		"id":                        {"5.steps=20", override{"5", "steps", "20"}},
		"title with dots and equal": {"v1.5 (a).text=x=y.z", override{"v1.5 (a)", "text", "x=y.z"}},
		"empty value":               {"5.text=", override{"5", "text", ""}},
		"subgraph id":               {"5:3.steps=1", override{"5:3", "steps", "1"}},
		"value with a new line":     {"5.text=a\nb", override{"5", "text", "a\nb"}},
		"no value":                  {"5.steps", override{}},
		"no node":                   {".steps=1", override{}},
		"no input":                  {"5.=1", override{}},
		"no dot":                    {"steps=1", override{}},
		"a dot in the value only":   {"steps=1.5", override{}},
		"empty":                     {"", override{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseOverride(tt.text)
			if got != tt.want || (err != nil) != (tt.want == override{}) {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "NODE.INPUT=VALUE") {
				t.Errorf("%v does not say what to write", err)
			}
		})
	}
}

func TestParseValue(t *testing.T) {
	tests := map[string]struct {
		text, wireType string
		want           any // nil: an error
	}{
		"whole":              {"-3", graph.TypeInt, int64(-3)},
		"largest seed":       {"18446744073709551615", graph.TypeInt, uint64(math.MaxUint64)},
		"2^64":               {"18446744073709551616", graph.TypeInt, nil},
		"not whole":          {"1.5", graph.TypeInt, nil},
		"number":             {"1e-3", graph.TypeFloat, 1e-3},
		"whole number":       {"7", graph.TypeFloat, 7.0},
		"not a number":       {"seven", graph.TypeFloat, nil},
		"true":               {"true", graph.TypeBoolean, true},
		"yes":                {"yes", graph.TypeBoolean, nil},
		"text that is digit": {"7", graph.TypeString, "7"},
		"choice":             {"euler", graph.TypeCombo, "euler"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseValue(tt.text, tt.wireType)
			if got != tt.want || (err != nil) != (tt.want == nil) {
				t.Errorf("got %v (%T), %v", got, got, err)
			}
		})
	}
}

// textNode and joinNode are classes to set inputs of.
type textNode struct {
	_ graph.Meta `category:"test" output:"true"`

	Text  string `default:"x"`
	Count int    `default:"1"`
}

func (textNode) Run(context.Context) (string, error) { return "", nil }

type joinNode struct {
	_ graph.Meta `category:"test"`

	Any any
}

func (joinNode) Run(context.Context) (string, error) { return "", nil }

func TestOverride(t *testing.T) {
	registry, err := graph.New(graph.Declare[textNode](), graph.Declare[joinNode]())
	if err != nil {
		t.Fatal(err)
	}
	const prompt = `{"1": {"class_type": "textNode", "inputs": {"text": "a", "count": ["3", 0]}, "_meta": {"title": "Prompt"}},
		"2": {"class_type": "textNode", "_meta": {"title": "Twice"}}, "3": {"class_type": "joinNode", "inputs": {}, "_meta": {"title": "Twice"}},
		"4": {"class_type": "Gone", "inputs": {}}, "Prompt.2": {"class_type": "textNode", "inputs": {}}}`
	tests := map[string]struct {
		set  string
		node string // where the value is then; "" for an error
		want any    // or a part of the error
	}{
		"by id":                       {"1.text=b", "1", "b"},
		"by title":                    {"Prompt.text=b", "1", "b"},
		"an id with a dot":            {"Prompt.2.text=b", "Prompt.2", "b"},
		"in place of a link":          {"1.count=5", "1", int64(5)},
		"node without inputs":         {"2.text=b", "2", "b"},
		"two nodes of that title":     {"Twice.text=b", "", "2, 3"},
		"no such node":                {"7.text=b", "", "1 (Prompt), 2 (Twice), 3 (Twice), 4 (Gone), Prompt.2 (textNode)"},
		"no such input":               {"1.txt=b", "", "textNode has no such value; it has text, count"},
		"a socket":                    {"3.any=b", "", "joinNode has no values to set"},
		"an unknown class":            {"4.text=b", "", `unknown class "Gone"`},
		"a value of the wrong type":   {"1.count=b", "", "--set 1.count: \"b\" is not a whole number"},
		"titles are told apart by it": {"prompt.text=b", "", "no node has this id or title"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file, err := comfy.Read([]byte(prompt), "x", nil)
			if err != nil {
				t.Fatal(err)
			}
			o, err := parseOverride(tt.set)
			if err != nil {
				t.Fatal(err)
			}
			before, _ := ojson.Marshal(file.Prompt, ojson.Compact)
			kept, err := o.apply(file, registry, comfy.FromRegistry(registry, nil))
			if tt.node == "" {
				if after, _ := ojson.Marshal(file.Prompt, ojson.Compact); err == nil || !strings.Contains(err.Error(), tt.want.(string)) || string(after) != string(before) {
					t.Errorf("got %v, prompt %s", err, after)
				}
				return
			}
			got, _ := file.Prompt.Object(tt.node).Object("inputs").Get(o.input)
			if err != nil || !kept || got != tt.want {
				t.Errorf("got %v, %v, %v", got, kept, err)
			}
		})
	}
}

package nodes_test

import (
	"context"
	"math"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
)

func TestStringNodes(t *testing.T) {
	type node interface {
		Run(context.Context) (string, error)
	}
	tests := map[string]struct {
		node node
		want string
	}{
		"concatenate":            {nodes.StringConcatenate{StringA: "a", StringB: "b", Delimiter: ", "}, "a, b"},
		"substring":              {nodes.StringSubstring{String: "hobbit", Start: -3, End: 99}, "bit"},
		"upper":                  {nodes.CaseConverter{String: "straße", Mode: "UPPERCASE"}, "STRASSE"},
		"title":                  {nodes.CaseConverter{String: "it's", Mode: "Title Case"}, "It'S"},
		"trim left":              {nodes.StringTrim{String: " a ", Mode: "Left"}, "a "},
		"replace":                {nodes.StringReplace{String: "aXbX", Find: "X", Replace: "-"}, "a-b-"},
		"replace nothing":        {nodes.StringReplace{String: "ab", Find: "", Replace: "-"}, "-a-b-"},
		"extract first":          {nodes.RegexExtract{String: "a1 b2", RegexPattern: `\w(\d)`, Mode: "First Match"}, "a1"},
		"extract all, one group": {nodes.RegexExtract{String: "a1 b2", RegexPattern: `\w(\d)`, Mode: "All Matches"}, "1\n2"},
		"extract all, no group":  {nodes.RegexExtract{String: "a1 b2", RegexPattern: `\w\d`, Mode: "All Matches"}, "a1\nb2"},
		"extract group":          {nodes.RegexExtract{String: "a1 b2", RegexPattern: `(\w)(\d)`, Mode: "First Group", GroupIndex: 2}, "1"},
		"extract groups":         {nodes.RegexExtract{String: "a1 b2", RegexPattern: `(\w)(\d)`, Mode: "All Groups", GroupIndex: 2}, "1\n2"},
		"extract no such group":  {nodes.RegexExtract{String: "a1", RegexPattern: `(\w)`, Mode: "All Groups", GroupIndex: 2}, ""},
		"extract, bad pattern":   {nodes.RegexExtract{String: "a1", RegexPattern: `(`, Mode: "All Matches"}, ""},
		"regex replace":          {nodes.RegexReplace{String: "Cat cat", RegexPattern: `c(?=at)`, Replace: "b", CaseInsensitive: true}, "bat bat"},
		"regex replace one":      {nodes.RegexReplace{String: "cat cat", RegexPattern: `c`, Replace: "b", Count: 1}, "bat cat"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.node.Run(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
	if _, err := (nodes.RegexReplace{RegexPattern: `(`}).Run(t.Context()); err == nil {
		t.Error("replacing with a bad pattern is accepted")
	}
	if got, err := (nodes.RegexMatch{String: "x", RegexPattern: `(`}).Run(t.Context()); err != nil || got.Matches {
		t.Errorf("a bad pattern matches: %v (%v)", got, err)
	}
	if got, err := (nodes.RegexMatch{String: "one\nTWO", RegexPattern: `^two$`, CaseInsensitive: true, Multiline: true}).Run(t.Context()); err != nil || !got.Matches {
		t.Errorf("no match: %v (%v)", got, err)
	}
	if got, err := (nodes.StringContains{String: "Hobbit", Substring: "hob"}).Run(t.Context()); err != nil || !got.Contains {
		t.Errorf("not contained: %v (%v)", got, err)
	}
	for mode, want := range map[string]bool{"Starts With": true, "Ends With": false, "Equal": false} {
		got, err := nodes.StringCompare{StringA: "Hobbit", StringB: "HOB", Mode: mode}.Run(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: %v (%v)", mode, got, err)
		}
	}
	if got, err := (nodes.StringLength{String: "äöü"}).Run(t.Context()); err != nil || got.Length != 3 {
		t.Errorf("length is %v (%v)", got, err)
	}
}

func TestPreviewAny(t *testing.T) {
	list := []any{int64(1), "ä", ojson.NewObject("k", nil)}
	for want, v := range map[string]any{
		"text": "text", "None": nil, "True": true, "7": 7, "1.0": 1.0, "nan": math.NaN(),
		`[1, "\u00e4", {"k": null}]`: list, "IMAGE [1 2 3 3]": solid(3, 2, 1, 0),
		"LATENT [1 4 2 3]": runtime.ZeroLatent(1, 4, 2, 3), "18446744073709551615": uint64(math.MaxUint64),
	} {
		ui, err := nodes.PreviewAny{Source: v}.Run(t.Context())
		if err != nil || ui["text"][0] != want {
			t.Errorf("%T is shown as %v (%v), want %s", v, ui["text"], err, want)
		}
	}
}

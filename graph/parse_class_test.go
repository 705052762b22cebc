package graph

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// TestParseClassMistakes says what is wrong with a description.
func TestParseClassMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ info, says string }{
		"an input that is no list":  {`{"input": {"required": {"x": "INT"}}}`, `input x: it is a string; write a list`},
		"a type that is a number":   {`{"input": {"required": {"x": [5]}}}`, "the type is a number"},
		"options that are a list":   {`{"input": {"required": {"x": ["INT", []]}}}`, "the options are an array"},
		"a drop-down with nothing":  {`{"input": {"required": {"x": [[]]}}}`, "without choices"},
		"a limit that is a text":    {`{"input": {"required": {"x": ["INT", {"min": "0"}]}}}`, "min is a string; write a number"},
		"a flag that is a number":   {`{"input": {"required": {"x": ["STRING", {"multiline": 1}]}}}`, "multiline is a number; write true or false"},
		"a default of another type": {`{"input": {"required": {"x": ["INT", {"default": "one"}]}}}`, "the default one is no value of INT"},
		"no such choice":            {`{"input": {"required": {"x": [["a", "b"], {"default": "c"}]}}}`, "the default c is no value of COMBO"},
		"an output without a type":  {`{"output": [5]}`, "output 0 is a number"},
	} {
		o, err := ojson.ParseObject([]byte(tt.info), ojson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseClass("C", o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %q", name, err, tt.says)
		}
	}
}

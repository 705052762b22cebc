package comfy

import (
	"errors"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// valuesOf is the text of the widget values of the first node of an opened graph.
func valuesOf(t *testing.T, f *File) string {
	t.Helper()
	v, _ := f.Workflow.Array("nodes")[0].(*ojson.Object).Get("widgets_values")
	text, err := ojson.Marshal(v, ojson.Python)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOpen(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"in order":               {node(1, "KSampler", `"widgets_values": [5, "fixed", 20, 8, "ddim"]`), `[5, "fixed", 20, 8, "ddim"]`},
		"in order, more behind":  {node(1, "Picture", `"widgets_values": ["b.png", true, "image", 7]`), `["b.png", true, "image", 7]`},
		"null in between":        {node(1, "KSampler", `"widgets_values": [5, "fixed", null, 8, "ddim"]`), `[5, "fixed", null, 8, "ddim"]`},
		"older than the control": {node(1, "KSampler", `"widgets_values": [5, 20, 8.5, "ddim"]`), `[5, "randomize", 20, 8.5, "ddim"]`},
		"control as a switch":    {node(1, "KSampler", `"widgets_values": [5, false, 20, 8.5, "ddim"]`), `[5, false, 20, 8.5, "ddim"]`},
		"too short":              {node(1, "KSampler", `"widgets_values": [5]`), `[5, "randomize", 20, 8.0, "euler"]`},
		"without its control":    {node(1, "NoControl", `"widgets_values": [5, "fixed", 20]`), `[5, 20]`},
		"drop-down with control": {node(1, "Pick", `"widgets_values": ["b", "fixed", "", 4]`), `["b", "fixed", "", 4]`},
		"forced inputs counted":  {node(1, "Forced", `"widgets_values": ["typed", 5, "fixed", true]`), `[5, "fixed", true]`},
		"by name":                {node(1, "KSampler", `"widgets_values": {"seed": 5}`), `{"seed": 5}`},
		"unknown class":          {node(1, "Nobody", `"widgets_values": [1, "x"]`), `[1, "x"]`},
		"only a note":            {node(1, "Note", `"widgets_values": ["text"]`), `["text"]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Open([]byte(ui("", tt.text)), "test")
			if err != nil {
				t.Fatal(err)
			}
			if got := valuesOf(t, f); got != tt.want || f.Kind != UI || f.Prompt != nil {
				t.Errorf("%s graph with values %s, want %s", f.Kind, got, tt.want)
			}
		})
	}
}

func TestOpenDrawsPrompts(t *testing.T) {
	f, err := testReader(t).Open([]byte(`{"3": {"class_type": "KSampler", "inputs": {"model": ["4", 0], "seed": 18446744073709551615}}, "4": {"class_type": "Model", "inputs": {}}}`), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(t, f); got != `[18446744073709551615, "fixed", 20, 8.0, "euler"]` || f.Kind != API {
		t.Errorf("drawn with values %s", got)
	}
	if _, err := testReader(t).Open([]byte(`{"3": {"class_type": "Nobody", "inputs": {}}}`), "test"); !errors.Is(err, ErrUnknownNodes) {
		t.Errorf("error %v, want %v", err, ErrUnknownNodes)
	}
}

package comfy

import (
	"fmt"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

func TestSetValue(t *testing.T) {
	sampler := func(values string) string {
		return ui("", `{"id": 5, "type": "KSampler", "inputs": [], "widgets_values": `+values+`}`, `{"id": 7, "type": "Save", "inputs": []}`)
	}
	const linked = `{"nodes": [{"id": 5, "type": "KSampler", "inputs": [{"name": "steps", "type": "INT", "widget": {"name": "steps"}, "link": 1}],
		"widgets_values": [1, "fixed", 20, 8, "euler"]}, {"id": 6, "type": "PrimitiveNode", "outputs": [{"type": "INT"}], "widgets_values": [30, "fixed"]}],
		"links": [[1, 6, 0, 5, 0, "INT"]]}`
	tests := map[string]struct {
		file, id, input string
		value           any
		kept            bool
		reads           string // what the graph says afterwards, read again; "" if it was dropped
	}{
		"a widget":                  {sampler(`[1, "fixed", 20, 8, "euler"]`), "5", "steps", int64(4), true, "4"},
		"behind a control":          {sampler(`[1, "randomize", 20, 8, "euler"]`), "5", "sampler_name", "ddim", true, "ddim"},
		"a seed above 2^63":         {sampler(`[1, "fixed", 20, 8, "euler"]`), "5", "seed", uint64(1<<64 - 1), true, "18446744073709551615"},
		"values by name":            {sampler(`{"seed": 1, "steps": 20}`), "5", "steps", int64(4), true, "4"},
		"the value is not in it":    {sampler(`[1]`), "5", "cfg", 2.5, false, ""},
		"fed by a primitive":        {linked, "5", "steps", int64(4), false, ""},
		"beside one that is":        {linked, "5", "cfg", 2.5, true, "2.5"},
		"another node's same input": {sampler(`[1, "fixed", 20, 8, "euler"]`), "7", "filename_prefix", "x", false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.file), "x.json")
			if err != nil {
				t.Fatal(err)
			}
			if kept := f.SetValue(testDefinitions(t), tt.id, tt.input, tt.value); kept != tt.kept {
				t.Errorf("kept is %v", kept)
			}
			if got, _ := f.Prompt.Object(tt.id).Object("inputs").Get(tt.input); got != tt.value {
				t.Errorf("the prompt has %v", got)
			}
			if (f.Workflow != nil) != tt.kept || f.ExtraPNGInfo.Has("workflow") != tt.kept {
				t.Errorf("workflow %v, saved with pictures: %v", f.Workflow, f.ExtraPNGInfo)
			}
			if !tt.kept {
				return
			}
			text, err := ojson.Marshal(f.Workflow, ojson.Python)
			if err != nil {
				t.Fatal(err)
			}
			again, err := testReader(t).Read(text, "again")
			if err != nil {
				t.Fatal(err)
			}
			got, _ := again.Prompt.Object(tt.id).Object("inputs").Get(tt.input)
			if fmt.Sprint(got) != tt.reads {
				t.Errorf("read again: %v, want %s", got, tt.reads)
			}
		})
	}
}

// TestSetValueAPI: a prompt alone has no graph that could disagree.
func TestSetValueAPI(t *testing.T) {
	f, err := testReader(t).Read([]byte(`{"1": {"class_type": "Save"}}`), "x.json")
	if err != nil {
		t.Fatal(err)
	}
	if !f.SetValue(testDefinitions(t), "1", "filename_prefix", "x") || f.Prompt.Object("1").Object("inputs").String("filename_prefix") != "x" {
		t.Errorf("got %v", f.Prompt)
	}
}

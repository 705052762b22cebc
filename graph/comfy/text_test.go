package comfy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDrawText(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // all that may come out
	}{
		"empty":              {"", []string{""}},
		"plain":              {"a (cat:1.2)", []string{"a (cat:1.2)"}},
		"choice":             {"a {red|green|blue} cat", []string{"a red cat", "a green cat", "a blue cat"}},
		"two choices":        {"{a|b}{c|d}", []string{"ac", "ad", "bc", "bd"}},
		"one option":         {"{a}", []string{"a"}},
		"empty options":      {"x{|a}", []string{"x", "xa"}},
		"empty braces":       {"{}", []string{""}},
		"nested":             {"{a|{b|c}d}", []string{"a", "bd", "cd"}},
		"nested first":       {"{{a|b}|c}", []string{"a", "b", "c"}},
		"not closed":         {"x{a|b", []string{"xa", "xb"}},
		"closed only":        {"a}|b", []string{"a}|b"}},
		"escapes":            {`\{a\|b\}`, []string{"{a|b}"}},
		"escape in a choice": {`{a\|b|\}}`, []string{"a|b", "}"}},
		"other backslashes":  {`a\(b\)\`, []string{`a\(b\)\`}},
		"line comment":       {"a // b {c|d}\ne", []string{"a \ne"}},
		"comment at the end": {"a//", []string{"a"}},
		"block comment":      {"a/* b\n{c */d", []string{"ad"}},
		"open block comment": {"a/* b /c", []string{"a/* b /c"}},
		"slashes":            {"a/b / c", []string{"a/b / c"}},
		"beyond ASCII":       {"{é|漢}😀", []string{"é😀", "漢😀"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			seen := map[string]bool{}
			for range 200 {
				got, err := drawText(tt.text, random)
				if err != nil || !slices.Contains(tt.want, got) {
					t.Fatalf("got %q, %v; want one of %q", got, err, tt.want)
				}
				seen[got] = true
			}
			if len(seen) != len(tt.want) {
				t.Errorf("200 draws gave only %v of %q", seen, tt.want)
			}
		})
	}
}

func TestDrawTextHostile(t *testing.T) {
	start := time.Now()
	random := rand.New(rand.NewPCG(1, 2))
	deep := strings.Repeat("{a|", 1<<20)
	if got, err := drawText(deep, random); err == nil || got != deep {
		t.Errorf("a million braces: got %d bytes, %v; want the text and an error", len(got), err)
	}
	for _, text := range []string{strings.Repeat("/*", 1<<20), strings.Repeat("{a|b}", 1<<18), strings.Repeat("%", 1<<20)} {
		if _, err := drawText(text, random); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// One long text that is fed to many nodes, named by many or drawn in many must not multiply.
func TestTextsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	nodes := []string{node(1, "PrimitiveNode", `"title": "P", "widgets_values": ["{a|`+long+`}"]`)}
	for id := 2; id < 2000; id++ {
		nodes = append(nodes, node(id, "Text", "", "text STRING 1"))
	}
	nodes = append(nodes, node(2000, "Save", `"widgets_values": ["`+strings.Repeat("%P.value%", 10000)+`"]`))
	start := time.Now()
	f, err := testReader(t).Read([]byte(ui("1: 1.0 STRING", nodes...)), "test")
	if err != nil || f.Prompt.Len() != 1999 {
		t.Fatal(err)
	}
	if len(f.Warnings) != maxWarnings || !strings.Contains(f.Warnings[0].Text, "too long") {
		t.Errorf("%d warnings, the first %v", len(f.Warnings), f.Warnings[:min(len(f.Warnings), 1)])
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// The same seed draws the same texts, and what was drawn is in the graph that is saved with pictures.
func TestDrawnTextIsSaved(t *testing.T) {
	for name, values := range map[string]string{"list": `["{a|b|c|d|e|f}"]`, "map": `{"text": "{a|b|c|d|e|f}"}`} {
		t.Run(name, func(t *testing.T) {
			workflow := []byte(ui("", node(1, "Text", `"widgets_values": `+values)))
			var drawn []string
			for range 2 {
				f, err := testReader(t).Read(workflow, "test")
				if err != nil {
					t.Fatal(err)
				}
				text := f.Prompt.Object("1").Object("inputs").String("text")
				drawn = append(drawn, text)
				again, err := testReader(t).graph(f.Workflow)
				if err != nil || again.Prompt.Object("1").Object("inputs").String("text") != text || len(text) != 1 {
					t.Errorf("drew %q, and the saved graph does not say so: %v, %v", text, again, err)
				}
			}
			if drawn[0] != drawn[1] {
				t.Errorf("the same seed drew %q", drawn)
			}
		})
	}
}

func TestPlaceholders(t *testing.T) {
	tests := map[string]struct{ prefix, want string }{
		"none":                    {"ComfyUI", "ComfyUI"},
		"date":                    {"%date:yyyy-MM-dd_hh.mm.ss%/x", "2026-03-04_15.06.07/x"},
		"short date":              {"%date:yy M d h m s%", "26 3 4 15 6 7"},
		"other letters":           {"%date:Y_yyy%", "Y_26y"},
		"widget by title":         {"a%My sampler.seed%b", "a42b"},
		"float":                   {"%My sampler.cfg%", "7.5"},
		"whole float":             {"%Second.cfg%", "8"},
		"property before title":   {"%Second.steps%", "3"},
		"title of the class":      {"%KSampler.steps%", "5"},
		"unsafe characters":       {"%Words.text%", "a_b_c_____d"},
		"value of a primitive":    {"%Fed.a%", "99"},
		"primitive itself":        {"%P.value%", "99"},
		"unknown node":            {"%Nobody.seed%", "%Nobody.seed%"},
		"unknown widget":          {"%My sampler.x%", "%My sampler.x%"},
		"placeholder of a server": {"%year%-%width%", "%year%-%width%"},
		"single percent":          {"100% sure", "100% sure"},
		"percents":                {"%%My sampler.seed%%", "%42%"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(ui("1: 7.0 INT",
				node(1, "KSampler", `"title": "My sampler", "widgets_values": [42, "fixed", 1, 7.5]`),
				node(2, "KSampler", `"title": "Second", "widgets_values": [43, "fixed", 2, 8.0]`),
				node(3, "KSampler", `"title": "Third", "properties": {"Node name for S&R": "Second"}, "widgets_values": [44, "fixed", 3, 8.0]`),
				node(4, "Text", `"title": "Words", "mode": 2, "widgets_values": ["a/b:c?<>*|d"]`),
				node(5, "KSampler", `"widgets_values": [1, "fixed", 5]`),
				node(6, "Optional", `"title": "Fed"`, "a INT 1"),
				node(7, "PrimitiveNode", `"title": "P", "widgets_values": [99, "fixed"]`),
				node(9, "Save", `"widgets_values": ["`+tt.prefix+`"]`))), "test")
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Prompt.Object("9").Object("inputs").String("filename_prefix"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if unknown := strings.HasPrefix(name, "unknown"); unknown != (len(f.Warnings) == 1) {
				t.Errorf("warnings: %v", f.Warnings)
			}
		})
	}
}

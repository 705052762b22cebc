package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// definedEngine has the stubs and the classes that are given.
func definedEngine(t *testing.T, classes ...Declaration) *testEngine {
	t.Helper()
	e := newTestEngine(t, Config{})
	registry, err := stubRegistry(t).With(classes...)
	if err != nil {
		t.Fatal(err)
	}
	bind := e.Engine.config.Bind
	e.Engine = NewEngine(registry, Config{Choices: e.Engine.config.Choices, Bind: bind})
	return e
}

func mustDefine(t *testing.T, c Class, d Defined) Declaration {
	t.Helper()
	out, err := Define(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mix is a class that is no struct: it joins a picture and a text as often as it is told.
func mix(t *testing.T, d Defined) Declaration {
	t.Helper()
	if d.Run == nil {
		d.Run = func(ctx context.Context, inputs map[string]any) (Produced, error) {
			note(ctx)
			text, _ := inputs["text"].(string)
			f, ok := inputs["by"].(float64)
			if !ok {
				return Produced{}, fmt.Errorf("by is %T", inputs["by"])
			}
			var list []any
			for range int(f) {
				list = append(list, picture{name: inputs["image"].(picture).name + text})
			}
			return Produced{Outputs: []any{list}, UI: UI{"text": {text}}}, nil
		}
	}
	return mustDefine(t, Class{
		Name: "Mix", Category: "found", Inputs: []*Input{
			{Name: "text", Type: TypeString, Optional: true}, {Name: "image", Type: "IMAGE"},
			{Name: "by", Type: TypeFloat, HasDefault: true, Default: 2.0, Min: 1.0, Max: 9.0},
		},
		Outputs: []*Output{{Name: "many", Type: "IMAGE", List: true}},
	}, d)
}

const mixed = `{"1":{"class_type":"Load","inputs":{"name":"a.png"}}, "2":{"class_type":"Mix","inputs":{"image":["1",0],"text":"x","by":2}},
	"3":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"s"}}}`

// TestDefined: a class without a struct is validated, run, cached and merged as others are; a FLOAT input is a float64 however it was written.
func TestDefined(t *testing.T) {
	e := definedEngine(t, mix(t, Defined{}))
	ran, result, err := e.run(mixed)
	if err != nil || ran != "1 2 3 3" {
		t.Errorf("ran %q: %v", ran, err)
	}
	if got := jsonText(result.Outputs.Object("3")); !strings.Contains(got, `"s_a.pngx"`) {
		t.Errorf("saved %s", got)
	}
	if got := jsonText(result.Outputs.Object("2")); got != `{"text":["x"]}` {
		t.Errorf("the node shows %s", got)
	}
	if ran, _, err := e.run(mixed); err != nil || ran != "" {
		t.Errorf("again ran %q: %v", ran, err)
	}
	for _, wrong := range []string{strings.Replace(mixed, `"by":2`, `"by":99`, 1), strings.Replace(mixed, `"image":["1",0],`, "", 1), strings.Replace(mixed, `["1",0]`, `["1",3]`, 1)} {
		if e.Validate(parsePrompt(t, wrong), nil).Err() == nil {
			t.Errorf("taken as valid: %s", wrong)
		}
	}
}

// TestDefinedFails: errors and panics of the function fail the node, and so do results that do not fit.
func TestDefinedFails(t *testing.T) {
	for name, tt := range map[string]struct {
		run  func(context.Context, map[string]any) (Produced, error)
		says string
	}{
		"an error":     {func(context.Context, map[string]any) (Produced, error) { return Produced{}, errors.New("out of paint") }, "out of paint"},
		"a panic":      {func(context.Context, map[string]any) (Produced, error) { panic("oh") }, "panicked"},
		"no results":   {func(context.Context, map[string]any) (Produced, error) { return Produced{}, nil }, "gave 0 results and has 1"},
		"not a list":   {func(context.Context, map[string]any) (Produced, error) { return Produced{Outputs: []any{5}}, nil }, "output many: wants a list"},
		"an expansion": {func(context.Context, map[string]any) (Produced, error) { return Produced{Expansion: &Expansion{}}, nil }, "0 results for 1 outputs"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := definedEngine(t, mix(t, Defined{Run: tt.run})).run(mixed); err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "Mix") {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
	blocks := mix(t, Defined{Run: func(context.Context, map[string]any) (Produced, error) { return Produced{}, Block("") }})
	if ran, _, err := definedEngine(t, blocks).run(mixed); err != nil || ran != "1" {
		t.Errorf("blocked, it ran %q: %v", ran, err)
	}
}

// TestDefinedFingerprint: a node that may change by itself runs again when its fingerprint is another one.
func TestDefinedFingerprint(t *testing.T) {
	state := "1"
	var asked map[string]any
	e := definedEngine(t, mix(t, Defined{Fingerprint: func(_ context.Context, inputs map[string]any) (string, error) { asked = inputs; return state, nil }}))
	for _, tt := range []struct{ state, ran string }{{"1", "1 2 3 3"}, {"1", ""}, {"2", "2 3 3"}} {
		state = tt.state
		if ran, _, err := e.run(mixed); err != nil || ran != tt.ran {
			t.Errorf("at state %s it ran %q, want %q: %v", state, ran, tt.ran, err)
		}
	}
	if asked["text"] != "x" || asked["image"] != nil {
		t.Errorf("asked with %v; want the constants", asked)
	}
}

// TestDefinedLinks: a node that expands gets the links of its sockets, and of a list each call has nodes of its own.
func TestDefinedLinks(t *testing.T) {
	pair := mustDefine(t, Class{
		Name: "Pair", Category: "found", Inputs: []*Input{{Name: "image", Type: "IMAGE"}, {Name: "with", Type: TypeString}}, Outputs: []*Output{{Name: "both", Type: "IMAGE"}},
	}, Defined{Links: true, Run: func(ctx context.Context, inputs map[string]any) (Produced, error) {
		from, ok := inputs["image"].(Link)
		if !ok {
			return Produced{}, fmt.Errorf("image is a %T", inputs["image"])
		}
		id := fmt.Sprint(NodeID(ctx), ".", CallIndex(ctx))
		nodes := parsePrompt(t, fmt.Sprintf(`{"%[1]s:1":{"class_type":"Load","inputs":{"name":%[2]q}},"%[1]s:2":{"class_type":"Join","inputs":{"b":["%[1]s:1",0]}}}`, id, inputs["with"]))
		nodes.Object(id+":2").Object("inputs").Set("a", from)
		return Produced{Expansion: &Expansion{Nodes: nodes, Result: []any{Link{id + ":2", 0}}}}, nil
	}})
	e := definedEngine(t, pair)
	_, result, err := e.run(`{"1":{"class_type":"Load","inputs":{"name":"a.png"}}, "2":{"class_type":"Pair","inputs":{"image":["1",0],"with":"b.png"}},
		"3":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"s"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := jsonText(result.Outputs.Object("3")); !strings.Contains(got, `"s_(a.png+b.png)"`) {
		t.Errorf("saved %s", got)
	}
}

// TestDefineRefuses what is no class, and names that are taken.
func TestDefineRefuses(t *testing.T) {
	run := Defined{Run: func(context.Context, map[string]any) (Produced, error) { return Produced{}, nil }}
	for name, tt := range map[string]struct {
		class Class
		does  Defined
	}{
		"no name":      {Class{}, run},
		"nothing":      {Class{Name: "A"}, Defined{}},
		"no type":      {Class{Name: "A", Inputs: []*Input{{Name: "x"}}}, run},
		"a name twice": {Class{Name: "A", Inputs: []*Input{{Name: "x", Type: "INT"}, {Name: "x", Type: "INT"}}}, run},
	} {
		if _, err := Define(tt.class, tt.does); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := stubRegistry(t).With(mustDefine(t, Class{Name: "Load"}, run)); err == nil || !strings.Contains(err.Error(), "there is such a class already") {
		t.Errorf("a name that is taken: %v", err)
	}
}

package comfy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

func TestReadWidgets(t *testing.T) {
	tests := map[string]struct{ class, saved, want string }{
		"control entry":                    {"KSampler", `[5, "randomize", 30, 7.5, "ddim"]`, `[5, 30, 7.5, "ddim"]`},
		"legacy boolean control":           {"KSampler", `[5, true, 30, 7, "ddim"]`, `[5, 30, 7, "ddim"]`},
		"control entry null":               {"KSampler", `[5, null, 30, 7, "ddim"]`, `[5, 30, 7, "ddim"]`},
		"older than the control":           {"KSampler", `[5, 30, 7.5, "ddim"]`, `[5, 30, 7.5, "ddim"]`},
		"seed by name":                     {"OldSeed", `[5, "fixed", 30]`, `[5, 30]`},
		"control lost by the definition":   {"NoControl", `[5, "fixed", 30]`, `[5, 30]`},
		"no control":                       {"NoControl", `[5, 30]`, `[5, 30]`},
		"combo with control and filter":    {"Pick", `["b", "increment-wrap", "x", 9]`, `["b", 9]`},
		"missing entries":                  {"KSampler", `[5, "fixed"]`, `[5, 20, 8.0, "euler"]`},
		"null is missing":                  {"KSampler", `[5, "fixed", null, 7.5, null]`, `[5, 20, 7.5, "euler"]`},
		"no values at all":                 {"KSampler", `null`, `[0, 20, 8.0, "euler"]`},
		"more entries than widgets":        {"OldSeed", `[5, "fixed", 30, 1, 2]`, `[5, 30]`},
		"upload entry":                     {"Picture", `["b.png", true, "image"]`, `["b.png", true]`},
		"upload entry absent":              {"Picture", `["b.png", true]`, `["b.png", true]`},
		"map":                              {"KSampler", `{"steps": 3, "seed": 5, "other": 1}`, `[5, 3, 8.0, "euler"]`},
		"forceInput has no entry":          {"Forced", `[5, "fixed", true]`, `[5, true]`},
		"dummy of a forceInput":            {"Forced", `["x", 5, "fixed", true]`, `[5, true]`},
		"several choices":                  {"Tags", `[["a", "b"]]`, `[["a", "b"]]`},
		"required first, by input_order":   {"Optional", `[1, 2, 3]`, `[1, 2, 3]`},
		"values that are neither are none": {"OldSeed", `"text"`, `[0, 0]`},
	}
	definitions := testDefinitions(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []any
			for _, w := range readWidgets(definitions.Class(tt.class), parse(t, tt.saved)) {
				got = append(got, w.value)
			}
			if text, err := ojson.Marshal(got, ojson.Python); err != nil || string(text) != tt.want {
				t.Errorf("got %s, %v; want %s", text, err, tt.want)
			}
		})
	}
	var names []string
	for _, in := range definitions.Class("Optional").Inputs {
		names = append(names, in.Name)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(names, want) {
		t.Errorf("order of inputs: got %v, want %v", names, want)
	}
}

// TestLinks looks at the inputs of node 9.
func TestLinks(t *testing.T) {
	image := node(1, "Picture", "")
	convert9 := node(9, "Convert", "", "x IMAGE 5")
	tests := map[string]struct{ workflow, want string }{
		"plain":                      {ui("5: 1.0 IMAGE", image, convert9), `{"x": ["1", 0]}`},
		"unlinked":                   {ui("", image, node(9, "Convert", "", "x IMAGE 0")), `{}`},
		"widget keeps its place":     {ui("5: 1.0 INT, 6: 1.0 MODEL", image, node(9, "KSampler", "", "model MODEL 6", "steps INT 5")), `{"seed": 0, "steps": ["1", 0], "cfg": 8.0, "sampler_name": "euler", "model": ["1", 0]}`},
		"link that is not there":     {ui("", convert9), `{}`},
		"origin that is not there":   {ui("5: 77.0 IMAGE", convert9), `{}`},
		"muted origin":               {ui("5: 1.0 IMAGE", node(1, "Picture", `"mode": 2`), convert9), `{}`},
		"muted origin of a widget":   {ui("5: 1.0 INT", node(1, "Picture", `"mode": 2`), node(9, "Optional", `"widgets_values": [1, 2, 3]`, "b INT 5")), `{"a": 1, "c": 3}`},
		"reroute":                    {ui("4: 1.1 MASK, 5: 3.0 *", image, node(3, "Reroute", "", "x * 4"), convert9), `{"x": ["1", 1]}`},
		"two reroutes, last first":   {ui("5: 3.0 *, 4: 2.0 *, 3: 1.0 IMAGE", convert9, node(3, "Reroute", "", "x * 4"), node(2, "Reroute", "", "x * 3"), image), `{"x": ["1", 0]}`},
		"unlinked reroute":           {ui("5: 3.0 *", node(3, "Reroute", "", "x * 0"), convert9), `{}`},
		"unlinked reroute, widget":   {ui("5: 3.0 *", node(3, "Reroute", "", "x * 0"), node(9, "Optional", `"widgets_values": [1, 2, 3]`, "b INT 5")), `{"a": 1, "b": 2, "c": 3}`},
		"circle of reroutes":         {ui("5: 3.0 *, 4: 2.0 *", node(3, "Reroute", "", "x * 4"), node(2, "Reroute", "", "x * 5"), convert9), `{}`},
		"bypassed, by type":          {ui("4: 1.0 IMAGE, 6: 1.1 MASK, 5: 3.0 IMAGE", image, node(3, "Blend", `"mode": 4`, "mask MASK 6", "a IMAGE 4"), convert9), `{"x": ["1", 0]}`},
		"bypassed, same slot first":  {ui("4: 1.0 IMAGE, 6: 1.2 IMAGE, 5: 3.1 IMAGE", image, node(3, "Blend", `"mode": 4`, "a IMAGE 4", "b IMAGE 6"), convert9), `{"x": ["1", 2]}`},
		"bypassed, first is loose":   {ui("4: 1.0 IMAGE, 5: 3.0 IMAGE", image, node(3, "Blend", `"mode": 4`, "mask MASK 0", "a IMAGE 0", "b IMAGE 4"), convert9), `{}`},
		"bypassed, compatible":       {ui("4: 1.0 IMAGE, 5: 3.0 image", image, node(3, "Blend", `"mode": 4`, "mask MASK 0", "a LATENT,IMAGE 4"), convert9), `{"x": ["1", 0]}`},
		"bypassed, no type fits":     {ui("4: 1.0 MASK, 5: 3.0 IMAGE", image, node(3, "Blend", `"mode": 4`, "mask MASK 4"), convert9), `{}`},
		"bypassed, any type":         {ui("4: 1.0 IMAGE, 6: 1.1 MASK, 5: 3.1 *", image, node(3, "Blend", `"mode": 4`, "mask MASK 6", "a IMAGE 4"), convert9), `{"x": ["1", 0]}`},
		"bypassed, any type, beyond": {ui("6: 1.1 MASK, 5: 3.7 *", image, node(3, "Blend", `"mode": 4`, "mask MASK 6"), convert9), `{"x": ["1", 1]}`},
		"bypassed without inputs":    {ui("5: 1.0 IMAGE", node(1, "Picture", `"mode": 4`), convert9), `{}`},
		"bypassed behind a reroute":  {ui("4: 1.0 IMAGE, 6: 3.0 IMAGE, 5: 2.0 *", image, node(3, "Convert", `"mode": 4`, "x IMAGE 4"), node(2, "Reroute", "", "x * 6"), convert9), `{"x": ["1", 0]}`},
		"bypassed unknown class":     {ui("4: 1.0 IMAGE, 5: 3.0 IMAGE", image, node(3, "Nobody knows", `"mode": 4`, "x IMAGE 4"), convert9), `{"x": ["1", 0]}`},
		"primitive":                  {ui("5: 3.0 INT", node(3, "PrimitiveNode", `"widgets_values": [42, "fixed"]`), node(9, "Optional", `"widgets_values": [1, 2, 3]`, "b INT 5")), `{"a": 1, "b": 42, "c": 3}`},
		"primitive by widget name":   {ui("5: 3.0 INT", node(3, "PrimitiveNode", `"widgets_values": [42]`), `{"id": 9, "type": "Optional", "inputs": [{"name": "shown", "widget": {"name": "b"}, "link": 5}]}`), `{"a": 0, "b": 42, "c": 0}`},
		"muted primitive":            {ui("5: 3.0 INT", node(3, "PrimitiveNode", `"mode": 2, "widgets_values": [42]`), node(9, "Optional", "", "b INT 5")), `{"a": 0, "b": 42, "c": 0}`},
		"primitive and reroute":      {ui("4: 3.0 INT, 5: 2.0 *", node(3, "PrimitiveNode", `"widgets_values": [42]`), node(2, "Reroute", "", "x * 4"), node(9, "Optional", "", "b INT 5")), `{"a": 0, "b": 42, "c": 0}`},
		"primitive to a socket":      {ui("5: 3.0 IMAGE", node(3, "PrimitiveNode", `"widgets_values": [42]`), convert9), `{}`},
		"empty primitive":            {ui("5: 3.0 INT", node(3, "PrimitiveNode", ""), node(9, "Optional", "", "b INT 5")), `{"a": 0, "b": 0, "c": 0}`},
		"several choices are marked": {ui("", node(9, "Tags", `"widgets_values": [["a", 1]]`)), `{"tags": {"__value__": ["a", 1]}}`},
		"sampler of an old file":     {ui("", node(9, "KSampler", `"widgets_values": [1, "fixed", 2, 3, "sample_ddim"]`)), `{"seed": 1, "steps": 2, "cfg": 3, "sampler_name": "ddim"}`},
		"schema 1":                   {`{"version": 1, "state": {"lastNodeId": 9}, "nodes": [` + image + `,` + convert9 + `], "links": [{"id": 5, "origin_id": 1, "origin_slot": 0, "target_id": 9, "target_slot": 0, "type": "IMAGE", "parentId": 4}]}`, `{"x": ["1", 0]}`},
		"links by outputs only":      {`{"nodes": [{"id": 1, "type": "Picture", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [5]}]}, ` + convert9 + `], "links": null, "extra": null}`, `{"x": ["1", 0]}`},
		"ids as texts and floats":    {`{"nodes": [{"id": "a:b", "type": "Picture"}, {"id": 9.0, "type": "Convert", "inputs": [{"name": "x", "type": "IMAGE", "link": "l"}]}], "links": [["l", "a:b", 0, 9, 0, "IMAGE"]]}`, `{"x": ["a:b", 0]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.workflow), "test")
			if err != nil {
				t.Fatal(err)
			}
			if got := inputsOf(t, f, "9"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNodes(t *testing.T) {
	f, err := testReader(t).Read([]byte(ui("", node(10, "Model", ""), node(9, "Model", `"title": "Mine"`), node(2, "Note", ""), node(3, "Model", `"mode": 2`),
		node(4, "Nobody knows", `"mode": 2`), node(5, "MarkdownNote", ""), node(6, "Model", `"mode": 4`), node(7, "Model", `"mode": 1`))), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Prompt.Keys(), []string{"7", "9", "10"}; !slices.Equal(got, want) {
		t.Errorf("nodes that run: got %v, want %v", got, want)
	}
	for id, want := range map[string]string{"9": "Mine", "10": "The Model"} {
		if got := f.Prompt.Object(id).Object("_meta").String("title"); got != want {
			t.Errorf("title of node %s: got %q, want %q", id, got, want)
		}
	}
	if f.Kind != UI || f.Workflow == nil || f.ExtraPNGInfo.Object("workflow") != f.Workflow {
		t.Errorf("kind %s, workflow %v, extra %v", f.Kind, f.Workflow, f.ExtraPNGInfo)
	}
}

func TestRenamedClasses(t *testing.T) {
	for old, current := range map[string]string{"T2IAdapterLoader": "ControlNetLoader", "ConditioningAverage ": "ConditioningAverage",
		"SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning", "KSampler": "KSampler"} {
		if got := currentName(old); got != current {
			t.Errorf("%q: got %q, want %q", old, got, current)
		}
	}
}

// A text or array id comes after the whole numbers, in execution order: each node after those it depends on.
func TestOrder(t *testing.T) {
	f, err := testReader(t).Read([]byte(`{"nodes": [
		{"id": "z", "type": "Convert", "inputs": [{"name": "x", "type": "IMAGE", "link": 1}]}, {"id": 11, "type": "Model"},
		{"id": "01", "type": "Convert", "inputs": [{"name": "x", "type": "IMAGE", "link": 2}]}, {"id": "a", "type": "Picture"}, {"id": 2, "type": "Model"},
		{"id": "circle", "type": "Convert", "inputs": [{"name": "x", "type": "IMAGE", "link": 3}]}
	], "links": [[1, "01", 0, "z", 0, "IMAGE"], [2, "a", 0, "01", 0, "IMAGE"], [3, "circle", 0, "circle", 0, "IMAGE"]]}`), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Prompt.Keys(), []string{"2", "11", "a", "01", "z", "circle"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConvertErrors(t *testing.T) {
	tests := map[string]struct {
		workflow string
		is       error
		want     []string
	}{
		"unknown classes": {
			ui("", node(1, "Magic", `"title": "My magic", "properties": {"cnr_id": "magic-pack"}`), node(2, "Model", ""), node(3, "Other", `"properties": {"aux_id": "me/other"}`), node(4, "Third", "")),
			ErrUnknownNodes, []string{`Magic (node 1 "My magic", pack magic-pack)`, "Other (node 3, pack me/other)", "Third (node 4)"},
		},
		"group node without a definition": {
			ui("", node(1, "workflow>Hires", ""), node(3, "workflow>Muted", `"mode": 2`)),
			ErrContainer, []string{`node 1: group node "Hires" is not defined`},
		},
		"same id twice":     {ui("", node(1, "Model", ""), node(1, "Model", "")), nil, []string{"nodes[1]: a second node with id 1"}},
		"node is a text":    {`{"nodes": ["x"]}`, nil, []string{"nodes[0] is a string"}},
		"node without id":   {`{"nodes": [{"type": "Model"}]}`, nil, []string{"nodes[0]: the id is None"}},
		"node with no type": {`{"nodes": [{"id": 4}]}`, nil, []string{"node 4: the type is None"}},
		"short link":        {`{"nodes": [], "links": [[1, 2, 3]]}`, nil, []string{"links[0] has 3 entries"}},
		"link is a number":  {`{"nodes": [], "links": [null, 7]}`, nil, []string{"links[1] is a number"}},
		"negative slot":     {`{"nodes": [], "links": [[1, 2, -1, 3, 0, "X"]]}`, nil, []string{"links[0]: [1, 2, -1, 3, 0, 'X'] is no link"}},
		"nothing runs":      {ui("", node(1, "Note", "")), ErrNoWorkflow, []string{"1 nodes, and none of them runs"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := testReader(t).Read([]byte(tt.workflow), "some.json")
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, want := range append(tt.want, "some.json: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "Muted") {
				t.Errorf("%q names a node that does not run", err)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	f, err := testReader(t).Read([]byte(ui("", node(9, "Convert", "", "x IMAGE 5"))), "test")
	if err != nil || len(f.Warnings) != 1 || f.Warnings[0].String() != "node 9 (Convert): input x: link 5 is not in the file; taken as not linked" {
		t.Errorf("got %v, %v", f, err)
	}
}

// Work must not grow faster than the file: here every link is long, dead or bypassed beside many others.
func TestHostileGraphs(t *testing.T) {
	const many = 20_000
	var chain, links []string
	for i := 1; i <= many; i++ {
		chain = append(chain, node(i, "Reroute", "", fmt.Sprintf("x * %d", i-1)), node(many+i, "Convert", "", fmt.Sprintf("x IMAGE %d", many-i%2)))
		links = append(links, fmt.Sprintf("%d: %d.0 *", i, i))
	}
	var slots, deadLinks, bypassed []string
	for i := 1; i <= many; i++ {
		slots = append(slots, fmt.Sprintf("x%d A,B,C,D %d", i, i))
		deadLinks = append(deadLinks, fmt.Sprintf("%d: 1.0 IMAGE", i))
		bypassed = append(bypassed, fmt.Sprintf("%d: 1.%d IMAGE", i, i))
	}
	tests := map[string]string{
		"chain of reroutes": ui(strings.Join(links, ", "), chain...),
		"dead links":        ui(strings.Join(deadLinks, ", "), node(1, "Picture", `"mode": 2`), node(2, "Preview", "", slots...)),
		"bypassed":          ui(strings.Join(bypassed, ", "), node(1, "Picture", `"mode": 4`, slots...), node(2, "Preview", "", slots...)),
	}
	for name, workflow := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := testReader(t).Read([]byte(workflow), "test"); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%d KB took %v", len(workflow)>>10, took)
			}
		})
	}
}

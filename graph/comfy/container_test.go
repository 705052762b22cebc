package comfy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// subgraphs is a definitions section; a definition is id, the names of inputs and outputs, links "id: origin.slot>target.slot TYPE", and nodes.
func subgraphs(definitions ...string) string {
	return `"definitions": {"subgraphs": [` + strings.Join(definitions, ", ") + `]}`
}

func definition(id, inputs, outputs, links string, nodes ...string) string {
	slots := func(names string) string {
		var list []string
		for name := range strings.FieldsSeq(names) {
			list = append(list, fmt.Sprintf(`{"id": "u", "name": %q, "type": "*", "linkIds": []}`, name))
		}
		return strings.Join(list, ", ")
	}
	var list []string
	for link := range strings.SplitSeq(links, ", ") {
		var id, origin, slot, target, targetSlot int
		var typ string
		if n, _ := fmt.Sscanf(link, "%d: %d.%d>%d.%d %s", &id, &origin, &slot, &target, &targetSlot, &typ); n == 6 {
			list = append(list, fmt.Sprintf(`{"id": %d, "origin_id": %d, "origin_slot": %d, "target_id": %d, "target_slot": %d, "type": %q}`,
				id, origin, slot, target, targetSlot, typ))
		}
	}
	return fmt.Sprintf(`{"id": %q, "name": "Name of %s", "version": 1, "inputNode": {"id": -10}, "outputNode": {"id": -20}, "inputs": [%s], "outputs": [%s], "nodes": [%s], "links": [%s]}`,
		id, id, slots(inputs), slots(outputs), strings.Join(nodes, ", "), strings.Join(list, ", "))
}

// with adds sections to a UI graph.
func with(workflow string, sections ...string) string {
	return strings.TrimSuffix(workflow, "}") + ", " + strings.Join(sections, ", ") + "}"
}

// widgetNode is a node whose inputs "name TYPE link" are widgets.
func widgetNode(id int, class, more string, inputs ...string) string {
	n := node(id, class, more, inputs...)
	for _, input := range inputs {
		name, _, _ := strings.Cut(input, " ")
		n = strings.Replace(n, fmt.Sprintf(`{"name": %q,`, name), fmt.Sprintf(`{"name": %q, "widget": {"name": %q},`, name, name), 1)
	}
	return n
}

// TestSubgraphs looks at the inputs of one node.
func TestSubgraphs(t *testing.T) {
	image := node(1, "Picture", "")
	convert := func(link int) string { return node(9, "Convert", "", fmt.Sprintf("x IMAGE %d", link)) }
	// through: the picture goes in, is converted inside, and comes out.
	through := definition("s", "picture", "result", "1: -10.0>5.0 IMAGE, 2: 5.0>-20.0 IMAGE", node(5, "Convert", "", "x IMAGE 1"))
	numbers := definition("n", "b c", "", "1: -10.0>5.0 INT, 2: -10.1>5.1 FLOAT",
		widgetNode(5, "Optional", `"widgets_values": [1, 2, 3.5]`, "b INT 1", "c FLOAT 2"))
	outer := definition("o", "b", "", "1: -10.0>7.0 INT", widgetNode(7, "n", `"widgets_values": [40, 50]`, "b INT 1", "c FLOAT 0"))
	tests := map[string]struct{ workflow, node, want string }{
		"link in":                   {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(through)), "3:5", `{"x": ["1", 0]}`},
		"link out":                  {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(through)), "9", `{"x": ["3:5", 0]}`},
		"bypassed":                  {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", `"mode": 4`, "picture IMAGE 4"), convert(6)), subgraphs(through)), "9", `{"x": ["1", 0]}`},
		"bypassed, nothing inside":  {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", `"mode": 4`, "picture IMAGE 4"), convert(6)), subgraphs(through)), "3:5", "not in the prompt"},
		"muted":                     {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", `"mode": 2`, "picture IMAGE 4"), convert(6)), subgraphs(through)), "9", `{}`},
		"unlinked input":            {with(ui("6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 0"), convert(6)), subgraphs(through)), "3:5", `{}`},
		"one after another":         {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE, 7: 4.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), node(4, "s", "", "picture IMAGE 6"), convert(7)), subgraphs(through)), "4:5", `{"x": ["3:5", 0]}`},
		"input by name":             {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "other MASK 0", "picture IMAGE 4"), convert(6)), subgraphs(through)), "3:5", `{"x": ["1", 0]}`},
		"no such output":            {with(ui("6: 3.4 IMAGE", image, node(3, "s", ""), convert(6)), subgraphs(through)), "9", `{}`},
		"straight through":          {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(definition("s", "picture", "result", "1: -10.0>-20.0 IMAGE"))), "9", `{"x": ["1", 0]}`},
		"reroute inside":            {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(definition("s", "picture", "result", "1: -10.0>5.0 IMAGE, 2: 5.0>-20.0 IMAGE", node(5, "Reroute", "", "x * 1")))), "9", `{"x": ["1", 0]}`},
		"muted inside":              {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(definition("s", "picture", "result", "1: -10.0>5.0 IMAGE, 2: 5.0>-20.0 IMAGE", node(5, "Convert", `"mode": 2`, "x IMAGE 1")))), "9", `{}`},
		"bypassed inside":           {with(ui("4: 1.0 IMAGE, 6: 3.0 IMAGE", image, node(3, "s", "", "picture IMAGE 4"), convert(6)), subgraphs(definition("s", "picture", "result", "1: -10.0>5.0 IMAGE, 2: 5.0>-20.0 IMAGE", node(5, "Convert", `"mode": 4`, "x IMAGE 1")))), "9", `{"x": ["1", 0]}`},
		"promoted":                  {with(ui("", widgetNode(3, "n", `"widgets_values": [20, 30.5]`, "b INT 0", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 20, "c": 30.5}`},
		"promoted, missing entries": {with(ui("", widgetNode(3, "n", `"widgets_values": [20]`, "b INT 0", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 20, "c": 3.5}`},
		"promoted, null":            {with(ui("", widgetNode(3, "n", `"widgets_values": [null, 30]`, "b INT 0", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 2, "c": 30}`},
		"promoted, a map":           {with(ui("", widgetNode(3, "n", `"widgets_values": {"c": 30}`, "b INT 0", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 2, "c": 30}`},
		"promoted and linked":       {with(ui("4: 8.0 INT", node(8, "OldSeed", ""), widgetNode(3, "n", `"widgets_values": [20, 30]`, "b INT 4", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": ["8", 0], "c": 30}`},
		"promoted, primitive":       {with(ui("4: 8.0 INT", node(8, "PrimitiveNode", `"widgets_values": [77, "fixed"]`), widgetNode(3, "n", `"widgets_values": [20, 30]`, "b INT 4", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 77, "c": 30}`},
		"linked to nothing":         {with(ui("4: 8.0 INT", node(8, "Reroute", "", "x * 0"), widgetNode(3, "n", `"widgets_values": [20, 30]`, "b INT 4", "c FLOAT 0")), subgraphs(numbers)), "3:5", `{"a": 1, "b": 2, "c": 30}`},
		"nested":                    {with(ui("", widgetNode(3, "o", `"widgets_values": [20]`, "b INT 0")), subgraphs(outer, numbers)), "3:7:5", `{"a": 1, "b": 20, "c": 50}`},
		"nested, inner value":       {with(ui("", widgetNode(3, "o", "", "b INT 0")), subgraphs(outer, numbers)), "3:7:5", `{"a": 1, "b": 40, "c": 50}`},
		"nested, linked outside":    {with(ui("4: 8.0 INT", node(8, "OldSeed", ""), widgetNode(3, "o", `"widgets_values": [20]`, "b INT 4")), subgraphs(outer, numbers)), "3:7:5", `{"a": 1, "b": ["8", 0], "c": 50}`},
		"nested, defined inside":    {with(ui("", widgetNode(3, "o", `"widgets_values": [20]`, "b INT 0")), subgraphs(with(outer, subgraphs(numbers)))), "3:7:5", `{"a": 1, "b": 20, "c": 50}`},
		"proxies":                   {with(ui("", node(3, "n", `"properties": {"proxyWidgets": [["5", "a"], ["-1", "c"]]}, "widgets_values": [10, 30]`)), subgraphs(numbers)), "3:5", `{"a": 10, "b": 2, "c": 30}`},
		"proxies as text":           {with(ui("", node(3, "n", `"properties": {"proxyWidgets": "[[\"5\", \"a\"]]"}, "widgets_values": [10]`)), subgraphs(numbers)), "3:5", `{"a": 10, "b": 2, "c": 3.5}`},
		"proxies without values":    {with(ui("", node(3, "n", `"properties": {"proxyWidgets": [["5", "a"]]}, "widgets_values": []`)), subgraphs(numbers)), "3:5", `{"a": 1, "b": 2, "c": 3.5}`},
		"proxy of a nested widget":  {with(ui("", node(3, "o", `"properties": {"proxyWidgets": [["7", "c"], ["-1", "b"]]}, "widgets_values": [51, 41]`)), subgraphs(outer, numbers)), "3:7:5", `{"a": 1, "b": 41, "c": 51}`},
		"proxy of nothing":          {with(ui("", node(3, "n", `"properties": {"proxyWidgets": [["77", "a"], "x", ["5", "nothing"]]}, "widgets_values": [1, 2, 3]`)), subgraphs(numbers)), "3:5", `{"a": 1, "b": 2, "c": 3.5}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.workflow), "test")
			if err != nil {
				t.Fatal(err)
			}
			if got := inputsOf(t, f, tt.node); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// groups is an extra section with one group node.
func groups(name, links, more string, nodes ...string) string {
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf(`"extra": {"groupNodes": {%q: {"nodes": [%s], "links": [%s]%s}}}`, name, strings.Join(nodes, ", "), links, more)
}

func TestGroupNodes(t *testing.T) {
	sampler := groups("g", `[0, 0, 1, 0, 4, "MODEL"]`, "", node(-1, "Model", ""), node(-1, "KSampler", `"widgets_values": [1, "fixed", 2, 3, "ddim"]`, "model MODEL 88", "latent LATENT 0"))
	instance := `"widgets_values": [5, "randomize", 6, 7.5, "euler"]`
	two := groups("g", "", "", node(-1, "Text", `"widgets_values": ["one"], "title": "First"`, "clip CLIP 0"), node(-1, "Text", `"widgets_values": ["two"], "title": "Second"`, "clip CLIP 0"))
	primitive := groups("g", `[0, 0, 1, 0, 4, "INT"]`, "", node(-1, "PrimitiveNode", `"widgets_values": [9, "fixed"], "title": "Steps", "outputs": [{"name": "INT", "type": "INT"}]`),
		widgetNode(-1, "Optional", `"widgets_values": [1, 2, 3]`, "b INT 5"))
	hidden := groups("g", "", `"config": {"0": {"input": {"steps": {"visible": false}, "seed": {"name": "luck"}}}}`, node(-1, "OldSeed", `"widgets_values": [1, "fixed", 2]`))
	convert := func(more string) string {
		return groups("g", `[0, 0, 1, 0, 4, "IMAGE"]`, more, node(-1, "Convert", `"outputs": [{"name": "IMAGE", "type": "IMAGE"}]`, "x IMAGE 0"), node(-1, "Convert", "", "x IMAGE 0"))
	}
	tests := map[string]struct{ workflow, node, want string }{
		"inside":              {with(ui("", node(3, "workflow>g", instance, "latent LATENT 0")), sampler), "3:1", `{"seed": 5, "steps": 6, "cfg": 7.5, "sampler_name": "euler", "model": ["3:0", 0]}`},
		"old name":            {with(ui("", node(3, "workflow/g", instance)), sampler), "3:1", `{"seed": 5, "steps": 6, "cfg": 7.5, "sampler_name": "euler", "model": ["3:0", 0]}`},
		"linked":              {with(ui("4: 8.0 LATENT", node(8, "Picture", ""), node(3, "workflow>g", instance, "latent LATENT 4")), sampler), "3:1", `{"seed": 5, "steps": 6, "cfg": 7.5, "sampler_name": "euler", "model": ["3:0", 0], "latent": ["8", 0]}`},
		"without values":      {with(ui("", node(3, "workflow>g", "")), sampler), "3:1", `{"seed": 1, "steps": 2, "cfg": 3, "sampler_name": "ddim", "model": ["3:0", 0]}`},
		"two of a class":      {with(ui("4: 8.0 CLIP, 5: 8.1 CLIP", node(8, "Picture", ""), node(3, "workflow>g", `"widgets_values": ["a", "b"]`, "clip CLIP 4", "clip2 CLIP 5")), two), "3:1", `{"text": "b", "clip": ["8", 1]}`},
		"two of a class, map": {with(ui("", node(3, "workflow>g", `"widgets_values": {"Second text": "b"}`)), two), "3:1", `{"text": "b"}`},
		"map, inner value":    {with(ui("", node(3, "workflow>g", `"widgets_values": {"Second text": "b"}`)), two), "3:0", `{"text": "one"}`},
		"primitive inside":    {with(ui("", node(3, "workflow>g", `"widgets_values": [55, "fixed", 66, 77]`)), primitive), "3:1", `{"a": 66, "b": 55, "c": 77}`},
		"hidden, has entry":   {with(ui("", node(3, "workflow>g", `"widgets_values": [55, "fixed", 66]`)), hidden), "3:0", `{"noise_seed": 55, "steps": 66}`},
		"hidden, no entry":    {with(ui("", node(3, "workflow>g", `"widgets_values": [55, "fixed"]`)), hidden), "3:0", `{"noise_seed": 55, "steps": 2}`},
		"hidden, renamed":     {with(ui("", node(3, "workflow>g", `"widgets_values": {"luck": 55}`)), strings.Replace(hidden, `"seed"`, `"noise_seed"`, 1)), "3:0", `{"noise_seed": 55, "steps": 2}`},
		"output":              {with(ui("5: 3.0 IMAGE", node(3, "workflow>g", ""), node(9, "Convert", "", "x IMAGE 5")), convert("")), "9", `{"x": ["3:1", 0]}`},
		"output, external":    {with(ui("5: 3.0 IMAGE", node(3, "workflow>g", ""), node(9, "Convert", "", "x IMAGE 5")), convert(`"external": [[0, 0, "IMAGE"]]`)), "9", `{"x": ["3:0", 0]}`},
		"output, made shown":  {with(ui("5: 3.0 IMAGE", node(3, "workflow>g", ""), node(9, "Convert", "", "x IMAGE 5")), convert(`"config": {"0": {"output": {"0": {"visible": true}}}}`)), "9", `{"x": ["3:0", 0]}`},
		"upload entry":        {with(ui("", node(3, "workflow>g", `"widgets_values": ["b.png", true, "image", 1, 2]`)), groups("g", "", "", node(-1, "Picture", ""), node(-1, "NoControl", ""))), "3:1", `{"seed": 1, "steps": 2}`},
		"upload entry absent": {with(ui("", node(3, "workflow>g", `"widgets_values": ["b.png", true, 1, 2]`)), groups("g", "", "", node(-1, "Picture", ""), node(-1, "NoControl", ""))), "3:1", `{"seed": 1, "steps": 2}`},
		"converted widget":    {with(ui("4: 8.0 INT", node(8, "Picture", ""), node(3, "workflow>g", `"widgets_values": [10, 30, 20]`, "b INT 4")), groups("g", "", "", widgetNode(-1, "Optional", "", "b INT 0"))), "3:0", `{"a": 10, "b": ["8", 0], "c": 30}`},
		"reroute inside":      {with(ui("4: 8.0 IMAGE", node(8, "Picture", ""), node(3, "workflow>g", "", "IMAGE IMAGE 4")), groups("g", `[0, 0, 1, 0, 4, "IMAGE"]`, "", node(-1, "Reroute", `"outputs": [{"name": "", "type": "IMAGE"}]`, "x * 0"), node(-1, "Convert", "", "x IMAGE 0"))), "3:1", `{"x": ["8", 0]}`},
		"bypassed":            {with(ui("4: 8.0 IMAGE, 5: 3.0 IMAGE", node(8, "Picture", ""), node(3, "workflow>g", `"mode": 4`, "x IMAGE 4"), node(9, "Convert", "", "x IMAGE 5")), convert("")), "9", `{"x": ["8", 0]}`},
		"in a subgraph":       {with(ui("", node(2, "s", "")), subgraphs(definition("s", "", "", "", node(3, "workflow>g", instance))), sampler), "2:3:1", `{"seed": 5, "steps": 6, "cfg": 7.5, "sampler_name": "euler", "model": ["2:3:0", 0]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := testReader(t).Read([]byte(tt.workflow), "test")
			if err != nil {
				t.Fatal(err)
			}
			if got := inputsOf(t, f, tt.node); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestGroupInGroup: a group node may be inside another one, and shows its inputs there.
func TestGroupInGroup(t *testing.T) {
	workflow := with(ui("4: 8.0 IMAGE", node(8, "Picture", ""), node(3, "workflow>outer", `"widgets_values": [7, "fixed", 9]`, "x IMAGE 4")),
		fmt.Sprintf(`"extra": {"groupNodes": {"outer": {"nodes": [%s, %s], "links": []}, "inner": {"nodes": [%s, %s], "links": []}}}`,
			node(-1, "Model", ""), node(-1, "workflow>inner", "", "x IMAGE 0"), node(-1, "OldSeed", `"widgets_values": [1, "fixed", 2]`), node(-1, "Convert", "", "x IMAGE 0")))
	f, err := testReader(t).Read([]byte(workflow), "test")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"3:1:0": `{"noise_seed": 7, "steps": 9}`, "3:1:1": `{"x": ["8", 0]}`} {
		if got := inputsOf(t, f, id); got != want {
			t.Errorf("node %s: got %s, want %s", id, got, want)
		}
	}
}

func TestContainerErrors(t *testing.T) {
	bomb := []string{definition("d0", "", "", "", node(1, "Model", ""))}
	for i := 1; i < 8; i++ {
		var nodes []string
		for k := range 10 {
			nodes = append(nodes, node(k, fmt.Sprintf("d%d", i-1), ""))
		}
		bomb = append(bomb, definition(fmt.Sprintf("d%d", i), "", "", "", nodes...))
	}
	var deep []string
	for i := range 80 {
		deep = append(deep, definition(fmt.Sprintf("d%d", i), "", "", "", node(1, fmt.Sprintf("d%d", i+1), "")))
	}
	tests := map[string]struct{ workflow, want string }{
		"inside itself":         {with(ui("", node(1, "s", "")), subgraphs(definition("s", "", "", "", node(5, "s", "")))), `node 1:5: subgraph "Name of s" is inside itself`},
		"inside another":        {with(ui("", node(1, "a", "")), subgraphs(definition("a", "", "", "", node(5, "b", "")), definition("b", "", "", "", node(6, "a", "")))), `node 1:5:6: subgraph "Name of a" is inside itself`},
		"group inside itself":   {with(ui("", node(1, "workflow>g", "")), groups("g", "", "", node(-1, "workflow>g", ""))), `group node "g" is inside itself`},
		"too many":              {with(ui("", node(1, "d7", "")), subgraphs(bomb...)), "more than 200000 nodes"},
		"too deep":              {with(ui("", node(1, "d0", "")), subgraphs(deep...)), "more than 64 deep"},
		"broken definition":     {with(ui("", node(1, "s", "")), subgraphs(`{"id": "s", "nodes": [7]}`)), "nodes[0] is a number"},
		"broken group node":     {with(ui("", node(1, "workflow>g", "")), groups("g", "", "", `7`)), `group node "g": nodes[0] is a number`},
		"group link to nothing": {with(ui("", node(1, "workflow>g", "")), groups("g", `[0, 0, 5, 0]`, "", node(-1, "Model", ""))), "links[0]: [0, 0, 5, 0] is no link"},
		"id taken":              {with(strings.Replace(ui("", node(1, "s", ""), node(2, "Model", "")), `"id": 2`, `"id": "1:5"`, 1), subgraphs(definition("s", "", "", "", node(5, "Model", "")))), "a second node with id 1:5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := testReader(t).Read([]byte(tt.workflow), "some.json")
			if !errors.Is(err, ErrContainer) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestSetInside: a value that belongs to one node is written to where the file keeps it; a definition that two instances share has no place.
func TestSetInside(t *testing.T) {
	numbers := definition("n", "b", "", "1: -10.0>5.0 INT", widgetNode(5, "Optional", `"widgets_values": [1, 2, 3.5]`, "b INT 1"))
	one := with(ui("", widgetNode(3, "n", `"widgets_values": [20]`, "b INT 0")), subgraphs(numbers))
	two := with(ui("", widgetNode(3, "n", `"widgets_values": [20]`, "b INT 0"), widgetNode(4, "n", `"widgets_values": [30]`, "b INT 0")), subgraphs(numbers))
	tests := map[string]struct {
		workflow, input string
		kept            bool
	}{
		"of the definition":       {one, "a", true},
		"promoted":                {one, "b", true},
		"of a shared definition":  {two, "a", false},
		"promoted, of two":        {two, "b", true},
		"of a group node":         {with(ui("", node(3, "workflow>g", `"widgets_values": [1, 2, 3]`)), groups("g", "", "", node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Optional", ""))), "b", true},
		"of a group node without": {with(ui("", node(3, "workflow>g", "")), groups("g", "", "", node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Model", ""), node(-1, "Optional", ""))), "b", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reader := testReader(t)
			f, err := reader.Read([]byte(tt.workflow), "test")
			if err != nil {
				t.Fatal(err)
			}
			if kept := f.SetValue(reader.Definitions, "3:5", tt.input, int64(99)); kept != tt.kept {
				t.Fatalf("kept %v, want %v", kept, tt.kept)
			}
			want := f.Prompt
			if !tt.kept {
				return
			}
			text, err := ojson.Marshal(f.Workflow, ojson.Compact)
			if err != nil {
				t.Fatal(err)
			}
			again, err := reader.Read(text, "again")
			if err != nil || !ojson.Equal(again.Prompt, want) {
				t.Errorf("read again: %v\n%s, want\n%s", err, ojson.PythonRepr(again.Prompt), ojson.PythonRepr(want))
			}
		})
	}
}

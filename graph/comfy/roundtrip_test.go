package comfy

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// The property: a prompt drawn as a UI graph, and then disguised in ways that mean the same, reads as the prompt again. A disguise is what
// people do in the editor: reroutes, primitives, bypassed nodes, subgraphs, group nodes, notes, links as objects.

// roundTripClasses have an output for every input type, so that any of them can be linked.
const roundTripClasses = `{
	"Source": {"input": {"required": {"name": [["a", "b"], {}], "size": ["INT", {"default": 8}]}}, "output": ["IMAGE", "INT", "STRING"], "output_name": ["IMAGE", "INT", "STRING"]},
	"Blend": {"input": {"required": {"a": ["IMAGE"], "b": ["IMAGE"], "amount": ["FLOAT", {"default": 0.5}]}, "optional": {"mask": ["MASK"]}}, "output": ["IMAGE", "MASK"], "output_name": ["IMAGE", "MASK"]},
	"Sample": {"input": {"required": {"image": ["IMAGE"], "seed": ["INT", {"control_after_generate": true}], "steps": ["INT", {"default": 20}], "mode": ["COMBO", {"options": ["x", "y"], "control_after_generate": true}], "on": ["BOOLEAN", {}]}}, "output": ["IMAGE"], "output_name": ["IMAGE"]},
	"Load": {"input": {"required": {"picture": [["p.png", "q.png"], {"image_upload": true}]}, "optional": {"text": ["STRING", {"default": "none"}]}}, "output": ["IMAGE", "MASK"], "output_name": ["IMAGE", "MASK"]},
	"Tags": {"input": {"required": {"tags": ["COMBO", {"options": ["x", "y"], "multiselect": true}], "image": ["IMAGE"]}}, "output": ["IMAGE"], "output_name": ["IMAGE"]},
	"Save": {"input": {"required": {"images": ["IMAGE"], "prefix": ["STRING", {"default": "ComfyUI"}]}}, "output": [], "output_node": true}
}`

// randomPrompt is a prompt of n nodes, each linked to nodes before it.
func randomPrompt(r *rand.Rand, definitions Definitions, n int) *ojson.Object {
	names := []string{"Source", "Blend", "Sample", "Load", "Tags", "Save"}
	type output struct {
		id   string
		slot int
	}
	byType := map[string][]output{}
	prompt := ojson.NewObject()
	for i := range n {
		class := definitions.Class(names[r.IntN(len(names))])
		if i == 0 {
			class = definitions.Class("Source")
		}
		id := strconv.Itoa(i + 1)
		inputs := ojson.NewObject()
		for _, in := range class.Inputs {
			from := byType[in.Type]
			if len(from) > 0 && (!in.Widget || r.IntN(4) == 0) {
				o := from[r.IntN(len(from))]
				inputs.Set(in.Name, []any{o.id, int64(o.slot)})
			} else if in.Widget {
				inputs.Set(in.Name, randomValue(r, in))
			}
		}
		prompt.Set(id, ojson.NewObject("inputs", inputs, "class_type", class.Name, "_meta", ojson.NewObject("title", fmt.Sprintf("Node %d", i+1))))
		for slot, out := range class.Outputs {
			byType[out.Type] = append(byType[out.Type], output{id, slot})
		}
	}
	return prompt
}

func randomValue(r *rand.Rand, in Input) any {
	switch in.Type {
	case graph.TypeInt:
		return r.Int64N(1 << 53)
	case graph.TypeFloat:
		return float64(r.IntN(1000)) / 8
	case graph.TypeBoolean:
		return r.IntN(2) == 0
	case graph.TypeCombo:
		if in.Name == "tags" {
			return ojson.NewObject("__value__", []any{"x", "y"})
		}
		return in.Choices[r.IntN(len(in.Choices))]
	}
	return []string{"", "a cat", "fixed", "randomize", "5", "漢字 \"quoted\""}[r.IntN(6)]
}

// TestRoundTrip checks the property for random prompts under random disguises. The seed of a failure is its name.
func TestRoundTrip(t *testing.T) {
	info, err := ojson.ParseObject([]byte(roundTripClasses), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := FromObjectInfo(info)
	if err != nil {
		t.Fatal(err)
	}
	count := 400
	if testing.Short() {
		count = 50
	}
	for seed := range uint64(count) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			prompt := randomPrompt(r, definitions, 1+r.IntN(12))
			ui, err := Layout(prompt, definitions)
			if err != nil {
				t.Fatal(err)
			}
			check := func(ui *ojson.Object, what string, ids map[string]string) {
				t.Helper()
				text, err := ojson.Marshal(ui, ojson.Compact)
				if err != nil {
					t.Fatal(err)
				}
				f, err := Reader{Definitions: definitions}.Read(text, "test")
				if err != nil {
					t.Fatalf("%s: %v\n%s", what, err, text)
				}
				for _, w := range f.Warnings {
					t.Errorf("%s: warning: %s", what, w)
				}
				if got := renamed(f.Prompt, ids); !sameNodes(got, prompt) {
					t.Fatalf("%s:\n%s\nreads as\n%s\nwant\n%s", what, text, ojson.PythonRepr(got), ojson.PythonRepr(prompt))
				}
			}
			check(ui, "plain", nil)
			d := disguise{r: r, ui: ui, names: map[string]string{}, definitions: definitions}
			for range 1 + r.IntN(5) {
				what := d.one()
				check(d.ui, what, d.names)
			}
		})
	}
}

// renamed gives the nodes the ids that they had before they were put into containers.
func renamed(prompt *ojson.Object, ids map[string]string) *ojson.Object {
	name := func(id string) string {
		if old, ok := ids[id]; ok {
			return old
		}
		return id
	}
	out := ojson.NewObject()
	for id, v := range prompt.All() {
		node := v.(*ojson.Object).Clone()
		inputs := node.Object("inputs").Clone()
		for key, value := range inputs.All() {
			if from, slot, ok := linkOf(value); ok {
				inputs.Set(key, []any{name(from), slot})
			}
		}
		node.Set("inputs", inputs)
		out.Set(name(id), node)
	}
	return out
}

// sameNodes compares prompts whatever the order of nodes and inputs.
func sameNodes(a, b *ojson.Object) bool {
	if a.Len() != b.Len() {
		return false
	}
	for id := range a.All() {
		x, y := a.Object(id), b.Object(id)
		if y == nil || x.String("class_type") != y.String("class_type") || x.Object("_meta").String("title") != y.Object("_meta").String("title") {
			return false
		}
		in, want := x.Object("inputs"), y.Object("inputs")
		if in.Len() != want.Len() {
			return false
		}
		for key, v := range in.All() {
			if w, ok := want.Get(key); !ok || !ojson.Equal(v, w) {
				return false
			}
		}
	}
	return true
}

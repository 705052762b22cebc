package comfy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// classes is an /object_info with one class per feature.
const classes = `{
	"Model": {"input": {"required": {}}, "display_name": "The Model"},
	"Picture": {"input": {"required": {"image": [["a.png"], {"image_upload": true}], "flip": ["BOOLEAN", {}]}}},
	"Text": {"input": {"required": {"text": ["STRING", {"dynamicPrompts": true}], "clip": ["CLIP"]}}},
	"KSampler": {"input": {"required": {"model": ["MODEL"], "seed": ["INT", {"control_after_generate": true}], "steps": ["INT", {"default": 20}],
		"cfg": ["FLOAT", {"default": 8.0}], "sampler_name": [["euler", "ddim"]]}, "optional": {"latent": ["LATENT"]}}},
	"OldSeed": {"input": {"required": {"noise_seed": ["INT", {}], "steps": ["INT", {}]}}},
	"NoControl": {"input": {"required": {"seed": ["INT", {"control_after_generate": false}], "steps": ["INT", {}]}}},
	"Pick": {"input": {"required": {"name": ["COMBO", {"options": ["a", "b"], "control_after_generate": "fixed"}], "n": ["INT", {"default": 3}]}}},
	"Forced": {"input": {"required": {"text": ["STRING", {"forceInput": true}], "seed": ["INT", {"control_after_generate": true}], "on": ["BOOLEAN"]}}},
	"Tags": {"input": {"required": {"tags": ["COMBO", {"options": ["a", "b"], "multiselect": true}]}}},
	"Blend": {"input": {"required": {"mask": ["MASK"], "a": ["IMAGE"], "b": ["IMAGE"]}}},
	"Convert": {"input": {"required": {"x": ["IMAGE"]}}, "output": ["IMAGE"], "output_name": ["IMAGE"]},
	"Preview": {"input": {"required": {"x": ["*"]}}},
	"Optional": {"input": {"required": {"b": ["INT", {}], "a": ["INT", {}]}, "optional": {"c": ["FLOAT", {}]}}, "input_order": {"required": ["a", "b"]}},
	"Root": {"input": {"required": {"images": ["IMAGE"]}}, "output_node": true},
	"Loader": {"input": {"required": {"name": [["here.safetensors"]]}}},
	"Save": {"input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}}}
}`

func testDefinitions(t testing.TB) Definitions {
	t.Helper()
	definitions, err := FromObjectInfo(parse(t, classes).(*ojson.Object))
	if err != nil {
		t.Fatal(err)
	}
	return definitions
}

// testReader always draws and dates the same.
func testReader(t testing.TB) Reader {
	return Reader{
		Definitions: testDefinitions(t),
		Random:      rand.New(rand.NewPCG(1, 2)),
		Now:         time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC),
	}
}

func parse(t testing.TB, text string) any {
	t.Helper()
	v, err := ojson.Parse([]byte(text), ojson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// ui is a UI graph of nodes that are written as JSON, with links as "id: origin.slot type".
func ui(links string, nodes ...string) string {
	var list []string
	for link := range strings.SplitSeq(links, ", ") {
		var id, origin, slot int
		var typ string
		if n, _ := fmt.Sscanf(link, "%d: %d.%d %s", &id, &origin, &slot, &typ); n == 4 {
			list = append(list, fmt.Sprintf(`[%d, %d, %d, 0, 0, %q]`, id, origin, slot, typ))
		}
	}
	return fmt.Sprintf(`{"nodes": [%s], "links": [%s], "version": 0.4}`, strings.Join(nodes, ", "), strings.Join(list, ", "))
}

// node is a node of a UI graph; inputs are "name TYPE link", with link 0 for none.
func node(id int, class, more string, inputs ...string) string {
	var list []string
	for _, input := range inputs {
		var name, typ string
		var link int
		fmt.Sscanf(input, "%s %s %d", &name, &typ, &link)
		value := "null"
		if link != 0 {
			value = fmt.Sprint(link)
		}
		list = append(list, fmt.Sprintf(`{"name": %q, "type": %q, "link": %s}`, name, typ, value))
	}
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf(`{"id": %d, "type": %q, "inputs": [%s]%s}`, id, class, strings.Join(list, ", "), more)
}

// inputsOf is the text of a node's inputs.
func inputsOf(t testing.TB, f *File, id string) string {
	t.Helper()
	if !f.Prompt.Has(id) {
		return "not in the prompt"
	}
	text, err := ojson.Marshal(f.Prompt.Object(id).Object("inputs"), ojson.Python)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

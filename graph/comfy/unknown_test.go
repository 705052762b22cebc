package comfy

import (
	"slices"
	"strings"
	"testing"
)

const partlyUnknown = `{"nodes": [
	{"id": 1, "type": "Picture", "widgets_values": ["a.png"]},
	{"id": 2, "type": "Magic", "title": "My magic", "properties": {"cnr_id": "magic-pack", "ver": "1.2.3"}, "inputs": [{"name": "x", "type": "IMAGE", "link": 1}]},
	{"id": 3, "type": "Convert", "inputs": [{"name": "x", "type": "IMAGE", "link": 2}]},
	{"id": 4, "type": "Root", "inputs": [{"name": "images", "type": "IMAGE", "link": 3}], "title": "Blocked"},
	{"id": 5, "type": "Root", "inputs": [{"name": "images", "type": "IMAGE", "link": 4}], "title": "Free"},
	{"id": 6, "type": "Wonder", "properties": {"aux_id": "me/wonder"}}
], "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"], [3, 3, 0, 4, 0, "IMAGE"], [4, 1, 0, 5, 0, "IMAGE"]]}`

func TestUnknown(t *testing.T) {
	reader := testReader(t)
	_, err := reader.Read([]byte(partlyUnknown), "x.json")
	for _, want := range []string{`Magic (node 2 "My magic", pack magic-pack 1.2.3)`, "Wonder (node 6, pack me/wonder)", `without them can run: Root (node 5 "Free")`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	reader.KeepUnknown = true
	f, err := reader.Read([]byte(partlyUnknown), "x.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := inputsOf(t, f, "2"), `{"x": ["1", 0]}`; got != want {
		t.Errorf("node 2: %s, want %s", got, want)
	}
	e := f.SkipUnknown(reader.Definitions)
	if e == nil || len(e.Nodes) != 2 || len(e.Blocked) != 1 || e.Blocked[0].ID != "4" || len(e.Runnable) != 1 || e.Runnable[0].ID != "5" {
		t.Fatalf("skipped %+v", e)
	}
	if got, want := f.Prompt.Keys(), []string{"1", "5"}; !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	if f.SkipUnknown(reader.Definitions) != nil {
		t.Error("there is still something to skip")
	}
}

// TestUnknownInAPrompt: an API prompt has no packs of its own, but the graph beside it does.
func TestUnknownInAPrompt(t *testing.T) {
	body := `{"prompt": {"2": {"class_type": "Magic", "inputs": {}}, "7": {"inputs": {}}}, "extra_data": {"extra_pnginfo": {"workflow": ` + partlyUnknown + `}}}`
	reader := testReader(t)
	f, err := reader.Read([]byte(body), "x")
	if err != nil {
		t.Fatal(err)
	}
	if e := f.Unknown(reader.Definitions); e == nil || len(e.Nodes) != 1 || e.Nodes[0].String() != `Magic (node 2 "My magic", pack magic-pack 1.2.3)` {
		t.Errorf("got %+v", e)
	}
}

func TestMissing(t *testing.T) {
	workflow := `{"nodes": [
		{"id": 1, "type": "Loader", "widgets_values": ["gone.safetensors"], "properties": {"models": [{"name": "gone.safetensors", "url": "https://x/gone", "directory": "checkpoints", "hash": "ab", "hash_type": "SHA256"}]}},
		{"id": 2, "type": "Loader", "widgets_values": ["here.safetensors"]},
		{"id": 3, "type": "Loader", "title": "Again", "widgets_values": ["gone.safetensors"]},
		{"id": 4, "type": "Text", "widgets_values": ["a cat, (embedding:fluffy:1.2), embedding:here, embedding:sub/deep.pt"]},
		{"id": 5, "type": "Loader", "mode": 4, "widgets_values": ["bypassed.safetensors"], "properties": {"models": [{"name": "bypassed.safetensors", "directory": "checkpoints"}]}},
		{"id": 6, "type": "Nobody knows", "properties": {"models": [{"name": "theirs.bin", "url": "https://x/theirs", "directory": "magic"}, 5, {"url": "no name"}]}},
		{"id": 7, "type": "s", "inputs": []}
	], "links": [], "models": [{"name": "listed.safetensors", "directory": "vae", "url": "https://x/listed"}, {"name": "here.safetensors", "directory": "vae"}],
	"definitions": {"subgraphs": [{"id": "s", "nodes": [{"id": 1, "type": "Loader", "widgets_values": ["inner.safetensors"], "properties": {"models": [{"name": "inner.safetensors", "directory": "checkpoints", "url": "https://x/inner"}]}}], "links": []}]}}`
	reader := testReader(t)
	reader.KeepUnknown = true
	f, err := reader.Read([]byte(workflow), "x")
	if err != nil {
		t.Fatal(err)
	}
	definitions := withFolder{reader.Definitions}
	var got []string
	for _, m := range f.Missing(definitions, func(folder, name string) bool { return strings.HasPrefix(name, "here") }) {
		line := m.Folder + "/" + m.Name + " " + strings.TrimSpace(m.URL+" "+m.Hash)
		for _, u := range m.Users {
			line += " " + u.ID + "." + u.Input
		}
		got = append(got, line)
	}
	want := []string{
		"checkpoints/gone.safetensors https://x/gone ab 1.name 3.name",
		"embeddings/fluffy  4.text", "embeddings/sub/deep.pt  4.text",
		"checkpoints/inner.safetensors https://x/inner 7:1.name",
		"vae/listed.safetensors https://x/listed", "magic/theirs.bin https://x/theirs",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// withFolder makes the input of Loader choose from a folder, which an /object_info does not say.
type withFolder struct{ Definitions }

func (d withFolder) Class(name string) *Class {
	c := d.Definitions.Class(name)
	if name == "Loader" {
		copied := *c
		copied.Inputs = slices.Clone(c.Inputs)
		copied.Inputs[0].Folder = "checkpoints"
		return &copied
	}
	return c
}

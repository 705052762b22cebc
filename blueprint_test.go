package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withSubgraphs is a user folder with saved subgraphs by name.
func withSubgraphs(t *testing.T, files map[string]string) string {
	t.Helper()
	user := t.TempDir()
	dir := filepath.Join(user, "default", "subgraphs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return user
}

func portrait(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("docs/examples/subgraphs/Portrait.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pair is a subgraph that uses Portrait as a node, twice.
const pair = `{"nodes": [{"id": 1, "type": "p", "widgets_values": ["tiny-actors.safetensors", "a photo of a bear"]}], "links": [], "version": 0.4, "definitions": {"subgraphs": [{
	"id": "p", "name": "Pair", "inputs": [{"name": "ckpt", "type": "COMBO"}, {"name": "words", "type": "STRING"}],
	"outputs": [{"name": "first", "type": "IMAGE"}, {"name": "second", "type": "IMAGE"}],
	"nodes": [
		{"id": 1, "type": "CheckpointLoaderSimple", "inputs": [{"name": "ckpt_name", "type": "COMBO", "link": 1, "widget": {"name": "ckpt_name"}}],
			"outputs": [{"name": "MODEL", "type": "MODEL"}, {"name": "CLIP", "type": "CLIP"}, {"name": "VAE", "type": "VAE"}], "widgets_values": ["tiny-actors.safetensors"]},
		{"id": 2, "type": "SubgraphBlueprint.Portrait", "inputs": [{"name": "model", "type": "MODEL", "link": 2}, {"name": "clip", "type": "CLIP", "link": 3},
			{"name": "vae", "type": "VAE", "link": 4}, {"name": "text", "type": "STRING", "link": 5, "widget": {"name": "text"}}],
			"outputs": [{"name": "image", "type": "IMAGE"}], "widgets_values": ["", 64, 5, "fixed", 2, 5]},
		{"id": 3, "type": "SubgraphBlueprint.Portrait", "inputs": [{"name": "model", "type": "MODEL", "link": 6}, {"name": "clip", "type": "CLIP", "link": 7},
			{"name": "vae", "type": "VAE", "link": 8}], "outputs": [{"name": "image", "type": "IMAGE"}], "widgets_values": ["a photo of a cat", 64, 6, "fixed", 2, 5]}
	],
	"links": [
		{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0}, {"id": 2, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0},
		{"id": 3, "origin_id": 1, "origin_slot": 1, "target_id": 2, "target_slot": 1}, {"id": 4, "origin_id": 1, "origin_slot": 2, "target_id": 2, "target_slot": 2},
		{"id": 5, "origin_id": -10, "origin_slot": 1, "target_id": 2, "target_slot": 3}, {"id": 6, "origin_id": 1, "origin_slot": 0, "target_id": 3, "target_slot": 0},
		{"id": 7, "origin_id": 1, "origin_slot": 1, "target_id": 3, "target_slot": 1}, {"id": 8, "origin_id": 1, "origin_slot": 2, "target_id": 3, "target_slot": 2},
		{"id": 9, "origin_id": 2, "origin_slot": 0, "target_id": -20, "target_slot": 0}, {"id": 10, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 1}
	]}]}}`

// flat is what Portrait does, written out.
const flat = `{
	"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny-actors.safetensors"}},
	"2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a photo of a robot", "clip": ["1", 1]}},
	"3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
	"4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
	"5": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0], "seed": 5, "steps": 2, "cfg": 5,
		"sampler_name": "dpmpp_2m", "scheduler": "normal", "denoise": 1}},
	"6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
	"7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "x"}}
}`

// TestBlueprint runs a saved subgraph as a node, one that uses it, and the same nodes written out: the pictures are equal. Lists reach the
// nodes inside one by one.
func TestBlueprint(t *testing.T) {
	user := withSubgraphs(t, map[string]string{"Portrait": portrait(t), "A pair": pair})
	draw := func(prompt string) [][]byte {
		t.Helper()
		o := call{stdin: prompt, args: []string{"run", "-", "--user-directory", user, "--output-directory", t.TempDir()}}.run(t)
		o.check(t, 0)
		var all [][]byte
		for _, path := range lines(o.out) {
			all = append(all, pixels(t, path))
		}
		return all
	}
	want := draw(flat)[0]
	const node = `{
		"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny-actors.safetensors"}},
		"2": {"class_type": "SubgraphBlueprint.Portrait", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "text": "a photo of a robot", "size": 64, "seed": 5, "steps": 2, "cfg": 5}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}}}`
	if got := draw(node); len(got) != 1 || !bytes.Equal(got[0], want) {
		t.Error("a saved subgraph draws another picture than the nodes in it")
	}
	const pairs = `{
		"1": {"class_type": "SubgraphBlueprint.A pair", "inputs": {"ckpt": "tiny-actors.safetensors", "words": "a photo of a robot"}},
		"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["1", 1], "filename_prefix": "y"}}}`
	if got := draw(pairs); len(got) != 2 || !bytes.Equal(got[0], want) || bytes.Equal(got[1], want) {
		t.Error("a subgraph within a subgraph draws something else")
	}
	const list = `{
		"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny-actors.safetensors"}},
		"2": {"class_type": "SubgraphBlueprint.Portrait", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "text": ["4", 0], "size": 64, "seed": 5, "steps": 2, "cfg": 5}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
		"4": {"class_type": "GridValues", "inputs": {"across": "a photo of a cat, a photo of a robot", "across_name": "", "down": "1", "down_name": ""}}}`
	if got := draw(list); len(got) != 2 || !bytes.Equal(got[1], want) || bytes.Equal(got[0], want) {
		t.Errorf("a list of 2 texts gives %d pictures, or others", len(got))
	}
}

// TestBlueprintClass: inputs have the types, limits and choices of the inputs inside and the values of the file; the file is listed,
// described and checked like other classes.
func TestBlueprintClass(t *testing.T) {
	user := withSubgraphs(t, map[string]string{"Portrait": portrait(t), "A pair": pair})
	o := oneactor(t, "nodes", "SubgraphBlueprint.Portrait", "--user-directory", user)
	o.check(t, 0)
	for _, want := range []string{`size   ["INT",{"default":128,"min":16`, `steps  ["INT",{"default":12`, "image  IMAGE", "Draws a square picture"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("the description lacks %q:\n%s", want, o.out)
		}
	}
	o = oneactor(t, "nodes", "SubgraphBlueprint.A pair", "--user-directory", user)
	for _, want := range []string{`ckpt`, `"default":"tiny-actors.safetensors"`, `words`, `"default":"a photo of a bear"`, "second  IMAGE"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("the description lacks %q:\n%s", want, o.out)
		}
	}
	prompt := `{"1": {"class_type": "SubgraphBlueprint.A pair", "inputs": {"ckpt": "nix.safetensors", "words": 5}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}`
	call{stdin: prompt, args: []string{"validate", "-", "--user-directory", user}}.run(t).check(t, 2, "node 1 (SubgraphBlueprint.A pair): input ckpt", "not in the list")
}

// TestBadBlueprints: a file that is no subgraph is named with the reason, and keeps nothing else from running.
func TestBadBlueprints(t *testing.T) {
	good := portrait(t)
	itself := strings.ReplaceAll(pair, "SubgraphBlueprint.Portrait", "SubgraphBlueprint.Bad")
	for name, tt := range map[string]struct{ file, says string }{
		"cut":               {good[:len(good)/2], "end of the document"},
		"no JSON":           {"hello", "expected a value"},
		"a workflow":        {`{"nodes": [{"id": 1, "type": "SaveImage"}], "links": []}`, "publish the subgraph"},
		"a prompt":          {flat, "publish the subgraph"},
		"an unknown class":  {strings.ReplaceAll(good, `"VAEDecode"`, `"DreamDecode"`), "DreamDecode"},
		"itself":            {itself, "SubgraphBlueprint.Bad"},
		"nothing comes out": {strings.Replace(good, `"target_id": -20`, `"target_id": -30`, 1), `output "image" comes from no node`},
	} {
		t.Run(name, func(t *testing.T) {
			user := withSubgraphs(t, map[string]string{"Bad": tt.file, "Portrait": good})
			o := oneactor(t, "nodes", "--user-directory", user)
			o.check(t, 0, "Bad.json")
			if !strings.Contains(o.err, tt.says) {
				t.Errorf("stderr %q does not say %q", o.err, tt.says)
			}
			if !strings.Contains(o.out, "SubgraphBlueprint.Portrait") || strings.Contains(o.out, "SubgraphBlueprint.Bad") {
				t.Errorf("other classes are listed:\n%s", o.out)
			}
		})
	}
}

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// partly is a graph with two pictures to save, one of which needs a node that nobody has.
const partly = `{"nodes": [
	{"id": 1, "type": "EmptyImage", "widgets_values": [8, 8, 1, 255], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1, 2]}]},
	{"id": 2, "type": "Magic", "properties": {"cnr_id": "magic-pack", "ver": "1.2"}, "inputs": [{"name": "x", "type": "IMAGE", "link": 1}]},
	{"id": 3, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 3}], "widgets_values": ["blocked"]},
	{"id": 4, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}], "widgets_values": ["free"]}
], "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 1, 0, 4, 0, "IMAGE"], [3, 2, 0, 3, 0, "IMAGE"]]}`

// TestSkipUnknown: a workflow with a node that is not here is refused with its pack and what can run; --skip-unknown runs that.
func TestSkipUnknown(t *testing.T) {
	base := t.TempDir()
	for _, command := range []string{"run", "validate"} {
		got := call{args: []string{command, "-", "--base-directory", base}, stdin: partly}.run(t)
		got.check(t, 2, "node 2 (Magic)", "Magic is from the node pack magic-pack 1.2", "can run, with run --skip-unknown: 4 (SaveImage)")
	}
	got := call{args: []string{"run", "-", "--base-directory", base, "--skip-unknown"}, stdin: partly}.run(t)
	got.check(t, 0, "left out nodes of unknown classes: 2 (Magic); with them the outputs 3 (SaveImage)")
	if want := filepath.Join(base, "output", "free_00001_.png") + "\n"; got.out != want {
		t.Errorf("stdout %q, want %q", got.out, want)
	}
	got = call{args: []string{"run", "-", "--base-directory", base, "--skip-unknown", "--json"}, stdin: partly}.run(t)
	got.check(t, 0)
	if !strings.Contains(got.out, `"type": "skipped_nodes"`) || !strings.Contains(got.out, `"pack": "magic-pack"`) {
		t.Errorf("stdout %s", got.out)
	}
	all := strings.Replace(partly, `"link": 2}`, `"link": 3}`, 1)
	call{args: []string{"run", "-", "--base-directory", base, "--skip-unknown"}, stdin: all}.run(t).check(t, 2, "every output needs a node of an unknown class")
	call{args: []string{"convert", "-", "--base-directory", base}, stdin: partly}.run(t).check(t, 2, "magic-pack 1.2")
}

func TestModelsMissing(t *testing.T) {
	base := demoBase(t)
	const workflow = `{"nodes": [
		{"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["gone.safetensors"], "properties": {"models": [{"name": "gone.safetensors", "url": "https://example.com/gone", "directory": "checkpoints", "hash": "abc", "hash_type": "SHA256"}]}},
		{"id": 2, "type": "LoadImage", "widgets_values": ["nobody.png", "image"]},
		{"id": 3, "type": "VAELoader", "widgets_values": ["pixel_space"]},
		{"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["tiny-actors.safetensors"]}
	], "links": []}`
	got := call{args: []string{"models", "--missing", "-", "--base-directory", base}, stdin: workflow}.run(t)
	got.check(t, 0)
	for _, want := range []string{
		"checkpoints/gone.safetensors\n  for ckpt_name of node 1 (CheckpointLoaderSimple)\n  put it into " + filepath.Join(base, "models", "checkpoints"),
		"  get it from https://example.com/gone\n  SHA256 abc\n", "input/nobody.png\n", filepath.Join(base, "input"),
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("stdout does not say %q:\n%s", want, got.out)
		}
	}
	got = call{args: []string{"models", "--missing", "-", "--json", "--base-directory", base}, stdin: workflow}.run(t)
	got.check(t, 0)
	var list []struct {
		Name, Folder, URL, Hash string
		Directories             []string
	}
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || len(list) != 2 || list[0].URL != "https://example.com/gone" || len(list[0].Directories) == 0 {
		t.Errorf("%v: %s", err, got.out)
	}
	oneactor(t, "models", "--missing", demoWorkflow, "--base-directory", base).check(t, 0, "nothing is missing")
	oneactor(t, "models", "--missing").check(t, 2, "name workflow files")
	oneactor(t, "models", "a", "b").check(t, 2, "name one")
	call{args: []string{"validate", "-", "--base-directory", base}, stdin: strings.Replace(workflow, `"LoadImage"`, `"PreviewAny"`, 1)}.run(t).check(t, 2)
}

// TestA1111 validates what the settings of a picture become, with every kind of node that they may need, and draws it for the editor.
func TestA1111(t *testing.T) {
	base := demoBase(t)
	const text = "a cat <lora:gone:0.5> BREAK a dog\nNegative prompt: blurry\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: TINY-ACTORS, Clip skip: 2, " +
		"Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: Latent"
	got := call{args: []string{"validate", "-", "--base-directory", base}, stdin: text}.run(t)
	got.check(t, 2, "gone.safetensors", "models/loras")
	if strings.Count(got.err, "node ") != 1 {
		t.Errorf("more than the LoRA is wrong:\n%s", got.err)
	}
	valid := strings.Replace(text, "<lora:gone:0.5> ", "", 1)
	call{args: []string{"validate", "-", "--base-directory", base}, stdin: valid}.run(t).check(t, 0)
	api := call{args: []string{"convert", "-", "--base-directory", base}, stdin: valid}.run(t)
	ui := call{args: []string{"convert", "--ui", "-", "--base-directory", base}, stdin: valid}.run(t)
	again := call{args: []string{"convert", "-", "--base-directory", base}, stdin: ui.out}.run(t)
	for _, o := range []outcome{api, ui, again} {
		o.check(t, 0)
	}
	var before, after map[string]struct {
		Class  string `json:"class_type"`
		Inputs map[string]any
	}
	if json.Unmarshal([]byte(api.out), &before) != nil || json.Unmarshal([]byte(again.out), &after) != nil || len(before) < 10 || len(before) != len(after) {
		t.Fatalf("%s\nbecame\n%s", api.out, again.out)
	}
	for id, node := range before {
		if after[id].Class != node.Class || len(after[id].Inputs) != len(node.Inputs) {
			t.Errorf("node %s: %v became %v", id, node, after[id])
		}
	}
	if !strings.Contains(ui.out, `"title": "Hires sampler"`) {
		t.Errorf("the graph lost its titles: %s", ui.out)
	}
}

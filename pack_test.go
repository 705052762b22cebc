package main

import (
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withDarkroom is a base folder with the example pack and a white picture.
func withDarkroom(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("ONEACTOR_REQUIRE_GOLDEN") != "" {
			t.Fatalf("the example of a node pack needs python3: %v", err)
		}
		t.Skipf("the example of a node pack needs python3: %v", err)
	}
	base := t.TempDir()
	if err := os.CopyFS(filepath.Join(base, "custom_nodes", "darkroom"), os.DirFS("docs/examples/packs/darkroom")); err != nil {
		t.Fatal(err)
	}
	return base
}

// TestDarkroom runs the example pack of docs/nodes.md.
func TestDarkroom(t *testing.T) {
	base := withDarkroom(t)
	prompt := `{
		"1": {"class_type": "EmptyImage", "inputs": {"width": 33, "height": 17, "batch_size": 2, "color": 16777215}},
		"2": {"class_type": "Vignette", "inputs": {"image": ["1", 0], "amount": 0.5}},
		"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "vignette"}},
		"4": {"class_type": "BrightMask", "inputs": {"image": ["2", 0], "threshold": 0.75}},
		"5": {"class_type": "PreviewAny", "inputs": {"source": ["4", 1]}},
		"6": {"class_type": "WordsFromLists", "inputs": {"text": "a cat in __place__", "seed": 3}},
		"7": {"class_type": "PreviewAny", "inputs": {"source": ["6", 0]}}}`
	run := func() outcome {
		t.Helper()
		return call{stdin: prompt, args: []string{"run", "-", "--base-directory", base}}.run(t)
	}
	o := run()
	o.check(t, 0)
	f, err := os.Open(filepath.Join(base, "output", "vignette_00002_.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	middle, _, _, _ := picture.At(16, 8).RGBA()
	corner, _, _, _ := picture.At(0, 16).RGBA()
	if middle>>8 != 255 || corner>>8 != 127 {
		t.Errorf("the middle is %d and the corner %d, want 255 and 127", middle>>8, corner>>8)
	}
	if !strings.Contains(o.err, "a cat in ") || strings.Contains(o.err, "__place__") {
		t.Errorf("the words are not drawn: %s", o.err)
	}

	words := filepath.Join(base, "custom_nodes", "darkroom", "words", "place.txt")
	if err := os.WriteFile(words, []byte("a bathtub\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(words, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if o := run(); !strings.Contains(o.err, "a cat in a bathtub") {
		t.Errorf("the list was edited, and it still says %s", o.err)
	}

	prompt = strings.Replace(prompt, "__place__", "__palce__", 1)
	run().check(t, 1, "node 6 (WordsFromLists)", "node pack darkroom: input text: there is no list palce; there are place")

	o = oneactor(t, "nodes", "Vignette", "--base-directory", base)
	if !strings.Contains(o.out, "Darkens a picture towards its corners") {
		t.Errorf("described as %s", o.out)
	}
	call{stdin: prompt, args: []string{"validate", "-", "--base-directory", base, "--disable-all-custom-nodes"}}.run(t).check(t, 2, "Vignette")
}

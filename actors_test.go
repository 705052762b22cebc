package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestActors walks an actor's file from one folder to another and into the trash.
func TestActors(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	a := actor.Actor{Deltas: tensor.Full(1, 3, 64), Target: 1, Word: "hobbit", Concept: actor.Character, Model: runtime.Identity{Family: "SD 1.x", Fingerprint: "abcdef0123456789"}}
	a.Details = actor.Details{Prompt: "a hobbit", Seed: 7, Steps: 200, Settings: map[string]string{"lr": "0.0001"}, Thumbnail: runtime.Image{Tensor: tensor.Full(0.5, 1, 300, 600, 3)}}
	rt := runtimetest.New(t, folder.Config{Base: here}, runtime.Config{})
	if _, err := a.Save(t.Context(), rt, "ann", nil, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(there, "gift.safetensors")
	damaged := filepath.Join(there, "bad.safetensors")
	if err := os.WriteFile(damaged, []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		args string // words; BASE folders are put in
		code int
		out  []string // parts of what is printed, or said where the code is not 0
	}{
		{"HERE actors", 0, []string{"ann.safetensors", "hobbit", "SD 1.x abcdef01", "256x128"}},
		{"HERE actors show ann", 0, []string{"base word   hobbit", "setting lr  0.0001", "seed", "7"}},
		{"HERE actors show bob", 1, []string{"bob", "actors"}},
		{"HERE actors set ann --licence CC-BY --origin me", 0, nil},
		{"HERE actors set ann", 2, []string{"--licence"}},
		{"HERE actors export ann " + file, 0, nil},
		{"HERE actors export ann " + file, 1, []string{"exists"}},
		{"THERE actors", 0, nil},
		{"THERE actors import " + file, 0, []string{"gift.safetensors"}},
		{"THERE actors import " + file + " --name people/ann --origin you", 0, []string{filepath.Join("people", "ann.safetensors")}},
		{"THERE actors import " + damaged, 1, []string{damaged}},
		{"THERE actors --json", 0, []string{`"licence": "CC-BY"`, `"origin": "you"`, `"pictures": 3`}},
		{"THERE actors delete gift", 0, []string{filepath.Join(there, "user", "trash", "actors", "gift-")}},
		{"THERE actors show gift", 1, []string{"gift"}},
	}
	for _, s := range steps {
		args := strings.Fields(strings.NewReplacer("HERE", "--base-directory "+here, "THERE", "--base-directory "+there).Replace(s.args))
		got := oneactor(t, args...)
		text := got.out
		if s.code != 0 {
			text = got.err
		}
		if got.code != s.code {
			t.Errorf("%s: exit code %d, want %d: %s%s", s.args, got.code, s.code, got.out, got.err)
		}
		for _, want := range s.out {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q lacks %q", s.args, text, want)
			}
		}
	}
}

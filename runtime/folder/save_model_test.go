package folder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSaveModel(t *testing.T) {
	base := t.TempDir()
	l, err := New(Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	var names []string
	for _, name := range []string{"hobbit", "hobbit.safetensors", " people/ann ", "hobbit"} {
		saved, path, err := l.SaveModel(t.Context(), "actors", name, text(name))
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != name {
			t.Errorf("%s holds %q (%v), want %q", path, data, err, name)
		}
		if found, err := l.Find("actors", saved); err != nil || found != path {
			t.Errorf("%s is found at %s (%v)", saved, found, err)
		}
		names = append(names, saved)
	}
	want := []string{"hobbit.safetensors", "hobbit-2.safetensors", filepath.Join("people", "ann.safetensors"), "hobbit-3.safetensors"}
	if !slices.Equal(names, want) {
		t.Errorf("saved as %q, want %q", names, want)
	}
	for _, name := range []string{"", ".", "..", "../hobbit", "/hobbit", "a\x00b", "a\nb", ".hidden", ".safetensors"} {
		if saved, _, err := l.SaveModel(t.Context(), "actors", name, text("")); err == nil {
			t.Errorf("the name %q was taken, as %q", name, saved)
		}
	}
	full := errors.New("disk full")
	if _, _, err := l.SaveModel(t.Context(), "actors", "late", func(io.Writer) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	left, _ := filepath.Glob(filepath.Join(base, "models", "actors", ".saving-*"))
	if len(left) > 0 {
		t.Errorf("temporary files stay behind: %q", left)
	}
}

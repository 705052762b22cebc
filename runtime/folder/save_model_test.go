package folder

import (
	"errors"
	"io"
	"io/fs"
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
		if saved, _, err := l.SaveModel(t.Context(), "actors", name, text("")); !errors.Is(err, ErrName) {
			t.Errorf("the name %q was taken, as %q (%v)", name, saved, err)
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

// TestSaveModelAs: a name that any directory has is refused, and what is there stays.
func TestSaveModelAs(t *testing.T) {
	base := t.TempDir()
	extra := filepath.Join(t.TempDir(), "extra.yaml")
	check(t, os.WriteFile(extra, []byte("more:\n  base_path: "+filepath.Dir(extra)+"\n  actors: actors\n"), 0o666))
	check(t, os.MkdirAll(filepath.Join(filepath.Dir(extra), "actors"), 0o777))
	check(t, os.WriteFile(filepath.Join(filepath.Dir(extra), "actors", "far.safetensors"), []byte("far"), 0o666))
	l := layout(t, Config{Base: base, ExtraPaths: []string{extra}})
	text := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
	saved, path, err := l.SaveModelAs(t.Context(), "actors", "people/ann", text)
	if err != nil || saved != filepath.Join("people", "ann.safetensors") || path != filepath.Join(base, "models", "actors", saved) {
		t.Errorf("saved as %s at %s (%v)", saved, path, err)
	}
	for _, taken := range []string{"people/ann", "people/ann.safetensors", "far"} {
		if _, _, err := l.SaveModelAs(t.Context(), "actors", taken, func(io.Writer) error { return nil }); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: error %v, want %v", taken, err, fs.ErrExist)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "new" {
		t.Errorf("%s holds %q (%v)", path, data, err)
	}
	if _, _, err := l.SaveModelAs(t.Context(), "actors", "../ann", text); !errors.Is(err, ErrName) {
		t.Errorf("error %v, want %v", err, ErrName)
	}
	left, _ := filepath.Glob(filepath.Join(base, "models", "actors", "*", ".saving-*"))
	if len(left) > 0 {
		t.Errorf("temporary files stay behind: %q", left)
	}
}

package folder

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAnnotated(t *testing.T) {
	tests := map[string]struct {
		name string
		root Root
	}{
		"":                     {"", Input},
		"a.png":                {"a.png", Input},
		"a.png [output]":       {"a.png", Output},
		"sub/a.png [temp]":     {"sub/a.png", Temp},
		"a.png [input]":        {"a.png", Input},
		"a [output].png":       {"a [output].png", Input},
		"a.png [other]":        {"a.png [other]", Input},
		"[temp]":               {"", Temp},
		"é[temp]":              {"", Temp},
		"a.png [temp] [input]": {"a.png [temp]", Input},
	}
	for in, want := range tests {
		if name, root := Annotated(in); name != want.name || root != want.root {
			t.Errorf("%q: got %q in %s, want %q in %s", in, name, root, want.name, want.root)
		}
	}
}

func TestExisting(t *testing.T) {
	base := tree(t, "secret.png", "input/a.png", "input/sub/b.png", "output/c.png", "temp/d.png", "elsewhere/e.png",
		"input/link -> ../elsewhere", "input/alias.png -> ../secret.png")
	l := layout(t, Config{Base: base})
	good := map[string]string{
		"a.png":          "input/a.png",
		"sub/b.png":      "input/sub/b.png",
		"sub/../a.png":   "input/a.png",
		"c.png [output]": "output/c.png",
		"d.png [temp]":   "temp/d.png",
		"a.png [input]":  "input/a.png",
		"link/e.png":     "input/link/e.png",
		"alias.png":      "input/alias.png",
	}
	for name, want := range good {
		got, err := l.Existing(name)
		if err != nil || got != filepath.Join(base, want) {
			t.Errorf("%q: got %q, %v; want %s", name, got, err, want)
		}
	}
	bad := map[string]string{
		"../secret.png":          "leaves the input folder",
		"../secret.png [output]": "leaves the output folder",
		base + "/secret.png":     "leaves the input folder",
		"":                       "leaves the input folder",
		"a.png\x00":              "zero byte",
		"sub":                    "not a file",
	}
	for name, want := range bad {
		if got, err := l.Existing(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v; want an error with %q", name, got, err, want)
		}
	}
	_, err := l.Existing("aa.png")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "did you mean 'a.png'") {
		t.Errorf("missing file: got %v", err)
	}
}

func TestInputLists(t *testing.T) {
	base := tree(t, "input/b.PNG", "input/a.webp", "input/notes.txt", "input/x.latent", "input/sub/c.png", "elsewhere/l.png",
		"input/l.png -> ../elsewhere/l.png", "input/gone.png -> nowhere", "input/dir.png/")
	l := layout(t, Config{Base: base})
	for what, tt := range map[string]struct{ got, want []string }{
		"pictures":        {l.Pictures(), []string{"a.webp", "b.PNG", "l.png"}},
		"latents":         {l.Latents(), []string{"x.latent"}},
		"files":           {l.InputFiles(), []string{"a.webp", "b.PNG", "l.png", "notes.txt", "x.latent"}},
		"no input folder": {layout(t, Config{Base: t.TempDir()}).Pictures(), []string{}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: got %q, want %q", what, tt.got, tt.want)
		}
	}
}

func TestRoots(t *testing.T) {
	base, temp := t.TempDir(), t.TempDir()
	l := layout(t, Config{Base: base, Temp: temp, Output: filepath.Join(base, "results")})
	for r, want := range map[Root]string{
		Input:  filepath.Join(base, "input"),
		Output: filepath.Join(base, "results"),
		Temp:   filepath.Join(temp, "temp"),
	} {
		if got := l.Dir(r); got != want {
			t.Errorf("%s: got %s, want %s", r, got, want)
		}
	}
	dirs, err := l.Dirs("vae")
	check(t, err)
	if !slices.Contains(dirs, filepath.Join(base, "results", "vae")) {
		t.Errorf("vae does not search the output folder: %q", dirs)
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"a.png", "../a", "/etc/passwd", "a/../../b [output]", "[temp]", "a\x00b", "..", "."} {
		f.Add(s)
	}
	l, err := New(Config{Base: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		path, err := l.Resolve(name)
		if err != nil {
			return
		}
		_, r := Annotated(name)
		if rel, err := filepath.Rel(l.Dir(r), path); err != nil || !filepath.IsLocal(rel) {
			t.Errorf("%q resolves to %q, outside of %s", name, path, l.Dir(r))
		}
	})
}

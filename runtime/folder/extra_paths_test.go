package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExtraPaths(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SD_ROOT", "/sd")
	base := t.TempDir()
	at := func(p string) string { return filepath.Join(base, p) }
	tests := map[string]struct {
		yaml string
		key  string
		want []string
	}{
		"empty file":                 {"", "vae", []string{at("models/vae"), at("output/vae")}},
		"only a comment":             {"# nothing\n", "vae", []string{at("models/vae"), at("output/vae")}},
		"empty section":              {"a111:\n", "vae", []string{at("models/vae"), at("output/vae")}},
		"appended":                   {"a:\n  base_path: /sd\n  loras: x\n", "loras", []string{at("models/loras"), "/sd/x", at("output/loras")}},
		"order of keys is no matter": {"a:\n  gligen: x\n  base_path: /sd\n", "gligen", []string{at("models/gligen"), "/sd/x"}},
		"default comes first":        {"a:\n  is_default: true\n  gligen: /x\n", "gligen", []string{"/x", at("models/gligen")}},
		"default moves to the front": {"a:\n  gligen: /x\nb:\n  is_default: true\n  gligen: /x\n", "gligen", []string{"/x", at("models/gligen")}},
		"several lines":              {"a:\n  base_path: /sd\n  gligen: |\n    x\n\n    y/../z\n", "gligen", []string{at("models/gligen"), "/sd/x", "/sd/z"}},
		"duplicate ignored":          {"a:\n  gligen: |\n    /x\n    /x/\n", "gligen", []string{at("models/gligen"), "/x"}},
		"home":                       {"a:\n  base_path: ~/ai\n  gligen: x\n", "gligen", []string{at("models/gligen"), filepath.Join(home, "ai/x")}},
		"variables":                  {"a:\n  base_path: $SD_ROOT/${SD_ROOT}/$NOT_SET_HERE\n  gligen: x\n", "gligen", []string{at("models/gligen"), "/sd/sd/$NOT_SET_HERE/x"}},
		"relative to the file":       {"a:\n  base_path: ../ai\n  gligen: x\n", "gligen", []string{at("models/gligen"), filepath.Join(base, "../ai/x")}},
		"without a base path":        {"a:\n  gligen: x\n", "gligen", []string{at("models/gligen"), at("x")}},
		"legacy key":                 {"a:\n  clip: /c\n", "text_encoders", []string{at("models/text_encoders"), at("models/clip"), "/c", at("output/clip")}},
		"new key":                    {"a:\n  ipadapter: /ip\n", "ipadapter", []string{"/ip"}},
		"anchors":                    {"a: &a\n  ipadapter: &p /ip\nb:\n  other: *p\n", "other", []string{"/ip"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			check(t, os.WriteFile(at(ExtraPathsFile), []byte(tt.yaml), 0o666))
			l := layout(t, Config{Base: base})
			got, err := l.Dirs(tt.key)
			check(t, err)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if !slices.Contains(l.Keys(), tt.key) {
				t.Errorf("keys lack %q: %q", tt.key, l.Keys())
			}
		})
	}
}

func TestExtraPathsErrors(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"not yaml":              {"a: [", "did not find"},
		"a list at the top":     {"- a\n", "not a list"},
		"a section of text":     {"sd: /x\n", `sd: line 1: want "key: value" lines, not "/x"`},
		"a list of paths":       {"sd:\n  vae:\n    - /x\n", "sd: line 3: vae: want a path"},
		"no path":               {"sd:\n  vae:\n", "sd: line 2: vae: want a path"},
		"is_default not a bool": {"sd:\n  is_default: often\n  vae: /x\n", `sd: line 2: is_default: "often" is not true or false`},
		"unknown home":          {"sd:\n  base_path: ~no-such-user-here/x\n", "sd: line 2: base_path:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			file := filepath.Join(base, "paths.yaml")
			check(t, os.WriteFile(file, []byte(tt.yaml), 0o666))
			_, err := New(Config{Base: base, ExtraPaths: []string{file}})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), file) {
				t.Errorf("got %v, want the file and %q", err, tt.want)
			}
		})
	}
	if _, err := New(Config{Base: t.TempDir(), ExtraPaths: []string{"no-such-file.yaml"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a named file that is missing: got %v", err)
	}
}

func FuzzExtraPaths(f *testing.F) {
	for _, s := range []string{"", "a:\n  vae: x\n", "a:\n  base_path: ~\n  vae: |\n    x\n    y\n", "a: &a\n  b: *a\n", "- 1", "a:\n  is_default: yes\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "paths.yaml")
		check(t, os.WriteFile(file, []byte(text), 0o666))
		l, err := New(Config{Base: t.TempDir(), ExtraPaths: []string{file}})
		if err != nil {
			return
		}
		for _, key := range l.Keys() {
			dirs, err := l.Dirs(key)
			check(t, err)
			for _, d := range dirs {
				if !filepath.IsAbs(d) {
					t.Errorf("%s searches the relative path %q", key, d)
				}
			}
		}
	})
}

package actor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// library is a runtime whose models/actors holds the named actors, each with its name as prompt.
func library(t *testing.T, names ...string) *runtime.Runtime {
	t.Helper()
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	for _, name := range names {
		a := sample()
		a.Details.Prompt = name
		if _, err := a.Save(t.Context(), rt, name, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return rt
}

// prompts are those of the actors by name.
func prompts(t *testing.T, rt *runtime.Runtime) map[string]string {
	t.Helper()
	list, err := List(rt)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range list {
		out[filepath.ToSlash(s.Name)] = s.Details.Prompt
	}
	return out
}

func TestStat(t *testing.T) {
	rt := library(t, "ann", "v1.5")
	p := smallProjector(t)
	if _, err := sample().Save(t.Context(), rt, "people/heavy", &p, tensor.Full(0.5, 3, 8, 3, 2)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(rt.Folders.Base(), "models", "actors")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "bad.safetensors"), []byte("x"), 0o666), os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		full      string
		projector bool
		problem   error
	}{
		"ann":                          {"ann.safetensors", false, nil},
		"ann.safetensors":              {"ann.safetensors", false, nil},
		"people/../ann":                {"ann.safetensors", false, nil},
		"v1.5":                         {"v1.5.safetensors", false, nil},
		"people/heavy":                 {filepath.Join("people", "heavy.safetensors"), true, nil},
		"bad":                          {"bad.safetensors", false, ErrFile},
		"../../" + filepath.Base(dir):  {},
		"notes.txt":                    {},
		"":                             {},
		"people":                       {},
		"ann.safetensors/../ann\x00":   {},
		"people/heavy.safetensors.txt": {},
	} {
		s, err := Stat(rt, name)
		if want.full == "" {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: error %v, want %v", name, err, fs.ErrNotExist)
			}
			continue
		}
		if err != nil || s.Name != want.full || s.Projector != want.projector || !errors.Is(s.Problem, want.problem) || s.Bytes == 0 || s.Modified.IsZero() {
			t.Errorf("%q: %+v (%v)", name, s, err)
		}
	}
}

func TestRename(t *testing.T) {
	tests := map[string]struct {
		from, to string
		want     string // the name, or "" for an error
		is       error
	}{
		"plain":         {"ann", "bea", "bea.safetensors", nil},
		"into a folder": {"ann", "people/bea", "people/bea.safetensors", nil},
		"its own name":  {"ann", "ann.safetensors", "ann.safetensors", nil},
		"taken":         {"ann", "bob", "", fs.ErrExist},
		"none":          {"carl", "bea", "", fs.ErrNotExist},
		"outside":       {"ann", "../bea", "", folder.ErrName},
		"hidden":        {"ann", ".bea", "", folder.ErrName},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rt := library(t, "ann", "bob")
			got, err := Rename(t.Context(), rt, tt.from, tt.to, func(a *Actor) { a.Details.Origin = "changed" })
			if filepath.ToSlash(got) != tt.want || !errors.Is(err, tt.is) {
				t.Errorf("renamed to %q (%v)", got, err)
			}
			if s, _ := Stat(rt, tt.want); tt.want != "" && (s.Details.Origin != "changed" || s.Details.Name != strings.TrimSuffix(tt.to, ".safetensors") && tt.to != "ann.safetensors") {
				t.Errorf("the file says %+v", s.Details)
			}
			want := map[string]string{"ann.safetensors": "ann", "bob.safetensors": "bob"}
			if tt.want != "" {
				delete(want, "ann.safetensors")
				want[tt.want] = "ann"
			}
			if have := prompts(t, rt); len(have) != len(want) || have[tt.want] != want[tt.want] {
				t.Errorf("there are %v, want %v", have, want)
			}
		})
	}
}

func TestTrashAndRestore(t *testing.T) {
	rt := library(t, "ann", "people/ann", "people/annabel")
	for _, name := range []string{"people/ann", "people/annabel"} {
		at, err := Trash(t.Context(), rt, name)
		if err != nil || filepath.Dir(at) != filepath.Join(rt.Folders.User(), "trash", "actors", "people") {
			t.Fatalf("%s lies at %s (%v)", name, at, err)
		}
	}
	for _, prompt := range []string{"second", "third"} { // of the same second, most likely
		a := sample()
		a.Details.Prompt = prompt
		if _, err := a.Save(t.Context(), rt, "people/ann", nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Trash(t.Context(), rt, "people/ann"); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		name string
		is   error
		want string // prompt of people/ann after it
	}{
		{"bob", fs.ErrNotExist, ""},
		{"ann", fs.ErrNotExist, ""},
		{"../ann", fs.ErrNotExist, ""},
		{"people/ann.safetensors", nil, "third"},
		{"people/ann", fs.ErrExist, "third"},
	}
	for _, s := range steps {
		if got, err := Restore(t.Context(), rt, s.name); !errors.Is(err, s.is) || err == nil && got != filepath.Join("people", "ann.safetensors") {
			t.Errorf("%s: restored %q (%v)", s.name, got, err)
		}
		if have := prompts(t, rt)["people/ann.safetensors"]; have != s.want {
			t.Errorf("after %s people/ann is %q, want %q", s.name, have, s.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Restore(ended, rt, "people/annabel"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := Restore(t.Context(), rt, "people/annabel"); err != nil {
		t.Error("what was not restored is still in the trash:", err)
	}
}

func TestClusterLibrary(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	dir := filepath.Join(rt.Folders.Base(), "models", "clusters")
	c := small(3)
	for i := range c.Images.Data {
		c.Images.Data[i] = float32(i%256) / 255
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sub", "robots.safetensors")
	if err := errors.Join(os.WriteFile(path, encoded(t, c), 0o666), os.WriteFile(filepath.Join(dir, "bad.safetensors"), []byte("x"), 0o666)); err != nil {
		t.Fatal(err)
	}
	list, err := ListClusters(rt)
	if err != nil || len(list) != 2 {
		t.Fatalf("list %v (%v)", list, err)
	}
	if bad := list[0]; bad.Name != "bad.safetensors" || bad.Problem == nil {
		t.Errorf("the damaged file is %+v", bad)
	}
	s := list[1]
	if s.Problem != nil || s.Name != filepath.Join("sub", "robots.safetensors") || s.Pictures != 3 || s.Height != c.Images.Dim(1) || s.Width != c.Images.Dim(2) ||
		s.Target != c.Target || s.Prompt != c.Prompt || s.Seed != c.Seed || s.Sigma != c.Sigma || s.Model != c.Model {
		t.Errorf("the cluster is %+v", s)
	}
	for i := range 3 {
		f, err := ClusterPicture(rt, "sub/robots", i)
		if err != nil || f.Width != s.Width || f.Height != s.Height || len(f.Pixels) != s.Width*s.Height*4 {
			t.Fatalf("picture %d: %v (%v)", i, f, err)
		}
		for p, v := range c.Picture(i).Data {
			if got := f.Pixels[p/3*4+p%3]; float32(got)/255 != v {
				t.Fatalf("picture %d: value %d is %d, want %v", i, p, got, v*255)
			}
		}
	}
	for _, index := range []int{-1, 3} {
		if _, err := ClusterPicture(rt, "sub/robots", index); !errors.Is(err, ErrPicture) {
			t.Errorf("picture %d: error %v", index, err)
		}
		if err := SetTarget(t.Context(), rt, "sub/robots", index); !errors.Is(err, ErrPicture) {
			t.Errorf("target %d: error %v", index, err)
		}
	}
	other := (c.Target + 1) % 3
	if err := SetTarget(t.Context(), rt, "sub/robots", other); err != nil {
		t.Fatal(err)
	}
	c.Target = other
	if data, err := os.ReadFile(path); err != nil || !slices.Equal(data, encoded(t, c)) {
		t.Errorf("the file with another target is not what SaveCluster writes (%v)", err)
	}
	if err := SetTarget(t.Context(), rt, "bad", 0); err == nil {
		t.Error("a damaged file got a target")
	}
	if _, err := StatCluster(rt, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
}

package queue

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFiles(t *testing.T) {
	e, err := StartEmbedded(EmbeddedConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	open := func() *Files {
		n, err := Connect(NATSConfig{URL: "nats://" + e.Address()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		f, err := n.OpenFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	server, worker := open(), open()
	here, there := t.TempDir(), t.TempDir()
	write := func(dir, name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := func(path, want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s has %q (%v), want %q", path, got, err, want)
		}
	}
	place := func(name string) string {
		if name == "input/secret" {
			return ""
		}
		return filepath.Join(there, filepath.FromSlash(name))
	}
	sync := func() {
		t.Helper()
		if err := worker.Sync(t.Context(), place); err != nil {
			t.Fatal(err)
		}
	}
	sync() // nothing is there
	for name, text := range map[string]string{"input/a.png": "a", "input/sub/b.png": "b", "actors/x.safetensors": "x", "input/secret": "no"} {
		if err := server.Share(t.Context(), name, write(here, "file", text)); err != nil {
			t.Fatal(err)
		}
	}
	sync()
	check(place("input/a.png"), "a")
	check(place("input/sub/b.png"), "b")
	check(place("actors/x.safetensors"), "x")
	if err := server.Share(t.Context(), "input/a.png", write(here, "file", "changed")); err != nil {
		t.Fatal(err)
	}
	sync()
	check(place("input/a.png"), "changed")

	if err := server.Unshare(t.Context(), "input/a.png"); err != nil {
		t.Fatal(err)
	}
	if err := server.Unshare(t.Context(), "input/never shared"); err != nil {
		t.Error("a file that is not shared:", err)
	}
	write(filepath.Dir(place("actors/x.safetensors")), "x.safetensors", "changed by hand")
	if err := server.Unshare(t.Context(), "actors/x.safetensors"); err != nil {
		t.Fatal(err)
	}
	sync()
	if _, err := os.Stat(place("input/a.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is shared no longer is still there (%v)", err)
	}
	check(place("actors/x.safetensors"), "changed by hand")
	check(place("input/sub/b.png"), "b")

	if err := worker.PutResult(t.Context(), "output/p_00001_.png", write(there, "result", "picture")); err != nil {
		t.Fatal(err)
	}
	if has, err := server.HasResult(t.Context(), "output/p_00001_.png"); !has || err != nil {
		t.Error("a result is not there", err)
	}
	if has, err := server.HasResult(t.Context(), "output/p_00002_.png"); has || err != nil {
		t.Error("a result is there that nobody made", err)
	}
	target := filepath.Join(here, "new", "p.png")
	if err := server.FetchResult(t.Context(), "output/p_00001_.png", target); err != nil {
		t.Fatal(err)
	}
	check(target, "picture")
	if err := server.FetchResult(t.Context(), "output/nothing", target); !errors.Is(err, ErrNoFile) {
		t.Errorf("error %v, want %v", err, ErrNoFile)
	}
	check(target, "picture")
	left, err := filepath.Glob(filepath.Join(there, "*", ".saving-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

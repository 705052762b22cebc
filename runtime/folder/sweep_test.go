package folder

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	base := t.TempDir()
	l, err := New(Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	files := map[string]bool{ // whether it is to stay
		"output/.saving-1.tmp": false, "output/sub/.saving-2.tmp": false, "models/actors/.saving-3.tmp": false,
		"output/a.png": true, "output/.saving-a": true, "output/.hidden.tmp": true, "input/.saving-4.tmp": true,
	}
	for name := range files {
		path := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	fresh := filepath.Join(base, "output", ".saving-5.tmp")
	if err := os.WriteFile(fresh, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if n := l.Sweep(time.Hour); n != 3 {
		t.Errorf("%d files were swept, want 3", n)
	}
	files["output/.saving-5.tmp"] = true // someone is writing it
	for name, stays := range files {
		if _, err := os.Stat(filepath.Join(base, name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

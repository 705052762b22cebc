package goldentest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Base lays the fixtures' models and input pictures out as a ComfyUI folder in a temporary place and returns it; results go there, too.
func Base(t testing.TB) string {
	t.Helper()
	base := t.TempDir()
	linkTree(t, Models(t), filepath.Join(base, "models"))
	input := filepath.Join(Dir(t), "input")
	if _, err := os.Stat(input); err != nil {
		input = filepath.Join(filepath.Dir(Models(t)), "input") // fixtures may come without pictures of their own
	}
	linkTree(t, input, filepath.Join(base, "input"))
	return base
}

// linkTree makes a folder of links to the files of another. A file that holds nothing but the relative path of another is a link
// that was stored by a tool without links; it becomes one again.
func linkTree(t testing.TB, from, to string) {
	t.Helper()
	from, err := filepath.Abs(from)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return os.Symlink(linkTarget(path), filepath.Join(to, rel))
	})
	if err != nil {
		t.Fatalf("golden base folder: %v", err)
	}
}

// longestLink is more than any link of the fixtures, and less than any model or picture.
const longestLink = 256

func linkTarget(path string) string {
	info, err := os.Stat(path)
	if err != nil || info.Size() > longestLink {
		return path
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "../") {
		return path
	}
	target := filepath.Join(filepath.Dir(path), strings.TrimSpace(string(text)))
	if _, err := os.Stat(target); err != nil {
		return path
	}
	return target
}

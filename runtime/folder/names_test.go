package folder

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// notebook is Names on a map, as a journal is.
type notebook struct {
	taken map[string]struct {
		path string
		file uint64
	}
	others map[string]bool // paths of other runs
	n      int
	broken error
}

func (b *notebook) next(context.Context) Name { b.n++; return page{b, string(rune('a' + b.n - 1))} }

type page struct {
	*notebook
	slot string
}

func (p page) Earlier() (string, uint64, bool) { t, ok := p.taken[p.slot]; return t.path, t.file, ok }

func (p page) Take(_ context.Context, path string, file uint64) (bool, error) {
	if p.broken != nil || p.others[path] {
		return false, p.broken
	}
	p.taken[p.slot] = struct {
		path string
		file uint64
	}{path, file}
	return true, nil
}

// TestNames saves a run of two files, in several tries that are cut off at different moments: the files are the same ones, under the same names.
func TestNames(t *testing.T) {
	base := t.TempDir()
	l, err := New(Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	book := &notebook{taken: map[string]struct {
		path string
		file uint64
	}{}, others: map[string]bool{"output/x_00002_.png": true}}
	try := func(content string) (names [2]string) {
		t.Helper()
		book.n = 0
		ctx := WithNames(t.Context(), book.next)
		for i := range names {
			s, err := l.NewSave(Output, "x", 8, 8)
			if err != nil {
				t.Fatal(err)
			}
			saved, err := s.Write(ctx, 0, "png", text(content))
			if err != nil {
				t.Fatal(err)
			}
			names[i] = saved.Filename
		}
		return names
	}
	want := [2]string{"x_00001_.png", "x_00003_.png"} // 2 is another run's, which has not made its file yet
	if got := try("first"); got != want {
		t.Fatalf("saved as %v, want %v", got, want)
	}
	content := func(name string) string {
		data, err := os.ReadFile(filepath.Join(base, "output", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// Cut off after the files: they are finished, and stay.
	if got := try("second"); got != want || content(want[0]) != "first" {
		t.Errorf("a second try saves %v, and %q", got, content(want[0]))
	}
	// Cut off between the name and its file: the file is made.
	if err := os.Remove(filepath.Join(base, "output", want[1])); err != nil {
		t.Fatal(err)
	}
	if got := try("third"); got != want || content(want[1]) != "third" {
		t.Errorf("a third try saves %v, and %q", got, content(want[1]))
	}
	// Someone else's file has the name meanwhile: it is not touched.
	if err := errors.Join(os.Remove(filepath.Join(base, "output", want[1])), os.WriteFile(filepath.Join(base, "output", "keep"), nil, 0o666),
		os.WriteFile(filepath.Join(base, "output", want[1]), []byte("foreign"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if got := try("fourth"); got != [2]string{want[0], "x_00004_.png"} || content(want[1]) != "foreign" || content("x_00004_.png") != "fourth" {
		t.Errorf("a fourth try saves %v; the foreign file is %q", got, content(want[1]))
	}
	entries, err := os.ReadDir(filepath.Join(base, "output"))
	if err != nil || len(entries) != 4 {
		t.Errorf("%d files, want 4 (%v)", len(entries), err)
	}
	book.broken = errors.New("lost the job")
	if _, err := os.Stat(filepath.Join(base, "output", "x_00005_.png")); err == nil {
		t.Error("a file too many")
	}
	book.n = 5
	s, err := l.NewSave(Output, "x", 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(WithNames(t.Context(), book.next), 0, "png", text("late")); !errors.Is(err, book.broken) {
		t.Errorf("a run that has lost its job saves a file (%v)", err)
	}
}

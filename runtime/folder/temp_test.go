package folder

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTempIsWiped(t *testing.T) {
	l := layout(t, Config{Base: t.TempDir()})
	put := func(name string) {
		t.Helper()
		path := filepath.Join(l.Dir(Temp), name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o777))
		check(t, os.WriteFile(path, nil, 0o666))
	}
	want := func(when string, names ...string) {
		t.Helper()
		if got := files(t, l.Dir(Temp)); !slices.Equal(got, append([]string{tempMark}, names...)) {
			t.Errorf("%s: temp holds %q, want the mark and %q", when, got, names)
		}
	}
	first, err := l.OpenTemp()
	check(t, err)
	want("new")
	put("a.png")
	put("sub/b.png")

	second, err := l.OpenTemp() // another process, say
	check(t, err)
	want("a second user comes", "a.png", "sub/b.png")
	check(t, second())
	want("the second user goes", "a.png", "sub/b.png")
	check(t, first())
	want("the last user goes")

	put("left by a crash.png")
	again, err := l.OpenTemp()
	check(t, err)
	want("the next start")
	check(t, again())
}

func TestTempOfSaves(t *testing.T) {
	l := layout(t, Config{Base: t.TempDir()})
	check(t, l.Close())
	if _, err := os.Stat(l.Dir(Temp)); err == nil {
		t.Error("a temp folder was made although nothing was saved there")
	}
	s, err := l.NewSave(Temp, "a", 8, 8)
	check(t, err)
	_, err = s.Write(t.Context(), 0, "txt", text5)
	check(t, err)
	_, err = l.NewSave(Temp, "b", 8, 8) // does not wipe what this process saved
	check(t, err)
	if got := files(t, l.Dir(Temp)); !slices.Equal(got, []string{tempMark, "a_00001_.txt"}) {
		t.Errorf("temp holds %q", got)
	}
	for range 2 {
		check(t, l.Close())
		if got := files(t, l.Dir(Temp)); !slices.Equal(got, []string{tempMark}) {
			t.Errorf("closed, temp holds %q", got)
		}
	}
}

func TestTempOfSomeoneElse(t *testing.T) {
	base := tree(t, "temp/thesis.txt")
	l := layout(t, Config{Base: base})
	wipe, err := l.OpenTemp()
	check(t, err)
	check(t, wipe())
	if got := files(t, l.Dir(Temp)); !slices.Equal(got, []string{"thesis.txt"}) {
		t.Errorf("temp holds %q, want the file that was there", got)
	}
}

func BenchmarkNew(b *testing.B) {
	base := b.TempDir()
	for b.Loop() {
		if _, err := New(Config{Base: base}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListCached(b *testing.B) {
	l, err := New(Config{Base: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.List("checkpoints"); err != nil {
			b.Fatal(err)
		}
	}
}

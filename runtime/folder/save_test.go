package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestSavePath(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	tests := map[string]struct {
		prefix  string
		files   []string
		base    string
		sub     string
		counter int
	}{
		"first":                       {"ComfyUI", nil, "ComfyUI", "", 1},
		"goes on":                     {"a", []string{"output/a_00001_.png", "output/a_00007_.png"}, "a", "", 8},
		"any extension counts":        {"a", []string{"output/a_00003_.webp"}, "a", "", 4},
		"other names do not":          {"a", []string{"output/ab_00003_.png", "output/a-00003_.png"}, "a", "", 1},
		"no number counts as 0":       {"a", []string{"output/a_x_.png"}, "a", "", 1},
		"a longer name with a number": {"a", []string{"output/a_12_b_00001_.png"}, "a", "", 13},
		"too long a number":           {"a", []string{"output/a_99999999999999999999_.png"}, "a", "", 1},
		"sub-folder":                  {"x/y/a", []string{"output/x/y/a_00001_.png", "output/a_00005_.png"}, "a", "x/y", 2},
		"folder with a slash":         {"x/", []string{"output/x_00002_.png"}, "x", "", 3},
		"dots inside":                 {"x/../a", nil, "a", "", 1},
		"size":                        {"%width%x%height%", nil, "512x768", "", 1},
		"date":                        {"%year%-%month%-%day%/%hour%%minute%%second%", nil, "050607", "2026-03-04", 1},
		"batch_num stays":             {"b%batch_num%", nil, "b%batch_num%", "", 1},
		"unknown token stays":         {"%date%", nil, "%date%", "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base := tree(t, tt.files...)
			p, err := layout(t, Config{Base: base}).savePathAt(Output, tt.prefix, 512, 768, now)
			check(t, err)
			want := SavePath{Root: Output, Dir: filepath.Join(base, "output", tt.sub), Base: tt.base, Counter: tt.counter, Subfolder: tt.sub}
			if p != want {
				t.Errorf("got %+v, want %+v", p, want)
			}
		})
	}
	l := layout(t, Config{Base: t.TempDir()})
	for _, prefix := range []string{"../a", "a/../../b", "/tmp/a", "..", "a\x00"} {
		if p, err := l.SavePath(Output, prefix, 0, 0); err == nil {
			t.Errorf("prefix %q saves to %s", prefix, p.Dir)
		}
	}
}

func text5(w io.Writer) error { _, err := io.WriteString(w, "12345"); return err }

// files lists what is below dir, temporary files too.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, rel)
		}
		return err
	}))
	return names
}

func TestSaveWrites(t *testing.T) {
	base := tree(t, "output/s/a_00001_.png")
	l := layout(t, Config{Base: base})
	s, err := l.NewSave(Output, "s/a", 8, 8)
	check(t, err)
	// Someone else takes the next number after it was chosen.
	taken := filepath.Join(base, "output/s/a_00002_.png")
	check(t, os.WriteFile(taken, []byte("theirs"), 0o666))
	for i, want := range []string{"a_00003_.png", "a_00004_.png"} {
		got, err := s.Write(t.Context(), i, "png", text5)
		check(t, err)
		if got != (Saved{want, "s", Output}) {
			t.Errorf("got %+v, want %s in s", got, want)
		}
		if b, err := os.ReadFile(filepath.Join(base, "output/s", want)); err != nil || string(b) != "12345" {
			t.Errorf("%s holds %q, %v", want, b, err)
		}
	}
	if b, err := os.ReadFile(taken); err != nil || string(b) != "theirs" {
		t.Errorf("the other file now holds %q, %v", b, err)
	}
	want := []string{"a_00001_.png", "a_00002_.png", "a_00003_.png", "a_00004_.png"}
	if got := files(t, filepath.Join(base, "output/s")); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestSaveBatchNumber(t *testing.T) {
	l := layout(t, Config{Base: t.TempDir()})
	for range 2 { // the second run must not replace the files of the first
		s, err := l.NewSave(Output, "b%batch_num%", 8, 8)
		check(t, err)
		for i := range 2 {
			_, err := s.Write(t.Context(), i, "png", text5)
			check(t, err)
		}
	}
	want := []string{"b0_00001_.png", "b0_00002_.png", "b1_00002_.png", "b1_00003_.png"}
	if got := files(t, l.Dir(Output)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSaveTogether(t *testing.T) {
	l := layout(t, Config{Base: t.TempDir()})
	const runs, each = 8, 5
	var wg sync.WaitGroup
	for run := range runs {
		wg.Go(func() {
			s, err := l.NewSave(Output, "a", 8, 8)
			for i := 0; err == nil && i < each; i++ {
				_, err = s.Write(t.Context(), i, "txt", func(w io.Writer) error {
					_, err := fmt.Fprintf(w, "%d.%d", run, i)
					return err
				})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, name := range files(t, l.Dir(Output)) {
		b, err := os.ReadFile(filepath.Join(l.Dir(Output), name))
		check(t, err)
		seen[string(b)] = true
	}
	if len(seen) != runs*each {
		t.Errorf("%d different files on disk, want %d", len(seen), runs*each)
	}
}

// brokenDisk fails the step named.
type brokenDisk struct {
	osDisk
	step string
	full int // bytes that fit, for the step "write"
}

type brokenFile struct {
	File
	disk *brokenDisk
}

func (d *brokenDisk) fails(step string) error {
	if d.step == step {
		return syscall.ENOSPC
	}
	return nil
}

func (d *brokenDisk) MkdirAll(dir string) error {
	return errors.Join(d.fails("mkdir"), d.osDisk.MkdirAll(dir))
}

func (d *brokenDisk) CreateTemp(dir string) (File, error) {
	if err := d.fails("create"); err != nil {
		return nil, err
	}
	f, err := d.osDisk.CreateTemp(dir)
	return brokenFile{f, d}, err
}

func (d *brokenDisk) Publish(temp, final string) error {
	if err := d.fails("publish"); err != nil {
		return err
	}
	return d.osDisk.Publish(temp, final)
}

func (f brokenFile) Write(b []byte) (int, error) {
	if f.disk.step == "write" && len(b) > f.disk.full {
		n, _ := f.File.Write(b[:f.disk.full])
		f.disk.full -= n
		return n, syscall.ENOSPC
	}
	return f.File.Write(b)
}

func (f brokenFile) Sync() error  { return errors.Join(f.disk.fails("sync"), f.File.Sync()) }
func (f brokenFile) Close() error { return errors.Join(f.disk.fails("close"), f.File.Close()) }

func TestSaveLeavesNothingBehind(t *testing.T) {
	for _, step := range []string{"mkdir", "create", "write", "sync", "close", "publish"} {
		t.Run("disk full at "+step, func(t *testing.T) {
			l := layout(t, Config{Base: t.TempDir(), Disk: &brokenDisk{step: step, full: 100}})
			s, err := l.NewSave(Output, "a", 8, 8)
			check(t, err)
			_, err = s.Write(t.Context(), 0, "png", func(w io.Writer) error {
				_, err := io.Copy(w, bytes.NewReader(make([]byte, 1000)))
				return err
			})
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), l.Dir(Output)) {
				t.Errorf("got %v, want \"no space left\" and where", err)
			}
			if step != "mkdir" {
				if got := files(t, l.Dir(Output)); len(got) > 0 {
					t.Errorf("left behind: %q", got)
				}
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		l := layout(t, Config{Base: t.TempDir()})
		s, err := l.NewSave(Output, "a", 8, 8)
		check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		_, err = s.Write(ctx, 0, "png", func(w io.Writer) error {
			cancel()
			return text5(w)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want cancelled", err)
		}
		if got := files(t, l.Dir(Output)); len(got) > 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

func TestReserve(t *testing.T) {
	dir := tree(t, "temp", "taken")
	temp, taken := filepath.Join(dir, "temp"), filepath.Join(dir, "taken")
	check(t, os.WriteFile(temp, []byte("new"), 0o666))
	if err := reserve(temp, taken); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto an existing file: got %v", err)
	}
	check(t, reserve(temp, filepath.Join(dir, "free")))
	if got := files(t, dir); !slices.Equal(got, []string{"free", "taken"}) {
		t.Errorf("got %q", got)
	}
	if err := reserve(temp, filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a temporary file: got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the reserved name stayed behind: %v", err)
	}
}

func FuzzSavePath(f *testing.F) {
	for _, s := range []string{"a", "a/b", "../a", "%year%/%width%", "%batch_num%", "", ".", "a//b", "/", "\x00"} {
		f.Add(s)
	}
	l, err := New(Config{Base: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, prefix string) {
		p, err := l.SavePath(Output, prefix, 64, 64)
		if err != nil {
			return
		}
		path := filepath.Join(p.Dir, p.Name(p.Counter, 0, "png"))
		if rel, err := filepath.Rel(l.Dir(Output), path); err != nil || !filepath.IsLocal(rel) {
			t.Errorf("prefix %q saves to %q", prefix, path)
		}
	})
}

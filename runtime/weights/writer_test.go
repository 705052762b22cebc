package weights

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	metadata := []Pair{{"workflow", `{"a": "<b>&\n"}`}, {"a", "ü"}, {"prompt", ""}}
	if err := Save(t.Context(), path, metadata, []Entry{
		RawEntry("ids", I64, []int64{1, 2}, []byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}),
		RawEntry("flag", U8, nil, []byte{7}),
		Float16Entry("half", ramp(3)),
		Float32Entry("b", ramp(2, 2)),
		Float32Entry("a", tensor.New(0)),
	}); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.MetadataPairs(); !slices.Equal(got, metadata) {
		t.Errorf("metadata %v, want %v", got, metadata)
	}
	if want := []string{"ids", "a", "b", "half", "flag"}; !slices.Equal(f.Names(), want) {
		t.Errorf("order %v, want %v", f.Names(), want)
	}
	for name, want := range map[string][]float32{"ids": {1, 2}, "flag": {7}, "half": {0, 1, 2}, "b": {0, 1, 2, 3}, "a": {}} {
		got, err := f.Float32(name)
		if err != nil || !slices.Equal(got.Data, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
		if info, _ := f.Info(name); info.Offset%info.DType.Size() != 0 {
			t.Errorf("%s at %d is not aligned", name, info.Offset)
		}
	}
	ref, _ := f.All().Ref("half")
	rows, err := ref.Rows(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.safetensors")
	if err := Save(t.Context(), copied, nil, []Entry{RefEntry("h", rows)}); err != nil {
		t.Fatal(err)
	}
	g, err := Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if got, err := g.Float32("h"); err != nil || !slices.Equal(got.Data, []float32{1, 2}) {
		t.Errorf("copied %v, %v", got, err)
	}
	if len(g.Metadata()) != 0 {
		t.Errorf("metadata %v", g.Metadata())
	}
}

// TestSaveFails checks that a failed save leaves the folder as it was.
func TestSaveFails(t *testing.T) {
	full := errors.New("no space left on device")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx     context.Context
		entries []Entry
		want    string
	}{
		"disk full":        {t.Context(), []Entry{{"a", F32, []int64{1}, func(io.Writer) error { return full }}}, full.Error()},
		"cancelled":        {cancelled, []Entry{Float32Entry("a", ramp(4))}, "canceled"},
		"too few bytes":    {t.Context(), []Entry{RawEntry("a", F32, []int64{2}, make([]byte, 4))}, "wrote 4 bytes"},
		"name twice":       {t.Context(), []Entry{Float32Entry("a", ramp(1)), Float32Entry("a", ramp(1))}, "two tensors"},
		"reserved name":    {t.Context(), []Entry{Float32Entry("__metadata__", ramp(1))}, "two tensors"},
		"negative size":    {t.Context(), []Entry{RawEntry("a", F32, []int64{-1}, nil)}, "negative"},
		"unreadable place": {t.Context(), nil, "no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.safetensors")
			if name == "unreadable place" {
				path = filepath.Join(dir, "none", "x.safetensors")
			} else if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := Save(tt.ctx, path, nil, tt.entries)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			files, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if name == "unreadable place" {
				if len(files) != 0 {
					t.Errorf("left %v", files)
				}
				return
			}
			if old, err := os.ReadFile(path); len(files) != 1 || err != nil || string(old) != "old" {
				t.Errorf("left %v, content %q, %v", files, old, err)
			}
		})
	}
}

// FuzzSave writes names and metadata of any text and reads them back.
func FuzzSave(f *testing.F) {
	f.Add("a", "key", "value")
	f.Add("", "", "")
	f.Add("\"\\\n\u2028<>&", "ü\x00", "\u0010")
	f.Fuzz(func(t *testing.T, name, key, value string) {
		path := filepath.Join(t.TempDir(), "x")
		err := Save(t.Context(), path, []Pair{{key, value}}, []Entry{Float32Entry(name, ramp(1))})
		if err != nil {
			if name != "__metadata__" {
				t.Fatal(err)
			}
			return
		}
		g, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		want := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		// encoding/json replaces each invalid byte, ToValidUTF8 each run: compare only what is valid.
		if want(name) == name && g.Names()[0] != name || want(value) == value && g.MetadataPairs()[0].Value != value {
			t.Errorf("read back %q, %v", g.Names(), g.MetadataPairs())
		}
	})
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

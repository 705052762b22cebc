package runtime

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestFileCache opens a folder with one file below it and counts how often that is read.
func TestFileCache(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, folder, file string)
		want   int
	}{
		"nothing changed":   {func(*testing.T, string, string) {}, 1},
		"the file replaced": {func(t *testing.T, _, file string) { saveOnes(t, file, 3) }, 2},
		"the file touched": {func(t *testing.T, _, file string) {
			if err := os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"a file beside it": {func(t *testing.T, folder, _ string) { saveOnes(t, filepath.Join(folder, "other"), 1) }, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, "unet", "weights.safetensors")
			if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			saveOnes(t, file, 2)
			// From long ago, since a file system may keep times by the second or coarser.
			if err := os.Chtimes(folder, time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}

			var cache fileCache
			reads := 0
			open := func(string) (*weights.File, error) { reads++; return weights.Open(file) }
			files := func(f *weights.File) []*weights.File { return []*weights.File{f} }
			for range 2 {
				if _, err := opened(&cache, "test", folder, open, files); err != nil {
					t.Fatal(err)
				}
				tt.change(t, folder, file)
			}
			if reads != tt.want {
				t.Errorf("read %d times, want %d", reads, tt.want)
			}
			if err := cache.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// saveOnes writes a weights file with one tensor of n ones.
func saveOnes(t *testing.T, path string, n int) {
	t.Helper()
	if err := weights.Save(t.Context(), path, nil, []weights.Entry{weights.Float32Entry("x", tensor.Full(1, n))}); err != nil {
		t.Fatal(err)
	}
}

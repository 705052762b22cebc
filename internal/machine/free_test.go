package machine

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFreeMemory(t *testing.T) {
	if got := FreeMemory(); got < 0 || got > MemoryLimit() {
		t.Errorf("%d bytes free of %d", got, MemoryLimit())
	}
}

func TestGroupFree(t *testing.T) {
	const limit = 1000
	tests := map[string]struct {
		current, stat string // "" for a missing file
		want          int64
	}{
		"no group":           {"", "", limit},
		"no statistics":      {"400\n", "", limit},
		"used":               {"400\n", "anon 300\n", 600},
		"pages of files":     {"400\n", "anon 300\nfile 90\ninactive_file 50\n", 650},
		"only pages":         {"400\n", "inactive_file 500\n", limit},
		"more than the rest": {"1200\n", "anon 1200\n", 0},
		"unreadable":         {"max\n", "anon 1\n", limit},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"memory.current": tt.current, "memory.stat": tt.stat} {
				if text != "" {
					if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := groupFree(dir, limit); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

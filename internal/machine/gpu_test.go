package machine

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseGPU(t *testing.T) {
	tests := map[string]struct {
		text string
		want GPU
		ok   bool
	}{
		"one":         {"NVIDIA H100 80GB HBM3, 81559, 81008\n", GPU{"NVIDIA H100 80GB HBM3", 81559 << 20, 81008 << 20}, true},
		"none":        {"", GPU{}, false},
		"a message":   {"No devices were found\n", GPU{}, false},
		"not told":    {"NVIDIA GB10, [N/A], [N/A]\n", GPU{}, false},
		"negative":    {"A, -1, 1\n", GPU{}, false},
		"very large":  {"A, 9223372036854775807, 1\n", GPU{}, false},
		"more fields": {"A, 1, 1, 1\n", GPU{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseGPU(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzParseGPU(f *testing.F) {
	f.Add("NVIDIA H100 80GB HBM3, 81559, 81008\n")
	f.Add("\"a\nb\", 1, 2")
	f.Fuzz(func(t *testing.T, text string) {
		if g, err := parseGPU(text); err == nil && (g.MemoryTotal < 0 || g.MemoryFree < 0) {
			t.Errorf("memory below zero: %+v", g)
		}
	})
}

// TestReadGPU asks a program in the place of nvidia-smi.
func TestReadGPU(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\nfor last; do :; done\necho x >> " + filepath.Join(dir, "calls") + "\n[ \"$last\" = 9 ] && exit 6\necho \"Card $last, 100, 50\"\n"
	if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	want := GPU{"Card 7", 100 << 20, 50 << 20}
	for range 2 {
		if g, err := ReadGPU(7); err != nil || g != want {
			t.Errorf("got %+v, %v", g, err)
		}
	}
	if _, err := ReadGPU(9); err == nil {
		t.Error("no error of a card that is not there")
	}
	if calls, err := os.ReadFile(filepath.Join(dir, "calls")); err != nil || len(calls) > 2*len("x\n")+2 {
		t.Errorf("asked %q times, %v", calls, err)
	}
}

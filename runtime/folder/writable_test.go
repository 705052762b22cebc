package folder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWritable(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "a file")
	check(t, os.WriteFile(file, nil, 0o600))
	closed := filepath.Join(base, "closed")
	check(t, os.Mkdir(closed, 0o500))
	tests := map[string]struct {
		dir  string
		want string // part of the error; "" where it is writable
	}{
		"a folder":             {base, ""},
		"not there yet":        {filepath.Join(base, "a", "b", "c"), ""},
		"a file":               {file, file + " is not a folder"},
		"below a file":         {filepath.Join(file, "x", "y"), file + " is not a folder"},
		"without permission":   {closed, "permission denied"},
		"below such a folder":  {filepath.Join(closed, "x"), "permission denied"},
		"a name that is a NUL": {filepath.Join(base, "\x00"), "invalid argument"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want == "permission denied" && os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			err := layout(t, Config{Base: base, Output: tt.dir}).Writable(Output)
			if tt.want == "" {
				check(t, err)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.dir) {
				t.Errorf("got %v, want %q and the folder", err, tt.want)
			}
		})
	}
	if entries, err := os.ReadDir(base); err != nil || len(entries) != 2 {
		t.Errorf("something was written: %v, %v", entries, err)
	}
}

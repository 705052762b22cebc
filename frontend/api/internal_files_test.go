package api

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// dataHost has data folders below a base.
type dataHost struct {
	fakeHost
	base string
}

func (h *dataHost) Path(folderType, subfolder, name string) string {
	return filepath.Join(h.base, folderType, subfolder, name)
}

func TestInternalFiles(t *testing.T) {
	base := t.TempDir()
	s := newServer(t, setup{host: &dataHost{fakeHost{user: t.TempDir()}, base}})
	scenario{path: "/internal/files/output", is: "[]"}.run(t, s.Handler())
	writeFiles(t, base, map[string]string{
		"output/old.png": "1", "output/new ü.png": "2", "output/mid.txt": "3", "output/sub/x.png": "4", "output/.saving-1.tmp": "5", "input/a.png": "6", "secret": "7",
	})
	now := time.Now()
	for name, age := range map[string]time.Duration{"old.png": 3 * time.Hour, "mid.txt": 2 * time.Hour, "new ü.png": time.Hour} {
		if err := os.Chtimes(filepath.Join(base, "output", name), now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	wrong := func(path string) scenario {
		return scenario{path: path, status: 400, is: `{"error": "Invalid directory type"}`}
	}
	runAll(t, s, map[string]scenario{
		"newest first":  {path: "/internal/files/output", is: `["new \u00fc.png", "mid.txt", "old.png"]`},
		"input":         {path: "/internal/files/input", is: `["a.png"]`},
		"not there yet": {path: "/internal/files/temp", is: `[]`},
		"another":       wrong("/internal/files/models"),
		"up":            wrong("/internal/files/..%2Foutput"),
		"another case":  wrong("/internal/files/Output"),
		"no type":       {path: "/internal/files/", status: 404},
		"a file":        {path: "/internal/files/output/old.png", status: 404},
		"no twin":       {path: "/api/internal/files/output", status: 404},
		"POST":          {method: "POST", path: "/internal/files/output", status: 405, headers: map[string]string{"Allow": "GET,HEAD"}},
	})
}

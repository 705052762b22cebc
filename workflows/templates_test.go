package workflows_test

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/workflows"
)

// TestTemplates holds that every workflow is in the index, and has a picture.
func TestTemplates(t *testing.T) {
	files := workflows.Templates()
	text, err := fs.ReadFile(files, "index.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		ModuleName, Title, Type string
		Templates               []struct{ Name, Title, MediaType, MediaSubtype, Description string }
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, g := range groups {
		if g.ModuleName != "default" || g.Title == "" || g.Type != "image" {
			t.Errorf("group %+v", g)
		}
		for _, e := range g.Templates {
			if listed[e.Name] || e.Title == "" || e.Description == "" || e.MediaType != "image" || e.MediaSubtype != "webp" {
				t.Errorf("entry %+v", e)
			}
			listed[e.Name] = true
			checkPicture(t, files, e.Name+"-1.webp")
		}
	}
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range names {
		if name := strings.TrimSuffix(file, ".json"); !listed[name] {
			t.Errorf("%s is not in templates/index.json", name)
		}
		delete(listed, strings.TrimSuffix(file, ".json"))
		if data, err := fs.ReadFile(files, file); err != nil || !json.Valid(data) {
			t.Errorf("%s: %v", file, err)
		}
	}
	for name := range listed {
		t.Errorf("templates/index.json has %s, which is no workflow", name)
	}
	if _, err := files.Open("none.json"); err == nil {
		t.Error("no error of a file that is not there")
	}
}

func checkPicture(t *testing.T, files fs.FS, name string) {
	t.Helper()
	f, err := files.Open(name)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	frames, err := imaging.Decode(f, imaging.Limits{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if w, h := frames[0].Width, frames[0].Height; w < 128 || h < 128 || max(w, h) > 512 {
		t.Errorf("%s has %dx%d pixels; 256 are good", name, w, h)
	}
}

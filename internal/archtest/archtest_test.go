package archtest

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/oneactor/oneactor"
	root   = "../.."
)

// rooms says which rooms a room may import besides itself. The root package wires all and is bound by nothing.
var rooms = map[string][]string{
	"internal":  nil,
	"graph":     {"internal"},
	"runtime":   {"internal"},
	"nodes":     {"internal", "graph", "runtime"},
	"frontend":  {"internal", "graph"},
	"bench":     {"internal", "runtime"},
	"workflows": nil,
}

// reserved says which packages alone may import something, tests apart. "" is the root package.
var reserved = map[string][]string{
	"github.com/yalue/onnxruntime_go":                {"runtime/ort"},
	"github.com/dominikbraun/graph":                  {"graph"},
	"github.com/spf13/cobra":                         {"frontend/cli"},
	"github.com/gin-gonic/gin":                       {"frontend/api"},
	"github.com/gorilla/websocket":                   {"frontend/api", "bench/load"},
	"github.com/prometheus/client_golang/prometheus": {"frontend/api"},
	module + "/runtime/ort":                          {"", "runtime", "runtime/actor", "runtime/runtimetest", "runtime/autodiff/gradtest", "bench"},
	module + "/runtime/goldentest":                   nil,
	module + "/runtime/ort/ortest":                   {"runtime/autodiff/gradtest"},
	module + "/runtime/autodiff/gradtest":            nil,
	module + "/runtime/runtimetest":                  nil,
	module + "/runtime/layouttest":                   nil,
	module + "/graph/graphtest":                      nil,
}

// source is a Go file of the program.
type source struct {
	name string // relative to the root of the repository, with slashes
	text []byte
}

func (s source) folder() string { return strings.TrimPrefix(path.Dir(s.name), ".") }
func (s source) isTest() bool   { return strings.HasSuffix(s.name, "_test.go") }

// sources lists the Go files, those of tools that a folder keeps in testdata or under a dot left out.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == "testdata" || n == "node_modules" || strings.HasPrefix(n, ".") && n != ".." {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		list = append(list, source{filepath.ToSlash(name), text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no Go files found")
	}
	return list
}

// TestImportsPointDownwards keeps graph and runtime apart, nodes below frontend, and onnxruntime in one place.
func TestImportsPointDownwards(t *testing.T) {
	for _, s := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), s.name, s.text, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if problem := check(s, imported); problem != "" {
				t.Errorf("%s imports %s: %s", s.name, imported, problem)
			}
		}
	}
}

// check says what is wrong with an import, "" where nothing is.
func check(s source, imported string) string {
	folder := s.folder()
	if s.isTest() {
		// Tests may look at anything but onnxruntime itself.
		if imported == "github.com/yalue/onnxruntime_go" && !strings.HasPrefix(folder, "runtime/ort") {
			return "only runtime/ort talks to onnxruntime; use runtime/ort/ortest"
		}
		return ""
	}
	inside := strings.HasPrefix(module+"/"+folder+"/", imported+"/")
	if only, ok := reserved[imported]; ok && !inside && !slices.Contains(only, folder) {
		if len(only) == 0 {
			return "it is for tests alone"
		}
		return "only " + strings.Join(only, ", ") + " may"
	}
	if folder == "" || !strings.HasPrefix(imported, module+"/") {
		return ""
	}
	from, _, _ := strings.Cut(folder, "/")
	to, _, _ := strings.Cut(strings.TrimPrefix(imported, module+"/"), "/")
	below, ok := rooms[from]
	switch {
	case !ok:
		return "room " + from + " has no row in rooms; add one that says what it may import"
	case from != to && !slices.Contains(below, to):
		return from + " does not know " + to
	}
	return ""
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		file, imported string
		wrong          bool
	}{
		"graph knows no tensors":          {"graph/run.go", module + "/runtime", true},
		"nor their parts":                 {"graph/comfy/png.go", module + "/runtime/imaging", true},
		"runtime knows no graph":          {"runtime/sample.go", module + "/graph", true},
		"its parts neither":               {"runtime/model/unet.go", module + "/nodes", true},
		"nodes join them":                 {"nodes/image.go", module + "/runtime", false},
		"nodes know no frontend":          {"nodes/image.go", module + "/frontend", true},
		"nodes know no onnxruntime":       {"nodes/image.go", module + "/runtime/ort", true},
		"frontend sees graph":             {"frontend/cli/run.go", module + "/graph", false},
		"frontend sees no runtime":        {"frontend/cli/run.go", module + "/runtime", true},
		"runtime/ort has onnxruntime":     {"runtime/ort/session.go", "github.com/yalue/onnxruntime_go", false},
		"nobody else has it":              {"runtime/sessions.go", "github.com/yalue/onnxruntime_go", true},
		"not even tests":                  {"runtime/sample_test.go", "github.com/yalue/onnxruntime_go", true},
		"tests may cross":                 {"graph/comfy/x_test.go", module + "/runtime/goldentest", false},
		"models are built without it":     {"runtime/model/unet.go", module + "/runtime/ort", true},
		"test helpers are for tests":      {"runtime/sample.go", module + "/runtime/goldentest", true},
		"one helper may use its neighbor": {"runtime/ort/ortest/setup.go", module + "/runtime/ort", false},
		"main wires all":                  {"main.go", module + "/frontend/cli", false},
		"a new room needs a row":          {"attic/x.go", module + "/graph", true},
		"the standard library is free":    {"graph/run.go", "fmt", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if problem := check(source{name: tt.file}, tt.imported); (problem != "") != tt.wrong {
				t.Errorf("%s imports %s: %q", tt.file, tt.imported, problem)
			}
		})
	}
}

// TestFilesAreShort: a longer file usually holds two ideas.
func TestFilesAreShort(t *testing.T) {
	const most = 600
	for _, s := range sources(t) {
		if n := bytes.Count(s.text, []byte("\n")); n > most && !strings.HasPrefix(path.Base(s.name), "gen_") {
			t.Errorf("%s has %d lines; split it at its ideas (%d at most)", s.name, n, most)
		}
	}
}

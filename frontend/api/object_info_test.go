package api

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/oneactor/oneactor/graph"
)

// loadModel and loadMask have drop-downs that the server lists; plain has none.
type loadModel struct {
	_ graph.Meta `class:"LoadModel" category:"loaders" title:"Load Model"`

	Name string `in:"model_name" choices:"checkpoints"`
}

func (loadModel) Run(context.Context) (int, error) { return 0, nil }

type loadMask struct {
	_ graph.Meta `class:"LoadMask" category:"mask"`

	Image   string `choices:"input/pictures"`
	Channel string `enum:"alpha|red" default:"red"`
}

func (loadMask) Run(context.Context) (int, error) { return 0, nil }

type plain struct {
	_ graph.Meta `class:"Plain" category:"ünusual" doc:"no lists"`

	Seed uint64 `default:"0" max:"18446744073709551615"`
}

func (plain) Run(context.Context) (int, error) { return 0, nil }

func testClasses() []graph.Declaration {
	return []graph.Declaration{graph.Declare[loadModel](), graph.Declare[loadMask](), graph.Declare[plain]()}
}

// lists is a host whose drop-downs change while requests come.
type lists struct {
	fakeHost
	mu sync.Mutex
}

func (h *lists) Choices(key string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fakeHost.Choices(key)
}

func (h *lists) set(key string, names ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fakeHost.lists == nil {
		h.fakeHost.lists = map[string][]string{}
	}
	if names == nil {
		delete(h.fakeHost.lists, key)
	} else {
		h.fakeHost.lists[key] = names
	}
}

func TestObjectInfo(t *testing.T) {
	host := &lists{fakeHost: fakeHost{user: t.TempDir()}}
	host.set("checkpoints", "a.safetensors")
	host.set("input/pictures", "ü.png")
	s := newServer(t, setup{host: host, classes: testClasses()})
	all := scenario{path: "/object_info", want: []string{`"model_name": [["a.safetensors"]`, `"image": [["\u00fc.png"]`, `"category": "\u00fcnusual"`, "18446744073709551615"}}
	w := all.run(t, s.Handler())
	if n := w.Header().Get("Content-Length"); n != fmt.Sprint(w.Body.Len()) {
		t.Errorf("Content-Length %q of %d", n, w.Body.Len())
	}
	info := decoded[map[string]map[string]any](t, w.Body)
	if len(info) != 3 || info["Plain"]["display_name"] != "Plain" || info["LoadModel"]["display_name"] != "Load Model" {
		t.Errorf("got %v", info)
	}
	one := func(class, want string) scenario {
		return scenario{path: "/object_info/" + class, want: []string{want}}
	}
	runAll(t, s, map[string]scenario{
		"again":      all,
		"twin":       {path: "/api/object_info", want: all.want},
		"one":        one("LoadModel", `{"LoadModel": {"input": {"required": {"model_name": [["a.safetensors"]`),
		"one, twin":  {path: "/api/object_info/Plain", want: []string{`{"Plain": {`}, not: []string{"LoadModel"}},
		"unknown":    {path: "/object_info/Nothing", is: "{}"},
		"empty name": {path: "/object_info/", status: 404},
		"up":         {path: "/object_info/../queue", status: 404},
	})

	// A new file shows up at once, one that is gone is gone.
	host.set("checkpoints", "a.safetensors", "b.safetensors")
	scenario{path: "/object_info", want: []string{`["a.safetensors", "b.safetensors"]`}}.run(t, s.Handler())
	one("LoadModel", `["a.safetensors", "b.safetensors"]`).run(t, s.Handler())
	host.set("checkpoints", "b.safetensors")
	scenario{path: "/object_info", want: []string{`[["b.safetensors"]`}, not: []string{"a.safetensors"}}.run(t, s.Handler())

	// A class whose list can't be read is left out, and comes back.
	host.set("input/pictures")
	scenario{path: "/object_info", want: []string{"LoadModel", "Plain"}, not: []string{"LoadMask"}}.run(t, s.Handler())
	scenario{path: "/object_info/LoadMask", status: 500, is: troubleText}.run(t, s.Handler())
	host.set("input/pictures", "x.png")
	scenario{path: "/object_info", want: []string{`"image": [["x.png"]`}}.run(t, s.Handler())
}

// TestObjectInfoTogether asks from many clients while the list changes; the race detector listens.
func TestObjectInfoTogether(t *testing.T) {
	host := &lists{fakeHost: fakeHost{user: t.TempDir()}}
	host.set("checkpoints", "0")
	host.set("input/pictures", "0")
	s := newServer(t, setup{host: host, classes: testClasses()})
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for n := range 20 {
				if i == 0 {
					host.set("checkpoints", fmt.Sprint(n))
				}
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/object_info", nil))
				if !json.Valid(w.Body.Bytes()) {
					t.Errorf("no JSON: %.200s", w.Body)
				}
			}
		})
	}
	clients.Wait()
	scenario{path: "/object_info", want: []string{`"model_name": [["19"]`}}.run(t, s.Handler())
}

func TestObjectInfoPacked(t *testing.T) {
	host := &lists{fakeHost: fakeHost{user: t.TempDir()}}
	host.set("checkpoints", "a")
	host.set("input/pictures", "b")
	s := newServer(t, setup{host: host, classes: testClasses(), config: Config{Compress: true}})
	for _, name := range []string{"a", "changed"} {
		host.set("checkpoints", name)
		plain := scenario{path: "/object_info"}.run(t, s.Handler())
		packed := scenario{path: "/object_info", header: map[string]string{"Accept-Encoding": "gzip"},
			headers: map[string]string{"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}}.run(t, s.Handler())
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || string(body) != plain.Body.String() {
			t.Errorf("packed and plain differ, %v", err)
		}
	}
}

func BenchmarkObjectInfo(b *testing.B) {
	host := &lists{fakeHost: fakeHost{user: b.TempDir()}}
	host.set("checkpoints", "a")
	host.set("input/pictures", "b")
	s := newServer(b, setup{host: host, classes: testClasses()})
	r := httptest.NewRequest(http.MethodGet, "/object_info", nil)
	for b.Loop() {
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
}

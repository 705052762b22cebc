package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/api"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/queue"
	"github.com/oneactor/oneactor/nodes"
)

// serveBase serves the API over a base directory with every node of ours.
func serveBase(t testing.TB, base string) (*httptest.Server, *graph.Registry) {
	t.Helper()
	h, err := openHost(frontend.Settings{BaseDirectory: base, TempDirectory: t.TempDir(), UserDirectory: t.TempDir(), Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	embedded, err := queue.StartEmbedded(queue.EmbeddedConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Close() })
	journal, err := embedded.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	q, err := queue.Open(t.Context(), queue.Config{Journal: journal, Bus: journal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	engine := graph.NewEngine(registry, graph.Config{Choices: h.Choices, Bind: h.Bind})
	s, err := api.New(api.Config{}, h, engine, h.Choices, q, journal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return web, registry
}

func get(t testing.TB, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, answer.StatusCode, err)
	}
	return body
}

// TestServeObjectInfo asks for all nodes of ours, before and after files come and go.
func TestServeObjectInfo(t *testing.T) {
	base := t.TempDir()
	web, registry := serveBase(t, base)
	type info struct{ Input map[string]map[string]any }
	offered := func(c info, input string) []any {
		spec, _ := c.Input["required"][input].([]any)
		if len(spec) == 0 {
			return nil
		}
		list, _ := spec[0].([]any)
		return list
	}
	options := func(class, input string) (list []any) {
		var all map[string]info
		if err := json.Unmarshal(get(t, web.URL+"/object_info"), &all); err != nil {
			t.Fatal(err)
		}
		if len(all) != len(registry.Classes()) {
			t.Errorf("%d classes of %d", len(all), len(registry.Classes()))
		}
		var one map[string]info
		if err := json.Unmarshal(get(t, web.URL+"/api/object_info/"+class), &one); err != nil {
			t.Fatal(err)
		}
		list = offered(all[class], input)
		if alone := offered(one[class], input); !slices.Equal(list, alone) {
			t.Errorf("%s: %v in the list of all, %v alone", class, list, alone)
		}
		return list
	}
	for _, tt := range []struct{ class, input, folder string }{
		{"CheckpointLoaderSimple", "ckpt_name", "models/checkpoints"}, {"LoraLoader", "lora_name", "models/loras"}, {"LoadImage", "image", "input"},
	} {
		if list := options(tt.class, tt.input); len(list) != 0 {
			t.Errorf("%s: %v in an empty folder", tt.class, list)
		}
		name := "new.safetensors"
		if tt.folder == "input" {
			name = "new.png"
		}
		path := filepath.Join(base, filepath.FromSlash(tt.folder), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		if list := options(tt.class, tt.input); !slices.Equal(list, []any{any(name)}) {
			t.Errorf("%s: %v after %s came", tt.class, list, name)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if list := options(tt.class, tt.input); len(list) != 0 {
			t.Errorf("%s: %v after it went", tt.class, list)
		}
	}
}

// BenchmarkServeObjectInfo asks over the network, with all nodes and the shipped models. ComfyUI answers 1 to 4 such requests a second; the aim
// is 2000.
func BenchmarkServeObjectInfo(b *testing.B) {
	web, _ := serveBase(b, ".")
	size := len(get(b, web.URL+"/object_info"))
	b.SetBytes(int64(size))
	for b.Loop() {
		get(b, web.URL+"/object_info")
	}
}

// TestServePreview sends the thumbnail of a shipped actor.
func TestServePreview(t *testing.T) {
	web, _ := serveBase(t, ".")
	picture := get(t, web.URL+"/api/experiment/models/preview/actors/0/robot.safetensors")
	if http.DetectContentType(picture) != "image/webp" {
		t.Errorf("the preview is %s", http.DetectContentType(picture))
	}
}

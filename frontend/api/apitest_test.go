package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/queue"
)

// fakeHost stands in for the runtime. Methods that no test needs are those of the nil interface, and panic.
type fakeHost struct {
	frontend.Host
	user    string
	lists   map[string][]string // of drop-downs; one that is missing can't be read
	keys    []string            // of model folders
	folders map[string][]string // their directories
	stats   frontend.Stats
}

func (h *fakeHost) Choices(key string) ([]string, error) {
	list, ok := h.lists[key]
	if !ok {
		return nil, errors.New("list " + key + " can't be read")
	}
	return list, nil
}

func (h *fakeHost) ModelKeys() []string { return h.keys }

func (h *fakeHost) ModelDirectories(key string) ([]string, error) {
	dirs, ok := h.folders[key]
	if !ok {
		return nil, fmt.Errorf("folder %s: %w", key, fs.ErrNotExist)
	}
	return dirs, nil
}

func (h *fakeHost) ModelNames(key string) ([]string, error) {
	_, err := h.ModelDirectories(key)
	return h.lists[key], err
}

func (h *fakeHost) ModelPath(key, name string) (string, error) {
	dirs, err := h.ModelDirectories(key)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dirs[0], filepath.Clean("/"+name))
	_, err = os.Stat(path)
	return path, err
}

func (h *fakeHost) Embeddings() ([]string, error) { return []string{"easy", "sub/ünd"}, nil }
func (h *fakeHost) Stats() frontend.Stats         { return h.stats }

func (h *fakeHost) Speed(context.Context) (float64, error) { return 1e12, nil }

// ConvertPicture tells what it was asked for. A file that says "broken" is no picture.
func (h *fakeHost) ConvertPicture(path string, as frontend.PictureFormat) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return h.EncodePicture(content, as)
}

func (h *fakeHost) EncodePicture(file []byte, as frontend.PictureFormat) ([]byte, error) {
	if string(file) == "broken" {
		return nil, errors.New("no picture")
	}
	return fmt.Appendf(nil, "%s %d of %s", as.Type, as.Quality, file), nil
}

func (h *fakeHost) UserFolder() string                             { return h.user }
func (h *fakeHost) Bind(ctx context.Context) context.Context       { return ctx }
func (h *fakeHost) Path(folderType, subfolder, name string) string { return name }
func (h *fakeHost) CheckOutput() error                             { return nil }

// setup is what a test server is made of; the zero value works.
type setup struct {
	config  Config
	host    frontend.Host
	classes []graph.Declaration
}

// newServer starts a server on a queue of its own.
func newServer(t testing.TB, p setup) *Server {
	t.Helper()
	s, err := tryServer(t, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryServer(t testing.TB, p setup) (*Server, error) {
	t.Helper()
	embedded, err := queue.StartEmbedded(queue.EmbeddedConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Close() })
	nats, err := embedded.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nats.Close() })
	q, err := queue.Open(context.Background(), queue.Config{Journal: nats, Bus: nats})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	if p.host == nil {
		p.host = &fakeHost{user: t.TempDir()}
	}
	registry, err := graph.New(p.classes...)
	if err != nil {
		t.Fatal(err)
	}
	engine := graph.NewEngine(registry, graph.Config{Choices: p.host.Choices, Bind: p.host.Bind})
	s, err := New(p.config, p.host, engine, p.host.Choices, q, nats)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// scenario is a request and what its answer must be.
type scenario struct {
	method  string // "" is GET
	path    string
	header  map[string]string
	body    string
	status  int               // 0 is 200
	want    []string          // that the body has
	not     []string          // that it has not
	is      string            // the whole body, where it is not ""
	empty   bool              // it has none
	headers map[string]string // of the answer; "" means that it is missing
}

// run sends the request to a handler and compares.
func (c scenario) run(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, c.path, strings.NewReader(c.body))
	r.Host = "127.0.0.1:8188"
	for key, value := range c.header {
		if key == "Host" {
			r.Host = value
		} else {
			r.Header.Set(key, value)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	c.check(t, w.Code, w.Header(), w.Body.String())
	if w.Code == http.StatusOK && method != http.MethodHead && w.Header().Get("Content-Encoding") == "" {
		checkAnswer(t, method, r.URL.EscapedPath(), w.Body.String())
	}
	return w
}

func (c scenario) check(t *testing.T, status int, header http.Header, body string) {
	t.Helper()
	want := c.status
	if want == 0 {
		want = http.StatusOK
	}
	if status != want {
		t.Errorf("%s %s: status %d, want %d; body %.300q", c.method, c.path, status, want, body)
	}
	for _, part := range c.want {
		if !strings.Contains(body, part) {
			t.Errorf("%s %s: the body lacks %q: %.600q", c.method, c.path, part, body)
		}
	}
	for _, part := range c.not {
		if strings.Contains(body, part) {
			t.Errorf("%s %s: the body has %q: %.600q", c.method, c.path, part, body)
		}
	}
	if c.is != "" && body != c.is || c.empty && body != "" {
		t.Errorf("%s %s: body %.600q, want %.600q", c.method, c.path, body, c.is)
	}
	for key, value := range c.headers {
		if got := header.Get(key); got != value {
			t.Errorf("%s %s: header %s is %q, want %q", c.method, c.path, key, got, value)
		}
	}
}

// runAll runs named scenarios against one server.
func runAll(t *testing.T, s *Server, tests map[string]scenario) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.run(t, s.Handler()) })
	}
}

// decoded reads a JSON body.
func decoded[T any](t *testing.T, body io.Reader) T {
	t.Helper()
	var v T
	if err := json.NewDecoder(body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// writeFiles writes files below a folder, by their names with slashes.
func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

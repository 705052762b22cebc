package api

import (
	"bytes"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/frontend"
)

// folderHost has data folders.
type folderHost struct {
	fakeHost
	dir string
}

func (h *folderHost) Path(kind, subfolder, name string) string {
	return filepath.Join(h.dir, "data", kind, subfolder, name)
}

func (h *folderHost) ReplaceAlpha(original string, mask []byte, ext string) ([]byte, error) {
	data, err := os.ReadFile(original)
	return append(data, mask...), err
}

const forbidden = "nobody may read this"

// fortress is a server on folders with a secret beside them, and links in all of them that lead to it.
func fortress(t *testing.T, c Config) (*Server, string) {
	t.Helper()
	dir := t.TempDir()
	host := &folderHost{dir: dir}
	host.user = filepath.Join(dir, "data", "user")
	host.keys = []string{"loras"}
	host.folders = map[string][]string{"loras": {filepath.Join(dir, "data", "models", "loras")}}
	host.lists = map[string][]string{"loras": {"a.safetensors"}}
	writeFiles(t, dir, map[string]string{
		"secret.txt": forbidden, "secret.png": forbidden, "secret.safetensors": forbidden, "data/secret.txt": forbidden, "data/secret.png": forbidden,
		"data/input/a.png": "a", "data/output/a.png": "a", "data/temp/a.png": "a", "data/output/sub/b.png": "b",
		"data/user/default/workflows/w.json": "{}", "data/user/other/secret.txt": forbidden, "data/models/loras/a.safetensors": "a",
	})
	// Model folders are not among them: people link their models to where they lie, and only their owner can put a link there.
	for _, folder := range []string{"input", "output", "temp", "user/default"} {
		at := filepath.Join(dir, "data", folder)
		for link, target := range map[string]string{"out": dir, "file.txt": filepath.Join(dir, "secret.txt"), "file.png": filepath.Join(dir, "secret.png")} {
			if err := os.Symlink(target, filepath.Join(at, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return newServer(t, setup{config: c, host: host}), dir
}

// attacks are names that lead to the secret, some of them only where a server takes %XX or \ apart once too often.
func attacks(dir string) []string {
	list := []string{
		"../secret.txt", "../../secret.txt", "../../../../../../../../" + dir + "/secret.txt", "./../secret.txt", "sub/../../secret.txt", "a/b/../../../secret.txt",
		dir + "/secret.txt", "//" + dir + "/secret.txt", "file://" + dir + "/secret.txt", `..\secret.txt`, `..\..\secret.txt`, `sub\..\..\secret.txt`, `C:\secret.txt`, `C:secret.txt`, `\\host\share\secret.txt`,
		"..%2fsecret.txt", "%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt", "..%5csecret.txt", "..%c0%afsecret.txt", "....//secret.txt", "..;/secret.txt",
		"out/secret.txt", "file.txt", "file.png", "out/secret.png", "../secret.png", "../../secret.png", "secret.txt\x00.png", "../secret.txt\x00.png", "../secret.safetensors", "out/secret.safetensors",
		"../other/secret.txt", "..", ".", "", "/", strings.Repeat("../", 50) + "secret.txt", strings.Repeat("a", 300), "sub/\r\nX: y",
	}
	return list
}

// snapshotOf is everything below a folder, by name: its content, or where a link leads.
func snapshotOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			all[path] = "-> " + target
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestNoWayOut tries every parameter that names a file with every attack: no answer has the secret, and no file outside of the data folders is made, changed
// or deleted, nor one that a link leads to.
func TestNoWayOut(t *testing.T) {
	s, dir := fortress(t, Config{})
	before := snapshotOf(t, dir)
	q, p := url.QueryEscape, url.PathEscape
	upload := func(path, name string, fields map[string]string) *http.Request {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for key, value := range fields {
			if err := form.WriteField(key, value); err != nil {
				t.Fatal(err)
			}
		}
		header := map[string][]string{"Content-Disposition": {fmt.Sprintf(`form-data; name="image"; filename=%q`, name)}, "Content-Type": {"image/png"}}
		part, err := form.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte("evil")); err != nil {
			t.Fatal(err)
		}
		form.Close()
		r := httptest.NewRequest(http.MethodPost, path, &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		return r
	}
	get := func(format string, args ...any) *http.Request {
		return raw(http.MethodGet, fmt.Sprintf(format, args...), "")
	}
	targets := map[string]func(attack string) *http.Request{
		"view filename":        func(a string) *http.Request { return get("/view?filename=%s", q(a)) },
		"view filename, input": func(a string) *http.Request { return get("/view?type=input&filename=%s", q(a)) },
		"view annotated":       func(a string) *http.Request { return get("/view?filename=%s", q(a+" [input]")) },
		"view subfolder": func(a string) *http.Request {
			return get("/view?filename=secret.txt&subfolder=%s", q(strings.TrimSuffix(a, "/secret.txt")))
		},
		"view type":    func(a string) *http.Request { return get("/view?filename=secret.txt&type=%s", q(a)) },
		"view preview": func(a string) *http.Request { return get("/view?preview=webp&filename=%s", q(a)) },
		"view channel": func(a string) *http.Request { return get("/view?channel=a&filename=%s", q(a)) },
		"api view":     func(a string) *http.Request { return get("/api/view?filename=%s", q(a)) },
		"upload name": func(a string) *http.Request {
			return upload("/upload/image", a, map[string]string{"overwrite": "true"})
		},
		"upload name, no overwrite": func(a string) *http.Request { return upload("/upload/image", a, nil) },
		"upload subfolder": func(a string) *http.Request {
			return upload("/upload/image", "secret.txt", map[string]string{"overwrite": "1", "subfolder": strings.TrimSuffix(a, "/secret.txt")})
		},
		"upload type": func(a string) *http.Request {
			return upload("/upload/image", "secret.txt", map[string]string{"type": a})
		},
		"mask name": func(a string) *http.Request {
			return upload("/upload/mask", a, map[string]string{"overwrite": "true", "original_ref": `{"filename": "a.png"}`})
		},
		"mask original": func(a string) *http.Request {
			return upload("/upload/mask", "m.png", map[string]string{"overwrite": "true", "original_ref": fmt.Sprintf(`{"filename": %q, "type": "input"}`, a)})
		},
		"mask original folder": func(a string) *http.Request {
			return upload("/upload/mask", "n.png", map[string]string{"overwrite": "true", "original_ref": fmt.Sprintf(`{"filename": "secret.txt", "subfolder": %q}`, strings.TrimSuffix(a, "/secret.txt"))})
		},
		"userdata":               func(a string) *http.Request { return get("/userdata/%s", p(a)) },
		"userdata twice encoded": func(a string) *http.Request { return get("/userdata/%s", p(p(a))) },
		"userdata dir":           func(a string) *http.Request { return get("/userdata?recurse=true&full_info=true&dir=%s", q(a)) },
		"userdata v2":            func(a string) *http.Request { return get("/v2/userdata?path=%s", q(a)) },
		"userdata post":          func(a string) *http.Request { return raw(http.MethodPost, "/userdata/"+p(a), "evil") },
		"userdata delete":        func(a string) *http.Request { return raw(http.MethodDelete, "/userdata/"+p(a), "") },
		"userdata move from":     func(a string) *http.Request { return raw(http.MethodPost, "/userdata/"+p(a)+"/move/x.json", "") },
		"userdata move to": func(a string) *http.Request {
			return raw(http.MethodPost, "/userdata/workflows%2Fw.json/move/"+p(a), "")
		},
		"models folder":       func(a string) *http.Request { return get("/models/%s", p(a)) },
		"models v2 folder":    func(a string) *http.Request { return get("/experiment/models/%s", p(a)) },
		"model preview":       func(a string) *http.Request { return get("/experiment/models/preview/loras/0/%s", p(a)) },
		"model preview index": func(a string) *http.Request { return get("/experiment/models/preview/loras/%s/a.safetensors", p(a)) },
		"metadata":            func(a string) *http.Request { return get("/view_metadata/loras?filename=%s", q(a)) },
		"metadata folder":     func(a string) *http.Request { return get("/view_metadata/%s?filename=secret.safetensors", p(a)) },
		"internal files":      func(a string) *http.Request { return get("/internal/files/%s", p(a)) },
		"static":              func(a string) *http.Request { return get("/%s", p(a)) },
		"static, plain": func(a string) *http.Request {
			return raw(http.MethodGet, "/"+strings.NewReplacer("\r", "", "\n", "", "\x00", "%00", " ", "").Replace(a), "")
		},
		"extensions": func(a string) *http.Request { return get("/extensions/%s", p(a)) },
		"templates":  func(a string) *http.Request { return get("/templates/%s", p(a)) },
		"setting":    func(a string) *http.Request { return get("/settings/%s", p(a)) },
		"history":    func(a string) *http.Request { return get("/history/%s", p(a)) },
	}
	for name, request := range targets {
		t.Run(name, func(t *testing.T) {
			for _, attack := range attacks(dir) {
				r := request(attack)
				if r == nil {
					continue // no client can write such a request
				}
				r.Host = "127.0.0.1:8188"
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, r)
				if strings.Contains(w.Body.String(), forbidden) {
					t.Errorf("%q reads the secret", attack)
				}
				if w.Code >= 500 && w.Code != http.StatusInternalServerError {
					t.Errorf("%q: status %d", attack, w.Code)
				}
			}
		})
	}
	after := snapshotOf(t, dir)
	for path, text := range before {
		inside := strings.Contains(path, "/data/input/") || strings.Contains(path, "/data/output/") || strings.Contains(path, "/data/user/default/")
		if got, there := after[path]; (!there || got != text) && (!inside || strings.Contains(path, "secret")) {
			t.Errorf("%s was changed: %.40q", path, got)
		}
	}
	for path := range after {
		rel, err := filepath.Rel(filepath.Join(dir, "data"), path)
		if err != nil {
			t.Fatal(err)
		}
		_, old := before[path]
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if !old && top != "input" && top != "output" && top != "temp" && !strings.HasPrefix(filepath.ToSlash(rel), "user/default/") {
			t.Errorf("%s was made", path)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, "secret.txt")); err != nil || string(data) != forbidden {
		t.Errorf("the secret is %q (%v)", data, err)
	}
}

// raw is a request with a path as it is written; nil where it is no URL.
func raw(method, target, body string) *http.Request {
	if _, err := url.ParseRequestURI(target); err != nil {
		return nil
	}
	return httptest.NewRequest(method, target, strings.NewReader(body))
}

// TestUsersApart: in multi-user mode nobody names another user's folder, or one that is no user's.
func TestUsersApart(t *testing.T) {
	s, dir := fortress(t, Config{MultiUser: true})
	writeFiles(t, filepath.Join(dir, "data", "user"), map[string]string{"users.json": `{"ann_1": "Ann", "bob_2": "Bob"}`, "bob_2/notes.txt": forbidden})
	for _, user := range []string{"", "default", "other", "..", "../..", "ann_1/../bob_2", "bob_2 ", "queue", "/", `ann_1\..\bob_2`} {
		scenario{path: "/settings", header: map[string]string{"comfy-user": user}, status: http.StatusUnauthorized}.run(t, s.Handler())
		scenario{path: "/v2/userdata", header: map[string]string{"comfy-user": user}, status: http.StatusForbidden, not: []string{"notes"}}.run(t, s.Handler())
		scenario{path: "/userdata/notes.txt", header: map[string]string{"comfy-user": user}, status: http.StatusInternalServerError, not: []string{forbidden}}.run(t, s.Handler())
	}
	ann := map[string]string{"comfy-user": "ann_1"}
	scenario{path: "/settings", header: ann, is: "{}"}.run(t, s.Handler())
	scenario{path: "/userdata/..%2Fbob_2%2Fnotes.txt", header: ann, status: http.StatusForbidden, not: []string{forbidden}}.run(t, s.Handler())
	scenario{path: "/userdata/notes.txt", header: map[string]string{"comfy-user": "bob_2"}, is: forbidden}.run(t, s.Handler())
}

// TestStoredScripts: what a user uploads never runs as a page of the server.
func TestStoredScripts(t *testing.T) {
	s, dir := fortress(t, Config{})
	types := map[string]string{
		"x.html": emptyType, "x.htm": emptyType, "x.xhtml": emptyType, "x.css": emptyType, "x.xml": emptyType, "x.shtml": "", "x.svg": "image/svg+xml", "x.js": "application/javascript", "x.HTML": emptyType,
		"x.png": "image/png", "x": emptyType, "x.json": "application/json",
	}
	for name, want := range types {
		writeFiles(t, filepath.Join(dir, "data"), map[string]string{"output/" + name: "<script>alert(1)</script>", "user/default/" + name: "<script>alert(1)</script>"})
		for _, path := range []string{"/view?filename=" + name, "/userdata/" + name} {
			headers := map[string]string{"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
			if want != "" {
				headers["Content-Type"] = want
			}
			w := scenario{path: path, headers: headers}.run(t, s.Handler())
			if got := w.Header().Get("Content-Type"); strings.Contains(got, "html") {
				t.Errorf("%s is sent as %s", path, got)
			}
		}
	}
	scenario{path: "/view?filename=%22%0d%0aX-Evil%3a%201", status: http.StatusNotFound, headers: map[string]string{"X-Evil": ""}}.run(t, s.Handler())
}

// TestBombs: requests made to exhaust the server are refused before they do.
func TestBombs(t *testing.T) {
	s, _ := fortress(t, Config{MaxUploadBytes: 1 << 20})
	deep := strings.Repeat(`{"a": `, 100_000) + "1" + strings.Repeat("}", 100_000)
	for name, tt := range map[string]scenario{
		"deep prompt":    {method: "POST", path: "/prompt", body: deep, status: http.StatusRequestEntityTooLarge, want: []string{"nested deeper than the 1000 levels allowed"}},
		"deep setting":   {method: "POST", path: "/settings/x", body: strings.Repeat("[", 100_000), status: http.StatusInternalServerError},
		"large prompt":   {method: "POST", path: "/prompt", body: strings.Repeat(" ", 2<<20), status: http.StatusRequestEntityTooLarge, want: []string{"Maximum request body size 1048576 exceeded"}},
		"large file":     {method: "POST", path: "/userdata/x", body: strings.Repeat("x", 2<<20), status: http.StatusRequestEntityTooLarge},
		"no form":        {method: "POST", path: "/upload/image", body: "x", status: http.StatusBadRequest},
		"a form cut off": {method: "POST", path: "/upload/image", header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, body: "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n", status: http.StatusBadRequest},
		"large upload": {method: "POST", path: "/upload/image", header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"},
			body: "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n" + strings.Repeat("x", 2<<20) + "\r\n--b--\r\n", status: http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) { tt.run(t, s.Handler()) })
	}
}

// TestTokenEverywhere asks for every route without the token: none answers but those that are meant to.
func TestTokenEverywhere(t *testing.T) {
	s, _ := fortress(t, Config{Token: "sesame"})
	open := map[string]bool{"/healthz": true, "/readyz": true, "/": true, "/api/": true}
	asked := 0
	for _, r := range s.router.Routes() {
		if open[r.Path] {
			continue
		}
		path := r.Path
		for _, part := range strings.Split(path, "/") {
			if strings.HasPrefix(part, ":") || strings.HasPrefix(part, "*") {
				path = strings.Replace(path, part, "x", 1)
			}
		}
		asked++
		scenario{method: r.Method, path: path, status: http.StatusUnauthorized}.run(t, s.Handler())
		scenario{method: r.Method, path: path, status: http.StatusUnauthorized, header: map[string]string{"Authorization": "Bearer sesam"}}.run(t, s.Handler())
	}
	if asked < 100 {
		t.Errorf("only %d routes were asked", asked)
	}
	scenario{path: "/queue", header: map[string]string{"Authorization": "Bearer sesame"}}.run(t, s.Handler())
}

func FuzzAreaName(f *testing.F) {
	for _, name := range attacks("/tmp/x") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		a := area{dir: "/srv/data"}
		local, err := a.local(name)
		if err != nil {
			return
		}
		full := filepath.Join(a.dir, filepath.FromSlash(local))
		if full != a.dir && !strings.HasPrefix(full, a.dir+"/") || strings.ContainsAny(local, "\x00\\") {
			t.Errorf("%q leads to %s", name, full)
		}
	})
}

var _ frontend.Host = (*folderHost)(nil)

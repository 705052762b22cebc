package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestStatic(t *testing.T) {
	templates := fstest.MapFS{"index.json": {Data: []byte(`[]`)}, "demo.json": {Data: []byte(`{}`)}}
	docs := fstest.MapFS{"KSampler/en.md": {Data: []byte("# KSampler")}}
	s := newServer(t, setup{config: Config{Canvas: frontEnd, Templates: templates, Docs: docs}})
	fresh := map[string]string{"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "0", "Content-Type": "text/html; charset=utf-8"}
	tag := `"17979cfe362a0000-9"`
	if got := (scenario{path: "/assets/app.js"}).run(t, s.Handler()).Header().Get("ETag"); got != tag {
		t.Errorf("ETag is %s, want %s: time in nanoseconds and size, as ComfyUI makes it", got, tag)
	}
	known := func(key, value string) map[string]string { return map[string]string{key: value} }
	runAll(t, s, map[string]scenario{
		"index":                  {path: "/", is: "<html>index</html>", headers: fresh},
		"index, twin":            {path: "/api/", is: "<html>index</html>", headers: fresh},
		"index, HEAD":            {method: "HEAD", path: "/", headers: fresh},
		"index, unchanged":       {path: "/", header: known("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"), status: 304, headers: known("Cache-Control", "no-cache")},
		"index with a query":     {path: "/?a=b", is: "<html>index</html>"},
		"index by name":          {path: "/index.html", is: "<html>index</html>", headers: known("Pragma", "")},
		"twin without a slash":   {path: "/api", status: 403},
		"script":                 {path: "/assets/app.js", is: "let a = 1", headers: known("Content-Type", "application/javascript; charset=utf-8")},
		"style":                  {path: "/assets/app.css", headers: known("Content-Type", "text/css; charset=utf-8")},
		"length":                 {method: "HEAD", path: "/assets/app.js", headers: known("Content-Length", "9")},
		"last modified":          {path: "/assets/app.js", headers: known("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT")},
		"same tag":               {path: "/assets/app.js", header: known("If-None-Match", tag), status: 304, empty: true, headers: known("ETag", tag)},
		"one of the tags":        {path: "/assets/app.js", header: known("If-None-Match", `"a", `+tag), status: 304},
		"another tag":            {path: "/assets/app.js", header: known("If-None-Match", `"a"`), is: "let a = 1"},
		"older":                  {path: "/assets/app.js", header: known("If-Modified-Since", "Mon, 13 Nov 2023 22:13:20 GMT"), is: "let a = 1"},
		"range":                  {path: "/assets/app.js", header: known("Range", "bytes=4-6"), status: 206, is: "a =", headers: known("Content-Range", "bytes 4-6/9")},
		"end":                    {path: "/assets/app.js", header: known("Range", "bytes=-1"), status: 206, is: "1"},
		"range outside":          {path: "/assets/app.js", header: known("Range", "bytes=20-"), status: 416},
		"range of a newer file":  {path: "/assets/app.js", header: map[string]string{"Range": "bytes=0-0", "If-Range": `"a"`}, is: "let a = 1"},
		"folder":                 {path: "/assets", status: 403, is: "403: Forbidden"},
		"folder with a slash":    {path: "/assets/", status: 404},
		"file with a slash":      {path: "/assets/app.js/", status: 404},
		"encoded":                {path: "/assets%2Fapp.js", is: "let a = 1"},
		"beside a route":         {path: "/queue/x.txt", is: "beside a route"},
		"below api":              {path: "/api/fake", is: "no route"},
		"up":                     {path: "/../static.go", status: 404},
		"up, encoded":            {path: "/%2e%2e/static.go", status: 404},
		"up, encoded twice":      {path: "/%252e%252e/static.go", status: 404},
		"up, with a backslash":   {path: `/..%5cstatic.go`, status: 404},
		"a backslash":            {path: `/assets%5capp.js`, status: 404},
		"absolute":               {path: "//etc/passwd", status: 404},
		"absolute, encoded":      {path: "/%2Fetc%2Fpasswd", status: 404},
		"zero byte":              {path: "/index.html%00.png", status: 404},
		"templates":              {path: "/templates/index.json", is: "[]", headers: map[string]string{"Cache-Control": "no-cache", "Content-Type": "application/json"}},
		"a template":             {path: "/templates/demo.json", is: "{}", headers: known("Cache-Control", "")},
		"a template not there":   {path: "/templates/index.html", status: 404},
		"templates have no twin": {path: "/api/templates/index.json", status: 404},
		"documentation":          {path: "/docs/KSampler/en.md", is: "# KSampler", headers: known("Content-Type", "text/markdown; charset=utf-8")},
		"up to another root":     {path: "/docs/../index.html", status: 404},
		"extensions":             {path: "/extensions", is: `["/extensions/b/two.js", "/extensions/core/1.js"]`},
		"an extension":           {path: "/extensions/core/1.js", is: "1"},
	})
}

// TestFrontEndRoot serves a folder of the disk, of which links may not lead out.
func TestFrontEndRoot(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret.txt")
	for name, text := range map[string]string{secret: "secret", filepath.Join(dir, "index.html"): "mine", filepath.Join(dir, "a.txt"): "a"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out.txt": secret, "up": "..", "in.txt": "a.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	s := newServer(t, setup{config: Config{FrontEndRoot: dir, Canvas: frontEnd}})
	runAll(t, s, map[string]scenario{
		"index":                 {path: "/", is: "mine"},
		"instead of the canvas": {path: "/assets/app.js", status: 404},
		"link inside":           {path: "/in.txt", is: "a"},
		"link outside":          {path: "/out.txt", status: 404, not: []string{"secret"}},
		"link upwards":          {path: "/up/" + filepath.Base(filepath.Dir(secret)) + "/secret.txt", status: 404, not: []string{"secret"}},
		"no extensions":         {path: "/extensions", is: "[]"},
		"no templates":          {path: "/templates/demo.json", status: 404},
		"no documentation":      {path: "/docs/a", status: 404},
	})
	// A file that changes is sent anew.
	name := filepath.Join(dir, "a.txt")
	tag := scenario{path: "/a.txt"}.run(t, s.Handler()).Header().Get("ETag")
	if err := os.WriteFile(name, []byte("b"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	scenario{path: "/a.txt", header: map[string]string{"If-None-Match": tag}, is: "b"}.run(t, s.Handler())
}

func TestFrontEndRootMissing(t *testing.T) {
	for name, tt := range map[string]struct{ dir, want string }{
		"no folder":     {filepath.Join(t.TempDir(), "none"), "no index.html is there"},
		"no index.html": {t.TempDir(), "it is the folder comfyui_frontend_package/static"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryServer(t, setup{config: Config{FrontEndRoot: tt.dir}})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.dir) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestPackagesSideBySide finds templates and documentation where pip puts them.
func TestPackagesSideBySide(t *testing.T) {
	packages := t.TempDir()
	for name, text := range map[string]string{
		"comfyui_frontend_package/static/index.html":        "mine",
		"comfyui_workflow_templates/templates/index.json":   "[1]",
		"comfyui_workflow_templates/secret.txt":             "secret",
		"comfyui_embedded_docs/docs/KSampler/en.md":         "# KSampler",
		"comfyui_frontend_package/static/templates/own.txt": "hidden by the package",
	} {
		path := filepath.Join(packages, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	own := fstest.MapFS{"index.json": {Data: []byte("[2]")}, "demo.json": {Data: []byte("{}")}}
	s := newServer(t, setup{config: Config{FrontEndRoot: filepath.Join(packages, "comfyui_frontend_package", "static"), Templates: own}})
	runAll(t, s, map[string]scenario{
		"templates":          {path: "/templates/index.json", is: "[1]", headers: map[string]string{"Cache-Control": "no-cache"}},
		"documentation":      {path: "/docs/KSampler/en.md", is: "# KSampler"},
		"beside them":        {path: "/templates/../secret.txt", status: 404, not: []string{"secret"}},
		"a package wins":     {path: "/templates/own.txt", status: 404},
		"over ours as well":  {path: "/templates/demo.json", status: 404},
		"packages have none": {path: "/comfyui_workflow_templates/secret.txt", status: 404},
	})
}

// TestBuiltInPage is what is there without a front end.
func TestBuiltInPage(t *testing.T) {
	s := newServer(t, setup{})
	w := scenario{path: "/", want: []string{"oneactor is running", "--front-end-root", "openapi.json"}}.run(t, s.Handler())
	tag := w.Header().Get("ETag")
	if tag == "" || w.Header().Get("Last-Modified") != "" {
		t.Errorf("ETag %q, Last-Modified %q", tag, w.Header().Get("Last-Modified"))
	}
	scenario{path: "/", header: map[string]string{"If-None-Match": tag}, status: 304}.run(t, s.Handler())
}

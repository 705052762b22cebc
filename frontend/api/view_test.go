package api

import (
	"net/http"
	"path/filepath"
	"testing"
)

// folders is a server on data folders with some files.
func folders(t *testing.T, c Config) (*Server, string) {
	t.Helper()
	dir := t.TempDir()
	host := &folderHost{dir: dir}
	host.user = filepath.Join(dir, "data", "user")
	writeFiles(t, filepath.Join(dir, "data"), map[string]string{
		"output/a.png": "0123456789", "output/sub/b c ü.webp": "webp", "input/a.png": "of input", "temp/a.png": "of temp", "output/page.html": "<script>", "output/code.js": "js",
		"output/style.css": "css", "output/drawing.svg": "<svg>", "output/latent.latent": "bytes", "output/none": "x",
	})
	return newServer(t, setup{config: c, host: host}), filepath.Join(dir, "data")
}

// TestView goes through contract 1.6.
func TestView(t *testing.T) {
	s, _ := folders(t, Config{})
	get := func(query string) scenario { return scenario{path: "/view?" + query} }
	is := func(c scenario, body, kind string) scenario {
		c.is, c.headers = body, map[string]string{"Content-Type": kind}
		return c
	}
	refused := func(c scenario, status int) scenario { c.status, c.empty = status, true; return c }
	runAll(t, s, map[string]scenario{
		"the output folder":      {path: "/view?filename=a.png", is: "0123456789", headers: map[string]string{"Content-Type": "image/png", "Content-Disposition": `filename="a.png"`}},
		"below /api":             {path: "/api/view?filename=a.png", is: "0123456789"},
		"another type":           is(get("filename=a.png&type=input"), "of input", "image/png"),
		"the type in the name":   is(get("filename=a.png+[temp]&type=input"), "of temp", "image/png"),
		"a folder below":         is(get("filename=b+c+%C3%BC.webp&subfolder=sub"), "webp", "image/webp"),
		"what clients add":       is(get("filename=a.png&rand=0.5&t=1"), "0123456789", "image/png"),
		"only the base name":     is(get("filename=elsewhere/a.png"), "0123456789", "image/png"),
		"HEAD":                   {method: "HEAD", path: "/view?filename=a.png", empty: true, headers: map[string]string{"Content-Length": "10", "Content-Type": "image/png"}},
		"a range":                {path: "/view?filename=a.png", header: map[string]string{"Range": "bytes=2-4"}, status: http.StatusPartialContent, is: "234", headers: map[string]string{"Content-Range": "bytes 2-4/10"}},
		"a range that is none":   {path: "/view?filename=a.png", header: map[string]string{"Range": "bytes=20-30"}, status: http.StatusRequestedRangeNotSatisfiable},
		"a page":                 is(get("filename=page.html"), "<script>", "application/octet-stream"),
		"a style":                is(get("filename=style.css"), "css", "application/octet-stream"),
		"no type":                is(get("filename=none"), "x", "application/octet-stream"),
		"preview":                is(get("filename=a.png&preview=webp;75"), "webp 75 of 0123456789", "image/webp"),
		"preview as JPEG":        is(get("filename=a.png&preview=jpeg;80"), "jpeg 80 of 0123456789", "image/jpeg"),
		"preview, escaped":       is(get("filename=a.png&preview=webp%3B75"), "webp 75 of 0123456789", "image/webp"),
		"preview without number": is(get("filename=a.png&preview=webp"), "webp 90 of 0123456789", "image/webp"),
		"preview of a format":    is(get("filename=a.png&preview=bmp;10"), "webp 10 of 0123456789", "image/webp"),
		"preview with alpha":     is(get("filename=a.png&preview=jpeg;80&channel=a"), "webp 80 of 0123456789", "image/webp"),
		"without alpha":          is(get("filename=a.png&channel=rgb"), "png 0 of 0123456789", "image/png"),
		"alpha alone":            is(get("filename=a.png&channel=a"), "png 0 of 0123456789", "image/png"),
		"no name":                refused(get("type=output"), http.StatusNotFound),
		"an empty name":          refused(get("filename="), http.StatusBadRequest),
		"a name that leads up":   refused(get("filename=../a.png"), http.StatusBadRequest),
		"an absolute name":       refused(get("filename=/a.png"), http.StatusBadRequest),
		"another folder":         refused(get("filename=a.png&type=models"), http.StatusBadRequest),
		"a folder that leads up": refused(get("filename=a.png&subfolder=../input"), http.StatusForbidden),
		"what is not there":      refused(get("filename=z.png"), http.StatusNotFound),
		"a folder":               refused(get("filename=sub"), http.StatusNotFound),
	})
}

// TestViewAgain: what a client has is not sent once more.
func TestViewAgain(t *testing.T) {
	s, _ := folders(t, Config{})
	w := scenario{path: "/view?filename=a.png"}.run(t, s.Handler())
	tag, time := w.Header().Get("ETag"), w.Header().Get("Last-Modified")
	if tag == "" || time == "" {
		t.Fatalf("ETag %q, Last-Modified %q", tag, time)
	}
	for name, header := range map[string]map[string]string{"tag": {"If-None-Match": tag}, "time": {"If-Modified-Since": time}} {
		t.Run(name, func(t *testing.T) {
			scenario{path: "/view?filename=a.png", header: header, status: http.StatusNotModified, empty: true}.run(t, s.Handler())
		})
	}
}

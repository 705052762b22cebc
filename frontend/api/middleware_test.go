package api

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"
)

var frontEnd = fstest.MapFS{
	"index.html":            {Data: []byte("<html>index</html>"), ModTime: time.Unix(1_700_000_000, 0)},
	"assets/app.js":         {Data: []byte("let a = 1"), ModTime: time.Unix(1_700_000_000, 0)},
	"assets/app.css":        {Data: []byte("a{}")},
	"assets/logo.png":       {Data: []byte("\x89PNG")},
	"queue/x.txt":           {Data: []byte("beside a route")},
	"extensions/b/two.js":   {Data: []byte("2")},
	"extensions/core/1.js":  {Data: []byte("1")},
	"extensions/core/1.css": {Data: []byte("1")},
	"extensions/.git/1.js":  {Data: []byte("1")},
	"api/fake":              {Data: []byte("no route")},
}

// TestRules covers what holds for every path: methods, unknown paths and errors.
func TestRules(t *testing.T) {
	s := newServer(t, setup{config: Config{Canvas: frontEnd}})
	boom := errors.New("boom")
	s.router.GET("/test/fails", answer(func(*gin.Context) error { return boom }))
	s.router.GET("/test/panics", answer(func(*gin.Context) error { panic(boom) }))
	s.router.GET("/test/half", answer(func(c *gin.Context) error { c.String(200, "half"); return boom }))
	plain := map[string]string{"Content-Type": "text/plain; charset=utf-8"}
	runAll(t, s, map[string]scenario{
		"a route":                 {path: "/queue", is: `{"queue_running": [], "queue_pending": []}`, headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}},
		"its twin":                {path: "/api/queue", is: `{"queue_running": [], "queue_pending": []}`},
		"HEAD":                    {method: "HEAD", path: "/api/prompt", headers: map[string]string{"Content-Length": "37"}},
		"a trailing slash":        {path: "/queue/", status: 404, is: "404: Not Found", headers: plain},
		"a trailing slash, twin":  {path: "/api/queue/", status: 404},
		"a trailing slash, POST":  {method: "POST", path: "/queue/", status: 405, headers: map[string]string{"Allow": "GET,HEAD"}},
		"two slashes":             {path: "//queue", status: 404},
		"another case":            {path: "/Queue", status: 404},
		"unknown":                 {path: "/nothing", status: 404, is: "404: Not Found", headers: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": ""}},
		"unknown picture":         {path: "/nothing.png", status: 404, headers: map[string]string{"Cache-Control": ""}},
		"unknown script":          {path: "/nothing.js", status: 404, headers: map[string]string{"Cache-Control": ""}},
		"unknown HEAD":            {method: "HEAD", path: "/nothing", status: 404},
		"unknown POST":            {method: "POST", path: "/nothing", status: 405, is: "405: Method Not Allowed", headers: map[string]string{"Allow": "GET,HEAD", "Content-Type": "text/plain; charset=utf-8"}},
		"unknown PUT":             {method: "PUT", path: "/assets/app.js", status: 405, headers: map[string]string{"Allow": "GET,HEAD"}},
		"another method":          {method: "PUT", path: "/queue", status: 405, is: "405: Method Not Allowed", headers: map[string]string{"Allow": "GET,HEAD,POST"}},
		"another method, twin":    {method: "DELETE", path: "/api/interrupt", status: 405, headers: map[string]string{"Allow": "GET,HEAD,POST"}},
		"GET where only POST is":  {path: "/interrupt", status: 404, is: "404: Not Found", headers: map[string]string{"Allow": ""}},
		"HEAD where only POST is": {method: "HEAD", path: "/interrupt", status: 404},
		"internal, unknown":       {path: "/internal/nothing", status: 404},
		"internal, unknown POST":  {method: "POST", path: "/internal/nothing", status: 404},
		"internal itself":         {method: "POST", path: "/internal", status: 404},
		"internal has no twin":    {path: "/api/internal/logs", status: 404},
		"OPTIONS":                 {method: "OPTIONS", path: "/queue", empty: true, headers: map[string]string{"Content-Type": "application/octet-stream", "Access-Control-Allow-Origin": ""}},
		"OPTIONS of any path":     {method: "OPTIONS", path: "/nothing/here", empty: true},
		"no JSON":                 {method: "POST", path: "/queue", body: "{", status: 500, is: "500 Internal Server Error\n\nServer got itself in trouble", headers: plain},
		"empty success":           {method: "POST", path: "/history", body: "{}", empty: true, headers: map[string]string{"Content-Type": "application/octet-stream", "Content-Length": "0"}},
		"an error":                {path: "/test/fails", status: 500, is: troubleText, not: []string{"boom"}, headers: plain},
		"a panic":                 {path: "/test/panics", status: 500, is: troubleText, not: []string{"boom"}, headers: plain},
		"an error after a part":   {path: "/test/half", is: "half"},
		"no content type":         {method: "POST", path: "/queue", body: `{"clear": true}`, header: map[string]string{"Content-Type": "text/html"}, empty: true},
	})
}

func TestCacheRule(t *testing.T) {
	tests := map[string]struct {
		path    string
		status  int
		private bool
		want    string
	}{
		"script":                  {"/a/b.js", 200, false, "no-cache"},
		"script not found":        {"/a/b.js", 404, false, "no-cache"},
		"style":                   {"/b.css", 200, false, "no-cache"},
		"script in capitals":      {"/b.JS", 200, false, ""},
		"index":                   {"/templates/index.json", 200, false, "no-cache"},
		"index of a language":     {"/templates/index.zh.json", 200, false, "no-cache"},
		"other JSON":              {"/templates/main.json", 200, false, ""},
		"index in a folder":       {"/index.x/main.json", 200, false, ""},
		"picture":                 {"/a.png", 200, false, "public, max-age=86400"},
		"picture in capitals":     {"/a.WebP", 206, false, "public, max-age=86400"},
		"picture that moved":      {"/a.tiff", 308, false, "public, max-age=86400"},
		"picture that went":       {"/a.pgm", 307, false, "no-cache"},
		"picture not found":       {"/a.jpeg", 404, false, "public, max-age=3600"},
		"picture unchanged":       {"/a.jpg", 304, false, ""},
		"picture forbidden":       {"/a.jpg", 403, false, ""},
		"picture behind a token":  {"/a.bmp", 200, true, "private, max-age=86400"},
		"no picture behind one":   {"/a", 200, true, ""},
		"folder like a picture":   {"/a.png/", 200, false, ""},
		"an ending not mentioned": {"/a.gif", 200, false, ""},
		"nothing":                 {"", 200, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cacheRule(tt.path, tt.status, tt.private); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCacheControl(t *testing.T) {
	s := newServer(t, setup{config: Config{Canvas: frontEnd}})
	s.router.GET("/kept/a.png", answer(func(c *gin.Context) error { c.Header("Cache-Control", "no-store"); return empty(c) }))
	s.router.GET("/gone/a.png", answer(func(*gin.Context) error { return refuse(404, "") }))
	s.router.GET("/bad/a.png", answer(func(*gin.Context) error { return errors.New("bad") }))
	runAll(t, s, map[string]scenario{
		"file":                {path: "/assets/logo.png", headers: map[string]string{"Cache-Control": "public, max-age=86400"}},
		"script":              {path: "/assets/app.js", headers: map[string]string{"Cache-Control": "no-cache"}},
		"unchanged script":    {path: "/assets/app.js", header: map[string]string{"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"}, status: 304, headers: map[string]string{"Cache-Control": "no-cache"}},
		"part of a file":      {path: "/assets/logo.png", header: map[string]string{"Range": "bytes=0-0"}, status: 206, headers: map[string]string{"Cache-Control": "public, max-age=86400"}},
		"set by the handler":  {path: "/kept/a.png", headers: map[string]string{"Cache-Control": "no-store"}},
		"an answer not found": {path: "/gone/a.png", status: 404, headers: map[string]string{"Cache-Control": "public, max-age=3600"}},
		"an error":            {path: "/bad/a.png", status: 500, headers: map[string]string{"Cache-Control": ""}},
		"no extension":        {path: "/queue?filename=a.png", headers: map[string]string{"Cache-Control": ""}},
	})
}

func TestCompress(t *testing.T) {
	packed := map[string]string{"Accept-Encoding": "br, gzip;q=0.5"}
	on := newServer(t, setup{config: Config{Canvas: frontEnd, Compress: true}})
	on.router.GET("/text", answer(func(*gin.Context) error { return refuse(400, "plain words") }))
	off := newServer(t, setup{})
	tests := map[string]struct {
		s    *Server
		c    scenario
		want string // unpacked; "" means not packed
	}{
		"JSON":             {on, scenario{path: "/queue", header: packed}, `{"queue_running": [], "queue_pending": []}`},
		"text":             {on, scenario{path: "/text", header: packed, status: 400}, "plain words"},
		"not wanted":       {on, scenario{path: "/queue", want: []string{"queue_running"}}, ""},
		"no such flag":     {off, scenario{path: "/queue", header: packed, want: []string{"queue_running"}}, ""},
		"a file":           {on, scenario{path: "/queue/x.txt", header: packed, is: "beside a route"}, ""},
		"a script":         {on, scenario{path: "/assets/app.js", header: packed, is: "let a = 1"}, ""},
		"an empty success": {on, scenario{method: "POST", path: "/history", body: "{}", header: packed, empty: true}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := tt.c.run(t, tt.s.Handler())
			if (w.Header().Get("Content-Encoding") == "gzip") != (tt.want != "") {
				t.Fatalf("Content-Encoding is %q", w.Header().Get("Content-Encoding"))
			}
			if tt.want == "" {
				return
			}
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(z); err != nil || string(body) != tt.want {
				t.Errorf("got %q, %v", body, err)
			}
			if n := w.Header().Get("Content-Length"); n != "" {
				t.Errorf("the length of the unpacked body is told: %s", n)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	s := newServer(t, setup{config: Config{CORSOrigin: "https://studio.example", Canvas: frontEnd}})
	allowed := map[string]string{
		"Access-Control-Allow-Origin": "https://studio.example", "Access-Control-Allow-Methods": "POST, GET, DELETE, PUT, OPTIONS",
		"Access-Control-Allow-Headers": "Content-Type, Authorization", "Access-Control-Allow-Credentials": "true",
	}
	none := map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": ""}
	foreign := map[string]string{"Origin": "https://evil.example"}
	runAll(t, s, map[string]scenario{
		"answer":           {path: "/queue", headers: allowed},
		"no origin check":  {path: "/queue", header: foreign, headers: allowed},
		"preflight":        {method: "OPTIONS", path: "/nothing", header: foreign, empty: true, headers: allowed},
		"file":             {path: "/assets/app.js", headers: allowed},
		"returned refusal": {method: "POST", path: "/prompt", body: "{}", status: 400, headers: allowed},
		"raised 404":       {path: "/nothing", status: 404, headers: none},
		"raised 405":       {method: "POST", path: "/nothing", status: 405, headers: none},
		"raised 500":       {method: "POST", path: "/queue", body: "[", status: 500, headers: none},
	})
}

func TestBodyLimit(t *testing.T) {
	s := newServer(t, setup{config: Config{MaxUploadBytes: 100}})
	s.router.POST("/reads", answer(func(c *gin.Context) error { _, err := io.Copy(io.Discard, c.Request.Body); return err }))
	large := `{"clear": "` + strings.Repeat("x", 200) + `"}`
	text := fmt.Sprintf("Maximum request body size 100 exceeded, actual body size %d", len(large))
	runAll(t, s, map[string]scenario{
		"the limit":      {method: "POST", path: "/queue", body: `{"clear": "` + strings.Repeat("x", 87) + `"}`, empty: true},
		"more":           {method: "POST", path: "/queue", body: large, status: 413, is: text, headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		"more, twin":     {method: "POST", path: "/api/queue", body: large, status: 413, is: text},
		"unread by GET":  {path: "/queue", body: large},
		"no route":       {method: "POST", path: "/nothing", body: large, status: 405},
		"a handler":      {method: "POST", path: "/reads", body: large, status: 413, is: text},
		"below, handler": {method: "POST", path: "/reads", body: "x"},
	})
	for _, path := range []string{"/queue", "/reads"} { // a length that is not told
		r := httptest.NewRequest(http.MethodPost, path, io.MultiReader(strings.NewReader(large)))
		r.ContentLength = -1
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 413 || w.Body.String() != "Maximum request body size 100 exceeded, actual body size 101" {
			t.Errorf("%s without a length: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestGiantHeaders sends to a listening server: net/http answers these itself.
func TestGiantHeaders(t *testing.T) {
	s := newServer(t, setup{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := s.HTTP()
	go web.Serve(l)
	t.Cleanup(func() { web.Close() })
	long := strings.Repeat("x", 200<<10)
	tests := map[string]struct {
		request string
		status  int
	}{
		"small":           {"GET /prompt HTTP/1.1\r\nHost: a\r\n\r\n", 200},
		"large":           {"GET /prompt HTTP/1.1\r\nHost: a\r\nX-A: " + long[:40<<10] + "\r\n\r\n", 200},
		"giant value":     {"GET /prompt HTTP/1.1\r\nHost: a\r\nX-A: " + long + "\r\n\r\n", 431},
		"giant name":      {"GET /prompt HTTP/1.1\r\nHost: a\r\n" + long + ": a\r\n\r\n", 431},
		"giant path":      {"GET /" + long + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
		"giant query":     {"GET /prompt?a=" + long + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
		"giant host":      {"GET /prompt HTTP/1.1\r\nHost: " + long + "\r\n\r\n", 431},
		"giant cookie":    {"GET /prompt HTTP/1.1\r\nHost: a\r\nCookie: a=" + long + "\r\n\r\n", 431},
		"giant origin":    {"POST /queue HTTP/1.1\r\nHost: a\r\nOrigin: " + long + "\r\n\r\n", 431},
		"very many":       {"GET /prompt HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 50_000) + "\r\n", 431},
		"two of hosts":    {"GET /prompt HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"no host":         {"GET /prompt HTTP/1.1\r\n\r\n", 400},
		"a broken header": {"GET /prompt HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n", 400},
		"two lengths":     {"POST /queue HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		"a wrong length":  {"POST /queue HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
		"giant length":    {"POST /queue HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n", 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go io.WriteString(conn, tt.request) // the server may stop reading
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != tt.status {
				t.Errorf("status %d, want %d", answer.StatusCode, tt.status)
			}
		})
	}
}

// TestPanicInTheMiddle holds that half an answer does not look whole.
func TestPanicInTheMiddle(t *testing.T) {
	s := newServer(t, setup{})
	s.router.GET("/half", answer(func(c *gin.Context) error {
		c.Header("Content-Length", "100")
		c.Writer.WriteString("half")
		c.Writer.Flush()
		panic("no more")
	}))
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	answer, err := http.Get(web.URL + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("read %q without an error", body)
	}
}

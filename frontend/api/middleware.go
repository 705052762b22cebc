package api

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"
)

// useMiddleware puts what holds for all requests in front of the routes, the outermost first.
func (s *Server) useMiddleware() {
	s.router.Use(s.measure, recovered, cacheControl)
	if s.config.Compress {
		s.router.Use(compress)
	}
	if s.config.CORSOrigin != "" {
		s.router.Use(s.allowOrigin)
	} else {
		s.router.Use(checkOrigin)
	}
	s.router.Use(answerOptions, s.checkToken)
}

// recovered answers for a handler that panicked.
var recovered = gin.CustomRecovery(func(c *gin.Context, _ any) {
	c.Data(http.StatusInternalServerError, "text/plain; charset=utf-8", []byte(troubleText))
	c.Abort()
})

var pictureName = regexp.MustCompile(`(?i)\.(jpg|jpeg|png|ppm|bmp|pgm|tif|tiff|webp)$`)

// cacheControl says how long an answer may be kept, going by the path and status alone.
func cacheControl(c *gin.Context) {
	p := c.Request.URL.Path
	name := path.Base(p)
	switch {
	case strings.HasSuffix(p, ".js") || strings.HasSuffix(p, ".css") || strings.HasPrefix(name, "index") && strings.HasSuffix(name, ".json"):
		c.Writer = &headerWriter{ResponseWriter: c.Writer, before: func(_ int, h http.Header) {
			if h.Get("Cache-Control") == "" {
				h.Set("Cache-Control", "no-cache")
			}
		}}
	case pictureName.MatchString(p):
		c.Writer = &headerWriter{ResponseWriter: c.Writer, before: func(status int, h http.Header) {
			if value := pictureCache(status); value != "" && h.Get("Cache-Control") == "" {
				h.Set("Cache-Control", value)
			}
		}}
	}
	c.Next()
}

func pictureCache(status int) string {
	switch {
	case status == http.StatusNotFound:
		return "public, max-age=3600"
	case status >= 200 && status <= 206, status == http.StatusMovedPermanently, status == http.StatusPermanentRedirect:
		return "public, max-age=86400"
	case status == http.StatusFound, status == http.StatusSeeOther, status == http.StatusTemporaryRedirect:
		return "no-cache"
	}
	return ""
}

// headerWriter calls before with the status when the headers are about to go.
type headerWriter struct {
	gin.ResponseWriter
	before func(status int, h http.Header)
	done   bool
}

func (w *headerWriter) first() {
	if !w.done {
		w.done = true
		w.before(w.Status(), w.Header())
	}
}

func (w *headerWriter) WriteHeaderNow() {
	if !w.Written() {
		w.first()
	}
	w.ResponseWriter.WriteHeaderNow()
}

func (w *headerWriter) Write(b []byte) (int, error) {
	w.first()
	return w.ResponseWriter.Write(b)
}

func (w *headerWriter) WriteString(s string) (int, error) {
	w.first()
	return w.ResponseWriter.WriteString(s)
}

func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// compress packs JSON and plain text for clients that take it.
func compress(c *gin.Context) {
	if !takesGzip(c.Request) || c.Request.Method == http.MethodHead {
		c.Next()
		return
	}
	w := &gzipWriter{ResponseWriter: c.Writer}
	c.Writer = w
	c.Next()
	w.close()
}

type gzipWriter struct {
	gin.ResponseWriter
	decided bool
	z       *gzip.Writer
}

func (w *gzipWriter) Write(b []byte) (int, error) {
	if !w.decided {
		w.decided = true
		h := w.Header()
		kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
		if h.Get("Content-Encoding") == "" && (kind == "application/json" || kind == "text/plain") && w.Status() != http.StatusPartialContent && len(b) > 0 {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			w.z = gzip.NewWriter(w.ResponseWriter)
		}
	}
	if w.z != nil {
		return w.z.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *gzipWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *gzipWriter) close() {
	if w.z != nil {
		_ = w.z.Close() // the client is gone
	}
}

// allowOrigin lets the pages of another origin in. ComfyUI adds the headers to all answers but those of its framework's errors.
func (s *Server) allowOrigin(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", s.config.CORSOrigin)
	h.Set("Access-Control-Allow-Methods", "POST, GET, DELETE, PUT, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
	h.Set("Access-Control-Allow-Credentials", "true")
	c.Next()
}

// checkOrigin keeps pages of other origins away from a server on this machine.
func checkOrigin(c *gin.Context) {
	host, origin := c.Request.Host, c.GetHeader("Origin")
	if host == "" || origin == "" || !isLoopback(hostName(host)) {
		return
	}
	u, err := url.Parse(origin)
	if err != nil {
		c.AbortWithStatus(http.StatusForbidden)
		return
	}
	from, to := strings.ToLower(u.Host), strings.ToLower(host)
	if u.Port() == "" {
		to = hostName(to)
	}
	if hostName(to) == to {
		from = hostName(from)
	}
	if from != "" && to != "" && strings.Trim(from, "[]") != strings.Trim(to, "[]") {
		c.AbortWithStatus(http.StatusForbidden)
	}
}

// hostName is a host without its port.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isLoopback reports whether a host is this machine: a loopback address, or a name of nothing but such.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	addresses, err := net.LookupIP(host)
	if err != nil || len(addresses) == 0 {
		return false
	}
	for _, ip := range addresses {
		if !ip.IsLoopback() {
			return false
		}
	}
	return true
}

// answerOptions answers OPTIONS of any path.
func answerOptions(c *gin.Context) {
	if c.Request.Method == http.MethodOptions {
		c.Data(http.StatusOK, emptyType, nil)
		c.Abort()
	}
}

// openPaths need no token: what a browser loads before it can show one, and what watches the server.
func (s *Server) openPath(c *gin.Context) bool {
	return c.FullPath() == "" || c.FullPath() == "/healthz" || c.FullPath() == "/readyz"
}

// tokenError tells a client without a token what to do.
const tokenError = `{"error": {"type": "unauthorized", "message": "This server wants a token", "details": "send the header Authorization: Bearer TOKEN, or ?token=TOKEN where no header can be set, such as for websockets and pictures", "extra_info": {}}, "node_errors": {}}`

// tokenCookie carries the token of a browser: pages cannot set headers of websockets and pictures.
const tokenCookie = "oneactor_token"

// checkToken lets in who has the token: as a bearer token, as a query, or in the cookie that a page with the query got.
func (s *Server) checkToken(c *gin.Context) {
	if s.config.Token == "" {
		return
	}
	query := c.Query("token")
	if query != "" && s.isToken(query) {
		c.SetSameSite(http.SameSiteStrictMode)
		c.SetCookie(tokenCookie, query, 0, "/", "", c.Request.TLS != nil, true)
		return
	}
	if s.openPath(c) {
		return
	}
	bearer, _ := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	cookie, err := c.Cookie(tokenCookie)
	if s.isToken(bearer) || err == nil && s.isToken(cookie) {
		return
	}
	c.Header("WWW-Authenticate", "Bearer")
	c.Data(http.StatusUnauthorized, jsonType, []byte(tokenError))
	c.Abort()
}

// isToken compares in a time that says nothing of the token.
func (s *Server) isToken(text string) bool {
	want, got := sha256.Sum256([]byte(s.config.Token)), sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

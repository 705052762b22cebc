package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// checkOrigin keeps web pages of others away from a server on this machine: a page of any site can make the browser send requests to it.
// It also answers what browsers ask before they send one. With CORS headers, which name an origin, there is no check.
func (s *Server) checkOrigin(c *gin.Context) {
	if s.config.CORSOrigin == "" && s.isForeign(c.Request) {
		send(c, http.StatusForbidden, emptyType, nil)
		c.Abort()
		return
	}
	if c.Request.Method == http.MethodOptions {
		send(c, http.StatusOK, emptyType, nil)
		c.Abort()
	}
}

// allowOrigin lets pages of the configured origin read answers.
func (s *Server) allowOrigin(w *response, _ bool) {
	if w.raised {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", s.config.CORSOrigin)
	h.Set("Access-Control-Allow-Methods", "POST, GET, DELETE, PUT, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
	h.Set("Access-Control-Allow-Credentials", "true")
}

// isForeign reports whether a request comes from a page of another origin to a name of this machine. Other names pass: who reaches the server
// under these is not kept off by a browser's rules.
func (s *Server) isForeign(r *http.Request) bool {
	origins := r.Header["Origin"]
	if r.Host == "" || len(origins) == 0 {
		return false
	}
	host, origin, ok := comparedOrigin(r.Host, origins[0])
	if ok && (host == "" || origin == "" || host == origin) {
		return false
	}
	name, _, _ := splitHost(strings.ToLower(r.Host))
	if ok && !s.isLoopback(r.Context(), name) {
		return false
	}
	slog.Warn("a request from a page of another origin was refused", "host", r.Host, "origin", origins[0], "path", r.URL.Path)
	return true
}

// comparedOrigin returns what of the headers Host and Origin must be equal: a port that only one of them has is left out. It is false where
// they can't be read.
func comparedOrigin(hostHeader, originHeader string) (host, origin string, ok bool) {
	host = strings.ToLower(hostHeader)
	hostName, hostPort, hostOK := splitHost(host)
	origin, originOK := netloc(strings.ToLower(originHeader))
	originName, originPort, portOK := splitHost(origin)
	if !hostOK || !originOK || !portOK {
		return "", "", false
	}
	if originPort == "" {
		host = hostName
	}
	if hostPort == "" {
		origin = originName
	}
	return host, origin, true
}

// netloc is what stands between "//" and the path of a URL, "" where there is none, as in "null". It is false where brackets are not paired.
func netloc(url string) (string, bool) {
	url = strings.TrimLeft(url, " ")
	if i := strings.IndexByte(url, ':'); i > 0 && isScheme(url[:i]) {
		url = url[i+1:]
	}
	rest, ok := strings.CutPrefix(url, "//")
	if !ok {
		return "", true
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest, strings.Contains(rest, "[") == strings.Contains(rest, "]")
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// splitHost splits "user@name:port"; an IPv6 address is in brackets. It is false for a port that is none.
func splitHost(s string) (name, port string, ok bool) {
	s = s[strings.LastIndexByte(s, '@')+1:]
	if _, inside, bracket := strings.Cut(s, "["); bracket {
		var rest string
		name, rest, _ = strings.Cut(inside, "]")
		_, port, _ = strings.Cut(rest, ":")
	} else {
		name, port, _ = strings.Cut(s, ":")
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return name, port, false
		}
	}
	return name, port, true
}

// lookupTime is how long a name of the header Host may take to resolve.
const lookupTime = 2 * time.Second

// isLoopback reports whether a name stands for this machine alone: a loopback address, or a name with no other addresses. The unspecified
// address counts too, as systems connect it to this machine; ComfyUI lets that pass.
func (s *Server) isLoopback(ctx context.Context, name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		return isLocal(ip)
	}
	if name = strings.TrimSuffix(name, "."); name == "" {
		return false
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	addresses, err := s.lookup(ctx, "ip", name)
	if err != nil || len(addresses) == 0 {
		return false
	}
	for _, ip := range addresses {
		if !isLocal(ip) {
			return false
		}
	}
	return true
}

func isLocal(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsUnspecified()
}

package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// names are what the test's resolver knows.
var names = map[string][]string{
	"here.example": {"127.0.0.1", "::1"}, "six.example": {"::1"}, "both.example": {"127.0.0.1", "10.0.0.1"}, "there.example": {"203.0.113.7"},
	"none.example": {},
}

func testLookup(_ context.Context, _, name string) ([]netip.Addr, error) {
	list, ok := names[name]
	if !ok {
		return nil, errors.New("no such host")
	}
	var out []netip.Addr
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

// originTests were compared with ComfyUI 0.3.64's middleware under Python 3.11, but for those that say otherwise.
var originTests = map[string]struct {
	host, origin string // "-" for a missing header
	refused      bool
}{
	"no origin":                             {"127.0.0.1:8188", "-", false},
	"empty origin":                          {"127.0.0.1:8188", "", false},
	"no host":                               {"-", "http://evil.example", false},
	"null":                                  {"127.0.0.1:8188", "null", false},
	"a file":                                {"127.0.0.1:8188", "file://", false},
	"no scheme":                             {"127.0.0.1:8188", "evil.example", false},
	"no scheme but a port":                  {"127.0.0.1:8188", "evil.example:80", false},
	"an extension":                          {"127.0.0.1:8188", "chrome-extension://abcdef", true},
	"the same":                              {"127.0.0.1:8188", "http://127.0.0.1:8188", false},
	"the same, https":                       {"127.0.0.1:8188", "https://127.0.0.1:8188", false},
	"the same name":                         {"localhost:8188", "http://localhost:8188", false},
	"another case":                          {"LocalHost:8188", "HTTP://LOCALHOST:8188", false},
	"address and name":                      {"127.0.0.1:8188", "http://localhost:8188", true},
	"name and address":                      {"localhost:8188", "http://127.0.0.1:8188", true},
	"another port":                          {"127.0.0.1:8188", "http://127.0.0.1:3000", true},
	"origin without a port":                 {"127.0.0.1:8188", "http://127.0.0.1", false},
	"origin without a port, another":        {"127.0.0.1:8188", "http://evil.example", true},
	"origin with an empty port":             {"127.0.0.1:8188", "http://127.0.0.1:", true},
	"host without a port":                   {"127.0.0.1", "http://127.0.0.1:3000", false},
	"host without a port, another":          {"127.0.0.1", "http://evil.example:3000", true},
	"neither has a port":                    {"localhost", "http://localhost", false},
	"another site":                          {"127.0.0.1:8188", "https://evil.example", true},
	"another site, localhost":               {"localhost:8188", "https://evil.example", true},
	"another loopback address":              {"127.8.9.10:8188", "https://evil.example", true},
	"IPv6, the same":                        {"[::1]:8188", "http://[::1]:8188", false},
	"IPv6, another site":                    {"[::1]:8188", "http://evil.example", true},
	"IPv6, neither has a port":              {"[::1]", "http://[::1]", false},
	"IPv6, origin without a port":           {"[::1]:8188", "http://[::1]", true},
	"IPv4 in IPv6, another site (stricter)": {"[::ffff:127.0.0.1]:8188", "http://evil.example", true},
	"unspecified, another site (stricter)":  {"0.0.0.0:8188", "http://evil.example", true},
	"unspecified, the same":                 {"0.0.0.0:8188", "http://0.0.0.0:8188", false},
	"a network address":                     {"192.168.1.5:8188", "http://evil.example", false},
	"a name of this machine":                {"here.example:8188", "http://evil.example", true},
	"a name of this machine, IPv6":          {"six.example", "http://evil.example", true},
	"a name of this and another machine":    {"both.example", "http://evil.example", false},
	"a name of another machine":             {"there.example", "http://evil.example", false},
	"a name without addresses":              {"none.example", "http://evil.example", false},
	"an unknown name":                       {"unknown.example", "http://evil.example", false},
	"a name that begins as loopback does":   {"127.0.0.1.there.example", "http://evil.example", false},
	"below localhost":                       {"studio.localhost:8188", "http://evil.example", true},
	"localhost with a dot":                  {"localhost.:8188", "http://evil.example", true},
	"a user in the origin":                  {"127.0.0.1:8188", "http://127.0.0.1:8188@evil.example", true},
	"a user in the origin, same host":       {"127.0.0.1:8188", "http://me@127.0.0.1:8188", true},
	"a path in the origin":                  {"127.0.0.1:8188", "http://127.0.0.1:8188/a?b#c", false},
	"our name in the path":                  {"127.0.0.1:8188", "http://evil.example/127.0.0.1:8188", true},
	"our name in front (500 there)":         {"127.0.0.1:8188", "http://127.0.0.1:8188.evil.example", true},
	"a port that is none (500 there)":       {"127.0.0.1:8188", "http://evil.example:x", true},
	"a port out of range (500 there)":       {"127.0.0.1:8188", "http://127.0.0.1:99999", true},
	"brackets not paired (500 there)":       {"127.0.0.1:8188", "http://[evil", true},
}

func TestOrigin(t *testing.T) {
	s := newServer(t, setup{config: Config{Canvas: frontEnd}})
	s.lookup = testLookup
	for name, tt := range originTests {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/queue", "/api/queue", "/ws", "/assets/app.js", "/internal/nothing", "/nothing"} {
				for _, method := range []string{"GET", "OPTIONS", "POST"} {
					w := askFrom(s, method, path, tt.host, tt.origin)
					if refused := w.Code == http.StatusForbidden; refused != tt.refused || refused && w.Body.Len() > 0 {
						t.Errorf("%s %s: status %d, body %q; refused should be %v", method, path, w.Code, w.Body, tt.refused)
					}
				}
			}
		})
	}
}

func askFrom(s *Server, method, path, host, origin string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader("{}"))
	r.Host = strings.TrimPrefix(host, "-")
	if origin != "-" {
		r.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestOriginLookup holds that a request of the server's own page costs no lookup.
func TestOriginLookup(t *testing.T) {
	s := newServer(t, setup{})
	asked := 0
	s.lookup = func(context.Context, string, string) ([]netip.Addr, error) { asked++; return nil, nil }
	askFrom(s, "GET", "/queue", "studio.example:8188", "http://studio.example:8188")
	if asked != 0 {
		t.Error("the name of the server's own page was looked up")
	}
	askFrom(s, "GET", "/queue", "studio.example:8188", "http://other.example")
	if asked != 1 {
		t.Errorf("%d lookups", asked)
	}
}

func FuzzComparedOrigin(f *testing.F) {
	for _, tt := range originTests {
		f.Add(tt.host, tt.origin)
	}
	f.Fuzz(func(t *testing.T, host, origin string) {
		h, o, ok := comparedOrigin(host, origin)
		if !ok && (h != "" || o != "") {
			t.Errorf("parts of what can't be read: %q, %q", h, o)
		}
		if strings.ContainsAny(o, "/?#") {
			t.Errorf("a path in the origin: %q", o)
		}
		if !strings.Contains(strings.ToLower(host), h) || !strings.Contains(strings.ToLower(origin), o) {
			t.Errorf("%q and %q are no parts of %q and %q", h, o, host, origin)
		}
	})
}

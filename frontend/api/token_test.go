package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestToken(t *testing.T) {
	s := newServer(t, setup{config: Config{Token: "s3cret", Canvas: frontEnd, CORSOrigin: "https://studio.example"}})
	bearer := func(v string) map[string]string { return map[string]string{"Authorization": v} }
	asked := map[string]string{"WWW-Authenticate": `Bearer realm="oneactor"`, "Content-Type": "application/json; charset=utf-8"}
	what := []string{`"type": "unauthorized"`, "Authorization: Bearer TOKEN", "?token=TOKEN"}
	refused := func(c scenario) scenario {
		c.status, c.want, c.not, c.headers = 401, what, []string{"s3cret", "queue_running"}, asked
		return c
	}
	cookie := map[string]string{"Cookie": tokenCookie + "=" + s.secret.cookie}
	with := func(headers ...string) map[string]string {
		m := map[string]string{"Cookie": cookie["Cookie"]}
		for i := 0; i < len(headers); i += 2 {
			m[headers[i]] = headers[i+1]
		}
		return m
	}
	runAll(t, s, map[string]scenario{
		"none":                        refused(scenario{path: "/queue"}),
		"none, twin":                  refused(scenario{path: "/api/queue"}),
		"none, HEAD":                  {method: "HEAD", path: "/queue", status: 401},
		"none, POST":                  refused(scenario{method: "POST", path: "/prompt", body: "{}"}),
		"none, websocket":             refused(scenario{path: "/ws"}),
		"right":                       {path: "/queue", header: bearer("Bearer s3cret"), want: []string{"queue_running"}},
		"right, POST":                 {method: "POST", path: "/queue", body: "{}", header: bearer("Bearer s3cret"), empty: true},
		"right, another case":         {path: "/queue", header: bearer("bearer s3cret")},
		"right, two blanks":           {path: "/queue", header: bearer("Bearer  s3cret")},
		"wrong":                       refused(scenario{path: "/queue", header: bearer("Bearer s3cre")}),
		"longer":                      refused(scenario{path: "/queue", header: bearer("Bearer s3cret2")}),
		"another case of the token":   refused(scenario{path: "/queue", header: bearer("Bearer S3CRET")}),
		"empty":                       refused(scenario{path: "/queue", header: bearer("Bearer ")}),
		"without a scheme":            refused(scenario{path: "/queue", header: bearer("s3cret")}),
		"another scheme":              refused(scenario{path: "/queue", header: bearer("Basic s3cret")}),
		"in the address":              {path: "/queue?token=s3cret", want: []string{"queue_running"}},
		"wrong in the address":        refused(scenario{path: "/queue?token=x"}),
		"in the address of a POST":    refused(scenario{method: "POST", path: "/queue?token=s3cret", body: "{}"}),
		"cookie":                      {path: "/queue", header: cookie},
		"cookie, POST":                {method: "POST", path: "/queue", body: "{}", header: cookie, empty: true},
		"cookie, our page":            {method: "POST", path: "/queue", body: "{}", header: with("Origin", "http://127.0.0.1:8188"), empty: true},
		"cookie, another port":        refused(scenario{method: "POST", path: "/queue", body: "{}", header: with("Origin", "http://127.0.0.1:3000")}),
		"cookie, another site":        refused(scenario{path: "/queue", header: with("Origin", "http://evil.example", "Host", "studio.example")}),
		"cookie, no site":             refused(scenario{path: "/queue", header: with("Origin", "null")}),
		"the token as a cookie":       refused(scenario{path: "/queue", header: map[string]string{"Cookie": tokenCookie + "=s3cret"}}),
		"front end":                   {path: "/", is: "<html>index</html>", headers: map[string]string{"Set-Cookie": ""}},
		"front end, twin":             {path: "/api/", is: "<html>index</html>"},
		"front end, wrong token":      {path: "/?token=x", is: "<html>index</html>", headers: map[string]string{"Set-Cookie": ""}},
		"front end, its files":        {path: "/assets/app.js", is: "let a = 1"},
		"preflight":                   {method: "OPTIONS", path: "/queue", empty: true},
		"unknown":                     {path: "/nothing", status: 404},
		"unknown POST":                {method: "POST", path: "/nothing", status: 405},
		"a web page sees the refusal": {path: "/queue", status: 401, headers: map[string]string{"Access-Control-Allow-Origin": "https://studio.example"}},
	})
}

func TestTokenCookie(t *testing.T) {
	s := newServer(t, setup{config: Config{Token: "s3cret"}})
	w := scenario{path: "/?token=s3cret"}.run(t, s.Handler())
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || strings.Contains(cookies[0].Value, "s3cret") {
		t.Fatalf("cookies %v", cookies)
	}
	scenario{path: "/queue", header: map[string]string{"Cookie": cookies[0].Name + "=" + cookies[0].Value}}.run(t, s.Handler())
	other := newServer(t, setup{config: Config{Token: "another"}})
	scenario{path: "/queue", status: 401, header: map[string]string{"Cookie": cookies[0].Name + "=" + cookies[0].Value}}.run(t, other.Handler())
}

func TestTokenWebsocket(t *testing.T) {
	s := newServer(t, setup{config: Config{Token: "s3 cr&t"}})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	address := "ws" + strings.TrimPrefix(web.URL, "http") + "/ws"
	if _, answer, err := websocket.DefaultDialer.Dial(address+"?token=x", nil); err == nil || answer == nil || answer.StatusCode != 401 {
		t.Errorf("a wrong token: %v, %v", answer, err)
	}
	for name, dial := range map[string]struct {
		query  string
		header http.Header
	}{
		"address": {"?token=" + url.QueryEscape("s3 cr&t"), nil},
		"header":  {"", http.Header{"Authorization": {"Bearer s3 cr&t"}}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _, err := websocket.DefaultDialer.Dial(address+dial.query, dial.header)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, message, err := conn.ReadMessage(); err != nil || !strings.Contains(string(message), `"type": "status"`) {
				t.Errorf("first message %q, %v", message, err)
			}
		})
	}
}

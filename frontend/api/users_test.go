package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"
)

// TestSettings goes through the settings of contract 1.8. Values come back as they were sent.
func TestSettings(t *testing.T) {
	s, dir := folders(t, Config{})
	run := func(method, path, body, is string) {
		t.Helper()
		scenario{method: method, path: path, body: body, is: is}.run(t, s.Handler())
	}
	run("GET", "/users", "", `{"storage": "server", "migrated": false}`) // nothing has been saved yet
	run("GET", "/settings", "", `{}`)
	run("GET", "/settings/Comfy.Unknown", "", `null`)
	run("POST", "/settings", `{"a": 1, "b": {"c": [1.5, null, "ü"]}, "big": 18446744073709551615}`, "")
	run("POST", "/settings/Comfy.Dark", `true`, "")
	run("POST", "/settings", `{"a": 2}`, "")
	run("GET", "/users", "", `{"storage": "server", "migrated": true}`)
	run("GET", "/settings/a", "", `2`)
	run("GET", "/settings/b", "", `{"c": [1.5, null, "\u00fc"]}`)
	run("GET", "/api/settings/Comfy.Dark", "", `true`)
	run("GET", "/settings", "", `{"a": 2, "b": {"c": [1.5, null, "\u00fc"]}, "big": 18446744073709551615, "Comfy.Dark": true}`)
	has(t, dir, "user/default/comfy.settings.json", "{\n    \"a\": 2,\n    \"b\": {\n        \"c\": [\n            1.5,\n            null,\n            \"\\u00fc\"\n        ]\n    },\n"+
		"    \"big\": 18446744073709551615,\n    \"Comfy.Dark\": true\n}")
	scenario{method: "POST", path: "/settings", body: `[`, status: http.StatusInternalServerError}.run(t, s.Handler())
	run("GET", "/settings/a", "", `2`)
}

// TestUserdata goes through the files of contract 1.8.
func TestUserdata(t *testing.T) {
	s, dir := folders(t, Config{})
	writeFiles(t, dir, map[string]string{"user/default/workflows/a.json": "{}", "user/default/workflows/sub/b.json": "{ }", "user/default/workflows/sub/B2.json": "[]"})
	post := func(path, body string) scenario { return scenario{method: "POST", path: path, body: body} }
	with := func(c scenario, status int, is string) scenario { c.status, c.is = status, is; return c }
	info := regexp.MustCompile(`^\{"path": "workflows/new.json", "size": 3, "modified": \d+(\.\d+)?, "created": \d+(\.\d+)?\}$`)
	for _, c := range []scenario{
		{path: "/userdata?dir=workflows", is: `["a.json"]`},
		{path: "/userdata?dir=workflows&recurse=true", is: `["a.json", "sub/B2.json", "sub/b.json"]`},
		{path: "/userdata?dir=workflows&recurse=TRUE&split=true", is: `[["a.json", "a.json"], ["sub/B2.json", "sub", "B2.json"], ["sub/b.json", "sub", "b.json"]]`},
		{path: "/userdata?dir=workflows&full_info=true", want: []string{`[{"path": "a.json", "size": 2, "modified": `, `"created": `}},
		with(scenario{path: "/userdata"}, 400, "Directory not provided"),
		with(scenario{path: "/userdata?dir=../other"}, 403, "Invalid directory"),
		with(scenario{path: "/userdata?dir=nothing"}, 404, "Directory not found"),
		{path: "/v2/userdata?path=workflows", want: []string{`{"name": "sub", "path": "workflows/sub", "type": "directory"}`, `"path": "workflows/sub/b.json", "type": "file"`}},
		with(scenario{path: "/v2/userdata?path=nothing"}, 404, "Requested path not found"),
		with(scenario{path: "/v2/userdata?path=workflows%2Fa.json"}, 400, "Requested path is not a directory"),
		{path: "/userdata/workflows%2Fa.json", is: "{}"},
		{path: "/userdata/workflows%2Fsub%2Fb.json", is: "{ }"},
		{path: "/userdata/workflows%2Fz.json", status: 404},
		with(post("/userdata/workflows%2Fnew.json", "one"), 200, `"workflows/new.json"`),
		with(post("/userdata/workflows%2Fnew.json?overwrite=false", "two"), 409, "File already exists"),
		{path: "/userdata/workflows%2Fnew.json", is: "one"},
		with(post("/userdata/workflows%2Fnew.json", "two"), 200, `"workflows/new.json"`),
		with(post("/userdata/deep%2Fer%2Fx.bin", "\x00\xff"), 200, `"deep/er/x.bin"`),
		{path: "/userdata/deep%2Fer%2Fx.bin", is: "\x00\xff"},
		with(post("/userdata/workflows%2Fnew.json/move/workflows%2Fmoved.json", ""), 200, `"workflows/moved.json"`),
		{path: "/userdata/workflows%2Fnew.json", status: 404},
		with(post("/userdata/workflows%2Fmoved.json/move/workflows%2Fa.json?overwrite=false", ""), 409, "File already exists"),
		{path: "/userdata/workflows%2Fmoved.json", is: "two"},
		{path: "/userdata/workflows%2Fa.json", is: "{}"},
		with(post("/userdata/nothing.json/move/x.json", ""), 404, ""),
		with(post("/userdata/workflows%2Fmoved.json/move/workflows%2Fa.json", ""), 200, `"workflows/a.json"`),
		{path: "/userdata/workflows%2Fa.json", is: "two"},
		{method: "DELETE", path: "/userdata/workflows%2Fa.json", status: 204, empty: true},
		{method: "DELETE", path: "/userdata/workflows%2Fa.json", status: 404},
	} {
		c.run(t, s.Handler())
	}
	w := post("/userdata/workflows%2Fnew.json?full_info=true", "abc").run(t, s.Handler())
	if !info.MatchString(w.Body.String()) {
		t.Errorf("info %s", w.Body)
	}
}

// TestUsers goes through --multi-user: users and what they keep are apart.
func TestUsers(t *testing.T) {
	s, _ := folders(t, Config{MultiUser: true})
	scenario{path: "/users", is: `{"storage": "server", "users": {}}`}.run(t, s.Handler())
	add := func(name string) string {
		w := scenario{method: "POST", path: "/users", body: `{"username": "` + name + `"}`}.run(t, s.Handler())
		var id string
		if err := json.Unmarshal(w.Body.Bytes(), &id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	ann, bob := add("Ann B."), add("bob")
	if !regexp.MustCompile(`^Ann-B-_[0-9a-f]{8}-[0-9a-f]{4}-4`).MatchString(ann) {
		t.Errorf("the id of Ann B. is %s", ann)
	}
	for _, c := range []scenario{
		{method: "POST", path: "/users", body: `{"username": "bob"}`, status: 400, is: `{"error": "Duplicate username."}`},
		{method: "POST", path: "/users", body: `{"username": " "}`, status: 500},
		{path: "/users", is: `{"storage": "server", "users": {"` + ann + `": "Ann B.", "` + bob + `": "bob"}}`},
		{method: "POST", path: "/settings/x", body: `1`, header: map[string]string{"comfy-user": ann}},
		{path: "/settings", header: map[string]string{"comfy-user": ann}, is: `{"x": 1}`},
		{path: "/settings", header: map[string]string{"comfy-user": bob}, is: `{}`},
		{path: "/settings", header: map[string]string{"comfy-user": "nobody"}, status: 401},
		{path: "/settings", status: 401},
		{path: "/v2/userdata", header: map[string]string{"comfy-user": "nobody"}, status: 403},
		{method: "POST", path: "/userdata/a.txt", body: "of ann", header: map[string]string{"comfy-user": ann}},
		{path: "/userdata/a.txt", header: map[string]string{"comfy-user": bob}, status: 404},
		{path: "/userdata/a.txt", header: map[string]string{"comfy-user": ann}, is: "of ann"},
	} {
		c.run(t, s.Handler())
	}
}

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

func TestCustomNodes(t *testing.T) {
	base := t.TempDir()
	writeFiles(t, base, map[string]string{
		"custom_nodes/a/example_workflows/one.json":     `{"nodes": []}`,
		"custom_nodes/a/example_workflows/one.jpg":      "picture",
		"custom_nodes/a/example_workflows/.hidden.json": "{}",
		"custom_nodes/a/example_workflows/sub/x.json":   "{}",
		"custom_nodes/a/workflows/two.json":             "{}",
		"custom_nodes/a/secret.txt":                     "secret",
		"custom_nodes/b/examples/drei ü.json":           "{}",
		"custom_nodes/c/nothing.json":                   "{}",
		"custom_nodes/.git/workflows/x.json":            "{}",
		"custom_nodes/file.json":                        "{}",
		"custom_nodes/a/locales/en/main.json":           `{"a": {"x": 1, "y": [1]}, "only": "a"}`,
		"custom_nodes/a/locales/en/nodeDefs.json":       `{"K": {"display_name": "K of a"}}`,
		"custom_nodes/a/locales/de/commands.json":       `{"los": "geht's"}`,
		"custom_nodes/a/locales/fr/main.json":           `broken`,
		"custom_nodes/b/locales/en/main.json":           `{"a": {"y": [2], "z": 3}, "only": "b"}`,
		"custom_nodes/b/locales/en/nodeDefs.json":       `{"L": {"display_name": "L of b"}}`,
		"custom_nodes/b/locales/en/settings.json":       `[]`,
		"custom_nodes/b/subgraphs/group.json":           `{"definitions": "ü"}`,
		"custom_nodes/b/subgraphs/readme.txt":           "no subgraph",
	})
	if err := os.Symlink("../secret.txt", filepath.Join(base, "custom_nodes/a/workflows/link.json")); err != nil {
		t.Skip("no links here:", err)
	}
	custom := filepath.Join(base, "custom_nodes")
	s := newServer(t, setup{host: &fakeHost{user: t.TempDir(), folders: map[string][]string{"custom_nodes": {custom, filepath.Join(base, "none")}}}})
	sum := sha256.Sum256([]byte("custom_node" + custom + "/b/subgraphs/group.json"))
	id := hex.EncodeToString(sum[:])
	const describes = `"source": "custom_node", "name": "group", "info": {"node_pack": "custom_nodes.b"}`
	at := "/api/workflow_templates/"
	runAll(t, s, map[string]scenario{
		"templates":          {path: "/workflow_templates", is: `{"a": ["one", "link", "two"], "b": ["drei \u00fc"]}`},
		"a template":         {path: at + "a/one.json", is: `{"nodes": []}`, headers: map[string]string{"Content-Type": "application/json"}},
		"of another folder":  {path: at + "a/two.json", is: "{}"},
		"its picture":        {path: at + "a/one.jpg", is: "picture", headers: map[string]string{"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=86400"}},
		"encoded":            {path: at + "b/drei%20%C3%BC.json", is: "{}"},
		"no bare one":        {path: "/workflow_templates/a/one.json", status: 404},
		"missing":            {path: at + "a/none.json", status: 404, is: "404: Not Found"},
		"of nobody":          {path: at + "x/one.json", status: 404},
		"of one without":     {path: at + "c/nothing.json", status: 404},
		"up":                 {path: at + "a/../secret.txt", status: 404, not: []string{"secret"}},
		"up, encoded":        {path: at + "a/..%2Fsecret.txt", status: 404, not: []string{"secret"}},
		"pack up":            {path: at + "..%2Fcustom_nodes%2Fa/secret.txt", status: 404, not: []string{"secret"}},
		"a link out":         {path: at + "a/link.json", status: 404, not: []string{"secret"}},
		"translations":       {path: "/i18n", is: `{"de": {"commands": {"los": "geht's"}}, "en": {"a": {"x": 1, "y": [1, 2], "z": 3}, "only": "b", "nodeDefs": {"K": {"display_name": "K of a"}, "L": {"display_name": "L of b"}}}, "fr": {}}`},
		"translations, twin": {path: "/api/i18n", want: []string{`"de"`}},
		"subgraphs":          {path: "/global_subgraphs", is: `{"` + id + `": {` + describes + `}}`},
		"a subgraph":         {path: "/api/global_subgraphs/" + id, is: `{` + describes + `, "data": "{\"definitions\": \"\u00fc\"}"}`},
		"no subgraph":        {path: "/global_subgraphs/x", is: "null"},
	})
	none := newServer(t, setup{host: &fakeHost{user: t.TempDir(), folders: map[string][]string{"custom_nodes": nil}}})
	for _, path := range []string{"/workflow_templates", "/i18n", "/global_subgraphs"} {
		scenario{path: path, is: "{}"}.run(t, none.Handler())
	}
}

func TestMerged(t *testing.T) {
	tests := map[string]struct{ base, update, want string }{
		"empty":              {`{}`, `{}`, `{}`},
		"new key":            {`{"a": 1}`, `{"b": 2}`, `{"a": 1, "b": 2}`},
		"replaced":           {`{"a": 1}`, `{"a": "x"}`, `{"a": "x"}`},
		"lists joined":       {`{"a": [1]}`, `{"a": [2]}`, `{"a": [1, 2]}`},
		"list over object":   {`{"a": {}}`, `{"a": [2]}`, `{"a": [2]}`},
		"object over null":   {`{"a": null}`, `{"a": {"b": 1}}`, `{"a": {"b": 1}}`},
		"objects in objects": {`{"a": {"b": {"c": 1}}}`, `{"a": {"b": {"d": 2}}}`, `{"a": {"b": {"c": 1, "d": 2}}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, update := parsed(t, tt.base), parsed(t, tt.update)
			got, err := ojson.Marshal(merged(base, update), ojson.Python)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v", got, err)
			}
			if kept, _ := ojson.Marshal(base, ojson.Python); string(kept) != tt.base {
				t.Errorf("the base became %s", kept)
			}
		})
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	v, err := ojson.Parse([]byte(text), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

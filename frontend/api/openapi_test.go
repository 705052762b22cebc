package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

var (
	namedPart = regexp.MustCompile(`[:*](\w+)`)
	anyPart   = regexp.MustCompile(`\{\w+\}`)
)

// TestOpenAPIRoutes compares the table with the routes that are registered. HEAD comes with GET.
func TestOpenAPIRoutes(t *testing.T) {
	s := newServer(t, setup{})
	described := map[string]bool{}
	for _, o := range operations {
		for _, p := range o.paths() {
			key := o.method + " " + p
			if described[key] {
				t.Errorf("%s is described twice", key)
			}
			described[key] = true
		}
	}
	heads := map[string]bool{}
	for _, r := range s.router.Routes() {
		path := namedPart.ReplaceAllString(r.Path, "{$1}")
		if r.Method == http.MethodHead {
			heads[path] = true
			continue
		}
		if !described[r.Method+" "+path] {
			t.Errorf("%s %s is no row of operations", r.Method, path)
		}
		delete(described, r.Method+" "+path)
	}
	for key := range described {
		t.Errorf("%s is described, but there is no such route", key)
	}
	for _, o := range operations {
		for _, p := range o.paths() {
			if o.method == http.MethodGet && !heads[p] {
				t.Errorf("HEAD %s is no route", p)
			}
		}
	}
}

// TestOpenAPI holds the document to the rules of OpenAPI 3.1 that it could break.
func TestOpenAPI(t *testing.T) {
	for name, config := range map[string]Config{"open": {}, "token": {Token: "s3cret", Version: "1.2.3"}} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, setup{config: config})
			w := scenario{path: "/openapi.json", header: map[string]string{"Authorization": "Bearer s3cret"},
				headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}, not: []string{"s3cret"}}.run(t, s.Handler())
			document, err := ojson.ParseObject(w.Body.Bytes(), ojson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if document.String("openapi") != "3.1.0" || document.Object("info").String("title") == "" || document.Object("info").String("version") == "" {
				t.Errorf("head %s, %v", document.String("openapi"), document.Object("info"))
			}
			c := checkedDocument{T: t, document: document, ids: map[string]bool{}, token: config.Token != ""}
			for path, item := range document.Object("paths").All() {
				for method, o := range item.(*ojson.Object).All() {
					c.operation(method, path, o.(*ojson.Object))
				}
			}
			c.references(document)
		})
	}
}

type checkedDocument struct {
	*testing.T
	document *ojson.Object
	ids      map[string]bool
	token    bool
}

func (c checkedDocument) operation(method, path string, o *ojson.Object) {
	at := method + " " + path
	if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) || !strings.HasPrefix(path, "/") {
		c.Errorf("%s: no method and path", at)
	}
	if id := o.String("operationId"); id == "" || c.ids[id] {
		c.Errorf("%s: the id %q is empty or not the only one", at, id)
	}
	c.ids[o.String("operationId")] = true
	if o.String("summary") == "" || len(o.Array("tags")) != 1 {
		c.Errorf("%s: no summary or tag", at)
	}
	named := map[string]bool{}
	for _, p := range o.Array("parameters") {
		p := p.(*ojson.Object)
		key := p.String("in") + " " + p.String("name")
		if required, _ := p.Get("required"); named[key] || p.String("name") == "" || p.String("in") == "path" && required != true {
			c.Errorf("%s: parameter %q is not well described", at, key)
		}
		if kind := p.Object("schema").String("type"); !slices.Contains([]string{"string", "integer", "boolean", "number"}, kind) {
			c.Errorf("%s: parameter %q has the type %q", at, key, kind)
		}
		named[key] = true
	}
	for _, part := range anyPart.FindAllString(path, -1) {
		if !named["path "+strings.Trim(part, "{}")] {
			c.Errorf("%s: %s is not described", at, part)
		}
	}
	if body, has := o.Get("requestBody"); has && (method == "get" || body.(*ojson.Object).Object("content").Len() != 1) {
		c.Errorf("%s: the body is not well described", at)
	}
	answers := o.Object("responses")
	if answers.Len() == 0 {
		c.Errorf("%s: no answer", at)
	}
	for status, answer := range answers.All() {
		if len(status) != 3 || status[0] < '1' || status[0] > '5' || answer.(*ojson.Object).String("description") == "" {
			c.Errorf("%s: answer %q is not well described", at, status)
		}
	}
	if _, asked := answers.Get("401"); c.token && asked == openPaths[path] {
		c.Errorf("%s: an answer without a token: %v", at, asked)
	}
}

// references looks for schemas that are named and not there, or there and not named.
func (c checkedDocument) references(document *ojson.Object) {
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case *ojson.Object:
			if name, ok := strings.CutPrefix(v.String("$ref"), "#/components/schemas/"); ok {
				used[name] = true
			}
			for _, item := range v.All() {
				walk(item)
			}
		}
	}
	walk(document)
	schemas := document.Object("components").Object("schemas")
	for name := range used {
		if !schemas.Has(name) {
			c.Errorf("the schema %s is named and not there", name)
		}
	}
	for _, name := range schemas.Keys() {
		if !used[name] {
			c.Errorf("the schema %s is not named by any route", name)
		}
		if schemas.Object(name).String("description") == "" {
			c.Errorf("the schema %s is not described", name)
		}
	}
}

// TestOperationWords finds words for content that are none.
func TestOperationWords(t *testing.T) {
	for _, o := range operations {
		for _, text := range []string{o.body, o.answer} {
			if first, rest, ok := strings.Cut(text, " "); ok && regexp.MustCompile(`^[1-5]\d\d$`).MatchString(first) {
				text = rest
			}
			kind, what, ok := strings.Cut(text, ": ")
			if ok && (contentOf[kind] == "" || what == "") {
				t.Errorf("%s %s: %q begins with no content", o.method, o.path, text)
			}
		}
	}
}

package api

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// The document is made of a table of routes (openapi_routes.go) and of schemas (openapi_schemas.go). A test compares the table with the routes
// that are registered.

func (s *Server) openAPIRoutes(r routes) {
	r.bare(http.MethodGet, "/openapi.json", func(c *gin.Context) error {
		document, err := s.openAPI()
		if err != nil {
			return err
		}
		return sendJSON(c, document)
	})
}

// operation is what a route does, for people and for generators of clients. What is sent and answered is "content: what": content is json, form,
// bytes, text, html, webp or nothing; what is words, or "#Name" of a schema.
type operation struct {
	method, path string
	tag, summary string
	query        []parameter
	body         string // "" for none
	answer       string // of status 200, unless a number stands in front, as in "204 nothing"
	errors       string // statuses and why: "404: …; 409: …"
}

// parameter of a query; the name of a required one ends in "!".
type parameter struct{ name, kind, summary string }

// contentOf are the media types of the words for content.
var contentOf = map[string]string{
	"json": "application/json", "form": "multipart/form-data", "bytes": "application/octet-stream", "text": "text/plain", "html": "text/html",
	"webp": "image/webp", "png": "image/png",
}

// ours reports whether a route has no twin under /api.
func (o operation) ours() bool {
	for _, p := range []string{"/api/", "/oneactor/", "/internal/", "/metrics", "/healthz", "/readyz", "/openapi.json"} {
		if strings.HasPrefix(o.path, p) {
			return true
		}
	}
	return o.path == "/"
}

// paths are those of the route.
func (o operation) paths() []string {
	if o.ours() {
		return []string{o.path}
	}
	return []string{o.path, "/api" + o.path}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// openAPI describes the routes as OpenAPI 3.1.
func (s *Server) openAPI() (*ojson.Object, error) {
	paths := ojson.NewObject()
	for _, o := range operations {
		for _, p := range o.paths() {
			at := paths.Object(p)
			if at == nil {
				at = ojson.NewObject()
				paths.Set(p, at)
			}
			at.Set(strings.ToLower(o.method), o.describe(p, s.config.Token != ""))
		}
	}
	schemas := ojson.NewObject()
	for _, c := range components {
		schema, err := ojson.ParseObject([]byte(c.schema), ojson.Limits{})
		if err != nil {
			return nil, err
		}
		schema.Set("description", c.summary)
		schemas.Set(c.name, schema)
	}
	parts := ojson.NewObject("schemas", schemas)
	version := s.config.Version
	if version == "" {
		version = "0"
	}
	document := ojson.NewObject("openapi", "3.1.0",
		"info", ojson.NewObject("title", "oneactor", "version", version, "description",
			"ComfyUI's API and a few routes of our own under /oneactor/. Jobs are kept on disk before they are accepted."),
		"paths", paths, "components", parts)
	if s.config.Token != "" {
		parts.Set("securitySchemes", ojson.NewObject(
			"bearer", ojson.NewObject("type", "http", "scheme", "bearer"),
			"query", ojson.NewObject("type", "apiKey", "in", "query", "name", "token", "description", "for GET, such as websockets and pictures")))
		document.Set("security", []any{ojson.NewObject("bearer", []any{}), ojson.NewObject("query", []any{})})
	}
	return document, nil
}

// describe is the operation as one of its paths has it.
func (o operation) describe(p string, token bool) *ojson.Object {
	id := strings.ToLower(o.method) + strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_").Replace(p)
	d := ojson.NewObject("tags", []any{o.tag}, "summary", o.summary, "operationId", id)
	parameters := []any{}
	for _, m := range pathParameter.FindAllStringSubmatch(p, -1) {
		parameters = append(parameters, ojson.NewObject("name", m[1], "in", "path", "required", true, "schema", ojson.NewObject("type", "string")))
	}
	for _, q := range o.query {
		name, required := strings.CutSuffix(q.name, "!")
		parameters = append(parameters, ojson.NewObject("name", name, "in", "query", "required", required, "description", q.summary,
			"schema", ojson.NewObject("type", q.kind)))
	}
	if len(parameters) > 0 {
		d.Set("parameters", parameters)
	}
	if o.body != "" {
		description, content := describeContent(o.body)
		d.Set("requestBody", ojson.NewObject("description", description, "content", content))
	}
	d.Set("responses", o.describeAnswers(token && !openPaths[p]))
	if token && openPaths[p] {
		d.Set("security", []any{})
	}
	return d
}

func (o operation) describeAnswers(token bool) *ojson.Object {
	status, answer := "200", o.answer
	if first, rest, ok := strings.Cut(answer, " "); ok && len(first) == 3 && first[0] >= '1' && first[0] <= '5' {
		status, answer = first, rest
	}
	description, content := describeContent(answer)
	success := ojson.NewObject("description", description)
	if content.Len() > 0 {
		success.Set("content", content)
	}
	answers := ojson.NewObject(status, success)
	if o.errors != "" {
		for part := range strings.SplitSeq(o.errors, "; ") {
			status, why, _ := strings.Cut(part, ": ")
			answers.Set(status, ojson.NewObject("description", why))
		}
	}
	if token && !answers.Has("401") {
		answers.Set("401", ojson.NewObject("description", "no token, or a wrong one"))
	}
	return answers
}

// describeContent reads "content: what".
func describeContent(text string) (description string, content *ojson.Object) {
	kind, what, _ := strings.Cut(text, ": ")
	content = ojson.NewObject()
	media, ok := contentOf[kind]
	if !ok {
		return kind, content
	}
	name, isSchema := strings.CutPrefix(what, "#")
	if !isSchema {
		content.Set(media, ojson.NewObject())
		return what, content
	}
	content.Set(media, ojson.NewObject("schema", ojson.NewObject("$ref", "#/components/schemas/"+name)))
	for _, c := range components {
		if c.name == name {
			return c.summary, content
		}
	}
	return name, content
}

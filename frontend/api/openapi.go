package api

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) openAPIRoutes(r routes) {
	r.bare(http.MethodGet, "/openapi.json", func(c *gin.Context) error { return sendJSON(c, s.openAPI()) })
}

// operation is what a route does, for people and for generators of clients.
type operation struct {
	method, path string
	tag, summary string
	query        []parameter
	body         string // what is sent: "json: …", "form: …" or "bytes: …"
	answer       string // content type, and what it is: "application/json: …"
	errors       string // statuses and why: "404: …; 409: …"
}

// parameter of a query; required ones end in "!".
type parameter struct{ name, kind, summary string }

const (
	jsonAnswer  = "application/json: "
	emptyAnswer = ": nothing"
)

// operations are all routes. Those of ComfyUI are there twice, bare and under /api.
var operations = []operation{
	{"GET", "/", "pages", "The front end.", nil, "", "text/html: a page", ""},
	{"GET", "/prompt", "queue", "How many prompts are pending or running.", nil, "", jsonAnswer + `{"exec_info": {"queue_remaining": n}}`, ""},
	{"POST", "/prompt", "queue", "Queue a workflow in API format. It is on disk when the answer comes.", nil,
		"json: {prompt, client_id?, prompt_id?, extra_data?, number?, front?, partial_execution_targets?}",
		jsonAnswer + "{prompt_id, number, node_errors}", "400: the prompt can't run, and why; 413: it is too large; 503: the queue is full; 507: it can't be kept"},
	{"GET", "/queue", "queue", "Running and pending prompts, each [number, id, prompt, extra data, outputs].", nil, "", jsonAnswer + "{queue_running, queue_pending}", ""},
	{"POST", "/queue", "queue", "Delete pending prompts.", nil, "json: {clear?: true, delete?: [ids]}", emptyAnswer, ""},
	{"GET", "/history", "queue", "Ended prompts by id, the oldest first.", []parameter{{"max_items", "integer", "how many"}, {"offset", "integer", "skip the oldest; without it the newest are meant"}}, "", jsonAnswer + "{id: {prompt, outputs, status, meta}}", ""},
	{"GET", "/history/{id}", "queue", "One ended prompt, or an empty object.", nil, "", jsonAnswer + "{id: entry}", ""},
	{"POST", "/history", "queue", "Delete entries of the history.", nil, "json: {clear?: true, delete?: [ids]}", emptyAnswer, ""},
	{"POST", "/interrupt", "queue", "Stop the running prompt, or the one with the id.", nil, "json: {prompt_id?}", emptyAnswer, ""},
	{"POST", "/free", "queue", "Let go of models and cached results.", nil, "json: {unload_models?, free_memory?}", emptyAnswer, ""},
	{"GET", "/ws", "queue", "Websocket with what happens, see ComfyUI's protocol.", []parameter{{"clientId", "string", "who listens"}}, "", ": a websocket", ""},
	{"GET", "/view", "files", "A picture or another file of the data folders.", []parameter{{"filename!", "string", "name, with [output], [input] or [temp] behind it for another type"}, {"type", "string", "output, input or temp"}, {"subfolder", "string", ""}, {"preview", "string", "webp;90 or jpeg;90"}, {"channel", "string", "rgba, rgb or a"}}, "", "image/png: the file", "400: a bad name; 403: it leads out of the folder; 404: it is not there"},
	{"POST", "/upload/image", "files", "Put a picture into a data folder.", nil, "form: image, overwrite?, type?, subfolder?", jsonAnswer + "{name, subfolder, type}", "400: no file, or a bad name; 413: too large"},
	{"POST", "/upload/mask", "files", "Put a picture that is here into a data folder, with the alpha of another one.", nil, "form: image, original_ref, overwrite?, type?, subfolder?", jsonAnswer + "{name, subfolder, type}", "400: no file, or a bad name; 413: too large"},
	{"GET", "/users", "users", "Where settings are kept, and the users.", nil, "", jsonAnswer + "{storage, users?, migrated?}", ""},
	{"POST", "/users", "users", "Add a user.", nil, "json: {username}", jsonAnswer + "the new id", "400: the name is taken"},
	{"GET", "/settings", "users", "All settings.", nil, "", jsonAnswer + "{id: value}", "401: no such user"},
	{"POST", "/settings", "users", "Change settings.", nil, "json: {id: value}", emptyAnswer, "401: no such user"},
	{"GET", "/settings/{id}", "users", "One setting, or null.", nil, "", jsonAnswer + "the value", "401: no such user"},
	{"POST", "/settings/{id}", "users", "Set one setting.", nil, "json: the value", emptyAnswer, "401: no such user"},
	{"GET", "/userdata", "users", "Files in a folder of the user.", []parameter{{"dir!", "string", ""}, {"recurse", "boolean", ""}, {"full_info", "boolean", ""}, {"split", "boolean", ""}}, "", jsonAnswer + "a list", "400: no folder named; 403: it leads out; 404: it is not there"},
	{"GET", "/v2/userdata", "users", "Files and folders below a folder of the user.", []parameter{{"path", "string", ""}}, "", jsonAnswer + "a list", "400: no such folder; 404: it is not there"},
	{"GET", "/userdata/{file}", "users", "A file of the user; slashes in the name are %2F.", nil, "", "application/octet-stream: the file", "403: the name leads out; 404: it is not there"},
	{"POST", "/userdata/{file}", "users", "Save a file of the user.", []parameter{{"overwrite", "boolean", "false keeps what is there"}, {"full_info", "boolean", ""}}, "bytes: the content", jsonAnswer + "the name, or what is known of the file", "403: the name leads out; 409: it is there already"},
	{"DELETE", "/userdata/{file}", "users", "Delete a file of the user.", nil, "", emptyAnswer, "404: it is not there"},
	{"POST", "/userdata/{file}/move/{dest}", "users", "Rename a file of the user.", []parameter{{"overwrite", "boolean", "false keeps what is there"}, {"full_info", "boolean", ""}}, "", jsonAnswer + "the name, or what is known of the file", "404: it is not there; 409: the other one is"},
	{"GET", "/object_info", "nodes", "All node classes.", nil, "", jsonAnswer + "{class: description}", ""},
	{"GET", "/object_info/{class}", "nodes", "One node class, or an empty object.", nil, "", jsonAnswer + "{class: description}", ""},
	{"GET", "/models", "models", "Keys of the model folders.", nil, "", jsonAnswer + "a list", ""},
	{"GET", "/models/{folder}", "models", "Names of the models in a folder.", nil, "", jsonAnswer + "a list", "404: no such folder"},
	{"GET", "/embeddings", "models", "Names of the textual inversions.", nil, "", jsonAnswer + "a list", ""},
	{"GET", "/experiment/models", "models", "Model folders with their directories.", nil, "", jsonAnswer + "a list", ""},
	{"GET", "/experiment/models/{folder}", "models", "Models of a folder with size and times.", nil, "", jsonAnswer + "a list", "404: no such folder"},
	{"GET", "/experiment/models/preview/{folder}/{index}/{name}", "models", "The picture that shows a model.", nil, "", "image/webp: a picture", "404: there is none"},
	{"GET", "/view_metadata/{folder}", "models", "The metadata in a .safetensors file.", []parameter{{"filename!", "string", ""}}, "", jsonAnswer + "{key: text}", "404: there is none"},
	{"GET", "/system_stats", "system", "What computes, and how much memory there is.", nil, "", jsonAnswer + "{system, devices}", ""},
	{"GET", "/features", "system", "Features of the server.", nil, "", jsonAnswer + "{supports_preview_metadata, max_upload_size}", ""},
	{"GET", "/extensions", "system", "Scripts that the front end loads.", nil, "", jsonAnswer + "a list", ""},
	{"GET", "/workflow_templates", "system", "Example workflows of custom nodes.", nil, "", jsonAnswer + "{pack: [names]}", ""},
	{"GET", "/i18n", "system", "Translations of custom nodes.", nil, "", jsonAnswer + "{locale: texts}", ""},
	{"GET", "/global_subgraphs", "system", "Subgraphs that come with custom nodes.", nil, "", jsonAnswer + "{id: subgraph}", ""},
	{"GET", "/internal/folder_paths", "internal", "Directories of the model folders.", nil, "", jsonAnswer + "{key: [directories]}", ""},
	{"GET", "/internal/files/{type}", "internal", "Files of a data folder, the newest first.", nil, "", jsonAnswer + "a list", "400: no such folder"},
	{"GET", "/internal/logs", "internal", "The log as one text.", nil, "", jsonAnswer + "a text", ""},
	{"GET", "/internal/logs/raw", "internal", "The lines of the log.", nil, "", jsonAnswer + "{entries, size}", ""},
	{"PATCH", "/internal/logs/subscribe", "internal", "Hear new lines on the websocket, or no more.", nil, "json: {clientId, enabled}", emptyAnswer, ""},
	{"GET", "/metrics", "watching", "Figures for Prometheus.", nil, "", "text/plain: figures", ""},
	{"GET", "/healthz", "watching", "The process lives.", nil, "", jsonAnswer + `{"status": "ok"}`, ""},
	{"GET", "/readyz", "watching", "Jobs are accepted.", nil, "", jsonAnswer + `{"status": "ready", workers}`, "503: they are not, and why"},
	{"GET", "/openapi.json", "watching", "This document.", nil, "", jsonAnswer + "OpenAPI 3.1", ""},
	{"GET", "/oneactor/queue", "oneactor", "Counts, and whether the queue is paused.", nil, "", jsonAnswer + "{paused, pending, running, history}", ""},
	{"POST", "/oneactor/queue", "oneactor", "Pause the queue, or let it go on.", nil, "json: {paused}", jsonAnswer + "{paused, pending, running, history}", "400: nothing to do"},
	{"GET", "/oneactor/workers", "oneactor", "Workers that live.", nil, "", jsonAnswer + "{workers}", ""},
	{"GET", "/oneactor/jobs", "oneactor", "Jobs, a page at a time.", []parameter{{"status", "string", "pending, running, success, error or interrupted"}, {"user", "string", ""}, {"search", "string", "part of the id"}, {"offset", "integer", ""}, {"limit", "integer", "at most 1000; 50 without"}}, "", jsonAnswer + "{total, offset, jobs}", ""},
	{"POST", "/oneactor/jobs/{id}/move", "oneactor", "Give a pending job another number; lower ones run first.", nil, "json: {number}", emptyAnswer, "400: no number; 404: the job does not wait"},
	{"POST", "/oneactor/jobs/{id}/retry", "oneactor", "Queue an ended job once more.", nil, "", jsonAnswer + "{prompt_id, number}", "404: no such job"},
}

// ours reports whether a route has no twin under /api.
func (o operation) ours() bool {
	for _, p := range []string{"/oneactor/", "/internal/", "/metrics", "/healthz", "/readyz", "/openapi.json"} {
		if strings.HasPrefix(o.path, p) {
			return true
		}
	}
	return o.path == "/"
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// openAPI describes the routes as OpenAPI 3.1.
func (s *Server) openAPI() *ojson.Object {
	paths := ojson.NewObject()
	for _, o := range operations {
		list := []string{o.path}
		if !o.ours() {
			list = append(list, "/api"+o.path)
		}
		for _, p := range list {
			at := paths.Object(p)
			if at == nil {
				at = ojson.NewObject()
				paths.Set(p, at)
			}
			at.Set(strings.ToLower(o.method), o.describe(p))
		}
	}
	document := ojson.NewObject("openapi", "3.1.0",
		"info", ojson.NewObject("title", "oneactor", "version", s.config.Version, "description",
			"ComfyUI's API and a few routes of our own under /oneactor/. Jobs are kept on disk before they are accepted."),
		"paths", paths)
	if s.config.Token != "" {
		document.Set("components", ojson.NewObject("securitySchemes", ojson.NewObject("token", ojson.NewObject("type", "http", "scheme", "bearer"))))
		document.Set("security", []any{ojson.NewObject("token", []any{})})
	}
	return document
}

func (o operation) describe(p string) *ojson.Object {
	d := ojson.NewObject("tags", []any{o.tag}, "summary", o.summary, "operationId", strings.ToLower(o.method)+strings.NewReplacer("/", "_", "{", "", "}", "").Replace(p))
	parameters := []any{}
	for _, m := range pathParameter.FindAllStringSubmatch(p, -1) {
		parameters = append(parameters, ojson.NewObject("name", m[1], "in", "path", "required", true, "schema", ojson.NewObject("type", "string")))
	}
	for _, q := range o.query {
		name, required := strings.CutSuffix(q.name, "!")
		parameters = append(parameters, ojson.NewObject("name", name, "in", "query", "required", required, "description", q.summary, "schema", ojson.NewObject("type", q.kind)))
	}
	if len(parameters) > 0 {
		d.Set("parameters", parameters)
	}
	if o.body != "" {
		kind, what, _ := strings.Cut(o.body, ": ")
		types := map[string]string{"json": "application/json", "form": "multipart/form-data", "bytes": "application/octet-stream"}
		d.Set("requestBody", ojson.NewObject("description", what, "content", ojson.NewObject(types[kind], ojson.NewObject())))
	}
	kind, what, _ := strings.Cut(o.answer, ": ")
	ok := ojson.NewObject("description", what)
	if kind != "" {
		ok.Set("content", ojson.NewObject(kind, ojson.NewObject()))
	}
	answers := ojson.NewObject("200", ok)
	if o.errors != "" {
		for part := range strings.SplitSeq(o.errors, "; ") {
			status, why, _ := strings.Cut(part, ": ")
			answers.Set(status, ojson.NewObject("description", why))
		}
	}
	d.Set("responses", answers)
	return d
}

package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// handler answers a request. An error that is no *refusal is our fault: it is logged, and the client gets status 500.
type handler func(*gin.Context) error

// refusal is an error with an answer of its own.
type refusal struct {
	status      int
	contentType string
	body        string
}

func (r *refusal) Error() string { return strconv.Itoa(r.status) + " " + r.body }

// refuse answers with a status and a line of text; an empty text is an empty body.
func refuse(status int, text string) error {
	return &refusal{status, "text/plain; charset=utf-8", text}
}

// refuseJSON answers with a status and a JSON value.
func refuseJSON(status int, value any) error {
	body, err := ojson.Marshal(value, ojson.Python)
	if err != nil {
		return err
	}
	return &refusal{status, jsonType, string(body)}
}

const (
	jsonType  = "application/json; charset=utf-8"
	emptyType = "application/octet-stream" // what ComfyUI says of an empty body
)

func newRouter() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.UseRawPath = true // %2F in a name is no separator
	g.UnescapePathValues = true
	g.RedirectTrailingSlash = false
	g.HandleMethodNotAllowed = true
	return g
}

// routes registers handlers, each bare and under /api.
type routes struct{ g gin.IRoutes }

func (r routes) get(path string, h handler) {
	for _, prefix := range []string{"", "/api"} {
		r.g.GET(prefix+path, answer(h))
		r.g.HEAD(prefix+path, answer(h))
	}
}

func (r routes) post(path string, h handler)   { r.both(http.MethodPost, path, h) }
func (r routes) delete(path string, h handler) { r.both(http.MethodDelete, path, h) }

func (r routes) both(method, path string, h handler) {
	r.g.Handle(method, path, answer(h))
	r.g.Handle(method, "/api"+path, answer(h))
}

// bare registers a route that has no twin under /api.
func (r routes) bare(method, path string, h handler) {
	r.g.Handle(method, path, answer(h))
	if method == http.MethodGet {
		r.g.HEAD(path, answer(h))
	}
}

// answer turns the error of a handler into a response.
func answer(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil {
			return
		}
		var r *refusal
		if errors.As(err, &r) {
			contentType := r.contentType
			if r.body == "" {
				contentType = emptyType
			}
			c.Data(r.status, contentType, []byte(r.body))
			return
		}
		slog.Error("request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "problem", err)
		if !c.Writer.Written() {
			c.Data(http.StatusInternalServerError, "text/plain; charset=utf-8", []byte(troubleText))
		}
	}
}

// troubleText is the body of aiohttp's answer to an exception.
const troubleText = "500 Internal Server Error\n\nServer got itself in trouble"

// empty is the answer of routes that only do something.
func empty(c *gin.Context) error {
	c.Data(http.StatusOK, emptyType, nil)
	return nil
}

// sendJSON answers with a value of package ojson (or bool, string, number), in Python's style.
func sendJSON(c *gin.Context, value any) error {
	body, err := ojson.Marshal(value, ojson.Python)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, jsonType, body)
	return nil
}

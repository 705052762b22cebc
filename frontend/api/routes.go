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
	raised      bool // see response
}

func (r *refusal) Error() string { return strconv.Itoa(r.status) + " " + r.body }

// refuse answers with a status and a line of text; an empty text is an empty body.
func refuse(status int, text string) error {
	return &refusal{status: status, contentType: textType, body: text}
}

// raised answers as ComfyUI does where it raises an exception. An empty text is that of the status, as in "404: Not Found".
func raised(status int, text string) error {
	if text == "" {
		text = strconv.Itoa(status) + ": " + http.StatusText(status)
	}
	return &refusal{status, textType, text, true}
}

// trouble is the answer to what ComfyUI does not expect, such as a body that is no JSON.
func trouble() error { return raised(http.StatusInternalServerError, troubleText) }

// refuseJSON answers with a status and a JSON value.
func refuseJSON(status int, value any) error {
	body, err := ojson.Marshal(value, ojson.Python)
	if err != nil {
		return err
	}
	return &refusal{status: status, contentType: jsonType, body: string(body)}
}

const (
	jsonType  = "application/json; charset=utf-8"
	textType  = "text/plain; charset=utf-8"
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
		if err := h(c); err != nil {
			answerError(c, err)
		}
	}
}

// answerError writes what an error says, unless an answer has begun.
func answerError(c *gin.Context, err error) {
	var r *refusal
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &r):
	case errors.As(err, &large):
		errors.As(tooLarge(large.Limit, c.Request.ContentLength), &r)
	case c.Request.Context().Err() != nil:
		return // the client is gone
	default:
		slog.Error("request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "problem", err)
		errors.As(trouble(), &r)
	}
	if c.Writer.Written() {
		return
	}
	if r.raised || r.body == troubleText || r.status == http.StatusRequestEntityTooLarge {
		raise(c)
	}
	contentType := r.contentType
	if r.body == "" {
		contentType = emptyType
	}
	send(c, r.status, contentType, []byte(r.body))
}

// send answers with a whole body.
func send(c *gin.Context, status int, contentType string, body []byte) {
	c.Header("Content-Length", strconv.Itoa(len(body))) // net/http knows it of short ones only
	c.Data(status, contentType, body)
}

// troubleText is the body of aiohttp's answer to an exception.
const troubleText = "500 Internal Server Error\n\nServer got itself in trouble"

// empty is the answer of routes that only do something.
func empty(c *gin.Context) error {
	send(c, http.StatusOK, emptyType, nil)
	return nil
}

// sendJSON answers with a value of package ojson (or bool, string, number), in Python's style.
func sendJSON(c *gin.Context, value any) error {
	body, err := ojson.Marshal(value, ojson.Python)
	if err != nil {
		return err
	}
	send(c, http.StatusOK, jsonType, body)
	return nil
}

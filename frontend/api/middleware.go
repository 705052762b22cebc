package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// middleware is what all requests pass, the outermost first. Those in front of another one see what it answers.
func (s *Server) middleware() []gin.HandlerFunc {
	return []gin.HandlerFunc{s.measure, s.around, s.checkOrigin, s.checkToken, s.limitBody}
}

// hooks change the heads of answers, the innermost first.
func (s *Server) answerHooks() []hook {
	var hooks []hook
	if s.config.CORSOrigin != "" {
		hooks = append(hooks, s.allowOrigin)
	}
	if s.config.Compress {
		hooks = append(hooks, pack)
	}
	return append(hooks, s.cacheControl)
}

// around gives the answer its hooks, and turns a panic into status 500.
func (s *Server) around(c *gin.Context) {
	w := &response{ResponseWriter: c.Writer, c: c, hooks: s.hooks}
	c.Writer = w
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // net/http's way to cut a connection
		}
		slog.Error("request panicked", "method", c.Request.Method, "path", c.Request.URL.Path, "problem", fmt.Sprint(p), "stack", string(debug.Stack()))
		if w.Written() {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		answerError(c, trouble())
		_ = w.finish() // there is nobody left to tell
	}()
	c.Next()
	if err := w.finish(); err != nil {
		slog.Debug("an answer did not reach the client", "path", c.Request.URL.Path, "problem", err)
	}
}

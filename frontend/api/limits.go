package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// maxHeaders bounds the first line and the headers of a request; more is answered with status 431.
	maxHeaders = 64 << 10
	// headerTime is how long a client may take to send them, idleTime how long a connection waits for its next request.
	headerTime = 30 * time.Second
	idleTime   = 3 * time.Minute
)

// HTTP is a server for the handler, with limits for what reaches it before any handler does.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders - 4096, // net/http adds as much
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
}

// limitBody refuses a body that is said to be too large, and stops reading one that turns out to be.
func (s *Server) limitBody(c *gin.Context) {
	r := c.Request
	if r.ContentLength == 0 || c.FullPath() == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return
	}
	if r.ContentLength > s.config.MaxUploadBytes {
		err := tooLarge(s.config.MaxUploadBytes, r.ContentLength)
		if isBelow(c.FullPath(), ownPrefix) {
			err = ownTooLarge(s.config.MaxUploadBytes)
		}
		answerError(c, err)
		c.Abort()
		return
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, s.config.MaxUploadBytes)
}

func tooLarge(limit, actual int64) error {
	return raised(http.StatusRequestEntityTooLarge, fmt.Sprintf("Maximum request body size %d exceeded, actual body size %d", limit, max(actual, limit+1)))
}

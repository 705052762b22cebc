package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) logRoutes(r routes) {
	r.bare(http.MethodGet, "/internal/logs", s.getLogs)
	r.bare(http.MethodGet, "/internal/logs/raw", s.getRawLogs)
	r.bare(http.MethodPatch, "/internal/logs/subscribe", s.patchLogs)
}

// Log is a writer that passes lines on and keeps the last ones for clients.
type Log struct {
	next io.Writer

	mu      sync.Mutex
	lines   []logLine // the last maxLines
	rest    []byte    // begin of a line
	listen  func([]logLine)
	waiting []logLine // for listen
	telling bool      // someone gives them to listen
}

type logLine struct{ time, text string }

const (
	maxLines = 300 // as many as ComfyUI keeps
	maxLine  = 64 << 10
)

// NewLog makes a log whose lines also go to next.
func NewLog(next io.Writer) *Log { return &Log{next: next} }

// Write implements io.Writer. What listens hears of it later: it may log itself.
func (l *Log) Write(text []byte) (int, error) {
	l.mu.Lock()
	l.rest = append(l.rest, text...)
	var added []logLine
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok && len(l.rest) < maxLine {
			break
		}
		added = append(added, logLine{time.Now().Format("2006-01-02T15:04:05.000000"), string(line) + "\n"})
		l.rest = bytes.Clone(rest)
	}
	l.lines = lastLines(append(l.lines, added...))
	if l.listen != nil && len(added) > 0 {
		l.waiting = lastLines(append(l.waiting, added...))
		if !l.telling {
			l.telling = true
			go l.tell()
		}
	}
	l.mu.Unlock()
	return l.next.Write(text)
}

func lastLines(lines []logLine) []logLine {
	if extra := len(lines) - maxLines; extra > 0 {
		return append([]logLine(nil), lines[extra:]...)
	}
	return lines
}

// tell gives what waits to the listener, in order, and ends when nothing does.
func (l *Log) tell() {
	for {
		l.mu.Lock()
		lines, listen := l.waiting, l.listen
		l.waiting = nil
		if len(lines) == 0 || listen == nil {
			l.telling = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		listen(lines)
	}
}

func (l *Log) all() []logLine {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]logLine(nil), l.lines...)
}

func (l *Log) setListener(f func([]logLine)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listen = f
}

// getLogs is the log as one text.
func (s *Server) getLogs(c *gin.Context) error {
	var b strings.Builder
	for _, l := range s.config.Log.all() {
		b.WriteString(l.time + " - " + l.text)
	}
	return sendJSON(c, b.String())
}

func (s *Server) getRawLogs(c *gin.Context) error { return sendJSON(c, logMessage(s.config.Log.all())) }

// logMessage is the lines as clients get them. The size is that of a terminal.
func logMessage(lines []logLine) *ojson.Object {
	entries := make([]any, len(lines))
	for i, l := range lines {
		entries[i] = ojson.NewObject("t", l.time, "m", l.text)
	}
	return ojson.NewObject("entries", entries, "size", ojson.NewObject("cols", int64(80), "rows", int64(24)))
}

// patchLogs lets a websocket client hear new lines, or no more.
func (s *Server) patchLogs(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	id, ok := body.Get("clientId")
	enabled, has := body.Get("enabled")
	text, isText := id.(string)
	if !ok || !has || !isText {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	s.hub.setLogs(text, truth(enabled))
	return empty(c)
}

package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/queue"
)

// Config is what the flags of serve say; the zero value works.
type Config struct {
	Version string
	Args    []string // of the process, as /system_stats shows them

	// MaxUploadBytes bounds the body of a request; 0 means 100 MiB.
	MaxUploadBytes int64
	// CORSOrigin is the origin that other web pages may have, "*" for any; "" means none, and the check of origins is on.
	CORSOrigin string
	// Compress packs JSON and text for clients that take gzip.
	Compress bool
	// FrontEndRoot is a folder with another web front end; "" means our own canvas.
	FrontEndRoot string
	// MultiUser gives each user files and settings of their own.
	MultiUser bool
	// Token is what clients must show; "" lets everyone in.
	Token string
	// HashName is what compares uploads with files: md5, sha1, sha256 or sha512; "" means sha256.
	HashName string
	// Log is what /internal/logs shows; nil shows nothing.
	Log *Log
}

// Server answers requests. Make it with New.
type Server struct {
	config Config
	host   frontend.Host
	engine *graph.Engine // validates; the jobs run in workers
	queue  *queue.Queue
	hub    *hub
	router *gin.Engine

	queueBody cachedBody
}

// New makes a server; Handler is what it serves. Close it when no more requests come.
func New(c Config, host frontend.Host, engine *graph.Engine, q *queue.Queue, bus queue.Bus) (*Server, error) {
	if c.MaxUploadBytes <= 0 {
		c.MaxUploadBytes = 100 << 20
	}
	s := &Server{config: c, host: host, engine: engine, queue: q}
	var err error
	if s.hub, err = newHub(q, bus); err != nil {
		return nil, fmt.Errorf("websockets: %w", err)
	}
	s.router = newRouter()
	r := routes{s.router}
	s.promptRoutes(r)
	s.queueRoutes(r)
	s.historyRoutes(r)
	s.socketRoutes(r)
	return s, nil
}

// Close ends the websockets.
func (s *Server) Close() { s.hub.close() }

// Handler answers all requests.
func (s *Server) Handler() http.Handler { return s.router }

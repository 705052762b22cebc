package api

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

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
	// FrontEndRoot is a folder with another web front end; "" means Canvas.
	FrontEndRoot string
	// Canvas is our own front end; nil is a page that says where to get one.
	Canvas fs.FS
	// Templates and Docs are files like those of the packages comfyui-workflow-templates and comfyui-embedded-docs. The packages themselves take
	// their place where they lie beside FrontEndRoot.
	Templates, Docs fs.FS
	// MultiUser gives each user files and settings of their own.
	MultiUser bool
	// Files moves files between processes that share no folder; nil where they do.
	Files Files
	// PlainPreviews sends previews also to clients that did not say that they take previews with metadata. Many of these take every binary message
	// for a result, so that they get previews on demand only; ComfyUI makes none unless it is told to.
	PlainPreviews bool
	// Token is what clients must show; "" lets everyone in.
	Token string
	// HashName is what compares uploads with files: md5, sha1, sha256 or sha512; "" means sha256.
	HashName string
	// Log is what /internal/logs shows; nil shows nothing.
	Log *Log
}

// Files are moved between processes. Names have slashes; kinds are input, output, temp and actors.
type Files interface {
	// Uploaded tells of a file that a client has sent or changed, Removed of one that is no longer here.
	Uploaded(ctx context.Context, kind, name string) error
	Removed(ctx context.Context, kind, name string) error
	// Fetch copies a file here that another process has; the error wraps fs.ErrNotExist where none has.
	Fetch(ctx context.Context, kind, name string) error
}

// Server answers requests. Make it with New.
type Server struct {
	config  Config
	host    frontend.Host
	engine  *graph.Engine // validates; the jobs run in workers
	choices graph.Choices
	queue   *queue.Queue
	bus     queue.Bus
	hub     *hub
	metrics *metrics
	users   *users
	info    *objectInfo
	router  *gin.Engine

	hooks   []hook
	secret  *secret // nil lets everyone in
	lookup  func(ctx context.Context, network, host string) ([]netip.Addr, error)
	roots   []root     // of files, the front end last
	folders []*os.Root // that roots are of
	tags    sync.Map   // ETags of files without a time, by path

	files     sync.Mutex // held while a file of an actor or cluster changes
	queueBody cachedBody
	speed     machineSpeed
	stop      func()
	closing   atomic.Bool
}

// New makes a server; Handler is what it serves. Close it when no more requests come. choices are those of the engine.
func New(c Config, host frontend.Host, engine *graph.Engine, choices graph.Choices, q *queue.Queue, bus queue.Bus) (*Server, error) {
	if c.MaxUploadBytes <= 0 {
		c.MaxUploadBytes = 100 << 20
	}
	s := &Server{config: c, host: host, engine: engine, choices: choices, queue: q, bus: bus, secret: newSecret(c.Token), lookup: net.DefaultResolver.LookupNetIP}
	s.hooks = s.answerHooks()
	err := s.openRoots()
	if err != nil {
		return nil, err
	}
	if s.hub, err = newHub(q, bus, c.PlainPreviews); err != nil {
		s.closeRoots()
		return nil, fmt.Errorf("websockets: %w", err)
	}
	s.metrics = newMetrics(q, s.hub)
	s.users = &users{folder: area{host.UserFolder()}, multi: c.MultiUser}
	s.info = newObjectInfo(engine.Registry(), choices)
	s.router = newRouter()
	s.router.Use(s.middleware()...)
	s.router.NoRoute(answer(s.noRoute))
	s.router.NoMethod(answer(s.noMethod))
	r := routes{s.router}
	for _, register := range []func(routes){
		s.promptRoutes, s.queueRoutes, s.historyRoutes, s.socketRoutes, s.viewRoutes, s.uploadRoutes, s.userRoutes, s.settingRoutes, s.userdataRoutes,
		s.internalRoutes, s.logRoutes, s.modelRoutes, s.modelPreviewRoutes, s.objectInfoRoutes, s.systemRoutes, s.customNodeRoutes, s.healthRoutes, s.ownQueueRoutes,
		s.actorRoutes, s.clusterRoutes, s.workflowRoutes,
		s.openAPIRoutes, s.frontEndRoutes,
	} {
		register(r)
	}
	c.Log.setListener(s.hub.sendLogs)
	s.stop = q.Watch(func(change queue.Change) {
		if change.Kind == queue.ChangeFinished {
			s.metrics.ended.WithLabelValues(string(change.Status)).Inc()
		}
	})
	return s, nil
}

// Close ends the websockets. Requests are still answered, but the server is not ready for more.
func (s *Server) Close() {
	if s.closing.Swap(true) {
		return
	}
	s.config.Log.setListener(nil)
	s.stop()
	s.hub.close()
	s.closeRoots()
}

// Handler answers all requests.
func (s *Server) Handler() http.Handler { return plainSemicolons(s.router) }

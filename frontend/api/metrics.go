package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

// metrics are those of this server alone: two in one process do not meet.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	ended    *prometheus.CounterVec
}

func newMetrics(q *queue.Queue, h *hub) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "oneactor_http_requests_total", Help: "Requests by route and status."},
			[]string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "oneactor_http_request_seconds", Help: "Time to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}}, []string{"route"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "oneactor_jobs_ended_total", Help: "Jobs that ended while this server ran, by outcome."}, []string{"status"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(m.requests, m.seconds, m.ended,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("oneactor_jobs_pending", "Jobs that wait.", func() float64 { return float64(q.Counts().Pending) }),
		gauge("oneactor_jobs_running", "Jobs that run.", func() float64 { return float64(q.Counts().Running) }),
		gauge("oneactor_history_entries", "Entries of the history.", func() float64 { return float64(q.Counts().History) }),
		gauge("oneactor_workers", "Workers that live.", func() float64 { return float64(len(q.Workers())) }),
		gauge("oneactor_websockets", "Open websockets.", func() float64 { return float64(len(h.all())) }),
	)
	return m
}

// measure counts requests.
func (s *Server) measure(c *gin.Context) {
	start := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "files" // of the front end: their names would be without end
	}
	s.metrics.requests.WithLabelValues(knownMethod(c.Request.Method), route, strconv.Itoa(c.Writer.Status())).Inc()
	s.metrics.seconds.WithLabelValues(route).Observe(time.Since(start).Seconds())
}

// knownMethod keeps those out that clients make up: each would be a series of its own.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func (s *Server) healthRoutes(r routes) {
	r.bare(http.MethodGet, "/metrics", func(c *gin.Context) error {
		promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
		return nil
	})
	r.bare(http.MethodGet, "/healthz", func(c *gin.Context) error { return sendJSON(c, ojson.NewObject("status", "ok")) })
	r.bare(http.MethodGet, "/readyz", s.getReady)
}

// getReady says whether jobs are accepted.
func (s *Server) getReady(c *gin.Context) error {
	err := s.queue.Problem()
	if s.closing.Load() {
		err = errors.New("the server is stopping")
	}
	if err != nil {
		return refuseJSON(http.StatusServiceUnavailable, ojson.NewObject("status", "not ready", "problem", err.Error()))
	}
	return sendJSON(c, ojson.NewObject("status", "ready", "workers", int64(len(s.queue.Workers()))))
}

package api

import (
	"bytes"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestMetrics(t *testing.T) {
	s := newServer(t, setup{config: Config{Canvas: frontEnd}})
	for _, c := range []scenario{
		{path: "/queue"}, {path: "/queue?a=b"}, {path: "/api/queue"}, {path: "/history/abc", is: "{}"}, {path: "/history/def"},
		{path: "/nothing/1", status: 404}, {path: "/nothing/2", status: 404}, {path: "/assets/app.js"},
		{method: "POST", path: "/queue", body: "{", status: 500}, {method: "MADEUP", path: "/queue", status: 405},
		{path: "/queue", header: map[string]string{"Origin": "http://evil.example"}, status: 403}, {method: "OPTIONS", path: "/queue"},
	} {
		c.run(t, s.Handler())
	}
	w := scenario{path: "/metrics", want: []string{
		`oneactor_http_requests_total{method="GET",route="/queue",status="200"} 2`,
		`oneactor_http_requests_total{method="GET",route="/api/queue",status="200"} 1`,
		`oneactor_http_requests_total{method="GET",route="/queue",status="403"} 1`,
		`oneactor_http_requests_total{method="GET",route="/history/:id",status="200"} 2`,
		`oneactor_http_requests_total{method="GET",route="files",status="404"} 2`,
		`oneactor_http_requests_total{method="GET",route="files",status="200"} 1`,
		`oneactor_http_requests_total{method="POST",route="/queue",status="500"} 1`,
		`oneactor_http_requests_total{method="other",route="files",status="405"} 1`,
		`oneactor_http_request_seconds_count{route="/history/:id"} 2`,
		"oneactor_jobs_pending 0", "oneactor_jobs_running 0", "oneactor_history_entries 0", "oneactor_workers 0", "oneactor_websockets 0",
		"go_goroutines ", "process_start_time_seconds ",
	}, not: []string{"MADEUP", "/nothing", "abc"}}.run(t, s.Handler())
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if _, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes())); err != nil {
		t.Error("Prometheus can't read it:", err)
	}
	scenario{path: "/api/metrics", status: 404}.run(t, s.Handler())
}

// TestMetricsApart holds that two servers in a process count for themselves.
func TestMetricsApart(t *testing.T) {
	a, b := newServer(t, setup{}), newServer(t, setup{})
	scenario{path: "/queue"}.run(t, a.Handler())
	scenario{path: "/metrics", not: []string{`route="/queue"`}}.run(t, b.Handler())
	if a.metrics.registry == b.metrics.registry || a.metrics.registry == prometheus.DefaultRegisterer {
		t.Error("a registry is shared")
	}
}

func TestHealth(t *testing.T) {
	s := newServer(t, setup{config: Config{Token: "s3cret"}})
	runAll(t, s, map[string]scenario{
		"alive":                {path: "/healthz", is: `{"status": "ok"}`},
		"alive, HEAD":          {method: "HEAD", path: "/healthz"},
		"ready":                {path: "/readyz", is: `{"status": "ready", "workers": 0}`},
		"figures need a token": {path: "/metrics", status: 401},
		"so does the document": {path: "/openapi.json", status: 401},
		"no twins":             {path: "/api/healthz", status: 404},
	})
	s.Close()
	scenario{path: "/readyz", status: 503, is: `{"status": "not ready", "problem": "the server is stopping"}`}.run(t, s.Handler())
	scenario{path: "/healthz"}.run(t, s.Handler())
}

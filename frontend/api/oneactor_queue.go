package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

func (s *Server) ownQueueRoutes(r routes) {
	r.bare(http.MethodGet, "/oneactor/queue", s.getOwnQueue)
	r.bare(http.MethodPost, "/oneactor/queue", s.postOwnQueue)
	r.bare(http.MethodGet, "/oneactor/workers", s.getWorkers)
	r.bare(http.MethodGet, "/oneactor/jobs", s.getJobs)
	r.bare(http.MethodPost, "/oneactor/jobs/:id/move", s.moveJob)
	r.bare(http.MethodPost, "/oneactor/jobs/:id/retry", s.retryJob)
}

// getOwnQueue sums the queue up.
func (s *Server) getOwnQueue(c *gin.Context) error {
	n := s.queue.Counts()
	return sendJSON(c, ojson.NewObject("paused", n.Paused, "pending", int64(n.Pending), "running", int64(n.Running), "history", int64(n.History)))
}

// postOwnQueue pauses the queue or lets it go on: {"paused": true}.
func (s *Server) postOwnQueue(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	pause, ok := body.Get("paused")
	paused, isBool := pause.(bool)
	if !ok || !isBool {
		return ownError(http.StatusBadRequest, "bad_request", "Nothing to do", `send {"paused": true} or {"paused": false}`)
	}
	if err := s.queue.Pause(c.Request.Context(), paused); err != nil {
		return err
	}
	return s.getOwnQueue(c)
}

// getWorkers lists the workers that live.
func (s *Server) getWorkers(c *gin.Context) error {
	list := []any{}
	for _, w := range s.queue.Workers() {
		list = append(list, ojson.NewObject("id", w.ID, "host", w.Host, "device", w.Device, "models", anyTexts(w.Models), "job", w.Job, "jobs", int64(w.Jobs)))
	}
	return sendJSON(c, ojson.NewObject("workers", list))
}

const (
	jobsPerPage    = 50
	maxJobsPerPage = 1000
)

// getJobs lists jobs a page at a time: running, pending, then ended ones, the newest first. Filters: status (pending, running, success, error,
// interrupted), user, and search in the id.
func (s *Server) getJobs(c *gin.Context) error {
	offset, err := intQuery(c, "offset", 0)
	if err != nil {
		return err
	}
	limit, err := intQuery(c, "limit", jobsPerPage)
	if err != nil {
		return err
	}
	limit = min(max(limit, 1), maxJobsPerPage)
	status, user, search := c.Query("status"), c.Query("user"), c.Query("search")
	list, total := []any{}, int64(0)
	add := func(j queue.Job, is string, finished int64, reason string) {
		if status != "" && status != is || user != "" && user != j.User || !strings.Contains(j.ID, search) {
			return
		}
		total++
		if int(total) <= offset || len(list) >= limit {
			return
		}
		o := ojson.NewObject("prompt_id", j.ID, "status", is, "number", jobNumber(j.Number, j.Given), "user", j.User, "client_id", j.Client,
			"created", j.Created, "tries", int64(j.Try), "worker", j.Worker)
		if j.Started != 0 {
			o.Set("started", j.Started)
		}
		if finished != 0 {
			o.Set("finished", finished)
		}
		if reason != "" {
			o.Set("problem", reason)
		}
		list = append(list, o)
	}
	running, pending, _ := s.queue.Jobs()
	for _, j := range running {
		add(j, "running", 0, "")
	}
	for _, j := range pending {
		add(j, "pending", 0, "")
	}
	entries, _ := s.queue.History(-1, -1)
	for _, e := range slices.Backward(entries) {
		add(e.Job, string(e.Status), e.Finished, e.Reason)
	}
	return sendJSON(c, ojson.NewObject("total", total, "offset", int64(offset), "jobs", list))
}

// moveJob gives a pending job another number: {"number": 3}. Lower ones run first.
func (s *Server) moveJob(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	value, has := body.Get("number")
	number, ok := pythonFloat(value)
	if !has || !ok {
		return ownError(http.StatusBadRequest, "bad_request", "No number", `send {"number": N}; jobs with lower numbers run first`)
	}
	err = s.queue.Move(c.Request.Context(), c.Param("id"), number)
	if errors.Is(err, queue.ErrNoJob) {
		return ownError(http.StatusNotFound, "not_found", "The job does not wait", err.Error()+"; it may have begun or been deleted")
	}
	if err != nil {
		return err
	}
	return empty(c)
}

// retryJob queues an ended job once more, under a new id.
func (s *Server) retryJob(c *gin.Context) error {
	e, ok := s.queue.Entry(c.Param("id"))
	if !ok {
		return ownError(http.StatusNotFound, "not_found", "No such job", "the history has no job with the id "+c.Param("id"))
	}
	t, err := s.queue.EntryTexts(c.Request.Context(), e)
	if err != nil {
		return err
	}
	job := queue.Submission{ID: uuid.NewString(), Client: e.Client, User: e.User, Outputs: e.Outputs, Models: e.Models, Prompt: t.Prompt, Extra: t.Extra}
	receipt, err := s.queue.Submit(c.Request.Context(), job)
	if err != nil {
		return s.refuseSubmission(err)
	}
	return sendJSON(c, ojson.NewObject("prompt_id", job.ID, "number", jobNumber(receipt.Number, false)))
}

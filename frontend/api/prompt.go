package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/oneactor/oneactor/frontend/work"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

func (s *Server) promptRoutes(r routes) {
	r.get("/prompt", s.getPrompt)
	r.post("/prompt", s.postPrompt)
	r.post("/interrupt", s.postInterrupt)
	r.post("/free", s.postFree)
}

// getPrompt says how many prompts are pending or running.
func (s *Server) getPrompt(c *gin.Context) error {
	return sendJSON(c, execInfo(s.queue.Counts().Remaining()))
}

func execInfo(remaining int) *ojson.Object {
	return ojson.NewObject("exec_info", ojson.NewObject("queue_remaining", int64(remaining)))
}

// readBody reads a whole body; one that is too large is refused.
func (s *Server) readBody(c *gin.Context) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, s.config.MaxUploadBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("Maximum request body size %d exceeded, actual body size %d", large.Limit, max(c.Request.ContentLength, large.Limit+1)))
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ended too early: "+err.Error())
	}
	return data, nil
}

// readObject reads a JSON object; what is none is answered as ComfyUI does, with status 500.
func (s *Server) readObject(c *gin.Context) (*ojson.Object, error) {
	data, err := s.readBody(c)
	if err != nil {
		return nil, err
	}
	o, err := ojson.ParseObject(data, ojson.Limits{MaxBytes: len(data) + 1})
	if errors.Is(err, ojson.ErrTooDeep) || errors.Is(err, ojson.ErrTooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, err.Error())
	}
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, troubleText)
	}
	return o, nil
}

// promptError is the answer to a prompt that can't run.
func promptError(status int, failure, nodeErrors *ojson.Object) error {
	return refuseJSON(status, ojson.NewObject("error", failure, "node_errors", nodeErrors))
}

func apiError(kind, message, details string) *ojson.Object {
	return ojson.NewObject("type", kind, "message", message, "details", details, "extra_info", ojson.NewObject())
}

// postPrompt takes a prompt into the queue. It answers when the prompt is on disk.
func (s *Server) postPrompt(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	job, err := s.submission(c, body)
	if err != nil {
		return err
	}
	value, has := body.Get("prompt")
	if !has {
		return s.refusePrompt(job, apiError("no_prompt", "No prompt provided", "No prompt provided"), ojson.NewObject())
	}
	prompt, ok := value.(*ojson.Object)
	if !ok {
		return refuse(http.StatusInternalServerError, troubleText)
	}
	var targets []string
	if list, ok := body.Get("partial_execution_targets"); ok && list != nil {
		items, _ := list.([]any)
		targets = []string{}
		for _, item := range items {
			if id, ok := item.(string); ok {
				targets = append(targets, id)
			}
		}
	}
	v := s.engine.Validate(prompt, targets)
	if !v.OK() {
		return s.refusePrompt(job, v.APIError(), v.NodeErrors())
	}
	job.Outputs = v.Outputs
	job.Models = work.Models(s.engine.Registry(), prompt)
	if job.Prompt, err = ojson.Marshal(prompt, ojson.Python); err != nil {
		return err
	}
	receipt, err := s.queue.Submit(c.Request.Context(), job)
	if err != nil {
		return s.refuseSubmission(err)
	}
	return sendJSON(c, ojson.NewObject("prompt_id", job.ID, "number", jobNumber(receipt.Number, job.Number != nil), "node_errors", v.NodeErrors()))
}

// refusePrompt answers 400; the number that the prompt would have had is used up.
func (s *Server) refusePrompt(job queue.Submission, failure, nodeErrors *ojson.Object) error {
	if job.Number == nil {
		s.queue.SkipNumber()
	}
	return promptError(http.StatusBadRequest, failure, nodeErrors)
}

// refuseSubmission answers for a queue that can't take a job.
func (s *Server) refuseSubmission(err error) error {
	status, kind, message := http.StatusInsufficientStorage, "queue_unavailable", "The queue can't keep the prompt, so it was not accepted"
	switch {
	case errors.Is(err, queue.ErrFull):
		status, kind, message = http.StatusServiceUnavailable, "queue_full", "The queue is full"
	case errors.Is(err, queue.ErrTooLarge):
		status, kind, message = http.StatusRequestEntityTooLarge, "prompt_too_large", "The prompt is too large for the queue"
	}
	return promptError(status, apiError(kind, message, err.Error()), ojson.NewObject())
}

// submission reads what a prompt comes with.
func (s *Server) submission(c *gin.Context, body *ojson.Object) (queue.Submission, error) {
	job := queue.Submission{ID: uuid.NewString(), User: s.jobUser(c)}
	trouble := refuse(http.StatusInternalServerError, troubleText)
	if v, ok := body.Get("number"); ok {
		n, ok := pythonFloat(v)
		if !ok {
			return job, trouble
		}
		job.Number = &n
	} else if front, _ := body.Get("front"); truth(front) {
		job.Front = true
	}
	if v, ok := body.Get("prompt_id"); ok {
		job.ID = pythonText(v)
	}
	extra := body.Object("extra_data")
	if extra == nil {
		if v, ok := body.Get("extra_data"); ok && v != nil {
			return job, trouble
		}
		extra = ojson.NewObject()
	}
	if v, ok := body.Get("client_id"); ok {
		extra = extra.Clone()
		extra.Set("client_id", v)
	}
	job.Client = extra.String("client_id")
	var err error
	job.Extra, err = ojson.Marshal(extra, ojson.Python)
	return job, err
}

// pythonFloat is float(v).
func pythonFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, v == v // NaN has no place in an order
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && f == f
	}
	return 0, false
}

// pythonText is str(v).
func pythonText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ojson.PythonRepr(v)
}

// truth is bool(v).
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case *ojson.Object:
		return v.Len() > 0
	}
	return true
}

// jobNumber is a number as clients see it: a float where a client gave it.
func jobNumber(n float64, given bool) any {
	if given {
		return n
	}
	return int64(n)
}

// postInterrupt stops what runs; with a prompt id, only that prompt. A body that is no JSON is as good as none.
func (s *Server) postInterrupt(c *gin.Context) error {
	data, err := s.readBody(c)
	if err != nil {
		return err
	}
	body, err := ojson.ParseObject(data, ojson.Limits{})
	if err != nil {
		body = ojson.NewObject()
	}
	var ids []string
	if id, ok := body.Get("prompt_id"); ok && truth(id) {
		ids = []string{pythonText(id)}
	}
	if err := s.queue.Interrupt(c.Request.Context(), ids...); err != nil {
		return err
	}
	return empty(c)
}

// postFree makes workers let go of memory between prompts.
func (s *Server) postFree(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	results, _ := body.Get("free_memory")
	models, ok := body.Get("unload_models")
	if !ok {
		models = results
	}
	if truth(models) || truth(results) {
		if err := s.queue.Free(c.Request.Context(), truth(models), truth(results)); err != nil {
			return err
		}
	}
	return empty(c)
}

// jobUser is whose turn a prompt takes.
func (s *Server) jobUser(c *gin.Context) string {
	if !s.config.MultiUser {
		return ""
	}
	return c.GetHeader("comfy-user")
}

package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

func (s *Server) historyRoutes(r routes) {
	r.get("/history", s.getHistory)
	r.get("/history/:id", s.getEntry)
	r.post("/history", s.postHistory)
}

// getHistory lists ended prompts, oldest first.
func (s *Server) getHistory(c *gin.Context) error {
	maxItems, err := intQuery(c, "max_items", -1)
	if err != nil {
		return err
	}
	offset, err := intQuery(c, "offset", -1)
	if err != nil {
		return err
	}
	if maxItems < 0 {
		maxItems = -1
	}
	entries, _ := s.queue.History(offset, maxItems)
	return s.sendEntries(c, entries)
}

// getEntry is the one of a prompt, or an empty object.
func (s *Server) getEntry(c *gin.Context) error {
	var entries []*queue.Entry
	if e, ok := s.queue.Entry(c.Param("id")); ok {
		entries = append(entries, e)
	}
	return s.sendEntries(c, entries)
}

func (s *Server) sendEntries(c *gin.Context, entries []*queue.Entry) error {
	buffer := entryBuffers.Get().(*[]byte)
	defer entryBuffers.Put(buffer)
	body := append((*buffer)[:0], '{')
	defer func() { *buffer = body }()
	for _, e := range entries {
		before := len(body)
		if before > 1 {
			body = append(body, ", "...)
		}
		next, err := s.appendEntry(c.Request.Context(), body, e)
		if errors.Is(err, queue.ErrNoMessage) { // deleted since
			body = body[:before]
			continue
		}
		if err != nil {
			return err
		}
		body = next
	}
	body = append(body, '}')
	send(c, http.StatusOK, jsonType, body)
	return nil
}

// entryBuffers are kept between requests: clients poll the history, and a long one is megabytes.
var entryBuffers = sync.Pool{New: func() any { return new([]byte) }}

// appendEntry writes an entry with its key.
func (s *Server) appendEntry(ctx context.Context, body []byte, e *queue.Entry) ([]byte, error) {
	t, err := s.queue.EntryTexts(ctx, e)
	if err != nil {
		return nil, err
	}
	extra, err := withoutSecrets(t.Extra)
	if err != nil {
		return nil, err
	}
	if t.Messages == nil {
		if t.Messages, err = givenUp(e); err != nil {
			return nil, err
		}
	}
	body = ojson.AppendString(body, e.ID, ojson.Python)
	body = append(body, `: {"prompt": `...)
	if body, err = appendItem(body, e.Job, t.Prompt, extra); err != nil {
		return nil, err
	}
	body = append(body, `, "outputs": `...)
	body = append(body, orEmpty(t.Outputs)...)
	if e.Status == queue.StatusSuccess {
		body = append(body, `, "status": {"status_str": "success", "completed": true, "messages": `...)
	} else {
		body = append(body, `, "status": {"status_str": "error", "completed": false, "messages": `...)
	}
	body = append(body, t.Messages...)
	body = append(body, `}, "meta": `...)
	body = append(body, orEmpty(t.Meta)...)
	return append(body, '}'), nil
}

func orEmpty(object []byte) []byte {
	if len(object) == 0 {
		return []byte("{}")
	}
	return object
}

// secretKeys of extra_data are for nodes alone.
var secretKeys = []string{"auth_token_comfy_org", "api_key_comfy_org"}

// withoutSecrets is extra data as the history shows it.
func withoutSecrets(extra []byte) ([]byte, error) {
	found := false
	for _, key := range secretKeys {
		found = found || bytes.Contains(extra, []byte(key))
	}
	if !found {
		return extra, nil
	}
	o, err := ojson.ParseObject(extra, ojson.Limits{MaxBytes: len(extra) + 1})
	if err != nil {
		return nil, err
	}
	for _, key := range secretKeys {
		o.Delete(key)
	}
	return ojson.Marshal(o, ojson.Python)
}

// givenUp are the messages of a prompt that the queue ended itself.
func givenUp(e *queue.Entry) ([]byte, error) {
	data := ojson.NewObject("prompt_id", e.ID, "node_id", "", "node_type", "", "executed", []any{})
	kind := "execution_interrupted"
	if e.Status == queue.StatusError {
		kind = "execution_error"
		data.Set("exception_message", e.Reason+"\n")
		data.Set("exception_type", "WorkerLost")
		data.Set("traceback", []any{})
		data.Set("current_inputs", ojson.NewObject())
		data.Set("current_outputs", []any{})
	}
	data.Set("timestamp", e.Finished)
	return ojson.Marshal([]any{[]any{kind, data}}, ojson.Python)
}

// intQuery reads a whole number; what is none is answered as ComfyUI does, with status 500.
func intQuery(c *gin.Context, name string, missing int) (int, error) {
	text, ok := c.GetQuery(name)
	if !ok {
		return missing, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, refuse(http.StatusInternalServerError, troubleText)
	}
	return n, nil
}

// postHistory deletes entries: all of them, or those with the ids.
func (s *Server) postHistory(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	if clearAll, _ := body.Get("clear"); truth(clearAll) {
		if err := s.queue.ForgetAll(c.Request.Context()); err != nil {
			return err
		}
	}
	if err := s.queue.Forget(c.Request.Context(), texts(body.Array("delete"))...); err != nil {
		return err
	}
	return empty(c)
}

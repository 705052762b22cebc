package api

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

func (s *Server) queueRoutes(r routes) {
	r.get("/queue", s.getQueue)
	r.post("/queue", s.postQueue)
}

// cachedBody is an answer that holds until the queue changes. Clients poll it.
type cachedBody struct {
	mu      sync.Mutex
	version uint64
	body    []byte
}

// maxCachedBody is how large an answer is kept.
const maxCachedBody = 4 << 20

// get returns the body for a version, making it where it is another one.
func (b *cachedBody) get(version uint64, build func() ([]byte, uint64, error)) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body != nil && b.version == version {
		return b.body, nil
	}
	body, version, err := build()
	if err != nil {
		return nil, err
	}
	b.body, b.version = nil, 0
	if len(body) <= maxCachedBody {
		b.body, b.version = body, version
	}
	return body, nil
}

// getQueue lists what runs and what waits, in the order of starting.
func (s *Server) getQueue(c *gin.Context) error {
	body, err := s.queueBody.get(s.queue.Counts().Version, func() ([]byte, uint64, error) {
		running, pending, version := s.queue.Jobs()
		body := []byte(`{"queue_running": `)
		body, err := s.appendJobs(c.Request.Context(), body, running)
		if err != nil {
			return nil, 0, err
		}
		body = append(body, `, "queue_pending": `...)
		if body, err = s.appendJobs(c.Request.Context(), body, pending); err != nil {
			return nil, 0, err
		}
		return append(body, '}'), version, nil
	})
	if err != nil {
		return err
	}
	send(c, http.StatusOK, jsonType, body)
	return nil
}

func (s *Server) appendJobs(ctx context.Context, body []byte, jobs []queue.Job) ([]byte, error) {
	body = append(body, '[')
	first := true
	for _, j := range jobs {
		texts, err := s.queue.JobTexts(ctx, j.Key)
		if errors.Is(err, queue.ErrNoMessage) {
			continue // it ended since
		}
		if err != nil {
			return nil, err
		}
		if !first {
			body = append(body, ", "...)
		}
		first = false
		if body, err = appendItem(body, j, texts.Prompt, texts.Extra); err != nil {
			return nil, err
		}
	}
	return append(body, ']'), nil
}

// appendItem writes [number, id, prompt, extra data, outputs].
func appendItem(body []byte, j queue.Job, prompt, extra []byte) ([]byte, error) {
	body = append(body, '[')
	body, err := ojson.Append(body, jobNumber(j.Number, j.Given), ojson.Python)
	if err != nil {
		return nil, err
	}
	body = append(body, ", "...)
	body = ojson.AppendString(body, j.ID, ojson.Python)
	body = append(body, ", "...)
	body = append(body, prompt...)
	body = append(body, ", "...)
	body = append(body, extra...)
	body = append(body, ", ["...)
	for i, id := range j.Outputs {
		if i > 0 {
			body = append(body, ", "...)
		}
		body = ojson.AppendString(body, id, ojson.Python)
	}
	return append(body, "]]"...), nil
}

// postQueue deletes pending prompts: all of them, or those with the ids.
func (s *Server) postQueue(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	if clearAll, _ := body.Get("clear"); truth(clearAll) {
		if err := s.queue.Clear(c.Request.Context()); err != nil {
			return err
		}
	}
	if err := s.queue.Delete(c.Request.Context(), texts(body.Array("delete"))...); err != nil {
		return err
	}
	return empty(c)
}

// texts are the strings of a list.
func texts(list []any) []string {
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

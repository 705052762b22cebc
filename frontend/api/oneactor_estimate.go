package api

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/estimate"
	"github.com/oneactor/oneactor/graph/ojson"
)

// machineSpeed is measured when it is first asked for.
type machineSpeed struct {
	once  sync.Once
	value float64
}

// of is 0 where the machine is not a CPU, or nothing computes on it.
func (m *machineSpeed) of(ctx context.Context, host frontend.Host) float64 {
	if host.Stats().Device != "cpu" {
		return 0
	}
	m.once.Do(func() {
		var err error
		if m.value, err = host.Speed(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("there will be no estimates of how long runs take", "problem", err)
		}
	})
	return m.value
}

// estimatePrompt answers about how long each node of a prompt takes, and how much memory the prompt needs. Where a GPU computes it answers nothing,
// nor for the graph of an editor that does not run yet.
func (s *Server) estimatePrompt(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	prompt := body.Object("prompt")
	if workflow := body.Object("workflow"); prompt == nil && workflow != nil {
		prompt = s.promptThatRuns(workflow)
	}
	if prompt == nil {
		return ownError(http.StatusBadRequest, "bad_request", "The body cannot be understood", `there is no prompt; send {"prompt": {…}} or {"workflow": {…}}`)
	}
	speed := s.speed.of(c.Request.Context(), s.host)
	seconds := ojson.NewObject()
	var bytes int64
	if speed > 0 {
		e := estimate.Of(prompt, s.modelSize, speed)
		bytes = e.Bytes
		for id := range prompt.All() { // in the order of the prompt
			if t, ok := e.Seconds[id]; ok {
				seconds.Set(id, t)
			}
		}
	}
	return sendJSON(c, ojson.NewObject("seconds", seconds, "bytes", bytes))
}

// promptThatRuns is the prompt of a graph, an empty one where it has none.
func (s *Server) promptThatRuns(workflow *ojson.Object) *ojson.Object {
	data, err := ojson.Marshal(workflow, ojson.Python)
	if err != nil {
		return ojson.NewObject()
	}
	f, err := s.reader(ojson.Limits{MaxBytes: len(data) + 1}).Read(data, "the workflow")
	if err != nil {
		return ojson.NewObject() // whoever runs it is told why
	}
	return f.Prompt
}

// modelSize reads how many values the file behind an input holds.
func (s *Server) modelSize(input, name string) (estimate.Model, bool) {
	key := map[string]string{"ckpt_name": "checkpoints", "unet_name": "diffusion_models"}[input]
	path, err := s.host.ModelPath(key, name)
	if err != nil {
		return estimate.Model{}, false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return estimate.Model{}, false
	}
	m := estimate.Model{Values: info.Size() / 2} // where the header does not say: most files are in half precision
	if header := readModelHeader(path, maxPreviewHeader); header != nil {
		m.Values = 0
		for name, value := range header.All() {
			entry, _ := value.(*ojson.Object)
			if strings.HasPrefix(name, "__") {
				continue
			}
			count := int64(1)
			for _, d := range entry.Array("shape") {
				n, _ := d.(int64)
				count *= n
			}
			m.Values += count
		}
	}
	return m, true
}

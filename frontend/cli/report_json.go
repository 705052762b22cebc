package cli

import (
	"cmp"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// jsonReport writes messages as a websocket client would get them, and mistakes as the body that POST /prompt answers with; a line each.
type jsonReport struct {
	out    io.Writer
	failed error // the first one of writing
}

func (j *jsonReport) refused(kind string, err error) {
	j.line(ojson.NewObject("error",
		ojson.NewObject("type", kind, "message", err.Error(), "details", "", "extra_info", ojson.NewObject()),
		"node_errors", ojson.NewObject()))
}

func (j *jsonReport) invalid(promptID string, v *graph.Validation) {
	if failed := v.APIError(); failed != nil {
		j.line(ojson.NewObject("error", failed, "node_errors", v.NodeErrors()))
		return
	}
	j.line(ojson.NewObject("prompt_id", promptID, "node_errors", v.NodeErrors())) // some outputs can run
}

func (j *jsonReport) begin(*ojson.Object) {}

func (j *jsonReport) event(e graph.Event) {
	if e.Data != nil {
		j.line(ojson.NewObject("type", e.Type, "data", e.Data))
	}
}

func (j *jsonReport) note(kind string, data *ojson.Object) {
	j.line(ojson.NewObject("type", kind, "data", data))
}

func (j *jsonReport) saved(path string) error {
	j.note("sheet", ojson.NewObject("path", path))
	return j.failed
}

func (j *jsonReport) done(promptID string) error {
	j.line(ojson.NewObject("type", graph.EventExecuting, "data", ojson.NewObject("node", nil, "prompt_id", promptID)))
	return j.failed
}

func (j *jsonReport) line(o *ojson.Object) {
	text, err := ojson.Marshal(o, ojson.Python)
	if err != nil {
		text = fmt.Appendf(nil, `{"type": "error", "data": {"message": %q}}`, err.Error())
	}
	_, err = j.out.Write(append(text, '\n')) // a reader that went away ends the process by SIGPIPE
	j.failed = cmp.Or(j.failed, err)
}

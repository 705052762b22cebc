package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

// Runner runs jobs, one at a time.
type Runner struct {
	Engine *graph.Engine
	Host   frontend.Jobs
	Bus    queue.Bus
	// PreviewSide is the longer side of previews in pixels; 0 means 512.
	PreviewSide int
	// Files is not nil where the processes share no folder.
	Files *SharedFiles

	recent recentModels
}

// Run does a job; it is queue.WorkerConfig.Run.
func (r *Runner) Run(ctx context.Context, t *queue.Task) queue.Outcome {
	s := &sender{runner: r, promptID: t.ID, clientID: t.Client}
	prompt, err := ojson.ParseObject(t.Prompt, ojson.Limits{})
	var extra *ojson.Object
	if err == nil && len(t.Extra) > 0 {
		extra, err = ojson.ParseObject(t.Extra, ojson.Limits{})
	}
	var names frontend.FileNames = t
	if err == nil && r.Files != nil {
		names = sharedNames{t, r.Files.Store}
		err = r.Files.Sync(ctx)
	}
	var result graph.Result
	if err == nil {
		r.recent.add(t.Models)
		result, err = r.Engine.Run(r.Host.WithNames(ctx, names), graph.Request{
			PromptID: t.ID, Prompt: prompt, ExtraData: extra, Outputs: t.Job.Outputs, ClientID: t.Client,
		}, s.event)
	}
	if r.Files != nil && result.Outputs != nil { // what was saved before an error is kept as well
		err = errors.Join(err, r.Files.saved(context.WithoutCancel(ctx), t.Names(), result.Outputs))
	}
	if err != nil && !s.failed {
		s.refuse(err)
	}
	return s.outcome(t, prompt, result, err)
}

// Free is queue.WorkerConfig.Free.
func (r *Runner) Free(f queue.FreeRequest) {
	if f.Results {
		r.Engine.Free()
	}
	if f.Models {
		r.Host.FreeModels()
		r.recent.clear()
	}
}

// Models are the model files that are likely to be loaded: those of the last jobs.
func (r *Runner) Models() []string { return r.recent.list() }

// sender makes messages of the events of a job, and keeps those of the history.
type sender struct {
	runner   *Runner
	promptID string
	clientID string
	number   int
	recorded []any
	failed   bool // an error or an interrupt was told
}

// event is the engine's sink. Without a client, only what goes to everyone is sent.
func (s *sender) event(e graph.Event) {
	if e.Recorded {
		s.recorded = append(s.recorded, []any{e.Type, e.Data})
		s.failed = s.failed || e.Type == graph.EventExecutionError || e.Type == graph.EventExecutionInterrupted
	}
	if s.clientID == "" && !e.Broadcast {
		return
	}
	m := Message{Type: e.Type, Prompt: s.promptID, Client: s.clientID}
	var err error
	switch e.Type {
	case graph.EventPreview:
		err = s.preview(&m, e)
	case graph.EventText:
		m.Node, m.Text = e.Node.ID, []byte(e.Text)
	default:
		m.Node = e.Data.String("display_node")
		m.Text, err = ojson.Marshal(ojson.NewObject("type", e.Type, "data", e.Data), ojson.Python)
	}
	if err == nil {
		err = s.send(m)
	}
	if err != nil {
		slog.Warn("clients miss a message", "type", e.Type, "prompt", s.promptID, "problem", err)
	}
}

func (s *sender) send(m Message) error {
	s.number++
	m.Number = s.number
	data, err := m.Encode()
	if err != nil {
		return err
	}
	return s.runner.Bus.Publish(Subject, data)
}

func (s *sender) preview(m *Message, e graph.Event) error {
	side := s.runner.PreviewSide
	if side <= 0 {
		side = 512
	}
	mime, file, err := s.runner.Host.EncodePreview(e.Preview, side)
	if err != nil {
		return err
	}
	var parent any
	if e.Node.Parent != "" {
		parent = e.Node.Parent
	}
	m.PNG, m.Picture = mime == "image/png", file
	m.Metadata, err = ojson.Marshal(ojson.NewObject("node_id", e.Node.ID, "prompt_id", s.promptID, "display_node_id", e.Node.Display,
		"parent_node_id", parent, "real_node_id", e.Node.Real, "image_type", mime), ojson.Python)
	return err
}

// refuse tells of an error that is no node's.
func (s *sender) refuse(err error) {
	kind, broadcast := graph.EventExecutionError, false
	data := ojson.NewObject("prompt_id", s.promptID, "node_id", "", "node_type", "", "executed", []any{})
	if errors.Is(err, graph.ErrInterrupted) {
		kind, broadcast = graph.EventExecutionInterrupted, true
	} else {
		data.Set("exception_message", err.Error()+"\n")
		data.Set("exception_type", "RuntimeError")
		data.Set("traceback", []any{})
		data.Set("current_inputs", ojson.NewObject())
		data.Set("current_outputs", []any{})
	}
	data.Set("timestamp", time.Now().UnixMilli())
	s.event(graph.Event{Type: kind, Data: data, Recorded: true, Broadcast: broadcast})
}

// outcome is what the history keeps.
func (s *sender) outcome(t *queue.Task, prompt *ojson.Object, result graph.Result, err error) queue.Outcome {
	o := queue.Outcome{Status: queue.StatusSuccess, Events: s.number}
	switch {
	case errors.Is(err, graph.ErrInterrupted):
		o.Status = queue.StatusInterrupted
	case err != nil:
		o.Status = queue.StatusError
	}
	outputs := result.Outputs
	if outputs == nil {
		outputs = ojson.NewObject()
	}
	texts := []struct {
		to    *[]byte
		value any
	}{{&o.Outputs, outputs}, {&o.Messages, s.messages()}, {&o.Meta, result.Meta()}}
	if result.Prompt != nil && result.Prompt != prompt {
		texts = append(texts, struct {
			to    *[]byte
			value any
		}{&o.Prompt, result.Prompt})
	}
	for _, text := range texts {
		var failed error
		if *text.to, failed = ojson.Marshal(text.value, ojson.Python); failed != nil {
			slog.Error("the outcome of a job can't be written", "prompt", t.ID, "problem", failed)
			return queue.Outcome{Status: queue.StatusError, Events: s.number, Outputs: []byte("{}"), Meta: []byte("{}"),
				Messages: fmt.Appendf(nil, `[["execution_error", {"prompt_id": %q, "exception_message": %q, "exception_type": "TypeError"}]]`, t.ID, failed)}
		}
	}
	return o
}

func (s *sender) messages() []any {
	if s.recorded == nil {
		return []any{}
	}
	return s.recorded
}

package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

func event(kind string, keysAndValues ...any) graph.Event {
	return graph.Event{Type: kind, Data: ojson.NewObject(keysAndValues...)}
}

func savedAs(name, subfolder, folderType string) *ojson.Object {
	return ojson.NewObject("images", []any{ojson.NewObject("filename", name, "subfolder", subfolder, "type", folderType)})
}

func slashes(folderType, subfolder, filename string) string {
	return strings.Join([]string{folderType, subfolder, filename}, "/")
}

func TestTextReport(t *testing.T) {
	prompt := ojson.NewObject("5", ojson.NewObject("class_type", "KSampler", "_meta", ojson.NewObject("title", "Sampler")))
	tests := map[string]struct {
		terminal bool
		events   []graph.Event
		out, err string // err is a part
	}{
		"a saved file": {events: []graph.Event{event(graph.EventExecuted, "output", savedAs("a.png", "b", "output"))}, out: "output/b/a.png\n"},
		"a preview":    {events: []graph.Event{event(graph.EventExecuted, "output", savedAs("a.png", "", "temp"))}},
		"no output":    {events: []graph.Event{event(graph.EventExecuted, "output", nil)}},
		"text output":  {events: []graph.Event{event(graph.EventExecuted, "output", ojson.NewObject("text", []any{"seven"}))}, err: "seven\n"},
		"odd outputs": {events: []graph.Event{event(graph.EventExecuted, "output", ojson.NewObject("animated", []any{true}, "images", "x",
			"more", []any{nil, ojson.NewObject("type", "output")}))}},
		"a line of text":         {events: []graph.Event{{Type: graph.EventText, Text: "half way"}}, err: "half way\n"},
		"no terminal, no bar":    {events: []graph.Event{event(graph.EventProgress, "value", int64(3), "max", int64(20), "node", "5")}},
		"a bar on a terminal":    {terminal: true, events: []graph.Event{event(graph.EventExecuting, "display_node", "5"), event(graph.EventProgress, "value", int64(3), "max", int64(20), "node", "5")}, err: "Sampler  15%"},
		"a bar of odd numbers":   {terminal: true, events: []graph.Event{event(graph.EventProgress, "value", 3.0, "max", "x", "node", "5")}},
		"a bar that changes max": {terminal: true, events: []graph.Event{event(graph.EventProgress, "value", int64(1), "max", int64(2)), event(graph.EventProgress, "value", int64(1), "max", int64(4))}, err: "25%"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			r := newTextReport(&out, &err, slashes)
			if r.terminal {
				t.Error("a buffer is no terminal")
			}
			r.terminal = tt.terminal
			r.begin(prompt)
			for _, e := range tt.events {
				r.event(e)
			}
			r.done("x")
			if out.String() != tt.out || !strings.Contains(err.String(), tt.err) || (tt.err == "" && err.Len() > 0) {
				t.Errorf("stdout %q, stderr %q", &out, &err)
			}
		})
	}
}

// TestNodeAtWork: only a node that takes long is named, and its line is emptied afterwards.
func TestNodeAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, err bytes.Buffer
		r := newTextReport(&out, &err, slashes)
		r.terminal = true
		r.begin(ojson.NewObject("1", ojson.NewObject("class_type", "VAEDecode"), "2", ojson.NewObject("class_type", "Quick")))
		r.event(event(graph.EventExecuting, "display_node", "2"))
		time.Sleep(patience / 2)
		r.event(event(graph.EventExecuting, "display_node", "1"))
		time.Sleep(2 * patience)
		r.done("x")
		time.Sleep(2 * patience)
		if got := err.String(); got != "\r\x1b[KVAEDecode …\r\x1b[K" {
			t.Errorf("stderr %q", got)
		}
	})
}

func TestJSONReport(t *testing.T) {
	var out bytes.Buffer
	r := &jsonReport{out: &out}
	r.event(event(graph.EventProgress, "value", int64(3), "max", int64(20)))
	r.event(graph.Event{Type: graph.EventPreview, Preview: "a picture"}) // has no place in lines of JSON
	r.done("p")
	const want = `{"type": "progress", "data": {"value": 3, "max": 20}}` + "\n" + `{"type": "executing", "data": {"node": null, "prompt_id": "p"}}` + "\n"
	if out.String() != want {
		t.Errorf("got %s", &out)
	}
}

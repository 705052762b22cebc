package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// textReport prints the paths of saved files to stdout. On a terminal, stderr shows the node at work, with a bar where it has steps.
type textReport struct {
	out, err io.Writer
	path     pathOf
	terminal bool
	failed   error // the first one of writing to out

	mu     sync.Mutex // a node is shown when it takes long, from the timer's goroutine
	prompt *ojson.Object
	node   string
	soon   *time.Timer
	shown  bool // the line of the terminal holds a name or a bar
	bar    *progressbar.ProgressBar
}

// patience is how long a node may take before its name is shown: thousands of quick ones must not wait for the terminal.
const patience = 150 * time.Millisecond

func newTextReport(out, err io.Writer, path pathOf) *textReport {
	file, ok := err.(*os.File)
	return &textReport{out: out, err: err, path: path, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (t *textReport) refused(string, error) {} // stderr says it

func (t *textReport) invalid(string, *graph.Validation) {}

func (t *textReport) note(string, *ojson.Object) {}

func (t *textReport) saved(path string) error {
	_, err := fmt.Fprintln(t.out, path)
	return err
}

func (t *textReport) begin(prompt *ojson.Object) { t.prompt = prompt }

func (t *textReport) event(e graph.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Type {
	case graph.EventExecuting:
		t.clear()
		t.node = e.Data.String("display_node")
		if t.terminal {
			t.soon = time.AfterFunc(patience, t.name)
		}
	case graph.EventProgress:
		if t.terminal {
			t.progress(e.Data)
		}
	case graph.EventExecuted:
		t.results(e.Data.Object("output"))
	case graph.EventText:
		t.clear()
		fmt.Fprintln(t.err, e.Text)
	}
}

// name shows the node at work.
func (t *textReport) name() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.soon != nil && t.bar == nil {
		fmt.Fprintf(t.err, "\r\x1b[K%s …", t.label())
		t.shown = true
	}
}

// label is the title of the node at work, or its class.
func (t *textReport) label() string {
	node := t.prompt.Object(t.node)
	return firstOf(firstOf(node.Object("_meta").String("title"), node.String("class_type")), "node "+t.node)
}

func (t *textReport) progress(data *ojson.Object) {
	value, limit := number(data, "value"), number(data, "max")
	if t.bar == nil {
		t.clear()
		t.bar = progressbar.NewOptions64(limit, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription(t.label()),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	if t.bar.GetMax64() != limit {
		t.bar.ChangeMax64(limit) // draws
	}
	_ = t.bar.Set64(value) // drawing a bar is no reason to fail
}

func number(o *ojson.Object, key string) int64 {
	switch v, _ := o.Get(key); v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

// results prints where results lie; previews are gone when the process ends, so they are left out.
func (t *textReport) results(ui *ojson.Object) {
	if ui == nil {
		return
	}
	t.clear()
	for _, v := range ui.All() {
		items, _ := v.([]any)
		for _, item := range items {
			switch item := item.(type) {
			case *ojson.Object:
				if item.String("type") == "output" && item.String("filename") != "" {
					_, err := fmt.Fprintln(t.out, t.path("output", item.String("subfolder"), item.String("filename")))
					t.failed = cmp.Or(t.failed, err)
				}
			case string: // the text of a node such as PreviewAny
				fmt.Fprintln(t.err, item)
			}
		}
	}
}

// clear empties the line of the terminal.
func (t *textReport) clear() {
	if t.soon != nil {
		t.soon.Stop()
		t.soon = nil
	}
	if t.bar != nil {
		_ = t.bar.Clear()
		t.bar = nil
	}
	if t.shown {
		fmt.Fprint(t.err, "\r\x1b[K")
		t.shown = false
	}
}

func (t *textReport) done(string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	return t.failed
}

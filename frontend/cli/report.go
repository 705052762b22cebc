package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// textReport prints the paths of saved files to stdout and, on a terminal, a bar for the node at work to stderr.
type textReport struct {
	out, err io.Writer
	path     func(folderType, subfolder, filename string) string
	terminal bool
	bar      *progressbar.ProgressBar
	node     string
}

func newTextReport(out, err io.Writer, path func(folderType, subfolder, filename string) string) *textReport {
	file, ok := err.(*os.File)
	return &textReport{out: out, err: err, path: path, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (t *textReport) event(e graph.Event) {
	switch e.Type {
	case graph.EventProgress:
		if t.terminal {
			t.progress(e.Data)
		}
	case graph.EventExecuted:
		t.saved(e.Data.Object("output"))
	case graph.EventText:
		t.clear()
		fmt.Fprintln(t.err, e.Text)
	}
}

func (t *textReport) progress(data *ojson.Object) {
	value, limit := number(data, "value"), number(data, "max")
	if node := data.String("node"); t.bar == nil || node != t.node {
		t.clear()
		t.node = node
		t.bar = progressbar.NewOptions64(limit, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("node "+node),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	t.bar.ChangeMax64(limit)
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

// saved prints where results lie; previews are gone when the process ends, so they are left out.
func (t *textReport) saved(ui *ojson.Object) {
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
					fmt.Fprintln(t.out, t.path("output", item.String("subfolder"), item.String("filename")))
				}
			case string: // the text of a node such as PreviewAny
				fmt.Fprintln(t.err, item)
			}
		}
	}
}

func (t *textReport) clear() {
	if t.bar != nil {
		_ = t.bar.Clear()
		t.bar = nil
	}
}

func (t *textReport) invalid(path string, v *graph.Validation) {
	fmt.Fprintf(t.err, "oneactor: %s:\n%v\n", path, v.Err())
}

func (t *textReport) done(string) { t.clear() }

package cli

import (
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// report tells a person or a program what happens in a run. Errors go to stderr besides.
type report interface {
	refused(kind string, err error)               // before anything runs, for another reason than mistakes in the workflow
	invalid(promptID string, v *graph.Validation) // mistakes in the workflow
	begin(prompt *ojson.Object)                   // what the following events are about
	event(graph.Event)
	note(kind string, data *ojson.Object) // something that is no message of ComfyUI's; stderr says it besides
	saved(path string) error              // a file that no node made
	done(promptID string) error           // after a run, however it ended; the error is that of writing to stdout
}

func newReport(a *app, path pathOf, asJSON bool) report {
	if asJSON {
		return &jsonReport{out: a.Out}
	}
	return newTextReport(a.Out, a.Err, path)
}

// pathOf is where a result of a node lies (frontend.Host.Path).
type pathOf func(folderType, subfolder, filename string) string

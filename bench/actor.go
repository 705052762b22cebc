package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
)

// ActorOptions of RunActor; the zero value measures all rows on the six targets of the checkpoint's README.
type ActorOptions struct {
	Checkpoint string   // name below models/checkpoints; empty: tiny-actors.safetensors
	Projector  string   // name below models/projectors of the pre-trained one; empty: tiny-actors.safetensors
	Targets    []string // base word and seed of the base set, such as robot:1; empty: six
	Only       []string // names of rows; empty: all
	Steps      int      // of tuning; 0: 300
	Rate       float64  // learning rate; 0: 1e-3
	V          float64  // semantic interpolation of the best setting; 0: 1
	Embeddings string   // a folder that prompts find embeddings in, for those trained here; the rows "text" need it
	JSON       string   // file for the results of every target; empty: none
	Log        io.Writer
}

func (o ActorOptions) orDefault() ActorOptions {
	if o.Checkpoint == "" {
		o.Checkpoint = "tiny-actors.safetensors"
	}
	if o.Projector == "" {
		o.Projector = "tiny-actors.safetensors"
	}
	if len(o.Targets) == 0 {
		o.Targets = []string{"robot:1", "hobbit:3", "cat:2", "bear:5", "rabbit:4", "robot:6"}
	}
	if o.Steps == 0 {
		o.Steps = 300
	}
	if o.Rate == 0 {
		o.Rate = 1e-3
	}
	if o.V == 0 {
		o.V = 1
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

// ActorRows lists what RunActor can measure.
func ActorRows() []string {
	var names []string
	for _, r := range actorRows {
		names = append(names, r.name)
	}
	return names
}

// RunActor measures how well OneActor keeps characters of the tiny world, beside plain prompts, ablations and other methods, and
// prints a table in Markdown: means over the targets, 8 scenes each, the same noise in every row.
func RunActor(ctx context.Context, rt *runtime.Runtime, o ActorOptions, out io.Writer) error {
	o = o.orDefault()
	rows, err := chosenRows(o.Only)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, rt, o)
	if err != nil {
		return fmt.Errorf("bench actor: %w", err)
	}
	report := actorReport{Settings: l.settings()}
	for _, name := range o.Targets {
		s, err := l.subject(ctx, name)
		if err != nil {
			return fmt.Errorf("bench actor: target %s: %w", name, err)
		}
		l.subjects = append(l.subjects, s)
		report.Targets = append(report.Targets, s.describe())
		fmt.Fprintln(o.Log, s.describe())
	}
	report.printHead(out)
	for _, r := range rows {
		lines, err := r.measure(ctx, l)
		var missing *folder.NotFound
		if errors.As(err, &missing) && len(o.Only) == 0 { // a file that not every copy of the program has
			fmt.Fprintf(o.Log, "row %s is left out: %v\n", r.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("bench actor: row %s: %w", r.name, err)
		}
		for _, line := range lines {
			line.Row = r.name
			report.Lines = append(report.Lines, line)
			line.print(out)
		}
		if err := report.save(o.JSON); err != nil { // after every row: a run takes long
			return err
		}
	}
	report.printFoot(out)
	return nil
}

func chosenRows(only []string) ([]actorRow, error) {
	var rows []actorRow
	for _, name := range only {
		if !slices.Contains(ActorRows(), name) {
			return nil, fmt.Errorf("bench actor: row %q is not known; use some of %s", name, strings.Join(ActorRows(), ", "))
		}
	}
	for _, r := range actorRows {
		if len(only) == 0 || slices.Contains(only, r.name) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

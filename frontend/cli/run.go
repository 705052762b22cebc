package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (a *app) runCommand() *cobra.Command {
	var sets []string
	var asJSON bool
	c := &cobra.Command{
		Use: "run FILE...", Short: "Run workflows", Args: cobra.MinimumNArgs(1),
		Long: "Run workflows one after another: ComfyUI's JSON (saved by the editor or in API form) or a PNG or WebP it made. FILE may be - for standard input.\n" +
			"The paths of the files that were saved are printed.",
		RunE: func(c *cobra.Command, files []string) error {
			overrides, err := parseOverrides(sets)
			if err != nil {
				return err
			}
			s, err := a.session()
			if err != nil {
				return err
			}
			defer s.host.Close()
			r := runner{session: s, overrides: overrides, report: newReport(a, s.host.Path, asJSON)}
			for _, path := range files {
				if err := r.run(c.Context(), path); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, "set an input: NODE.INPUT=VALUE, with NODE an id or a title; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, `print what happens as JSON, a line {"type", "data"} for each message of ComfyUI's websocket`)
	return c
}

func parseOverrides(sets []string) ([]override, error) {
	var out []override
	for _, s := range sets {
		o, err := parseOverride(s)
		if err != nil {
			return nil, failure{exitUsage, err}
		}
		out = append(out, o)
	}
	return out, nil
}

// runner runs one workflow after another on one engine, so that what they share is computed once.
type runner struct {
	*session
	overrides []override
	report    report
}

// report tells a person or a program what happens.
type report interface {
	event(graph.Event)
	invalid(path string, v *graph.Validation) // before anything runs
	done(promptID string)                     // after a run, however it ended
}

func newReport(a *app, path func(folderType, subfolder, filename string) string, asJSON bool) report {
	if asJSON {
		return &jsonReport{out: a.Out}
	}
	return newTextReport(a.Out, a.Err, path)
}

func (r *runner) run(ctx context.Context, path string) error {
	file, err := r.read(path)
	if err != nil {
		return err
	}
	for _, o := range r.overrides {
		if err := o.apply(file.Prompt, r.registry); err != nil {
			return failure{exitUsage, err}
		}
	}
	// As ComfyUI does, outputs without a mistake behind them run although others are refused; the exit code still tells.
	v := r.engine.Validate(file.Prompt, nil)
	if v.Err() != nil {
		r.report.invalid(path, v)
	}
	if !v.OK() {
		return failure{code: exitUsage}
	}
	if err := r.execute(ctx, file, v); err != nil {
		return err
	}
	if v.Err() != nil {
		return failure{code: exitUsage}
	}
	return nil
}

func (r *runner) execute(ctx context.Context, file *comfy.File, v *graph.Validation) error {
	id := uuid.NewString()
	extra := ojson.NewObject()
	if file.ExtraPNGInfo != nil {
		extra.Set("extra_pnginfo", file.ExtraPNGInfo)
	}
	_, err := r.engine.Run(ctx, graph.Request{PromptID: id, Prompt: file.Prompt, ExtraData: extra, Outputs: v.Outputs, ClientID: "cli"}, r.report.event)
	r.report.done(id)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, graph.ErrInterrupted):
		return context.Canceled
	default:
		return failure{exitFailed, err}
	}
}

// jsonReport writes messages as a websocket client would get them, one per line.
type jsonReport struct{ out io.Writer }

func (j *jsonReport) event(e graph.Event) {
	if e.Data != nil {
		j.line(ojson.NewObject("type", e.Type, "data", e.Data))
	}
}

// invalid is the body that POST /prompt answers with.
func (j *jsonReport) invalid(_ string, v *graph.Validation) {
	if body := v.APIError(); body != nil {
		j.line(body)
		return
	}
	j.line(ojson.NewObject("node_errors", v.NodeErrors()))
}

func (j *jsonReport) done(promptID string) {
	j.line(ojson.NewObject("type", graph.EventExecuting, "data", ojson.NewObject("node", nil, "prompt_id", promptID)))
}

func (j *jsonReport) line(o *ojson.Object) {
	text, err := ojson.Marshal(o, ojson.Python)
	if err != nil {
		text = fmt.Appendf(nil, `{"type": "error", "data": {"message": %q}}`, err.Error())
	}
	_, _ = j.out.Write(append(text, '\n')) // a reader that went away ends the process by SIGPIPE
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (a *app) runCommand() *cobra.Command {
	var sets []string
	var asJSON, skip, skipDone bool
	var grids []string
	var each string
	c := &cobra.Command{
		Use: "run FILE...", Short: "Run workflows", Args: count(1, math.MaxInt),
		Long: "Run workflows one after another: ComfyUI's JSON (saved by the editor or in API form) or a PNG, WebP or JPEG it made, or one of A1111. FILE may be - for standard input.\n" +
			"The paths of the files that were saved are printed. A workflow that fails does not keep the ones after it from running.",
		Example: "  oneactor run hobbit.json\n" +
			"  oneactor run picture.png --set Sampler.seed=7 --set 'Prompt.text=a hobbit in the rain'\n" +
			"  oneactor run --base-directory ~/ComfyUI *.json\n" +
			"  oneactor run hobbit.json --grid Sampler.cfg=4,6,8 --grid 'Sampler.steps=10..30 step 10'\n" +
			"  oneactor run restyle.json --each photos/ --skip-done",
		RunE: func(c *cobra.Command, files []string) error {
			overrides, err := parseOverrides(sets)
			if err != nil {
				return err
			}
			s, err := a.session(c.Context())
			if err != nil {
				return err
			}
			defer s.host.Close()
			r := runner{session: s, overrides: overrides, report: newReport(a, s.host.Path, asJSON), skip: skip}
			switch {
			case len(grids) == 0 && each == "" && !skipDone:
				return r.runAll(c.Context(), files)
			case len(files) > 1:
				return failure{exitUsage, fmt.Errorf("--grid and --each are for one workflow, not %d", len(files))}
			case len(grids) > 0 && each != "":
				return failure{exitUsage, errors.New("--grid and --each do not go together; a CSV file can have a row for each pair")}
			case len(grids) > 0:
				return r.runGrid(c.Context(), files[0], grids)
			case each == "":
				return failure{exitUsage, errors.New("--skip-done is for --each")}
			}
			return r.runEach(c.Context(), files[0], each, skipDone)
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, "set an input: NODE.INPUT=VALUE, with NODE an id or a title; may be repeated")
	c.Flags().StringArrayVar(&grids, "grid", nil, "compare values of an input: NODE.INPUT=VALUES, such as 3.cfg=4,6,8 or 1..10 step 3 or @lines.txt; a second one makes rows")
	c.Flags().StringVar(&each, "each", "", "run once for each picture of a folder, or each row of a CSV file whose columns are NODE.INPUT or titles")
	c.Flags().BoolVar(&skipDone, "skip-done", false, "with --each: leave out rows whose files are there already")
	c.Flags().BoolVar(&skip, "skip-unknown", false, "leave out nodes of classes that are not here, and run the outputs that do not need them")
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
	skip      bool // nodes of unknown classes
	watch     func(graph.Event)
}

// event tells the report, and whoever watches a run for its pictures.
func (r *runner) event(e graph.Event) {
	if r.watch != nil {
		r.watch(e)
	}
	r.report.event(e)
}

// runAll goes on after a workflow that failed; the exit code is that of the first failure. Ctrl-C ends them all.
func (r *runner) runAll(ctx context.Context, files []string) error {
	var first error
	for _, path := range files {
		err := r.run(ctx, path)
		if ctx.Err() != nil && err != nil {
			return ctx.Err()
		}
		var f failure
		if errors.As(err, &f) && f.err != nil {
			r.app.say(f)
			err = failure{code: f.code}
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// run runs one workflow. Mistakes in it go to the report; of the error that comes back, failure.err is still to be said.
func (r *runner) run(ctx context.Context, path string) error {
	file, err := r.prepare(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			r.report.refused("invalid_prompt", err)
		}
		return err
	}
	return r.runFile(ctx, path, file)
}

// runFile runs a workflow that was read and set.
func (r *runner) runFile(ctx context.Context, path string, file *comfy.File) error {
	// As ComfyUI does, outputs without a mistake behind them run although others are refused; the exit code still tells.
	v := r.engine.Validate(file.Prompt, nil)
	promptID := uuid.NewString()
	if err := v.Err(); err != nil {
		r.app.say(r.mistakes(path, file, err))
		r.report.invalid(promptID, v)
	}
	if !v.OK() {
		return failure{code: exitUsage}
	}
	if r.saves(file.Prompt, v.Outputs) {
		if err := r.host.CheckOutput(); err != nil {
			err = fmt.Errorf("%w; choose another folder with --output-directory", err)
			r.report.refused("output_folder", err)
			return failure{exitFailed, err}
		}
	}
	if err := r.execute(ctx, promptID, file, v); err != nil {
		var f failure
		if errors.As(err, &f) {
			return failure{f.code, fmt.Errorf("%s: %w", nameOf(path), f.err)}
		}
		return err
	}
	if v.Err() != nil {
		return failure{code: exitUsage}
	}
	return nil
}

// prepare reads a workflow and sets the inputs named by --set.
func (r *runner) prepare(ctx context.Context, path string) (*comfy.File, error) {
	file, err := r.read(ctx, path)
	if err != nil {
		return nil, err
	}
	if r.skip {
		if err := r.skipUnknown(path, file); err != nil {
			return nil, err
		}
	}
	for _, o := range r.overrides {
		kept, err := o.apply(file, r.registry, r.definitions())
		if err != nil {
			return nil, failure{exitUsage, fmt.Errorf("%s: %w", nameOf(path), err)}
		}
		if !kept {
			r.app.say(fmt.Errorf("%s: the editor's graph cannot show --set %s.%s; files are saved with the API prompt alone", nameOf(path), o.node, o.input))
		}
	}
	return file, nil
}

// saves reports whether an output keeps files. By ComfyUI's convention the names of such classes begin with Save.
func (r *runner) saves(prompt *ojson.Object, outputs []string) bool {
	return slices.ContainsFunc(outputs, func(id string) bool {
		return strings.HasPrefix(prompt.Object(id).String("class_type"), "Save")
	})
}

func (r *runner) execute(ctx context.Context, promptID string, file *comfy.File, v *graph.Validation) error {
	extra := ojson.NewObject()
	if file.ExtraPNGInfo != nil {
		extra.Set("extra_pnginfo", file.ExtraPNGInfo)
	}
	r.report.begin(file.Prompt)
	_, err := r.engine.Run(ctx, graph.Request{PromptID: promptID, Prompt: file.Prompt, ExtraData: extra, Outputs: v.Outputs, ClientID: "cli"}, r.event)
	unwritten := r.report.done(promptID)
	switch {
	case err == nil && unwritten != nil:
		return failure{exitFailed, fmt.Errorf("the run is done, but not what it tells: %w", unwritten)}
	case err == nil:
		return nil
	case errors.Is(err, graph.ErrInterrupted):
		return context.Canceled
	default:
		return failure{exitFailed, err}
	}
}

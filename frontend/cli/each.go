package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// runEach runs a workflow once for every row of a folder of pictures, a CSV file or a list of lines. A row that fails does not stop those
// after it; the exit code is that of the first failure.
func (r *runner) runEach(ctx context.Context, path, source string, skipDone bool) error {
	file, err := r.prepare(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			r.report.refused("invalid_prompt", err)
		}
		return err
	}
	rows, err := r.rows(file.Prompt, source)
	if err != nil {
		return failure{exitUsage, fmt.Errorf("--each %s: %w", source, err)}
	}
	if skipDone && len(r.prefixes(file.Prompt)) == 0 {
		return failure{exitUsage, errors.New("--skip-done: the workflow has no output with a filename_prefix, so what is done cannot be seen")}
	}
	code, skipped := exitDone, 0
	var failed []string
	for i, row := range rows {
		status := "done"
		switch {
		case skipDone && r.done(file, row.name):
			skipped++
			status = "skipped"
		default:
			err := r.row(ctx, path, file, row)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				status = "failed"
				failed = append(failed, fmt.Sprintf("%d (%s)", i+1, row.name))
				c, _ := r.said(err)
				if code == exitDone {
					code = c
				}
			}
		}
		r.report.note("row", ojson.NewObject("row", int64(i+1), "of", int64(len(rows)), "name", row.name, "status", status))
	}
	if skipped > 0 {
		r.app.say(fmt.Errorf("%s: %d of %d rows were done already", nameOf(path), skipped, len(rows)))
	}
	if len(failed) > 0 {
		return failure{code, fmt.Errorf("%s: %d of %d rows failed: %s", nameOf(path), len(failed), len(rows), some(failed))}
	}
	return nil
}

// row runs one row. Its values are read now, so that a wrong one concerns this row only.
func (r *runner) row(ctx context.Context, path string, file *comfy.File, row row) error {
	v := variant{name: row.name}
	for _, cell := range row.cells {
		value, err := r.cellValue(ctx, cell)
		if err != nil {
			return failure{exitUsage, fmt.Errorf("row %s: %s: %w", row.name, cell.column, err)}
		}
		v.set = append(v.set, setting{cell.id, cell.input.Name, value})
	}
	_, err := r.runVariant(ctx, path, file, v)
	var f failure
	if errors.As(err, &f) && f.err != nil {
		return failure{f.code, fmt.Errorf("row %s: %w", row.name, f.err)}
	}
	return err
}

// cellValue reads a text as a value of its input. The name of a picture may also be a path, from the folder of the CSV file.
func (r *runner) cellValue(ctx context.Context, c cell) (any, error) {
	if c.input.ChoicesKey == picturesKey {
		if _, err := os.Stat(r.host.Path("input", "", c.text)); err == nil && filepath.IsLocal(c.text) && !c.file {
			return c.text, nil
		}
		path := c.text
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.dir, path)
		}
		if _, err := os.Stat(path); err != nil {
			return c.text, nil // validation says that it is not there
		}
		return r.host.Stage(ctx, path)
	}
	text := c.text
	if c.input.Combo() {
		choices, err := c.input.Choices(r.host.Choices)
		if err != nil {
			return nil, err
		}
		text = choiceLike(text, choices)
	}
	return parseValue(text, c.input.Type)
}

// prefixes are the names that the outputs' files begin with.
func (r *runner) prefixes(prompt *ojson.Object) (list []string) {
	for id := range prompt.All() {
		if prefix, ok := r.prefixOf(prompt, id); ok {
			list = append(list, prefix)
		}
	}
	return list
}

var saveToken = regexp.MustCompile(`%[^%]*%`)

// done reports whether every output that names its files has one for the row.
func (r *runner) done(file *comfy.File, name string) bool {
	for _, prefix := range r.prefixes(file.Prompt) {
		pattern := saveToken.ReplaceAllString(globEscape.Replace(prefix+"-"+name), "*") + "_[0-9][0-9][0-9][0-9][0-9]_.*"
		found, err := filepath.Glob(filepath.Join(globEscape.Replace(r.host.Path("output", "", "")), filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			return false
		}
	}
	return true
}

// globEscape takes the meaning from characters of a pattern.
var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

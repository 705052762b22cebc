package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// axis is one --grid NODE.INPUT=VALUES.
type axis struct {
	target
	id     string
	typ    string
	values []any
}

// runGrid runs a workflow once for every value of one input, or every pair of values of two, and draws a sheet of the pictures for each
// output node. A cell that fails leaves a gap.
func (r *runner) runGrid(ctx context.Context, path string, specs []string) error {
	if len(specs) > 2 {
		return failure{exitUsage, fmt.Errorf("--grid: %d inputs; a sheet has columns and rows, so two at most", len(specs))}
	}
	file, err := r.prepare(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			r.report.refused("invalid_prompt", err)
		}
		return err
	}
	var axes []axis
	for _, spec := range specs {
		a, err := r.axis(file.Prompt, spec)
		if err != nil {
			return failure{exitUsage, fmt.Errorf("--grid %s: %w", spec, err)}
		}
		axes = append(axes, a)
	}
	down := axis{values: []any{nil}}
	if len(axes) == 2 {
		if down = axes[1]; down.id == axes[0].id && down.input == axes[0].input {
			return failure{exitUsage, fmt.Errorf("--grid: both are %s", axes[0].target)}
		}
	}
	g := &grid{runner: r, path: path, file: file, across: axes[0], down: down, cells: map[[2]int]map[string][]string{}}
	if n := len(g.across.values) * len(g.down.values); n > maxGrid {
		return failure{exitUsage, fmt.Errorf("--grid: %d pictures; %d are possible", n, maxGrid)}
	}
	return g.run(ctx)
}

func (r *runner) axis(prompt *ojson.Object, spec string) (a axis, err error) {
	left, values, ok := strings.Cut(spec, "=")
	t, named := parseTarget(left)
	if !ok || !named {
		return a, errors.New("use NODE.INPUT=VALUES, with NODE an id or a title")
	}
	id, in, err := t.find(prompt, r.registry)
	if err != nil {
		return a, err
	}
	choices, err := in.Choices(r.host.Choices)
	if err != nil {
		return a, err
	}
	a = axis{target: t, id: id, typ: in.Type}
	a.values, err = parseValues(values, in, choices)
	return a, err
}

// label is what stands beside the pictures of a value: texts speak for themselves, numbers with the name of their input.
func (a axis) label(i int) string {
	text := valueText(a.values[i])
	if a.typ == graph.TypeString || a.typ == graph.TypeCombo {
		if runes := []rune(text); len(runes) > 120 {
			text = string(runes[:119]) + "…"
		}
		return text
	}
	return a.input + " " + text
}

type grid struct {
	*runner
	path         string
	file         *comfy.File
	across, down axis
	cells        map[[2]int]map[string][]string // pictures by column and row, then by node
	code         int                            // of the first failure
	failed       []string
}

// run takes the cells in an order in which little is computed again: the input that more nodes depend on changes least often.
func (g *grid) run(ctx context.Context) error {
	columns, rows := len(g.across.values), len(g.down.values)
	acrossOuter := rows > 1 && dependents(g.file.Prompt, g.across.id) > dependents(g.file.Prompt, g.down.id)
	for i := range columns * rows {
		x, y := i%columns, i/columns
		if acrossOuter {
			x, y = i/rows, i%rows
		}
		if err := g.cell(ctx, x, y); err != nil {
			return err
		}
	}
	if err := g.draw(ctx); err != nil {
		return err
	}
	if g.code != exitDone {
		return failure{g.code, fmt.Errorf("%s: %d of %d pictures failed: %s", nameOf(g.path), len(g.failed), columns*rows, some(g.failed))}
	}
	return nil
}

// cell runs one pair of values; only the end of the program is an error.
func (g *grid) cell(ctx context.Context, x, y int) error {
	v := variant{set: []setting{{g.across.id, g.across.input, g.across.values[x]}}, name: g.across.part(x)}
	what := g.across.label(x)
	if g.down.id != "" {
		v.set = append(v.set, setting{g.down.id, g.down.input, g.down.values[y]})
		v.name += "-" + g.down.part(y)
		what += ", " + g.down.label(y)
	}
	pictures, err := g.runVariant(ctx, g.path, g.file, v)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.cells[[2]int{x, y}] = pictures
	status := "done"
	if err != nil {
		code, _ := g.said(err)
		if g.code == exitDone {
			g.code = code
		}
		g.failed, status = append(g.failed, what), "failed"
	}
	g.report.note("grid_cell", ojson.NewObject("column", int64(x), "row", int64(y), "label", what, "status", status))
	return nil
}

// part is what a value adds to the names of files; a long text is its number.
func (a axis) part(i int) string {
	text := fileName(valueText(a.values[i]))
	if len(text) > 24 || text == "" {
		return fmt.Sprintf("%s%d", a.input, i+1)
	}
	return a.input + text
}

// dependents counts the nodes that need a node.
func dependents(prompt *ojson.Object, id string) int {
	readers := map[string][]string{}
	for reader := range prompt.All() {
		for _, v := range prompt.Object(reader).Object("inputs").All() {
			if link, ok := v.([]any); ok && len(link) == 2 {
				if from, ok := link[0].(string); ok {
					readers[from] = append(readers[from], reader)
				}
			}
		}
	}
	seen, next := map[string]bool{}, []string{id}
	for len(next) > 0 {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, reader := range readers[at] {
			if !seen[reader] {
				seen[reader] = true
				next = append(next, reader)
			}
		}
	}
	return len(seen)
}

// draw makes a sheet for every node that saved or showed pictures. Of a batch the first picture is shown.
func (g *grid) draw(ctx context.Context) error {
	var nodes []string
	for id := range g.file.Prompt.All() {
		if slices.ContainsFunc(g.list(), func(cell map[string][]string) bool { return len(cell[id]) > 0 }) {
			nodes = append(nodes, id)
		}
	}
	for _, id := range nodes {
		prefix, ok := g.prefixOf(g.file.Prompt, id)
		if !ok {
			prefix = "grid"
		}
		sheet := frontend.Sheet{Prefix: prefix + "-grid", Metadata: g.metadata()}
		for x := range g.across.values {
			sheet.Heads = append(sheet.Heads, g.across.label(x))
		}
		for y := range g.down.values {
			row := frontend.SheetRow{}
			if g.down.id != "" {
				row.Label = g.down.label(y)
			}
			for x := range g.across.values {
				picture := ""
				if list := g.cells[[2]int{x, y}][id]; len(list) > 0 {
					picture = list[0]
				}
				row.Pictures = append(row.Pictures, picture)
			}
			sheet.Rows = append(sheet.Rows, row)
		}
		path, err := g.host.DrawSheet(ctx, sheet)
		if err != nil {
			return failure{exitFailed, fmt.Errorf("%s: the sheet of node %s: %w", nameOf(g.path), id, err)}
		}
		if err := g.report.saved(path); err != nil {
			return failure{exitFailed, err}
		}
	}
	return nil
}

func (g *grid) list() (cells []map[string][]string) {
	for _, cell := range g.cells {
		cells = append(cells, cell)
	}
	return cells
}

// metadata is the workflow that the grid was made of.
func (g *grid) metadata() (list []graph.MetadataEntry) {
	if text, err := ojson.Marshal(g.file.Prompt, ojson.Python); err == nil {
		list = append(list, graph.MetadataEntry{Key: "prompt", JSON: string(text)})
	}
	if g.file.Workflow != nil {
		if text, err := ojson.Marshal(g.file.Workflow, ojson.Python); err == nil {
			list = append(list, graph.MetadataEntry{Key: "workflow", JSON: string(text)})
		}
	}
	return list
}

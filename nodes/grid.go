package nodes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/internal/valuelist"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

func gridNodes() []graph.Declaration {
	return []graph.Declaration{graph.Declare[GridValues](), graph.Declare[GridSheet]()}
}

// GridValues makes every pair of two lists of values, to see what two inputs do together.
type GridValues struct {
	_ graph.Meta `category:"oneactor" title:"Grid Values" doc:"Makes every pair of two lists of values: connect across and down to any two inputs to compare (numbers, texts, choices), and labels, heads and rows to a sheet. Nodes behind it run once for each pair."`

	Across     string `default:"0, 0.4, 0.8, 1.0, 1.3" multiline:"true" doc:"values from left to right, with commas or line ends between; ranges such as 1..10 step 3; texts with commas in double quotes"`
	AcrossName string `default:"v" doc:"what they are, for the labels"`
	Down       string `default:"0, 0.5, 1" multiline:"true" doc:"values from top to bottom, written alike"`
	DownName   string `default:"eta2" doc:"what they are, for the labels"`
}

// grid is lists with an item for each cell, row by row; heads and rows have one for each column and row.
type grid struct {
	Across  graph.List[any]    `out:"across"`
	Down    graph.List[any]    `out:"down"`
	Labels  graph.List[string] `out:"labels"`
	Columns int                `out:"columns"`
	Heads   graph.List[string] `out:"heads"`
	Rows    graph.List[string] `out:"rows"`
}

// Run pairs the values.
func (n GridValues) Run(context.Context) (grid, error) {
	across, err := values(n.Across)
	if err != nil {
		return grid{}, fmt.Errorf("across: %w", err)
	}
	down, err := values(n.Down)
	if err != nil {
		return grid{}, fmt.Errorf("down: %w", err)
	}
	g := grid{Columns: len(across)}
	for _, x := range across {
		g.Heads = append(g.Heads, gridLabel(n.AcrossName, x))
	}
	for i, y := range down {
		g.Rows = append(g.Rows, gridLabel(n.DownName, y))
		for k, x := range across {
			g.Across, g.Down = append(g.Across, x), append(g.Down, y)
			g.Labels = append(g.Labels, g.Heads[k]+", "+g.Rows[i])
		}
	}
	return g, nil
}

// gridLabel names a number; texts speak for themselves.
func gridLabel(name string, v any) string {
	if text, ok := v.(string); ok || name == "" {
		return firstText(text, fmt.Sprint(v))
	}
	return fmt.Sprintf("%s %v", name, v)
}

func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// values reads a list. All of them are whole numbers, or numbers, or else texts.
func values(text string) ([]any, error) {
	words, err := valuelist.Split(text)
	if err != nil {
		return nil, err
	}
	var texts, floats, wholes []any
	for _, word := range words {
		if word == "" {
			continue
		}
		texts = append(texts, word)
		numbers, isRange, err := valuelist.Range(word)
		if err != nil {
			return nil, err
		}
		if f, err := strconv.ParseFloat(word, 64); !isRange && err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			numbers = []float64{f}
		}
		for _, f := range numbers {
			floats = append(floats, f)
			if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
				wholes = append(wholes, int64(f))
			}
		}
		if len(numbers) == 0 {
			floats, wholes = append(floats, nil), append(wholes, nil)
		}
	}
	switch {
	case len(texts) == 0:
		return nil, errors.New("there is no value; write some with commas between, such as: 0, 0.5, 1")
	case hasNil(floats):
		return texts, nil
	case len(wholes) == len(floats):
		return wholes, nil
	}
	return floats, nil
}

func hasNil(list []any) bool {
	for _, v := range list {
		if v == nil {
			return true
		}
	}
	return false
}

// GridSheet lays the pictures of a grid out in rows and columns with their labels.
type GridSheet struct {
	_ graph.Meta `category:"oneactor" title:"Grid Sheet" list:"true" doc:"Lays the pictures of a grid out: heads above the columns, rows at the left."`

	Images   []runtime.Image `doc:"one picture for each pair, row by row"`
	Heads    []string        `force:"true" doc:"above the columns: a list, or one text with a line for each"`
	Rows     []string        `force:"true" doc:"left of the rows"`
	Title    []string        `default:""`
	CellSize []int           `default:"0" min:"0" max:"2048" unit:"px" doc:"longer side of a picture on the sheet; 0 chooses"`
}

// Run lays the sheet out.
func (n GridSheet) Run(context.Context) (runtime.Image, error) {
	heads, labels := runtime.Lines(n.Heads), runtime.Lines(n.Rows)
	rows := imaging.Grid(runtime.AllPictures(n.Images), nil, max(len(heads), 1))
	for i := range rows {
		if i < len(labels) {
			rows[i].Label = labels[i]
		}
	}
	return runtime.DrawSheet(imaging.Sheet{Title: first(n.Title), Heads: heads, Rows: rows, Cell: first(n.CellSize)})
}

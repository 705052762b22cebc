package nodes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph"
)

func gridNodes() []graph.Declaration {
	return []graph.Declaration{graph.Declare[GridValues]()}
}

// GridValues makes every pair of two lists of numbers, to see what two inputs do together.
type GridValues struct {
	_ graph.Meta `category:"oneactor" title:"Grid Values" doc:"Makes every pair of two lists of numbers: connect across and down to the inputs to compare, and labels and columns to a contact sheet. Nodes behind it run once for each pair."`

	Across     string `default:"0, 0.4, 0.8, 1.0, 1.3" doc:"numbers from left to right, with commas between"`
	AcrossName string `default:"v" doc:"what they are, for the labels"`
	Down       string `default:"0, 0.5, 1" doc:"numbers from top to bottom, with commas between"`
	DownName   string `default:"eta2" doc:"what they are, for the labels"`
}

// grid is lists with an item for each cell, row by row.
type grid struct {
	Across  graph.List[float64] `out:"across"`
	Down    graph.List[float64] `out:"down"`
	Labels  graph.List[string]  `out:"labels"`
	Columns int                 `out:"columns"`
}

// Run pairs the numbers.
func (n GridValues) Run(context.Context) (grid, error) {
	across, err := numbers(n.Across)
	if err != nil {
		return grid{}, fmt.Errorf("across: %w", err)
	}
	down, err := numbers(n.Down)
	if err != nil {
		return grid{}, fmt.Errorf("down: %w", err)
	}
	g := grid{Columns: len(across)}
	for _, y := range down {
		for _, x := range across {
			g.Across, g.Down = append(g.Across, x), append(g.Down, y)
			g.Labels = append(g.Labels, fmt.Sprintf("%s %v, %s %v", n.AcrossName, x, n.DownName, y))
		}
	}
	return g, nil
}

// numbers reads a list of finite numbers with commas, spaces or line ends between them.
func numbers(text string) ([]float64, error) {
	var out []float64
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n;", r) }) {
		f, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%q is no number; write numbers with commas between, such as: 0, 0.5, 1", word)
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no number; write numbers with commas between, such as: 0, 0.5, 1")
	}
	return out, nil
}

package imaging

import (
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Columns is a good number of columns for n pictures: a sheet wider than high, with few gaps in the last row.
func Columns(n int) int {
	if n <= 4 {
		return max(n, 1)
	}
	ideal := math.Sqrt(1.5 * float64(n))
	best, least := 1, math.Inf(1)
	for c := int(math.Sqrt(float64(n))); float64(c) <= 1.5*ideal; c++ {
		gaps := (n+c-1)/c*c - n
		if cost := float64(gaps)/float64(c) + math.Abs(float64(c)-ideal)/ideal; cost < least {
			best, least = c, cost
		}
	}
	return best
}

// Grid lays pictures [H,W,C] out row by row, each with the caption of its number; fewer captions leave the rest without. columns 0
// chooses.
func Grid(pictures []*tensor.Tensor, captions []string, columns int) []SheetRow {
	if columns <= 0 {
		columns = Columns(len(pictures))
	}
	var rows []SheetRow
	for from := 0; from < len(pictures); from += columns {
		to := min(from+columns, len(pictures))
		row := SheetRow{Pictures: pictures[from:to]}
		if from < len(captions) {
			row.Captions = captions[from:min(to, len(captions))]
		}
		rows = append(rows, row)
	}
	return rows
}

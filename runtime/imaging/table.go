package imaging

import (
	"image"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Table is a picture of a table of words and numbers; the first column is left aligned, the others right.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string // below the table
	Size  float64  // of letters in pixels per em; 0: 20
}

// Draw lays the table out as wide as its cells need.
func (t Table) Draw() (*tensor.Tensor, error) {
	size := t.Size
	if size == 0 {
		size = 20
	}
	bold, text, title := NewFont(Bold, size), NewFont(Regular, size), NewFont(Bold, size*1.3)
	pad, between := int(size*1.4), int(size*1.6)
	widths := make([]int, len(t.Head))
	grow := func(f Font, row []string) {
		for k, s := range row {
			if k < len(widths) {
				widths[k] = max(widths[k], int(f.Width(s))+1)
			}
		}
	}
	grow(bold, t.Head)
	for _, row := range t.Rows {
		grow(text, row)
	}
	width := 2*pad - between
	for _, w := range widths {
		width += w + between
	}
	width = max(width, int(title.Width(t.Title))+2*pad, int(size*16))
	var notes []string
	for _, n := range t.Notes {
		notes = append(notes, text.Wrap(n, float64(width-2*pad))...)
	}
	line := int(size * 1.7)
	height := 2*pad + line*(len(t.Rows)+1) + len(notes)*text.Height()
	if t.Title != "" {
		height += title.Height() + pad/2
	}
	if len(notes) > 0 {
		height += pad / 2
	}
	if err := CheckSize("table", 1, height, width, 3); err != nil {
		return nil, err
	}
	c := NewCanvas(width, height, Paper)
	y := pad
	if t.Title != "" {
		y = c.Text(title, []string{t.Title}, pad, y, AlignLeft, Ink) + pad/2
	}
	draw := func(f Font, row []string) {
		x := pad
		for k, w := range widths {
			if k < len(row) {
				if k == 0 {
					c.Text(f, row[k:k+1], x, y+(line-f.Height())/2, AlignLeft, Ink)
				} else {
					c.Text(f, row[k:k+1], x+w, y+(line-f.Height())/2, AlignRight, Ink)
				}
			}
			x += w + between
		}
		y += line
		c.Rect(image.Rect(pad, y-1, width-pad, y), Hair)
	}
	draw(bold, t.Head)
	for _, row := range t.Rows {
		draw(text, row)
	}
	c.Text(text, notes, pad, y+pad/2, AlignLeft, Quiet)
	return c.Tensor(), nil
}

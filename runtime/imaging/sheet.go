package imaging

import (
	"fmt"
	"image"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Sheet is a contact sheet: rows of pictures with words, dark on light.
type Sheet struct {
	Title, Subtitle string
	Lead            *tensor.Tensor // a picture [H,W,C] left of all rows, in the middle of their height; nil for none
	LeadCaption     string
	Heads           []string // above the columns
	Rows            []SheetRow
	Cell            int // longer side of a picture on the sheet in pixels; 0: chosen by CellSize
}

// SheetRow is a row of pictures.
type SheetRow struct {
	Label    string           // left of the row
	Pictures []*tensor.Tensor // [H,W,C]; nil leaves a gap
	Captions []string         // below the pictures; may be shorter than them
}

// CellSize is a good size on a sheet for pictures of a size: small ones are enlarged by a whole factor to 256 or a little more,
// so that letters beside them have a common size, and none is above 512.
func CellSize(side int) int {
	const least, most = 256, 512
	switch {
	case side <= 0:
		return least
	case side < least:
		return side * ((least + side - 1) / side)
	}
	return min(side, most)
}

// layout holds the measures of a sheet in pixels; they follow from the size of its pictures.
type layout struct {
	cell, margin, gap        int
	title, head, label, text Font
	left                     int // width of what stands left of the pictures, the gap behind it included
	lead                     int // width of the lead, the gap behind it included
	columns                  int
}

// Draw lays the sheet out. A sheet without pictures, or with one of a wrong shape, is an error; a huge one wraps ErrTooLarge.
func (s Sheet) Draw() (*tensor.Tensor, error) {
	l, err := s.layout()
	if err != nil {
		return nil, err
	}
	width := 2*l.margin + l.lead + l.left + l.columns*(l.cell+l.gap) - l.gap
	heights := make([]int, len(s.Rows))
	rows := 0
	for i, r := range s.Rows {
		heights[i] = s.rowHeight(l, r)
		rows += heights[i]
	}
	top := l.margin
	titles := l.title.Wrap(s.Title, float64(width-2*l.margin))
	subtitles := l.label.Wrap(s.Subtitle, float64(width-2*l.margin))
	if s.Title != "" {
		top += len(titles) * l.title.Height()
	}
	if s.Subtitle != "" {
		top += len(subtitles)*l.label.Height() + l.gap/3
	}
	if s.Title != "" || s.Subtitle != "" {
		top += l.gap
	}
	heads := l.wrapAll(s.Heads, l.head)
	headHeight := 0
	if len(s.Heads) > 0 {
		headHeight = mostLines(heads)*l.head.Height() + l.gap/2
	}
	height := top + headHeight + rows - l.gap + l.margin
	if err := CheckSize("contact sheet", 1, height, width, 3); err != nil {
		return nil, err
	}
	c := NewCanvas(width, height, Paper)
	y := l.margin
	if s.Title != "" {
		y = c.Text(l.title, titles, l.margin, y, AlignLeft, Ink)
	}
	if s.Subtitle != "" {
		c.Text(l.label, subtitles, l.margin, y+l.gap/3, AlignLeft, Quiet)
	}
	for k, lines := range heads {
		c.Text(l.head, lines, l.x(k)+l.cell/2, top+(mostLines(heads)-len(lines))*l.head.Height(), AlignCenter, Ink)
	}
	y = top + headHeight
	if s.Lead != nil {
		if err := s.drawLead(c, l, y, rows-l.gap); err != nil {
			return nil, err
		}
	}
	for i, r := range s.Rows {
		if err := s.drawRow(c, l, r, y); err != nil {
			return nil, fmt.Errorf("contact sheet, row %d: %w", i+1, err)
		}
		y += heights[i]
	}
	return c.Tensor(), nil
}

func (s Sheet) layout() (layout, error) {
	l := layout{cell: s.Cell}
	side, labels := 0, false
	for _, r := range s.Rows {
		l.columns = max(l.columns, len(r.Pictures))
		labels = labels || r.Label != ""
		for _, p := range r.Pictures {
			if p == nil {
				continue
			}
			if len(p.Shape) != 3 || p.Len() == 0 {
				return l, fmt.Errorf("contact sheet: a picture of shape %v; want [H,W,C]: %w", p.Shape, tensor.ErrShape)
			}
			side = max(side, p.Shape[0], p.Shape[1])
		}
	}
	if side == 0 {
		return l, fmt.Errorf("contact sheet: there are no pictures to show: %w", tensor.ErrShape)
	}
	if l.cell == 0 {
		l.cell = CellSize(side)
	}
	l.margin, l.gap = l.cell/8, max(l.cell/14, 2)
	unit := float64(l.cell) / 256
	l.title, l.head, l.label, l.text = NewFont(Bold, 42*unit), NewFont(Regular, 28*unit), NewFont(Regular, 28*unit), NewFont(Regular, 25*unit)
	if labels {
		l.left = l.cell*3/5 + l.gap
	}
	if s.Lead != nil {
		l.lead = l.cell + 2*l.gap
	}
	return l, nil
}

// x is the left border of a column.
func (l layout) x(column int) int { return l.margin + l.lead + l.left + column*(l.cell+l.gap) }

func (l layout) wrapAll(texts []string, f Font) [][]string {
	out := make([][]string, len(texts))
	for i, t := range texts {
		if t != "" {
			out[i] = f.Wrap(t, float64(l.cell))
		}
	}
	return out
}

func mostLines(texts [][]string) int {
	n := 0
	for _, lines := range texts {
		n = max(n, len(lines))
	}
	return n
}

// rowHeight is that of the pictures with their captions, and the gap below them.
func (s Sheet) rowHeight(l layout, r SheetRow) int {
	high := 0
	for _, p := range r.Pictures {
		if p != nil {
			_, h := fit(p, l.cell)
			high = max(high, h)
		}
	}
	height := high + l.gap
	if n := mostLines(l.wrapAll(r.Captions, l.text)); n > 0 {
		height += n*l.text.Height() + l.gap
	}
	return height
}

func (s Sheet) drawRow(c *Canvas, l layout, r SheetRow, y int) error {
	high := 0
	for k, p := range r.Pictures {
		if p == nil {
			continue
		}
		w, h, err := c.fitted(p, l.x(k), y, l.cell)
		if err != nil {
			return err
		}
		_, high = w, max(high, h)
	}
	if r.Label != "" {
		lines := l.label.Wrap(r.Label, float64(l.left-l.gap))
		c.Text(l.label, lines, l.margin+l.lead, y+(high-len(lines)*l.label.Height())/2, AlignLeft, Ink)
	}
	for k, lines := range l.wrapAll(r.Captions, l.text) {
		c.Text(l.text, lines, l.x(k)+l.cell/2, y+high+l.gap/2, AlignCenter, Ink)
	}
	return nil
}

// drawLead puts the lead beside the rows, a hairline behind it.
func (s Sheet) drawLead(c *Canvas, l layout, top, height int) error {
	lines := l.label.Wrap(s.LeadCaption, float64(l.cell))
	_, h := fit(s.Lead, l.cell)
	y := top + max((height-h-l.gap/2-len(lines)*l.label.Height())/2, 0)
	if _, _, err := c.fitted(s.Lead, l.margin, y, l.cell); err != nil {
		return err
	}
	c.Text(l.label, lines, l.margin+l.cell/2, y+h+l.gap/2, AlignCenter, Ink)
	x := l.margin + l.cell + l.gap
	c.Rect(image.Rect(x, top, x+max(l.cell/128, 1), top+height), Hair)
	return nil
}

// fit is the size of a picture whose longer side is to be cell.
func fit(p *tensor.Tensor, cell int) (w, h int) {
	h, w = p.Shape[0], p.Shape[1]
	side := max(h, w)
	return max(1, (w*cell+side/2)/side), max(1, (h*cell+side/2)/side)
}

// fitted draws a picture at a size, in the middle of its cell's width; small pictures grow by whole factors without blur.
func (c *Canvas) fitted(p *tensor.Tensor, x, y, cell int) (w, h int, err error) {
	scaled, err := Scaled(p, cell)
	if err != nil {
		return 0, 0, err
	}
	w, h = scaled.Shape[1], scaled.Shape[0]
	c.Picture(scaled, x+(cell-w)/2, y)
	return w, h, nil
}

// Scaled is a picture [H,W,C] whose longer side has a length in pixels. Pixels are repeated where that is a whole multiple, so
// that pixel art stays sharp; else Lanczos.
func Scaled(p *tensor.Tensor, side int) (*tensor.Tensor, error) {
	if p == nil || len(p.Shape) != 3 || p.Len() == 0 {
		return nil, fmt.Errorf("scale picture: want [H,W,C]: %w", tensor.ErrShape)
	}
	w, h := fit(p, side)
	if h == p.Shape[0] && w == p.Shape[1] {
		return p, nil
	}
	method := Lanczos
	if side%max(p.Shape[0], p.Shape[1]) == 0 {
		method = NearestExact
	}
	batch := &tensor.Tensor{Shape: append([]int{1}, p.Shape...), Data: p.Data}
	planes, err := ResizeCrop(Planes(batch), h, w, method, CropDisabled)
	if err != nil {
		return nil, err
	}
	return Interleave(planes).Reshape(h, w, p.Shape[2])
}

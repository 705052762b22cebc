package imaging

import (
	"fmt"
	"image"
	"image/color"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Curve is a plot of values by step, such as a loss.
type Curve struct {
	Title  string
	Values []float64 // of steps 1, 2, …; those that are not finite are left out
	Total  int       // steps of the horizontal axis; 0: as many as there are values
	Width  int       // of the picture in pixels; 0: 512
	Height int       // 0: 320
	Mark   int       // step to mark, counted from 1, such as the best; 0: none
}

// Draw shows the values faintly and their running mean strongly; a curve of a noisy loss is read by its mean.
func (p Curve) Draw() (*tensor.Tensor, error) {
	width, height := orDefault(p.Width, 512), orDefault(p.Height, 320)
	if err := CheckSize("curve", 1, height, width, 3); err != nil {
		return nil, err
	}
	c := NewCanvas(width, height, Paper)
	unit := float64(min(width, height*8/5)) / 512
	title, small := NewFont(Bold, 17*unit), NewFont(Regular, 13*unit)
	pad := int(18 * unit)
	top := c.Text(title, title.Wrap(p.Title, float64(width-2*pad)), pad, pad*2/3, AlignLeft, Ink)
	f := frame{box: image.Rect(pad+int(44*unit), top+pad/2, width-pad, height-pad-small.Height()), minX: 1, maxX: float64(max(p.Total, len(p.Values), 2))}
	smooth := runningMean(p.Values)
	f.minY, f.maxY = span(p.Values)
	for _, v := range ticks(f.minY, f.maxY, 4) {
		y := int(f.point(f.minX, v).Y + 0.5)
		c.Rect(image.Rect(f.box.Min.X, y, f.box.Max.X, y+1), Hair)
		c.Text(small, []string{tickLabel(v)}, f.box.Min.X-int(8*unit), y-small.Height()/2, AlignRight, Quiet)
	}
	for _, v := range ticks(0, f.maxX, 5) {
		if v >= f.minX {
			c.Text(small, []string{tickLabel(v)}, int(f.point(v, 0).X), f.box.Max.Y+int(6*unit), AlignCenter, Quiet)
		}
	}
	c.curve(f, p.Values, 1*unit, color.RGBA{Accent.R, Accent.G, Accent.B, 70})
	last := c.curve(f, smooth, 2.2*unit, Accent)
	if last >= 0 {
		end := f.point(float64(last+1), smooth[last])
		c.Disc(end, 3.6*unit, Accent)
		text := fmt.Sprintf("%.4g", smooth[last])
		x, align := int(end.X+8*unit), AlignLeft
		if float64(x)+small.Width(text) > float64(width-pad) {
			x, align = int(end.X), AlignRight
		}
		c.Text(small, []string{text}, x, int(end.Y-18*unit), align, Ink)
	}
	if k := p.Mark - 1; k >= 0 && k < len(smooth) && finite(smooth[k]) {
		c.Ring(f.point(float64(p.Mark), smooth[k]), 5*unit, 1.6*unit, Ink)
	}
	return c.Tensor(), nil
}

// curve draws a line through the finite values and returns the index of the last one, -1 for none.
func (c *Canvas) curve(f frame, values []float64, width float64, col color.RGBA) int {
	last := -1
	var points []Point
	for i, v := range values {
		if finite(v) {
			points, last = append(points, f.point(float64(i+1), v)), i
		}
	}
	c.Line(points, width, col)
	return last
}

// runningMean is the mean of a tenth of all values, around each; at most 50, fewer at the ends.
func runningMean(values []float64) []float64 {
	half := min(max(len(values)/10, 1), 50) / 2
	out := make([]float64, len(values))
	for i := range values {
		sum, n := 0.0, 0.0
		for _, v := range values[max(i-half, 0):min(i+half+1, len(values))] {
			if finite(v) {
				sum, n = sum+v, n+1
			}
		}
		out[i] = sum / n
	}
	return out
}

// span is the range of the vertical axis: from 0, or below, to a little above the values; 0 to 1 where there are none.
func span(values []float64) (low, high float64) {
	for _, v := range values {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low == high {
		return 0, 1
	}
	return low, high + (high-low)*0.06
}

func orDefault(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

package imaging

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Group is a set of points of a scatter plot that belong together.
type Group struct {
	Name     string
	Color    color.RGBA
	Points   []Point          // in the units of the data
	Pictures []*tensor.Tensor // [H,W,C], shown instead of discs; nil, or one for each point
}

// Scatter is a plot of points in the plane, both axes with one scale, since distances are what is to be seen.
type Scatter struct {
	Title, Subtitle string
	Groups          []Group // later ones lie above earlier ones
	// Target is the group and the index of a point to stand out above all; nil for none.
	Target *[2]int
	Side   int // of the square picture in pixels; 0: 768
}

// spot is a point as it is drawn.
type spot struct {
	at, marker Point // its place, and the middle of its marker, which may stand beside it
	color      color.RGBA
	thumbnail  *tensor.Tensor // nil: a disc
	target     bool
}

// Draw lays points out with a legend below. Thumbnails that would cover each other move apart, with a line to their place. No finite
// point at all is an error.
func (p Scatter) Draw() (*tensor.Tensor, error) {
	side := orDefault(p.Side, 768)
	if err := CheckSize("scatter plot", 1, side, side, 3); err != nil {
		return nil, err
	}
	unit := float64(side) / 768
	title, small := NewFont(Bold, 24*unit), NewFont(Regular, 17*unit)
	pad := int(26 * unit)
	c := NewCanvas(side, side, Paper)
	top := c.Text(title, title.Wrap(p.Title, float64(side-2*pad)), pad, pad, AlignLeft, Ink)
	if p.Subtitle != "" {
		top = c.Text(small, small.Wrap(p.Subtitle, float64(side-2*pad)), pad, top, AlignLeft, Quiet)
	}
	marker := p.marker(side)
	bottom := side - pad - small.Height()
	f, err := p.frame(image.Rect(pad+marker/2, top+pad/2+marker/2, side-pad-marker/2, bottom-pad/2-marker/2))
	if err != nil {
		return nil, err
	}
	spots, err := p.spots(f, marker)
	if err != nil {
		return nil, err
	}
	spread(spots, float64(marker)+10*unit, f.box)
	for _, s := range spots {
		if s.thumbnail != nil && s.at != s.marker {
			c.Line([]Point{s.at, s.marker}, 1.2*unit, s.color)
			c.Disc(s.at, 3.5*unit, s.color)
		}
	}
	for _, last := range []bool{false, true} {
		for _, s := range spots {
			if s.target == last {
				c.spot(s, marker, unit)
			}
		}
	}
	p.legend(c, small, pad, bottom, unit)
	return c.Tensor(), nil
}

// marker is the side of thumbnails, or the diameter of discs.
func (p Scatter) marker(side int) int {
	count, pictures := 0, false
	for _, g := range p.Groups {
		count += len(g.Points)
		pictures = pictures || len(g.Pictures) > 0
	}
	if !pictures {
		return side / 48
	}
	// All thumbnails together take an eighth of the area at most.
	return min(side/9, max(side/24, int(float64(side)*0.36/math.Sqrt(float64(max(count, 1))))))
}

// frame fits the data into the box with one scale for both axes.
func (p Scatter) frame(box image.Rectangle) (frame, error) {
	f := frame{box: box, minX: math.Inf(1), minY: math.Inf(1), maxX: math.Inf(-1), maxY: math.Inf(-1)}
	for _, g := range p.Groups {
		for _, at := range g.Points {
			if finite(at.X) && finite(at.Y) {
				f.minX, f.maxX, f.minY, f.maxY = min(f.minX, at.X), max(f.maxX, at.X), min(f.minY, at.Y), max(f.maxY, at.Y)
			}
		}
	}
	if f.minX > f.maxX {
		return f, fmt.Errorf("scatter plot: there are no points to show: %w", tensor.ErrShape)
	}
	scale := max((f.maxX-f.minX)/float64(max(box.Dx(), 1)), (f.maxY-f.minY)/float64(max(box.Dy(), 1)))
	if scale == 0 {
		scale = 1
	}
	x, y := (f.minX+f.maxX)/2, (f.minY+f.maxY)/2
	dx, dy := scale*float64(box.Dx())/2, scale*float64(box.Dy())/2
	f.minX, f.maxX, f.minY, f.maxY = x-dx, x+dx, y-dy, y+dy
	return f, nil
}

// spots are the finite points on the canvas.
func (p Scatter) spots(f frame, marker int) ([]spot, error) {
	var list []spot
	for k, g := range p.Groups {
		for i, at := range g.Points {
			if !finite(at.X) || !finite(at.Y) {
				continue
			}
			s := spot{at: f.point(at.X, at.Y), color: g.Color, target: p.Target != nil && *p.Target == [2]int{k, i}}
			s.marker = s.at
			if i < len(g.Pictures) && g.Pictures[i] != nil {
				var err error
				if s.thumbnail, err = shrunk(g.Pictures[i], marker); err != nil {
					return nil, err
				}
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// spread moves thumbnails apart until they are a distance away from each other in one direction, if they find room in the box.
func spread(spots []spot, distance float64, box image.Rectangle) {
	const rounds = 200
	for range rounds {
		moved := false
		for i := range spots {
			for k := range i {
				a, b := &spots[i], &spots[k]
				dx, dy := a.marker.X-b.marker.X, a.marker.Y-b.marker.Y
				if a.thumbnail == nil || b.thumbnail == nil || math.Abs(dx) >= distance-0.5 || math.Abs(dy) >= distance-0.5 {
					continue
				}
				moved = true
				// The shorter way, half each.
				if math.Abs(dx) > math.Abs(dy) {
					push := math.Copysign((distance-math.Abs(dx))/2, dx)
					a.marker.X, b.marker.X = a.marker.X+push, b.marker.X-push
				} else {
					push := math.Copysign((distance-math.Abs(dy))/2, dy)
					a.marker.Y, b.marker.Y = a.marker.Y+push, b.marker.Y-push
				}
			}
		}
		for i := range spots {
			m := &spots[i].marker
			m.X = min(max(m.X, float64(box.Min.X)), float64(box.Max.X))
			m.Y = min(max(m.Y, float64(box.Min.Y)), float64(box.Max.Y))
		}
		if !moved {
			return
		}
	}
}

// spot draws a thumbnail in a frame of the group's colour, or a disc; the target has a dark border.
func (c *Canvas) spot(s spot, size int, unit float64) {
	if s.thumbnail == nil {
		radius := float64(size) / 2
		c.Disc(s.marker, radius+1.5*unit, Paper)
		c.Disc(s.marker, radius, s.color)
		if s.target {
			c.Ring(s.marker, radius+6*unit, 6*unit, Paper)
			c.Ring(s.marker, radius+6*unit, 3*unit, Ink)
		}
		return
	}
	w, h := s.thumbnail.Shape[1], s.thumbnail.Shape[0]
	x, y := int(s.marker.X)-w/2, int(s.marker.Y)-h/2
	around := image.Rect(x, y, x+w, y+h)
	border := max(int(3*unit), 1)
	if s.target {
		c.Rect(around.Inset(-3*border), Ink)
		c.Rect(around.Inset(-2*border), Paper)
	} else {
		c.Rect(around.Inset(-border-1), Paper)
	}
	c.Rect(around.Inset(-border), s.color)
	c.Picture(s.thumbnail, x, y)
}

// shrunk is a thumbnail: averaged where it gets smaller.
func shrunk(p *tensor.Tensor, side int) (*tensor.Tensor, error) {
	if len(p.Shape) != 3 || p.Len() == 0 {
		return nil, fmt.Errorf("thumbnail of a picture of shape %v; want [H,W,C]: %w", p.Shape, tensor.ErrShape)
	}
	if max(p.Shape[0], p.Shape[1]) <= side {
		return Scaled(p, side)
	}
	w, h := fit(p, side)
	batch := &tensor.Tensor{Shape: append([]int{1}, p.Shape...), Data: p.Data}
	planes, err := ResizeCrop(Planes(batch), h, w, Area, CropDisabled)
	if err != nil {
		return nil, err
	}
	return Interleave(planes).Reshape(h, w, p.Shape[2])
}

func (p Scatter) legend(c *Canvas, f Font, x, y int, unit float64) {
	radius := 6 * unit
	entry := func(name string, mark func(at Point)) {
		mark(Point{float64(x) + radius, float64(y) + float64(f.Height())/2})
		c.Text(f, []string{name}, x+int(radius*3), y, AlignLeft, Ink)
		x += int(radius*3+f.Width(name)) + int(26*unit)
	}
	for _, g := range p.Groups {
		if g.Name != "" && len(g.Points) > 0 {
			entry(g.Name, func(at Point) { c.Disc(at, radius, g.Color) })
		}
	}
	if p.Target != nil {
		entry("target", func(at Point) { c.Ring(at, radius-1*unit, 2.4*unit, Ink) })
	}
}

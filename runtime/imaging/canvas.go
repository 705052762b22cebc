package imaging

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// The colours of sheets and plots: dark on light, one accent and one counterpart, so that pictures are the loudest thing there.
var (
	Paper  = color.RGBA{252, 251, 248, 255}
	Ink    = color.RGBA{32, 34, 40, 255}
	Quiet  = color.RGBA{112, 115, 123, 255}
	Hair   = color.RGBA{224, 221, 213, 255}
	Accent = color.RGBA{201, 74, 38, 255}
	Second = color.RGBA{38, 102, 160, 255}
)

// Canvas is an opaque picture that is drawn on. Coordinates are pixels from the top left corner; shapes are antialiased.
type Canvas struct{ img *image.RGBA }

// NewCanvas is a canvas of one colour.
func NewCanvas(width, height int, background color.Color) *Canvas {
	c := &Canvas{image.NewRGBA(image.Rect(0, 0, max(width, 1), max(height, 1)))}
	draw.Draw(c.img, c.img.Rect, image.NewUniform(background), image.Point{}, draw.Src)
	return c
}

// Tensor is the picture so far, [1,H,W,3] with values 0…1.
func (c *Canvas) Tensor() *tensor.Tensor {
	w, h := c.img.Rect.Dx(), c.img.Rect.Dy()
	out := tensor.New(1, h, w, 3)
	for p := range w * h {
		for k := range 3 {
			out.Data[p*3+k] = float32(c.img.Pix[p*4+k]) / 255
		}
	}
	return out
}

// Rect fills a rectangle of whole pixels.
func (c *Canvas) Rect(r image.Rectangle, col color.Color) {
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Over)
}

// Picture copies a picture [H,W,C], C 3 or 4 (alpha is left out), with its corner at x, y.
func (c *Canvas) Picture(picture *tensor.Tensor, x, y int) {
	h, w, channels := picture.Shape[0], picture.Shape[1], picture.Shape[2]
	for row := range h {
		for column := range w {
			var level [3]uint8
			for k := range level {
				v := picture.Data[(row*w+column)*channels+min(k, channels-1)]
				level[k] = uint8(255*min(max(v, 0), 1) + 0.5)
			}
			c.img.SetRGBA(x+column, y+row, color.RGBA{level[0], level[1], level[2], 255})
		}
	}
}

// Point is a place on a canvas.
type Point struct{ X, Y float64 }

// Disc fills a circle.
func (c *Canvas) Disc(at Point, radius float64, col color.RGBA) {
	m := newMask(around([]Point{at}, radius))
	m.add(around([]Point{at}, radius), func(x, y float64) float64 { return radius + 0.5 - math.Hypot(x-at.X, y-at.Y) })
	c.paint(m, col)
}

// Ring draws the border of a circle, width pixels wide and centred on the radius.
func (c *Canvas) Ring(at Point, radius, width float64, col color.RGBA) {
	box := around([]Point{at}, radius+width/2)
	m := newMask(box)
	m.add(box, func(x, y float64) float64 { return width/2 + 0.5 - math.Abs(math.Hypot(x-at.X, y-at.Y)-radius) })
	c.paint(m, col)
}

// Line draws a line through points with round joints; overlaps within it do not darken.
func (c *Canvas) Line(points []Point, width float64, col color.RGBA) {
	if len(points) == 0 {
		return
	}
	m := newMask(around(points, width/2).Intersect(c.img.Rect))
	for i := range points {
		a, b := points[max(i-1, 0)], points[i]
		m.add(around([]Point{a, b}, width/2), func(x, y float64) float64 { return width/2 + 0.5 - distanceToSegment(x, y, a, b) })
	}
	c.paint(m, col)
}

func distanceToSegment(x, y float64, a, b Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(max(((x-a.X)*dx+(y-a.Y)*dy)/l, 0), 1)
	}
	return math.Hypot(x-a.X-t*dx, y-a.Y-t*dy)
}

// around is the box of whole pixels that holds points with a margin.
func around(points []Point, margin float64) image.Rectangle {
	margin++
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		left, right, top, bottom = min(left, p.X), max(right, p.X), min(top, p.Y), max(bottom, p.Y)
	}
	return image.Rect(int(math.Floor(left-margin)), int(math.Floor(top-margin)), int(math.Ceil(right+margin)), int(math.Ceil(bottom+margin)))
}

// mask holds how much of each pixel of a box a shape covers.
type mask struct {
	box      image.Rectangle
	coverage []float32
}

func newMask(box image.Rectangle) mask { return mask{box, make([]float32, box.Dx()*box.Dy())} }

// add joins a shape given by the coverage at the middle of pixels; values outside 0…1 are clipped.
func (m mask) add(box image.Rectangle, coverage func(x, y float64) float64) {
	box = box.Intersect(m.box)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := m.coverage[(y-m.box.Min.Y)*m.box.Dx():]
		for x := box.Min.X; x < box.Max.X; x++ {
			v := &row[x-m.box.Min.X]
			*v = max(*v, float32(min(max(coverage(float64(x)+0.5, float64(y)+0.5), 0), 1)))
		}
	}
}

// paint lays a colour over what the mask covers.
func (c *Canvas) paint(m mask, col color.RGBA) {
	box := m.box.Intersect(c.img.Rect)
	alpha := float32(col.A) / 255
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			a := alpha * m.coverage[(y-m.box.Min.Y)*m.box.Dx()+x-m.box.Min.X]
			if a == 0 {
				continue
			}
			p := c.img.Pix[c.img.PixOffset(x, y):][:3]
			for k, v := range [3]uint8{col.R, col.G, col.B} {
				p[k] = uint8(float32(p[k])*(1-a) + float32(v)*a + 0.5)
			}
		}
	}
}

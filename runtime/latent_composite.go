package runtime

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Paste lays o over l with its corner at (x,y) in pixels. Over feather pixels it fades in from those edges that do not
// lie on the border of l.
func (l Latent) Paste(o Latent, x, y, feather int) (Latent, error) {
	x, y, feather = x/cell, y/cell, feather/cell
	if o.Samples.Dim(1) != l.Samples.Dim(1) {
		return Latent{}, fmt.Errorf("latent composite: %d channels onto %d: %w", o.Samples.Dim(1), l.Samples.Dim(1), tensor.ErrShape)
	}
	h, w := min(o.Samples.Dim(2), l.Samples.Dim(2)-y), min(o.Samples.Dim(3), l.Samples.Dim(3)-x)
	if h < 1 || w < 1 {
		return l, nil
	}
	source, err := imaging.Window(o.Samples, 0, 0, h, w)
	if err != nil {
		return Latent{}, err
	}
	var mask *tensor.Tensor
	if feather > 0 {
		mask = tensor.Full(1, 1, 1, h, w)
		edges := feathering{step: func(i int) float32 { return float32(1 / float64(feather) * float64(i+1)) }}
		if x > 0 {
			edges.left = feather
		}
		if y > 0 {
			edges.top = feather
		}
		if x+w < l.Samples.Dim(3) {
			edges.right = feather
		}
		if y+h < l.Samples.Dim(2) {
			edges.bottom = feather
		}
		edges.apply(mask.Data, h, w)
	}
	return l.compose(source, mask, x, y)
}

// Composite lays o over l with its corner at (x,y) in pixels, which may lie outside. A mask says how much of o shows and is
// stretched over it; resize stretches o over l first.
func (l Latent) Composite(o Latent, mask *Mask, x, y int, resize bool) (Latent, error) {
	source := o.Samples
	if resize {
		var err error
		if source, err = imaging.Resize(source, l.Samples.Dim(2), l.Samples.Dim(3), imaging.Bilinear); err != nil {
			return Latent{}, err
		}
	}
	return l.compose(source, mask.planes(), floorDiv(x, cell), floorDiv(y, cell))
}

func (l Latent) compose(source, mask *tensor.Tensor, x, y int) (Latent, error) {
	samples, err := imaging.Composite(l.Samples, source, mask, x, y)
	if err != nil {
		return Latent{}, fmt.Errorf("latent %w", err)
	}
	l.Samples = samples
	return l, nil
}

// floorDiv is a/b rounded down.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// feathering multiplies the rows and columns near the edges of a plane by factors that grow inwards: step(0) at the edge.
type feathering struct {
	left, top, right, bottom int // width of each edge in cells
	step                     func(i int) float32
}

// apply works on a plane of h x w values.
func (f feathering) apply(plane []float32, h, w int) {
	rows := func(y int, v float32) {
		for x := range w {
			plane[y*w+x] *= v
		}
	}
	columns := func(x int, v float32) {
		for y := range h {
			plane[y*w+x] *= v
		}
	}
	for i := range min(f.top, h) {
		rows(i, f.step(i))
	}
	for i := range min(f.bottom, h) {
		rows(h-1-i, f.step(i))
	}
	for i := range min(f.left, w) {
		columns(i, f.step(i))
	}
	for i := range min(f.right, w) {
		columns(w-1-i, f.step(i))
	}
}

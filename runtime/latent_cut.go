package runtime

import (
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// minCropCells is how many cells at least remain right of and below the corner of a crop.
const minCropCells = 8

// Crop cuts a rectangle given in pixels out of a latent. The corner is moved so that minCropCells remain; what would lie
// outside is left away. In a latent smaller than minCropCells that moves the corner before the edge, and as in ComfyUI positions
// before the edge count from the far end.
func (l Latent) Crop(x, y, width, height int) (Latent, error) {
	h, w := l.Samples.Dim(2), l.Samples.Dim(3)
	left, right := cropSpan(w, x/cell, width/cell)
	top, bottom := cropSpan(h, y/cell, height/cell)
	samples, err := imaging.Window(l.Samples, top, left, bottom-top, right-left)
	if err != nil {
		return Latent{}, err
	}
	l.Samples = samples
	return l, nil
}

// cropSpan is where a crop of size cells from at on begins and ends along an axis of n cells.
func cropSpan(n, at, size int) (from, to int) {
	at = min(at, n-minCropCells)
	inside := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	return inside(at), inside(at + size)
}

// Rotate turns a latent clockwise by quarters·90 degrees.
func (l Latent) Rotate(quarters int) Latent {
	l.Samples = imaging.Rotate(l.Samples, quarters)
	return l
}

// FlipRows turns a latent upside down.
func (l Latent) FlipRows() Latent {
	l.Samples = imaging.FlipRows(l.Samples)
	return l
}

// FlipColumns mirrors a latent.
func (l Latent) FlipColumns() Latent {
	l.Samples = imaging.FlipColumns(l.Samples)
	return l
}

// latentAxis is the axis with the wire name x, y or t. Latents of pictures have no time axis; there t is the one before y.
func latentAxis(name string) (int, error) {
	switch name {
	case "x":
		return 3, nil
	case "y":
		return 2, nil
	case "t":
		return 1, nil
	}
	return 0, fmt.Errorf("latent axis %q: use x, y or t", name)
}

// Concat puts o beside l along an axis x, y or t, before it where the name begins with a minus. The other sizes must agree;
// the batch of o is repeated.
func (l Latent) Concat(o Latent, axis string) (Latent, error) {
	name, before := strings.CutPrefix(axis, "-")
	i, err := latentAxis(name)
	if err != nil {
		return Latent{}, err
	}
	parts := []*tensor.Tensor{l.Samples, o.Samples.Repeat(l.Samples.Dim(0))}
	if before {
		parts[0], parts[1] = parts[1], parts[0]
	}
	samples, err := tensor.Concat(i, parts...)
	if err != nil {
		return Latent{}, fmt.Errorf("latents cannot stand side by side along %s: %w", name, err)
	}
	l.Samples = samples
	return l, nil
}

// Cut keeps amount cells along an axis from index on; a negative index counts from the end. Both are brought into range.
func (l Latent) Cut(axis string, index, amount int) (Latent, error) {
	i, err := latentAxis(axis)
	if err != nil {
		return Latent{}, err
	}
	n := l.Samples.Dim(i)
	if index < 0 {
		index = max(index+n, 0)
	}
	index = min(index, n-1)
	amount = min(max(amount, 1), n-index)

	shape := append([]int(nil), l.Samples.Shape...)
	inner := tensor.Size(shape[i+1:])
	shape[i] = amount
	out := tensor.New(shape...)
	for o := range tensor.Size(shape[:i]) {
		copy(out.Data[o*amount*inner:(o+1)*amount*inner], l.Samples.Data[(o*n+index)*inner:])
	}
	l.Samples = out
	return l, nil
}

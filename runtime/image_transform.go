package runtime

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// onPlanes runs f, an operation on planes [B,C,H,W], on pictures.
func (i Image) onPlanes(f func(x *tensor.Tensor) (*tensor.Tensor, error)) (Image, error) {
	out, err := f(imaging.Planes(i.Tensor))
	if err != nil {
		return Image{}, err
	}
	return Image{imaging.Interleave(out)}, nil
}

// Rotate turns pictures clockwise by quarters·90 degrees.
func (i Image) Rotate(quarters int) Image {
	return Image{imaging.Interleave(imaging.Rotate(imaging.Planes(i.Tensor), quarters))}
}

// FlipRows turns pictures upside down.
func (i Image) FlipRows() Image {
	return Image{imaging.Interleave(imaging.FlipRows(imaging.Planes(i.Tensor)))}
}

// FlipColumns mirrors pictures.
func (i Image) FlipColumns() Image {
	return Image{imaging.Interleave(imaging.FlipColumns(imaging.Planes(i.Tensor)))}
}

// Crop cuts a rectangle out of pictures. The corner is moved inside; what would lie outside is left away.
func (i Image) Crop(x, y, width, height int) Image {
	h, w := i.Dim(1), i.Dim(2)
	x, y = min(x, w-1), min(y, h-1)
	return cutImage(i, y, x, min(height, h-y), min(width, w-x))
}

// ResizeToSide stretches pictures so that the longer side is side pixels.
func (i Image) ResizeToSide(side int, m imaging.Method) (Image, error) {
	h, w := i.Dim(1), i.Dim(2)
	height, width := side, side
	switch {
	case h > w:
		width = max(1, roundEven(float64(w)/float64(h)*float64(side)))
	case w > h:
		height = max(1, roundEven(float64(h)/float64(w)*float64(side)))
	}
	if side < 1 {
		return Image{}, fmt.Errorf("resize to a longest side of %d: use 1 or more: %w", side, tensor.ErrShape)
	}
	return i.Resize(width, height, m, imaging.CropDisabled)
}

// FitInto stretches pictures, keeping the aspect, to fit into width x height, and fills what remains around them with a level.
func (i Image) FitInto(width, height int, m imaging.Method, level float32) (Image, error) {
	if err := imaging.CheckSize("resize and pad", i.Dim(0), height, width, i.Dim(3)); err != nil {
		return Image{}, err
	}
	scale := min(float64(width)/float64(i.Dim(2)), float64(height)/float64(i.Dim(1)))
	w, h := max(1, int(float64(i.Dim(2))*scale)), max(1, int(float64(i.Dim(1))*scale))
	inner, err := i.onPlanes(func(x *tensor.Tensor) (*tensor.Tensor, error) { return imaging.Resize(x, h, w, m) })
	if err != nil {
		return Image{}, err
	}
	return inner.surround((width-w)/2, (height-h)/2, width, height, level), nil
}

// surround puts pictures onto a plain one of width x height with the corner at (x,y).
func (i Image) surround(x, y, width, height int, level float32) Image {
	n, h, w, c := i.Dim(0), i.Dim(1), i.Dim(2), i.Dim(3)
	out := tensor.Full(level, n, height, width, c)
	for r := range n * h {
		copy(out.Data[((r/h*height+y+r%h)*width+x)*c:][:w*c], i.Data[r*w*c:])
	}
	return Image{out}
}

// Stitching says how Stitch puts two pictures together.
type Stitching struct {
	Direction string // where the second one goes: right, down, left or up
	Match     bool   // resize the second to the side they share; else the smaller one is padded
	Spacing   int    // pixels between them, made even
	Color     [3]float32
}

// Stitch puts o beside i. The shorter batch repeats its last picture; missing alpha is opaque.
func (i Image) Stitch(o Image, s Stitching) (Image, error) {
	if !slices.Contains([]string{"right", "down", "left", "up"}, s.Direction) {
		return Image{}, fmt.Errorf("stitch direction %q: use right, down, left or up", s.Direction)
	}
	beside := s.Direction == "right" || s.Direction == "left"
	n, c := max(i.Dim(0), o.Dim(0)), max(i.Dim(3), o.Dim(3))
	i, o = i.lastRepeated(n), o.lastRepeated(n)
	var err error
	switch aspect := float64(o.Dim(2)) / float64(o.Dim(1)); {
	case s.Match && beside:
		o, err = o.Resize(max(1, int(float64(i.Dim(1))*aspect)), i.Dim(1), imaging.Lanczos, imaging.CropDisabled)
	case s.Match:
		o, err = o.Resize(i.Dim(2), max(1, int(float64(i.Dim(2))/aspect)), imaging.Lanczos, imaging.CropDisabled)
	default:
		// Only grey levels are used for padding; colours pad black.
		level := float32(0)
		if s.Color[0] == s.Color[1] && s.Color[1] == s.Color[2] {
			level = s.Color[0]
		}
		h, w := max(i.Dim(1), o.Dim(1)), max(i.Dim(2), o.Dim(2))
		i, o = i.centred(beside, w, h, level), o.centred(beside, w, h, level)
	}
	if err != nil {
		return Image{}, err
	}
	i, o = i.withChannels(c), o.withChannels(c)
	parts := []*tensor.Tensor{i.Tensor, o.Tensor}
	if s.Direction == "left" || s.Direction == "up" {
		parts[0], parts[1] = parts[1], parts[0]
	}
	if s.Spacing > 0 {
		width := s.Spacing + s.Spacing%2
		gap := tensor.New(n, width, i.Dim(2), 3)
		if beside {
			gap = tensor.New(n, i.Dim(1), width, 3)
		}
		for p := 0; p < gap.Len(); p += 3 {
			copy(gap.Data[p:], s.Color[:])
		}
		parts = slices.Insert(parts, 1, Image{gap}.withChannels(c).Tensor)
	}
	axis := 1
	if beside {
		axis = 2
	}
	out, err := tensor.Concat(axis, parts...)
	return Image{out}, err
}

// centred pads the side that pictures beside (or below) each other share to the larger of the two.
func (i Image) centred(beside bool, width, height int, level float32) Image {
	if beside {
		return i.surround(0, (height-i.Dim(1))/2, i.Dim(2), height, level)
	}
	return i.surround((width-i.Dim(2))/2, 0, width, i.Dim(1), level)
}

// lastRepeated lengthens a batch to n by its last picture.
func (i Image) lastRepeated(n int) Image {
	out := i.Repeat(n)
	size := tensor.Size(i.Shape[1:])
	for b := i.Dim(0); b < n; b++ {
		copy(out.Data[b*size:(b+1)*size], i.Data[(i.Dim(0)-1)*size:])
	}
	return Image{out}
}

// FromBatch takes length pictures from index on, as many as there are.
func (i Image) FromBatch(index, length int) Image {
	from := min(max(index, 0), i.Dim(0)-1)
	return Image{i.Rows(from, min(from+max(length, 1), i.Dim(0)))}
}

// RepeatBatch puts amount copies of the batch one after the other. The error wraps imaging.ErrTooLarge.
func (i Image) RepeatBatch(amount int) (Image, error) {
	if err := imaging.CheckSize("repeat image batch", amount, i.Len()); err != nil {
		return Image{}, err
	}
	return Image{i.Repeat(i.Dim(0) * amount)}, nil
}

// RebatchImages joins the pictures of a list and cuts them into batches of size; they must be of one shape.
func RebatchImages(list []Image, size int) ([]Image, error) {
	var all []*tensor.Tensor
	for _, i := range list {
		for b := range i.Dim(0) {
			all = append(all, i.Rows(b, b+1))
		}
	}
	var out []Image
	for part := range slices.Chunk(all, size) {
		joined, err := tensor.Concat(0, part...)
		if err != nil {
			return nil, fmt.Errorf("rebatch: pictures differ in size; scale them first: %w", err)
		}
		out = append(out, Image{joined})
	}
	return out, nil
}

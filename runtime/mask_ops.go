package runtime

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// SolidMask is one mask with the same value everywhere.
func SolidMask(value float64, width, height int) Mask {
	return Mask{tensor.Full(float32(value), 1, height, width)}
}

// planes is a view [B,1,H,W]; nil for no mask.
func (m *Mask) planes() *tensor.Tensor {
	if m == nil || m.Tensor == nil {
		return nil
	}
	h, w := m.Dim(-2), m.Dim(-1)
	return &tensor.Tensor{Shape: []int{m.Len() / max(1, h*w), 1, h, w}, Data: m.Data}
}

// mapped is f of every value.
func (m Mask) mapped(f func(v float32) float32) Mask {
	out := tensor.New(m.Shape...)
	for i, v := range m.Data {
		out.Data[i] = f(v)
	}
	return Mask{out}
}

// Invert is 1 - m.
func (m Mask) Invert() Mask { return m.mapped(func(v float32) float32 { return 1 - v }) }

// Threshold is 1 where m lies above limit, else 0.
func (m Mask) Threshold(limit float64) Mask {
	return m.mapped(func(v float32) float32 { return truth(v > float32(limit)) })
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// Crop cuts a rectangle out of a mask; what would lie outside is left away.
func (m Mask) Crop(x, y, width, height int) (Mask, error) {
	planes := m.planes()
	h, w := planes.Dim(2), planes.Dim(3)
	if x >= w || y >= h {
		return Mask{}, fmt.Errorf("crop mask: the corner (%d,%d) lies outside a mask of %dx%d; choose x below %d and y below %d", x, y, w, h, w, h)
	}
	cut, err := imaging.Window(planes, y, x, min(height, h-y), min(width, w-x))
	if err != nil {
		return Mask{}, err
	}
	return maskOf(cut), nil
}

// maskOf takes planes [B,1,H,W] as a mask.
func maskOf(planes *tensor.Tensor) Mask {
	return Mask{&tensor.Tensor{Shape: []int{planes.Dim(0), planes.Dim(2), planes.Dim(3)}, Data: planes.Data}}
}

// Grow spreads a mask by cells, or shrinks it where cells is negative. Tapered grows by the four neighbours, which cuts corners;
// else by all eight.
func (m Mask) Grow(cells int, tapered bool) Mask {
	square := 2*max(cells, -cells) + 1
	switch {
	case tapered && cells < 0:
		return Mask{imaging.ErodeDiamond(m.Tensor, -cells)}
	case tapered:
		return Mask{imaging.DilateDiamond(m.Tensor, cells)}
	case cells < 0:
		return Mask{imaging.ErodeBox(m.Tensor, square)}
	}
	return Mask{imaging.DilateBox(m.Tensor, square)}
}

// Feather fades a mask towards its edges over so many cells each. As in ComfyUI, whose workflows rely on it, the ramps of
// the right and lower edge begin one cell late and the missing step falls on column or row 0.
func (m Mask) Feather(left, top, right, bottom int) Mask {
	out := m.Clone()
	h, w := m.Dim(-2), m.Dim(-1)
	left, right, top, bottom = min(left, w), min(right, w), min(top, h), min(bottom, h)
	for at := 0; at < out.Len(); at += h * w {
		plane := out.Data[at : at+h*w]
		columns := func(x int, v float32) {
			for i := x; i < len(plane); i += w {
				plane[i] *= v
			}
		}
		rows := func(y int, v float32) {
			for i := range w {
				plane[y*w+i] *= v
			}
		}
		for i := range left {
			columns(i, rampStep(i, left))
		}
		for i := range right {
			columns((w-i)%w, rampStep(i, right))
		}
		for i := range top {
			rows(i, rampStep(i, top))
		}
		for i := range bottom {
			rows((h-i)%h, rampStep(i, bottom))
		}
	}
	return Mask{out}
}

// rampStep is step i of n on the way to 1.
func rampStep(i, n int) float32 { return float32((float64(i) + 1) / float64(n)) }

// maskOperations are the ways Mask.Composite joins two values, by wire name.
var maskOperations = map[string]func(to, from float32) float32{
	"multiply": func(to, from float32) float32 { return to * from },
	"add":      func(to, from float32) float32 { return to + from },
	"subtract": func(to, from float32) float32 { return to - from },
	"and":      func(to, from float32) float32 { return truth(marked(to) && marked(from)) },
	"or":       func(to, from float32) float32 { return truth(marked(to) || marked(from)) },
	"xor":      func(to, from float32) float32 { return truth(marked(to) != marked(from)) },
}

// marked rounds to a truth value; one half is not marked.
func marked(v float32) bool { return math.RoundToEven(float64(v)) != 0 }

// Composite joins source into m with its corner at (x,y) by one of the operations multiply, add, subtract, and, or, xor. The
// result is clipped to 0…1.
func (m Mask) Composite(source Mask, x, y int, operation string) (Mask, error) {
	f, ok := maskOperations[operation]
	if !ok {
		return Mask{}, fmt.Errorf("mask composite: unknown operation %q; use multiply, add, subtract, and, or or xor", operation)
	}
	out := m.planes().Clone()
	n, h, w := out.Dim(0), out.Dim(2), out.Dim(3)
	from := source.planes()
	if from.Dim(0) == 0 {
		return Mask{}, fmt.Errorf("mask composite: the source is empty: %w", tensor.ErrShape)
	}
	sh, sw := from.Dim(2), from.Dim(3)
	for b := range n {
		plane := out.Data[b*h*w : (b+1)*h*w]
		for r := range min(sh, h-y) {
			src := from.Data[(b%from.Dim(0)*sh+r)*sw:]
			for c := range min(sw, w-x) {
				i := (y+r)*w + x + c
				plane[i] = f(plane[i], src[c])
			}
		}
		for i, v := range plane {
			plane[i] = min(max(v, 0), 1)
		}
	}
	return maskOf(out), nil
}

// Image shows a mask as a grey picture of three channels.
func (m Mask) Image() Image {
	out := tensor.New(m.Len()/max(1, m.Dim(-2)*m.Dim(-1)), m.Dim(-2), m.Dim(-1), 3)
	for i, v := range m.Data {
		out.Data[3*i], out.Data[3*i+1], out.Data[3*i+2] = v, v, v
	}
	return Image{out}
}

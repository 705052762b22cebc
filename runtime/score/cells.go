package score

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// grid is the number of cells along a side of the tiny world.
const grid = 16

// Cells are the colours of a picture of the tiny world, one for each cell, row by row; levels 0…255.
type Cells [grid * grid][3]float64

// NewCells takes the mean colour of the inner part of each cell of a picture [H,W,3 or 4], so that a blurred border between cells
// does not count. Sides that are not multiples of 16 are an error.
func NewCells(picture *tensor.Tensor) (*Cells, error) {
	if picture == nil || len(picture.Shape) != 3 || picture.Shape[2] < 3 {
		return nil, fmt.Errorf("score: a picture of shape %v; want [H,W,3]: %w", shapeOf(picture), tensor.ErrShape)
	}
	h, w, channels := picture.Shape[0], picture.Shape[1], picture.Shape[2]
	if h != w || h%grid != 0 || h == 0 {
		return nil, fmt.Errorf("score: a picture of %dx%d pixels is not of the tiny world, whose pictures are squares of %dx%d cells; "+
			"measure h instead", w, h, grid, grid)
	}
	side := h / grid
	margin := side / 4
	count := float64((side - 2*margin) * (side - 2*margin))
	cells := new(Cells)
	for i := range cells {
		top, left := i/grid*side, i%grid*side
		for y := top + margin; y < top+side-margin; y++ {
			for x := left + margin; x < left+side-margin; x++ {
				for c, v := range picture.Data[(y*w+x)*channels:][:3] {
					cells[i][c] += level(v)
				}
			}
		}
		for c := range 3 {
			cells[i][c] /= count
		}
	}
	return cells, nil
}

// Roughness is how much the pixels of a picture differ from the mean of their cell, the inner part of each, in levels on average. The
// tiny world's pictures are of flat cells and have about 1, photographs and drawings of other worlds more than 10 almost always.
func Roughness(picture *tensor.Tensor) (float64, error) {
	cells, err := NewCells(picture)
	if err != nil {
		return 0, err
	}
	w, channels := picture.Shape[1], picture.Shape[2]
	side := w / grid
	margin := side / 4
	var m mean
	for i, cell := range cells {
		top, left := i/grid*side, i%grid*side
		for y := top + margin; y < top+side-margin; y++ {
			for x := left + margin; x < left+side-margin; x++ {
				for c, v := range picture.Data[(y*w+x)*channels:][:3] {
					m.add(math.Abs(level(v) - cell[c]))
				}
			}
		}
	}
	return m.value(), nil
}

// level is the nearest of 256 levels.
func level(v float32) float64 {
	return math.RoundToEven(float64(255 * min(max(v, 0), 1)))
}

func shapeOf(t *tensor.Tensor) []int {
	if t == nil {
		return nil
	}
	return t.Shape
}

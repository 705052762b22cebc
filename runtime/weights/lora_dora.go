package weights

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// decompose is DoRA (Liu et al. 2024, arXiv:2402.09353): V = W + factor · D, of which every row or column gets the length that the file
// says; then W' = W + strength · (V - W). As ComfyUI (comfy/weight_adapter/base.py) has it, lengths with as many items as the weight has
// outputs are divided by the norms of the rows of W itself, and lengths of the inputs by those of the columns of V.
func (c fileChange) decompose(w *tensor.Tensor, strength float32) error {
	lengths, err := c.dora.Float32()
	if err != nil {
		return err
	}
	if len(w.Shape) < 2 {
		return fmt.Errorf("lengths %v for a weight %v: %w", lengths.Shape, w.Shape, tensor.ErrShape)
	}
	rows, in := w.Shape[0], w.Shape[1]
	kernel := tensor.Size(w.Shape[2:])
	ofRows := len(lengths.Shape) > 0 && lengths.Shape[0] == rows
	if wanted := map[bool]int{true: rows, false: in}[ofRows]; lengths.Len() != wanted {
		return fmt.Errorf("lengths %v for a weight %v: %w", lengths.Shape, w.Shape, tensor.ErrShape)
	}
	v := w.Clone()
	if err := c.do.addTo(v, w, c.factor, strength); err != nil {
		return err
	}
	scales := make([]float32, lengths.Len())
	if ofRows {
		parallel.Ranges(rows, len(w.Data)/max(rows, 1), func(from, to int) {
			for r := from; r < to; r++ {
				scales[r] = lengths.Data[r] / norm(squares(w.Data[r*in*kernel:][:in*kernel]))
			}
		})
	} else {
		for i, s := range columnSquares(v.Data, rows, in, kernel) {
			scales[i] = lengths.Data[i] / norm(s)
		}
	}
	parallel.Ranges(rows, len(w.Data)/max(rows, 1), func(from, to int) {
		for r := from; r < to; r++ {
			for i := range in {
				line := i
				if ofRows {
					line = r
				}
				at := (r*in + i) * kernel
				mix(w.Data[at:at+kernel], v.Data[at:at+kernel], scales[line], strength)
			}
		}
	})
	return nil
}

// mix moves w towards scale · v.
func mix(w, v []float32, scale, strength float32) {
	if strength == 1 {
		for k, x := range v {
			w[k] = scale * x
		}
		return
	}
	for k, x := range v {
		w[k] += strength * (scale*x - w[k])
	}
}

// norm keeps a row of zeros from being divided by 0.
func norm(squares float64) float32 { return float32(math.Sqrt(squares)) + 0x1p-23 }

func squares(row []float32) float64 {
	var sum float64
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	return sum
}

// columnSquares sums the squares of a weight [rows,in,kernel] over its rows and kernel.
func columnSquares(data []float32, rows, in, kernel int) []float64 {
	sums := make([]float64, in)
	// Each worker takes a range of columns, so that no two add to one sum.
	parallel.Ranges(in, len(data)/max(in, 1), func(from, to int) {
		for r := range rows {
			for i := from; i < to; i++ {
				sums[i] += squares(data[(r*in+i)*kernel:][:kernel])
			}
		}
	})
	return sums
}

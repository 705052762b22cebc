package weights

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Merge returns w + strength · Alpha/Rank · Up·Down as a new tensor of w's shape. The error wraps tensor.ErrShape when
// the change does not fit.
func Merge(w *tensor.Tensor, l LowRank, strength float32) (*tensor.Tensor, error) {
	down, err := l.DenseDown()
	if err != nil {
		return nil, err
	}
	if len(w.Shape) < 2 || len(l.Up.Shape) < 2 || len(down.Shape) < 2 || l.Rank < 1 {
		return nil, fmt.Errorf("merge %v with up %v, down %v: %w", w.Shape, l.Up.Shape, l.Down.Shape, tensor.ErrShape)
	}
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	if l.Up.Shape[0] != rows || l.Up.Len() != rows*l.Rank || down.Len() != l.Rank*columns {
		return nil, fmt.Errorf("merge %v with up %v, down %v: %w", w.Shape, l.Up.Shape, l.Down.Shape, tensor.ErrShape)
	}
	out := w.Clone()
	if len(out.Data) > 0 {
		blas32.Gemm(blas.NoTrans, blas.NoTrans, strength*l.Scale(), matrix(l.Up, rows, l.Rank), matrix(down, l.Rank, columns),
			1, matrix(out, rows, columns))
	}
	return out, nil
}

// DenseDown is Down with the core of a Tucker decomposition multiplied in: [rank,in,kh,kw], where
// d[a,i,y,x] = Σ_b Mid[a,b,y,x] · Down[b,i]. Without a core it is Down itself.
func (l LowRank) DenseDown() (*tensor.Tensor, error) {
	if l.Mid == nil {
		return l.Down, nil
	}
	s := l.Mid.Shape
	if len(s) != 4 || len(l.Down.Shape) < 2 || s[1] != l.Down.Shape[0] {
		return nil, fmt.Errorf("core %v with down %v: %w", s, l.Down.Shape, tensor.ErrShape)
	}
	inner, in := s[1], tensor.Size(l.Down.Shape[1:])
	kernel := s[2] * s[3]
	out := tensor.New(s[0], in, s[2], s[3])
	if len(out.Data) == 0 || inner == 0 {
		return out, nil
	}
	for a := range s[0] {
		// [in,inner]·[inner,kh·kw] for each output channel of the core.
		blas32.Gemm(blas.Trans, blas.NoTrans, 1, matrix(l.Down, inner, in), matrix(l.Mid.Rows(a, a+1), inner, kernel),
			0, matrix(out.Rows(a, a+1), in, kernel))
	}
	return out, nil
}

// matrix views a tensor as rows x columns.
func matrix(t *tensor.Tensor, rows, columns int) blas32.General {
	return blas32.General{Rows: rows, Cols: columns, Stride: columns, Data: t.Data}
}

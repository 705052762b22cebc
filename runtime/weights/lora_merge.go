package weights

import (
	"fmt"
	"runtime"
	"sync"

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
	scale := strength * l.Scale()
	parallel(rows, rows*columns*l.Rank, func(from, to int) {
		for r := from; r < to; r++ {
			addRow(out.Data[r*columns:(r+1)*columns], l.Up.Data[r*l.Rank:(r+1)*l.Rank], down.Data, scale)
		}
	})
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
	for a := range s[0] {
		for b := range inner {
			core := l.Mid.Data[(a*inner+b)*kernel:][:kernel]
			for i, v := range l.Down.Data[b*in:][:in] {
				to := out.Data[(a*in+i)*kernel:][:kernel]
				for k, m := range core {
					to[k] += v * m
				}
			}
		}
	}
	return out, nil
}

// addRow adds scale · factors · rows to out, where rows holds one row of out's length per factor. Four rows at a time
// read and write out a quarter as often, which is what bounds it.
func addRow(out, factors, rows []float32, scale float32) {
	n := len(out)
	for len(factors) >= 4 {
		a, b, c, d := scale*factors[0], scale*factors[1], scale*factors[2], scale*factors[3]
		ra, rb, rc, rd := rows[:n], rows[n:2*n], rows[2*n:3*n], rows[3*n:4*n]
		for i := range out {
			out[i] += a*ra[i] + b*rb[i] + c*rc[i] + d*rd[i]
		}
		factors, rows = factors[4:], rows[4*n:]
	}
	for k, f := range factors {
		f *= scale
		for i, v := range rows[k*n:][:n] {
			out[i] += f * v
		}
	}
}

// parallel splits [0,n) among the processors when there is enough work to share.
func parallel(n, work int, do func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), n, work>>16+1)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() { do(w*n/workers, (w+1)*n/workers) })
	}
	wait.Wait()
}

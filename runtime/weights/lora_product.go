package weights

import (
	"fmt"
	"hash"
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// LowRank is one change: W' = W + strength · Alpha/Rank · Up·Down, where Up and Down are matrices when all axes but the
// first are taken as one.
type LowRank struct {
	Down *tensor.Tensor // [rank,in] or, for convolutions, [rank,in,kh,kw]: the axes of the weight, whatever the file has
	Up   *tensor.Tensor // [out,rank] or [out,rank,1,1]
	Mid  *tensor.Tensor // nil, or the core [rank,rank,kh,kw] of a Tucker decomposition, with Down [rank,in,1,1]
	// Alpha is what the file says; Rank when it says nothing.
	Alpha float32
	Rank  int
}

// Scale is Alpha/Rank.
func (l LowRank) Scale() float32 { return l.Alpha / float32(l.Rank) }

// LowRank is the pair itself.
func (l LowRank) LowRank() (LowRank, error) { return l, nil }

// Bytes is the memory of the factors.
func (l LowRank) Bytes() int64 { return l.Down.Bytes() + l.Up.Bytes() + l.Mid.Bytes() }

// Identify is by all values, whichever identity is asked for: the factors are small.
func (l LowRank) Identify(h hash.Hash, _ Identity) error {
	fmt.Fprintln(h, "pair", l.Rank, l.Scale())
	for _, t := range []*tensor.Tensor{l.Down, l.Up, l.Mid} {
		if t == nil {
			continue
		}
		fmt.Fprintln(h, t.Shape)
		HashValues(h, t.Data)
	}
	return nil
}

// HashValues adds float32 values to h.
func HashValues(h hash.Hash, values []float32) {
	buf := make([]byte, 0, 1<<14)
	for _, v := range values {
		b := math.Float32bits(v)
		if buf = append(buf, byte(b), byte(b>>8), byte(b>>16), byte(b>>24)); len(buf) == cap(buf) {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
}

// Apply adds the product to w in place.
func (l LowRank) Apply(w *tensor.Tensor, strength float32) (*tensor.Tensor, error) {
	if l.Rank < 1 {
		return nil, fmt.Errorf("up %v and down %v: %w", l.Up.Shape, l.Down.Shape, tensor.ErrShape)
	}
	return w, l.addTo(w, w, strength*l.Scale(), strength)
}

func (l LowRank) addTo(w, _ *tensor.Tensor, factor, _ float32) error {
	down, err := l.DenseDown()
	if err != nil {
		return err
	}
	if len(w.Shape) < 2 || len(l.Up.Shape) < 2 || len(down.Shape) < 2 || l.Rank < 1 {
		return fmt.Errorf("merge %v with up %v, down %v: %w", w.Shape, l.Up.Shape, l.Down.Shape, tensor.ErrShape)
	}
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	if l.Up.Shape[0] != rows || l.Up.Len() != rows*l.Rank || down.Len() != l.Rank*columns {
		return fmt.Errorf("merge %v with up %v, down %v: %w", w.Shape, l.Up.Shape, l.Down.Shape, tensor.ErrShape)
	}
	addProduct(w.Data, l.Up.Data, down.Data, rows, l.Rank, columns, factor)
	return nil
}

// DenseDown is Down with the core of a Tucker decomposition multiplied in: [rank,in,kh,kw], where
// d[a,i,y,x] = Σ_b Mid[a,b,y,x] · Down[b,i]. Without a core it is Down itself.
func (l LowRank) DenseDown() (*tensor.Tensor, error) {
	if l.Mid == nil {
		return l.Down, nil
	}
	return tucker(l.Mid, l.Down)
}

// tucker multiplies a core [a,b,kh,kw] with a factor [b,in]: [a,in,kh,kw].
func tucker(core, factor *tensor.Tensor) (*tensor.Tensor, error) {
	s := core.Shape
	if len(s) != 4 || len(factor.Shape) < 2 || s[1] != factor.Shape[0] {
		return nil, fmt.Errorf("core %v with down %v: %w", s, factor.Shape, tensor.ErrShape)
	}
	inner, in := s[1], tensor.Size(factor.Shape[1:])
	kernel := s[2] * s[3]
	out := tensor.New(s[0], in, s[2], s[3])
	parallel.Ranges(s[0], inner*in*kernel, func(from, to int) {
		for a := from; a < to; a++ {
			for b := range inner {
				core := core.Data[(a*inner+b)*kernel:][:kernel]
				for i, v := range factor.Data[b*in:][:in] {
					to := out.Data[(a*in+i)*kernel:][:kernel]
					for k, m := range core {
						to[k] += v * m
					}
				}
			}
		}
	})
	return out, nil
}

// tile is how many columns a product works on at a time: so many of 32 factors stay in the second-level cache.
const tile = 2048

// addProduct adds factor · a·b to out [rows,columns], where a is [rows,inner] and b [inner,columns].
func addProduct(out, a, b []float32, rows, inner, columns int, factor float32) {
	parallel.Ranges(rows, columns*inner, func(from, to int) {
		for at := 0; at < columns; at += tile {
			n := min(tile, columns-at)
			for r := from; r < to; r++ {
				addRow(out[r*columns+at:][:n], a[r*inner:][:inner], b[at:], columns, factor)
			}
		}
	})
}

// addRow adds scale · factors · rows to out; row k of rows begins at k·stride and is as long as out. Eight rows at a time read and write
// out an eighth as often, which is what bounds it.
func addRow(out, factors, rows []float32, stride int, scale float32) {
	n := len(out)
	for len(factors) >= 8 {
		f0, f1, f2, f3 := scale*factors[0], scale*factors[1], scale*factors[2], scale*factors[3]
		f4, f5, f6, f7 := scale*factors[4], scale*factors[5], scale*factors[6], scale*factors[7]
		r0, r1, r2, r3 := rows[:n], rows[stride:][:n], rows[2*stride:][:n], rows[3*stride:][:n]
		r4, r5, r6, r7 := rows[4*stride:][:n], rows[5*stride:][:n], rows[6*stride:][:n], rows[7*stride:][:n]
		for i := range out {
			out[i] += (f0*r0[i] + f1*r1[i] + f2*r2[i] + f3*r3[i]) + (f4*r4[i] + f5*r5[i] + f6*r6[i] + f7*r7[i])
		}
		if factors = factors[8:]; len(factors) == 0 {
			return
		}
		rows = rows[8*stride:]
	}
	for k, f := range factors {
		f *= scale
		for i, v := range rows[k*stride:][:n] {
			out[i] += f * v
		}
	}
}

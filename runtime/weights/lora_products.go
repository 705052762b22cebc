package weights

import (
	"fmt"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// The differences of LyCORIS that are made of products: their factors are read when they are needed.

// pairRefs is a low-rank pair in a file.
type pairRefs struct {
	up, down Ref
	mid      *Ref
}

// load reads the tensors. A matrix that is stored as a 1x1 convolution, or the reverse, takes the axes of the weight.
func (p pairRefs) load(weight []int64) (c LowRank, err error) {
	c = LowRank{Rank: int(p.down.Shape[0]), Alpha: float32(p.down.Shape[0])}
	if c.Up, err = p.up.Float32(); err != nil {
		return c, err
	}
	if c.Down, err = p.down.Float32(); err != nil {
		return c, err
	}
	if p.mid != nil {
		c.Mid, err = p.mid.Float32()
		return c, err
	}
	shape := []int{c.Rank}
	for _, n := range weight[1:] {
		shape = append(shape, int(n))
	}
	c.Down, err = c.Down.Reshape(shape...)
	return c, err
}

// addTo reads the pair for a weight of the shape of w.
func (p pairRefs) addTo(w, _ *tensor.Tensor, factor, _ float32) error {
	up, err := p.up.Float32()
	if err != nil {
		return err
	}
	down, err := p.down.Float32()
	if err != nil {
		return err
	}
	l := LowRank{Up: up, Down: down, Alpha: 1, Rank: down.Shape[0]}
	if p.mid != nil {
		if l.Mid, err = p.mid.Float32(); err != nil {
			return err
		}
	}
	return l.addTo(w, w, factor, 0)
}

// filePair is a low-rank pair in a file and nothing else, so it can be a branch.
type filePair struct {
	fileChange
	pair   pairRefs
	weight []int64 // the shape of the weight
}

// LowRank reads the pair.
func (p filePair) LowRank() (LowRank, error) {
	l, err := p.pair.load(p.weight)
	if err != nil {
		return l, err
	}
	l.Alpha = p.factor * float32(l.Rank)
	return l, nil
}

// loha is the product of two low-rank matrices value by value: D = (a1·b1) ∘ (a2·b2) (Hyeon-Woo et al. 2022, arXiv:2108.06098). With
// cores it is the same of two Tucker products.
type loha struct {
	a1, b1, a2, b2 Ref
	t1, t2         *Ref
}

func (l loha) addTo(w, _ *tensor.Tensor, factor, _ float32) error {
	a1, b1, err := factors(l.a1, l.b1, l.t1)
	if err != nil {
		return err
	}
	a2, b2, err := factors(l.a2, l.b2, l.t2)
	if err != nil {
		return err
	}
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	r1, r2 := b1.Shape[0], b2.Shape[0]
	for _, p := range [][2]*tensor.Tensor{{a1, b1}, {a2, b2}} {
		if p[0].Shape[0] != rows || p[0].Len() != rows*p[1].Shape[0] || p[1].Len() != p[1].Shape[0]*columns {
			return fmt.Errorf("factors %v and %v for a weight %v: %w", p[0].Shape, p[1].Shape, w.Shape, tensor.ErrShape)
		}
	}
	parallel.Ranges(rows, columns*(r1+r2), func(from, to int) {
		both := make([]float32, 2*min(tile, columns))
		for at := 0; at < columns; at += tile {
			n := min(tile, columns-at)
			x, y := both[:n], both[n:2*n]
			for r := from; r < to; r++ {
				clear(both)
				addRow(x, a1.Data[r*r1:][:r1], b1.Data[at:], columns, factor)
				addRow(y, a2.Data[r*r2:][:r2], b2.Data[at:], columns, 1)
				out := w.Data[r*columns+at:][:n]
				for i, v := range x {
					out[i] += v * y[i]
				}
			}
		}
	})
	return nil
}

// factors reads a matrix [out,rank] and one [rank,in], or, with a core [rank,rank,kh,kw], [rank,out] and [rank,in], of which the second
// is then multiplied with the core: p[o,i,y,x] = Σ_jk core[j,k,y,x] · a[j,o] · b[k,i].
func factors(a, b Ref, core *Ref) (x, y *tensor.Tensor, err error) {
	if x, err = a.Float32(); err != nil {
		return nil, nil, err
	}
	if y, err = b.Float32(); err != nil || core == nil {
		return x, y, err
	}
	c, err := core.Float32()
	if err != nil {
		return nil, nil, err
	}
	y, err = tucker(c, y)
	return tensor.Transposed(x), y, err
}

// lokr is a Kronecker product D = C ⊗ B of a small matrix and one that is stored whole, as a low-rank product or as a Tucker product.
type lokr struct{ small, large kronFactor }

// kronFactor is a factor of a Kronecker product: whole, or of two or three parts.
type kronFactor struct {
	whole, a, b, core *Ref
}

func (f kronFactor) load() (*tensor.Tensor, error) {
	if f.whole != nil {
		return f.whole.Float32()
	}
	a, b, err := factors(*f.a, *f.b, f.core)
	if err != nil {
		return nil, err
	}
	rows, inner, columns := a.Shape[0], b.Shape[0], tensor.Size(b.Shape[1:])
	if a.Len() != rows*inner {
		return nil, fmt.Errorf("factors %v and %v: %w", a.Shape, b.Shape, tensor.ErrShape)
	}
	out := tensor.New(append([]int{rows}, b.Shape[1:]...)...)
	addProduct(out.Data, a.Data, b.Data, rows, inner, columns, 1)
	return out, nil
}

func (l lokr) addTo(w, _ *tensor.Tensor, factor, _ float32) error {
	small, err := l.small.load()
	if err != nil {
		return err
	}
	large, err := l.large.load()
	if err != nil {
		return err
	}
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	a, b := small.Shape[0], tensor.Size(small.Shape[1:])
	c, d := large.Shape[0], tensor.Size(large.Shape[1:])
	if a*c != rows || b*d != columns {
		return fmt.Errorf("factors %v and %v of a Kronecker product for a weight %v: %w", small.Shape, large.Shape, w.Shape, tensor.ErrShape)
	}
	parallel.Ranges(rows, columns, func(from, to int) {
		for r := from; r < to; r++ {
			row, source := w.Data[r*columns:][:columns], large.Data[r%c*d:][:d]
			for j, s := range small.Data[r/c*b:][:b] {
				s *= factor
				to := row[j*d:][:d]
				for i, v := range source {
					to[i] += s * v
				}
			}
		}
	})
	return nil
}

// glora adds what depends on the weight itself: D = W·A + B, both low-rank (Chavan et al. 2023, arXiv:2306.07967). Files of old LyCORIS
// store the factors the other way round: A = a2·a1 and B = b2·b1 in place of a1·a2 and b1·b2.
type glora struct {
	a1, a2, b1, b2 Ref
	old            bool
}

// gloraLayout tells the rank and which way round the factors are, for a weight [out,in,…]; a square weight with factors that would fit
// both ways is taken as old. ComfyUI, comfy/weight_adapter/glora.py.
func gloraLayout(a1, a2, b1, b2, weight []int64) (rank int64, old, ok bool) {
	oldFits := b2[1] == b1[0] && b1[0] == a1[0] && a1[0] == a2[1]
	newFits := b2[0] == b1[1] && b1[1] == a1[1] && a1[1] == a2[0]
	switch {
	case oldFits && (!newFits || a2[0] == weight[0] && weight[0] == weight[1]):
		return a1[0], true, true
	case newFits:
		return a2[0], false, true
	}
	return 0, false, false
}

func (g glora) addTo(w, base *tensor.Tensor, factor, _ float32) error {
	var t [4]*tensor.Tensor
	for i, r := range []Ref{g.a1, g.a2, g.b1, g.b2} {
		var err error
		if t[i], err = r.Float32(); err != nil {
			return err
		}
	}
	into, from, up, down := t[0], t[1], t[2], t[3]
	if g.old {
		into, from, up, down = t[1], t[0], t[3], t[2]
	}
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	rank := from.Shape[0]
	// A new file's A works on the input channels of a kernel, an old one's on all columns.
	in, kernel := columns, 1
	if !g.old {
		in, kernel = w.Shape[1], tensor.Size(w.Shape[2:])
	}
	if into.Len() != in*rank || from.Len() != rank*in || up.Len() != rows*down.Shape[0] || down.Len() != down.Shape[0]*columns {
		return fmt.Errorf("factors %v·%v and %v·%v for a weight %v: %w", into.Shape, from.Shape, up.Shape, down.Shape, w.Shape, tensor.ErrShape)
	}
	parallel.Ranges(rows, columns*2*rank, func(first, last int) {
		inner, row := make([]float32, rank*kernel), make([]float32, columns)
		for r := first; r < last; r++ {
			clear(inner)
			source := base.Data[r*columns:][:columns]
			for i := range in { // inner[j,k] = Σ_i W[r,i,k] · into[i,j]
				for j, f := range into.Data[i*rank:][:rank] {
					for k, v := range source[i*kernel:][:kernel] {
						inner[j*kernel+k] += v * f
					}
				}
			}
			clear(row)
			for j := range rank { // row[i,k] = Σ_j inner[j,k] · from[j,i]
				for i, f := range from.Data[j*in:][:in] {
					for k, v := range inner[j*kernel:][:kernel] {
						row[i*kernel+k] += v * f
					}
				}
			}
			inner2 := down.Shape[0]
			addRow(row, up.Data[r*inner2:][:inner2], down.Data, columns, 1)
			out := w.Data[r*columns:][:columns]
			for i, v := range row {
				out[i] += factor * v
			}
		}
	})
	return nil
}

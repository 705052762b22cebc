package weights

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// oft turns the outputs of a weight block by block (Qiu et al. 2023, arXiv:2306.07280): D = s·(Rᵀ - 1)·W with R = (1+Q)·(1-Q)⁻¹ and
// Q = B - Bᵀ, whose length is cut to a constraint. As in ComfyUI (comfy/weight_adapter/oft.py) the strength s counts twice, once here
// and once where D is added, and a stored rescaling is not used.
type oft struct {
	blocks     Ref     // [n,size,size]
	constraint float32 // 0 for none
}

func (o oft) addTo(w, base *tensor.Tensor, factor, strength float32) error {
	r, err := rotations(o.blocks, o.constraint)
	if err != nil {
		return err
	}
	n, size := r.Shape[0], r.Shape[1]
	if n*size != w.Shape[0] {
		return fmt.Errorf("blocks %v for a weight %v: %w", r.Shape, w.Shape, tensor.ErrShape)
	}
	columns := tensor.Size(w.Shape[1:])
	for k := range n {
		for i := range size {
			r.Data[(k*size+i)*size+i]--
		}
		block := tensor.Tensor{Shape: []int{size, size}, Data: r.Data[k*size*size:][:size*size]}
		out := w.Data[k*size*columns:][:size*columns]
		in := base.Data[k*size*columns:][:size*columns]
		if w == base {
			in = append([]float32(nil), in...)
		}
		addProduct(out, tensor.Transposed(&block).Data, in, size, size, columns, factor*strength)
	}
	return nil
}

// boft turns the outputs by several factors with a butterfly between them (Liu et al. 2024, arXiv:2311.06243): factor m turns groups of
// rows that are 2^m·size/2 apart. D is the turned weight, times a stored rescaling, less the weight itself. A strength other than 1
// mixes each factor with the identity, and counts once more where D is added, as in ComfyUI (comfy/weight_adapter/boft.py).
type boft struct {
	blocks     Ref // [factors,n,size,size]
	rescale    *Ref
	constraint float32
}

func (b boft) addTo(w, base *tensor.Tensor, factor, strength float32) error {
	r, err := rotations(b.blocks, b.constraint)
	if err != nil {
		return err
	}
	stages, n, size := r.Shape[0], r.Shape[1], r.Shape[2]
	rows, columns := w.Shape[0], tensor.Size(w.Shape[1:])
	if n*size != rows || size%2 != 0 || stages > 30 || stages > 0 && rows%(size<<(stages-1)) != 0 {
		return fmt.Errorf("blocks %v for a weight %v: %w", r.Shape, w.Shape, tensor.ErrShape)
	}
	x, y := base.Clone(), tensor.New(base.Shape...)
	order := make([]int, rows)
	for m := range stages {
		turn := r.Data[m*n*size*size:][:n*size*size]
		if strength != 1 {
			for i, v := range turn {
				turn[i] = v * strength
				if i/size%size == i%size {
					turn[i] += 1 - strength
				}
			}
		}
		// Row (g·2+s)·k+t of the weight stands at (g·k+t)·2+s before the blocks and goes back behind them.
		k := size / 2 << m
		for i := range order {
			g, s, t := i/(2*k), i/k%2, i%k
			order[(g*k+t)*2+s] = i
		}
		parallel.Ranges(n, rows*columns*size/max(n, 1), func(from, to int) {
			for i := from * size; i < to*size; i++ {
				out := y.Data[order[i]*columns:][:columns]
				clear(out)
				for j, f := range turn[i*size:][:size] {
					for c, v := range x.Data[order[i/size*size+j]*columns:][:columns] {
						out[c] += f * v
					}
				}
			}
		})
		x, y = y, x
	}
	scale := func(int) float32 { return 1 }
	if b.rescale != nil {
		t, err := b.rescale.Float32()
		if err != nil {
			return err
		}
		switch t.Len() {
		case 1:
			scale = func(int) float32 { return t.Data[0] }
		case rows:
			scale = func(row int) float32 { return t.Data[row] }
		default:
			return fmt.Errorf("rescaling %v for a weight %v: %w", t.Shape, w.Shape, tensor.ErrShape)
		}
	}
	for r := range rows {
		s := scale(r)
		out, was := w.Data[r*columns:][:columns], base.Data[r*columns:][:columns]
		for i, v := range x.Data[r*columns:][:columns] {
			out[i] += factor * (v*s - was[i])
		}
	}
	return nil
}

// rotations are the Cayley transforms (1+Q)·(1-Q)⁻¹ of blocks […,size,size], where Q = B - Bᵀ is scaled so that the length of all of
// them together is at most the constraint, if there is one.
func rotations(blocks Ref, constraint float32) (*tensor.Tensor, error) {
	b, err := blocks.Float32()
	if err != nil {
		return nil, err
	}
	size := b.Dim(-1)
	q := make([]float64, b.Len())
	var sum float64
	for at := 0; at < len(q); at += size * size {
		for i := range size {
			for j := range size {
				v := float64(b.Data[at+i*size+j] - b.Data[at+j*size+i])
				q[at+i*size+j] = v
				sum += v * v
			}
		}
	}
	if length := math.Sqrt(sum) + 1e-8; constraint > 0 && length > float64(constraint) {
		for i := range q {
			q[i] *= float64(constraint) / length
		}
	}
	if size == 0 {
		return b, nil
	}
	parallel.Ranges(len(q)/(size*size), size*size*size, func(from, to int) {
		for k := from; k < to; k++ {
			at := k * size * size
			cayley(b.Data[at:][:size*size], q[at:][:size*size], size)
		}
	})
	return b, nil
}

// cayley writes (1+Q)·(1-Q)⁻¹ of a skew Q. 1-Q is far from singular, since all eigenvalues of Q are imaginary; both factors commute, so
// it solves (1-Q)·R = 1+Q.
func cayley(out []float32, q []float64, n int) {
	left, right := make([]float64, n*n), make([]float64, n*n)
	for i, v := range q {
		left[i], right[i] = -v, v
		if i/n == i%n {
			left[i]++
			right[i]++
		}
	}
	for p := range n {
		best := p
		for i := p + 1; i < n; i++ {
			if math.Abs(left[i*n+p]) > math.Abs(left[best*n+p]) {
				best = i
			}
		}
		swapRows(left, p, best, n)
		swapRows(right, p, best, n)
		inverse := 1 / left[p*n+p]
		for i := range n {
			if i == p {
				continue
			}
			f := left[i*n+p] * inverse
			if f == 0 {
				continue
			}
			subtractRow(left[i*n:][:n], left[p*n:][:n], f)
			subtractRow(right[i*n:][:n], right[p*n:][:n], f)
		}
	}
	for i := range n {
		for j := range n {
			out[i*n+j] = float32(right[i*n+j] / left[i*n+i])
		}
	}
}

func swapRows(m []float64, a, b, n int) {
	if a == b {
		return
	}
	for i := range n {
		m[a*n+i], m[b*n+i] = m[b*n+i], m[a*n+i]
	}
}

func subtractRow(to, from []float64, f float64) {
	for i, v := range from {
		to[i] -= f * v
	}
}

package autodiff

import (
	"fmt"
	"math"
	"runtime"
	"sync"
)

// AdamW is Adam with decoupled weight decay, as torch.optim.AdamW computes it in float32. Loshchilov & Hutter 2019
// (arXiv:1711.05101), algorithm 2. The values are updated in place. On the CPU it is one pass over memory in Go, not nodes of the
// graph: written as operators (AdamWGraph) it is 14 passes. The result does not depend on the number of threads.
type AdamW struct {
	Rate         float64 // learning rate; may change between steps
	Beta1, Beta2 float64
	Epsilon      float64
	Decay        float64 // weight decay, times Rate in each step

	// Steps is how many updates were made; with Means and Squares it is the whole state.
	Steps          int
	Means, Squares [][]float32 // running averages of gradient and squared gradient, as long as the values
	values         [][]float32
}

// NewAdamW begins with betas 0.9 and 0.999, epsilon 1e-8 and a weight decay of 0.01.
func NewAdamW(rate float64, values ...[]float32) *AdamW {
	a := &AdamW{Rate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.01, values: values}
	for _, v := range values {
		a.Means, a.Squares = append(a.Means, make([]float32, len(v))), append(a.Squares, make([]float32, len(v)))
	}
	return a
}

// Update makes one step down the gradients, one per value in the order of NewAdamW.
func (a *AdamW) Update(gradients ...[]float32) error {
	if len(gradients) != len(a.values) {
		return fmt.Errorf("adamw: %d gradients for %d values", len(gradients), len(a.values))
	}
	for i, g := range gradients {
		if len(g) != len(a.values[i]) || len(a.Means[i]) != len(g) || len(a.Squares[i]) != len(g) {
			return fmt.Errorf("adamw: gradient %d has %d elements, its value %d", i, len(g), len(a.values[i]))
		}
	}
	a.Steps++
	f := a.factors(a.Steps)
	a.parallel(func(i, from, to int) {
		f.update(a.values[i][from:to], gradients[i][from:to], a.Means[i][from:to], a.Squares[i][from:to])
	})
	return nil
}

// piece is how many values one goroutine updates at a time: 16 kB of each of four arrays fit the second cache.
const piece = 1 << 14

// parallel calls do for pieces that cover every value once.
func (a *AdamW) parallel(do func(i, from, to int)) {
	type part struct{ i, from int }
	var parts []part
	for i, v := range a.values {
		for from := 0; from < len(v); from += piece {
			parts = append(parts, part{i, from})
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(parts))
	var done sync.WaitGroup
	for w := range workers {
		done.Go(func() {
			for _, p := range parts[len(parts)*w/workers : len(parts)*(w+1)/workers] {
				do(p.i, p.from, min(p.from+piece, len(a.values[p.i])))
			}
		})
	}
	done.Wait()
}

// adamwFactors are the numbers of one step, rounded to float32 as the reference rounds them.
type adamwFactors struct{ keep, mean, square, fresh, root, step, epsilon float32 }

func (f adamwFactors) update(values, gradients, means, squares []float32) {
	gradients, means, squares = gradients[:len(values)], means[:len(values)], squares[:len(values)]
	for i, x := range values {
		g := gradients[i]
		m := means[i] + f.mean*(g-means[i])
		v := f.square*squares[i] + f.fresh*(g*g)
		means[i], squares[i] = m, v
		values[i] = x*f.keep - f.step*(m/(float32(math.Sqrt(float64(v)))/f.root+f.epsilon))
	}
}

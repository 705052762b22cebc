package sampling

import (
	"math"
	"strconv"
)

// brownianTree is a Brownian motion over an interval that can be asked for the increment over any part of it, in any
// order, with the same answers: the motion is bridged by halving, and the noise of every half has its own seed. It is
// the tree of torchsde with its tolerance of 1e-6: all times lie on a grid of six decimals.
type brownianTree struct {
	seed   uint64
	t0, t1 float64
	root   float64 // standard deviation of the whole increment
}

// brownianNode is the part [a,b] of the interval at a place of the tree; depth and key spawn its seed.
type brownianNode struct {
	a, b  float64
	key   uint64 // root 0; the halves of k are 2k and 2k+1
	depth uint64
}

func newBrownianTree(seed uint64, low, high float32) *brownianTree {
	return &brownianTree{
		seed: seed, t0: round6(float64(low)), t1: round6(float64(high)),
		root: math.Sqrt(float64(high - low)),
	}
}

// increment sets dst to the motion's change from a to b, a <= b; both are clamped to the interval. Whatever len(dst)
// is, it must be the same for every call.
func (t *brownianTree) increment(dst []float32, a, b float32) {
	from := round6(min(max(float64(a), t.t0), t.t1))
	to := round6(min(max(float64(b), t.t0), t.t1))
	clear(dst)
	if from >= to {
		return
	}
	NewGenerator(uint64(newSeedSequence(t.seed).word())).Normal(dst)
	scale(dst, float32(t.root))
	t.descend(dst, brownianNode{a: t.t0, b: t.t1}, from, to)
}

// descend replaces w, the increment over node, by the increment over its part [from,to].
func (t *brownianTree) descend(w []float32, node brownianNode, from, to float64) {
	for from != node.a || to != node.b {
		m := round6((node.a + node.b) / 2)
		left := brownianNode{node.a, m, 2 * node.key, node.depth + 1}
		right := brownianNode{m, node.b, 2*node.key + 1, node.depth + 1}
		half := make([]float32, len(w))
		t.bridge(half, w, node, m)
		switch {
		case to <= m:
			copy(w, half)
			node = left
		case from >= m:
			for i := range w {
				w[i] -= half[i]
			}
			node = right
		default: // part of both halves, summed left to right
			for i := range w {
				w[i] -= half[i]
			}
			t.descend(half, left, from, m)
			t.descend(w, right, m, to)
			for i := range w {
				w[i] = half[i] + w[i]
			}
			return
		}
	}
}

// bridge sets half to the increment over [node.a,m], given w over the whole node.
func (t *brownianTree) bridge(half, w []float32, node brownianNode, m float64) {
	seed := newSeedSequence(t.seed, node.key, node.depth).word()
	NewGenerator(uint64(seed)).Normal(half)
	width := node.b - node.a
	mean := float32((m - node.a) / width)
	deviation := float32(math.Sqrt((m - node.a) * (node.b - m) / width))
	for i := range half {
		half[i] = mean*w[i] + deviation*half[i]
	}
}

// round6 rounds to six decimals as Python's round does: the exact decimal value decides, ties go to even.
func round6(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 6, 64), 64)
	if err != nil {
		return v // NaN and infinities format as words that parse, so this is never taken
	}
	return out
}

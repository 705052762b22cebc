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
	whole  []float32 // increment over [t0,t1], drawn when first asked for
	width  float64   // of the interval before rounding

	// The left halves of the nodes that the last increment went through: successive steps share a sigma, and with it a
	// path down the tree, which is where all the time goes.
	halves, before map[brownianPlace][]float32
	free           [][]float32
}

// brownianNode is the part [a,b] of the interval at a place of the tree.
type brownianNode struct {
	a, b float64
	brownianPlace
}

// brownianPlace spawns the seed of a node: key is 0 for the root, and 2k and 2k+1 for the halves of k.
type brownianPlace struct{ key, depth uint64 }

func newBrownianTree(seed uint64, low, high float32) *brownianTree {
	return &brownianTree{
		seed: seed, t0: round6(float64(low)), t1: round6(float64(high)), width: float64(high - low),
		halves: map[brownianPlace][]float32{}, before: map[brownianPlace][]float32{},
	}
}

// increment sets dst to the motion's change from a to b, a <= b; both are clamped to the interval. Whatever len(dst)
// is, it must be the same for every call.
func (t *brownianTree) increment(dst []float32, a, b float32) {
	from := round6(min(max(float64(a), t.t0), t.t1))
	to := round6(min(max(float64(b), t.t0), t.t1))
	if from >= to {
		clear(dst)
		return
	}
	if t.whole == nil {
		t.whole = make([]float32, len(dst))
		NewGenerator(uint64(newSeedSequence(t.seed).word())).Normal(t.whole)
		scale(t.whole, float32(math.Sqrt(t.width)))
	}
	copy(dst, t.whole)
	t.descend(dst, brownianNode{a: t.t0, b: t.t1}, from, to)
	for _, half := range t.before {
		t.free = append(t.free, half)
	}
	clear(t.before)
	t.halves, t.before = t.before, t.halves
}

// descend replaces w, the increment over node, by the increment over its part [from,to].
func (t *brownianTree) descend(w []float32, node brownianNode, from, to float64) {
	for from != node.a || to != node.b {
		m := round6((node.a + node.b) / 2)
		left := brownianNode{node.a, m, brownianPlace{2 * node.key, node.depth + 1}}
		right := brownianNode{m, node.b, brownianPlace{2*node.key + 1, node.depth + 1}}
		half := t.leftHalf(w, node, m)
		switch {
		case to <= m:
			copy(w, half)
			node = left
		case from >= m:
			subtract(w, half)
			node = right
		default: // part of both halves, summed left to right
			part := append([]float32(nil), half...)
			subtract(w, half)
			t.descend(part, left, from, m)
			t.descend(w, right, m, to)
			for i, v := range part {
				w[i] = v + w[i]
			}
			return
		}
	}
}

func subtract(dst, v []float32) {
	for i, x := range v {
		dst[i] -= x
	}
}

// leftHalf is the increment over [node.a,m], given w over the whole node. It must not be written to.
func (t *brownianTree) leftHalf(w []float32, node brownianNode, m float64) []float32 {
	half, ok := t.halves[node.brownianPlace]
	if ok {
		return half
	}
	if half, ok = t.before[node.brownianPlace]; ok {
		delete(t.before, node.brownianPlace)
	} else {
		half = t.bridge(w, node, m)
	}
	t.halves[node.brownianPlace] = half
	return half
}

// bridge draws the increment over [node.a,m].
func (t *brownianTree) bridge(w []float32, node brownianNode, m float64) []float32 {
	var half []float32
	if last := len(t.free) - 1; last >= 0 {
		half, t.free = t.free[last], t.free[:last]
	} else {
		half = make([]float32, len(w))
	}
	seed := newSeedSequence(t.seed, node.key, node.depth).word()
	NewGenerator(uint64(seed)).Normal(half)
	width := node.b - node.a
	mean := float32((m - node.a) / width)
	deviation := float32(math.Sqrt((m - node.a) * (node.b - m) / width))
	for i, z := range half {
		half[i] = mean*w[i] + deviation*z
	}
	return half
}

// round6 rounds to six decimals as Python's round does: the exact decimal value decides, ties go to even.
func round6(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 6, 64), 64)
	if err != nil {
		return v // NaN and infinities format as words that parse, so this is never taken
	}
	return out
}

package ort

import (
	"encoding/binary"
	"math"
	"slices"
)

// Derived weights. A graph may read a weight in another form: the kernel of a convolution turned around, for the gradient, or summed to
// fewer taps. onnxruntime folds such nodes while it loads, one by one and each into a new copy: 25 CPU seconds for the UNet of SD 1.5. And
// where half precision weights were widened they are inputs, which it cannot fold, so each run would do it all again. Here a chain of Cast,
// Reshape, products with a small constant matrix and Transpose is worked out in one go, and its result fed as a further input.

// derivation is a weight in a file and what becomes of it.
type derivation struct {
	source storedTensor
	shape  []int64
	steps  []step
}

// step is a product of the rows with a small matrix, or a permutation of axes.
type step struct {
	matrix        []float32 // [inner,columns]; nil for a permutation
	inner, column int64
	shape, perm   []int64 // of a permutation: the shape before it
}

// derive takes chains that end in a product or a permutation out of a model and says what they were. What they read stays where others
// read it too.
func derive(model []byte) ([]byte, []widening, error) {
	d := deriver{stored: map[string]storedTensor{}, small: map[string]constant{}, known: map[string]derivation{}, wanted: map[string]bool{}}
	if err := d.read(model); err != nil {
		return nil, nil, err
	}
	if d.subgraphs || len(d.wanted) == 0 {
		return model, nil, nil
	}
	gone := d.unneeded()
	var out, graph []byte
	var found []widening
	at := 0
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			out = append(out, f.raw...)
			return nil
		}
		return fields(f.value, func(f field) error {
			if f.number == graphNode {
				if at++; gone[at-1] {
					return nil
				}
			}
			graph = append(graph, f.raw...)
			return nil
		})
	})
	for _, n := range d.nodes {
		if name := n.out[0]; d.wanted[name] {
			k := d.known[name]
			graph = appendBytes(graph, graphInput, appendPort(name, Float32, k.shape))
			w := widening{storedTensor: k.source, as: name, steps: k.steps}
			w.shape = k.shape
			found = append(found, w)
		}
	}
	return appendBytes(out, modelGraph, graph), found, err
}

// constant is a short tensor in the model itself.
type constant struct {
	shape []int64
	raw   []byte
}

// maxConstant bounds the constants that steps may use, in bytes: the matrix for a kernel of 7x7 has 10 kB.
const maxConstant = 1 << 16

// deriver reads a model.
type deriver struct {
	nodes     []nodeInfo
	stored    map[string]storedTensor
	small     map[string]constant
	known     map[string]derivation // what is derived from a stored weight
	wanted    map[string]bool       // derived values that others read and that are worth it
	subgraphs bool
}

func (d *deriver) read(model []byte) error {
	outputs := map[string]bool{}
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return fields(f.value, func(f field) error {
			switch f.number {
			case graphInitializer:
				return d.initializer(f.value)
			case graphOutput:
				p, err := readPort(f.value)
				outputs[p.Name] = true
				return err
			case graphNode:
				n, err := readNode(f.value)
				d.subgraphs = d.subgraphs || n.subgraphs
				d.nodes = append(d.nodes, n)
				return err
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, n := range d.nodes {
		if len(n.out) != 1 || outputs[n.out[0]] || !d.apply(n) {
			for _, name := range n.in {
				if len(d.known[name].steps) > 0 {
					d.wanted[name] = true
				}
			}
		}
	}
	return nil
}

func (d *deriver) initializer(b []byte) error {
	t, err := readTensor(b)
	if err != nil {
		return err
	}
	half := t.dtype == Float16 || t.dtype == BFloat16
	if t.path != "" {
		if (half || t.dtype == Float32) && len(t.shape) > 0 && t.count() > 0 && t.length == t.count()*int64(t.dtype.Size()) {
			d.stored[t.name] = t
		}
		return nil
	}
	return fields(b, func(f field) error {
		if f.number == tensorRaw && len(f.value) <= maxConstant && int64(len(f.value)) == t.count()*int64(t.dtype.Size()) {
			d.small[t.name] = constant{t.shape, f.value}
		}
		return nil
	})
}

// source is what a value is derived from; a stored float32 weight is derived from itself.
func (d *deriver) source(name string) (derivation, bool) {
	if k, ok := d.known[name]; ok {
		return k, true
	}
	t, ok := d.stored[name]
	return derivation{source: t, shape: t.shape}, ok && t.dtype == Float32
}

// apply notes what a node makes of a derived value; false where it is not one of the chain.
func (d *deriver) apply(n nodeInfo) bool {
	if len(n.in) == 0 {
		return false
	}
	if n.op == "Cast" {
		t, ok := d.stored[n.in[0]]
		if ok = ok && n.to == Float32; ok {
			d.known[n.out[0]] = derivation{source: t, shape: t.shape}
		}
		return ok
	}
	from, ok := d.source(n.in[0])
	if !ok {
		return false
	}
	to := derivation{source: from.source, steps: slices.Clone(from.steps)}
	switch {
	case n.op == "Reshape" && len(n.in) == 2:
		c := d.small[n.in[1]]
		to.shape, ok = reshaped(from.shape, c.raw)
	case n.op == "MatMul" && len(n.in) == 2 && len(from.shape) == 2:
		c := d.small[n.in[1]]
		if ok = len(c.shape) == 2 && c.shape[0] == from.shape[1] && int64(len(c.raw)) == 4*c.shape[0]*c.shape[1]; ok {
			to.steps = append(to.steps, step{matrix: float32s(c.raw), inner: c.shape[0], column: c.shape[1]})
			to.shape = []int64{from.shape[0], c.shape[1]}
		}
	case n.op == "Transpose":
		if ok = len(n.perm) == len(from.shape); ok {
			to.steps = append(to.steps, step{shape: from.shape, perm: n.perm})
			for _, p := range n.perm {
				to.shape = append(to.shape, from.shape[p])
			}
		}
	default:
		ok = false
	}
	if ok {
		d.known[n.out[0]] = to
	}
	return ok
}

// unneeded says of each node whether nothing needs it any more.
func (d *deriver) unneeded() []bool {
	gone, needed := make([]bool, len(d.nodes)), map[string]bool{}
	for i, n := range slices.Backward(d.nodes) {
		if len(n.out) == 1 {
			if _, derived := d.known[n.out[0]]; derived && (d.wanted[n.out[0]] || !needed[n.out[0]]) {
				gone[i] = true
				continue
			}
		}
		for _, name := range n.in {
			needed[name] = true
		}
	}
	return gone
}

// reshaped works out the shape that Reshape is given as int64 values.
func reshaped(from []int64, raw []byte) ([]int64, bool) {
	if len(raw) == 0 || len(raw)%8 != 0 {
		return nil, false
	}
	count, fixed, free := int64(1), int64(1), -1
	for _, n := range from {
		count *= n
	}
	to := make([]int64, len(raw)/8)
	for i := range to {
		switch to[i] = int64(binary.LittleEndian.Uint64(raw[8*i:])); {
		case to[i] == 0 && i < len(from):
			to[i] = from[i]
		case to[i] == -1 && free < 0:
			free = i
			continue
		case to[i] <= 0:
			return nil, false
		}
		fixed *= to[i]
	}
	if free >= 0 {
		to[free], fixed = count/fixed, fixed*(count/fixed)
	}
	return to, fixed == count
}

func float32s(raw []byte) []float32 {
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

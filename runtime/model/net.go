package model

import (
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ErrUnsupported is wrapped by errors about weights that are not of an architecture this package builds.
var ErrUnsupported = errors.New("not a supported network")

// Patches name the weights that the caller changes, by their canonical names ("input_blocks.1.1.proj_in.weight").
type Patches struct {
	// LoRA gives each of these linear or convolution weights W [out,in(,kh,kw)] a low-rank branch, y += up·down(x). The factors
	// are the graph inputs "<weight>.lora_down" [r,in(,kh,kw)] and "<weight>.lora_up" [out,r]; strength and alpha/rank belong
	// into up. The rank r may differ from run to run; several LoRAs are one with their ranks concatenated.
	LoRA []string
	// Rank fixes r for all branches, if it is not 0. Whoever differentiates with respect to the factors needs that.
	Rank int
	// Replaced makes each of these weights (biases and norms too) a float32 graph input of its own name and stored shape.
	Replaced []string
	// Prefix stands before the names of those inputs, where several networks share one graph.
	Prefix string
	// Round is Float16 or BFloat16 where every weight in a file is rounded to it before it is used; 0 for none.
	Round onnx.DType
	// Edits change what a UNet computes between its layers, in this order; other networks take none.
	Edits []UNetEdit
}

// net is a builder that knows the weights of one network.
type net struct {
	*onnx.Builder
	set      *weights.Set
	prefix   string
	lora     map[string]*branch
	replaced map[string]bool
	round    onnx.DType
	loaded   map[string]*onnx.Value
}

// newNet checks that every patched weight exists.
func newNet(b *onnx.Builder, set *weights.Set, p Patches) *net {
	n := &net{Builder: b, set: set, prefix: p.Prefix, lora: map[string]*branch{}, replaced: map[string]bool{}, round: p.Round, loaded: map[string]*onnx.Value{}}
	for _, name := range p.Replaced {
		if !set.Has(name) {
			n.missing(name)
		}
		n.replaced[name] = true
	}
	for _, name := range p.LoRA {
		n.addBranch(name, p.Rank)
	}
	return n
}

func (n *net) missing(name string) *onnx.Value {
	return n.Fail(fmt.Errorf("weight %s is missing: %w", name, ErrUnsupported))
}

// size is one size of a weight, 0 when it is missing.
func (n *net) size(name string, axis int) int64 { return size(n.set, name, axis) }

func size(set *weights.Set, name string, axis int) int64 {
	if r, ok := set.Ref(name); ok && axis < len(r.Shape) {
		return r.Shape[axis]
	}
	return 0
}

// weight is a whole weight as float32.
func (n *net) weight(name string) *onnx.Value { return n.weightAs(name) }

// weightAs is a weight as float32 under another shape of as many values; no shape means its own.
func (n *net) weightAs(name string, shape ...int64) *onnx.Value {
	r, ok := n.set.Ref(name)
	if !ok {
		return n.missing(name)
	}
	if n.replaced[name] {
		return n.Reshape(n.replacement(name, r), orOwn(shape, r)...)
	}
	as, err := r.As(orOwn(shape, r)...)
	if err != nil {
		return n.Fail(fmt.Errorf("weight %s: %w", name, err))
	}
	return n.load(name, as)
}

func orOwn(shape []int64, r weights.Ref) []int64 {
	if len(shape) == 0 {
		return r.Shape
	}
	return shape
}

// weightRows is rows [from,to) of a matrix or vector, as float32.
func (n *net) weightRows(name string, from, to int64) *onnx.Value {
	r, ok := n.set.Ref(name)
	if !ok {
		return n.missing(name)
	}
	if n.replaced[name] {
		return n.Slice(n.replacement(name, r), 0, from, to)
	}
	rows, err := r.Rows(from, to)
	if err != nil {
		return n.Fail(fmt.Errorf("weight %s: %w", name, err))
	}
	return n.load(name, rows)
}

func (n *net) replacement(name string, r weights.Ref) *onnx.Value {
	if v, ok := n.loaded[name]; ok {
		return v
	}
	sizes := make([]any, len(r.Shape))
	for i, d := range r.Shape {
		sizes[i] = d
	}
	v := n.Input(n.prefix+name, onnx.Float32, sizes...)
	n.loaded[name] = v
	return v
}

// load refers to a weight in its file and converts it; the same part under the same shape is loaded once.
func (n *net) load(name string, r weights.Ref) *onnx.Value {
	key := fmt.Sprint(name, r.Offset, r.Shape)
	if v, ok := n.loaded[key]; ok {
		return v
	}
	v := n.stored(name, r)
	if n.round != 0 && n.Err() == nil && v.DType != n.round {
		v = n.Cast(v, n.round)
	}
	v = n.Cast(v, onnx.Float32)
	n.loaded[key] = v
	return v
}

// stored refers to a weight in its file, in the type it has there.
func (n *net) stored(name string, r weights.Ref) *onnx.Value {
	t, ok := dtypes[r.DType]
	if !ok {
		return n.Fail(fmt.Errorf("weight %s has type %v, wants floating point: %w", name, r.DType, ErrUnsupported))
	}
	return n.FromFile(name, t, r.Shape, onnx.External{Path: r.File.Path(), Offset: r.Offset, Length: r.Bytes})
}

var dtypes = map[weights.DType]onnx.DType{
	weights.F32: onnx.Float32, weights.F16: onnx.Float16, weights.BF16: onnx.BFloat16, weights.F64: onnx.Float64,
	weights.F8E4M3: onnx.Float8E4M3, weights.F8E5M2: onnx.Float8E5M2,
}

// bias is a bias vector, nil where the layer has none.
func (n *net) bias(name string) *onnx.Value {
	if !n.set.Has(name) {
		return nil
	}
	return n.weight(name)
}

// fixed is a size of a graph input: a number where the caller fixes it, else a name.
func fixed(size int, name string) any {
	if size > 0 {
		return size
	}
	return name
}

package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// ErrExported is wrapped where a network of an .onnx file is asked for what needs its weights.
var ErrExported = errors.New("this network is an exported .onnx file, which runs as it is: LoRAs, ControlNets, merges, patches, clip skip and tuning need the weights; load the .safetensors of the model instead")

// exportedNet is a network that somebody exported to an .onnx file, as optimum and diffusers do.
type exportedNet struct {
	file *ort.ModelFile
	name string // in its folder, for messages: unet/model.onnx
}

// openExportedNet reads a file that must have some inputs and outputs; further inputs must be among others. The error wraps
// model.ErrUnsupported where it is an export of another network.
func openExportedNet(path, name string, inputs, outputs, others []string) (exportedNet, error) {
	file, err := ort.ReadModelFile(path)
	if err != nil {
		return exportedNet{}, err
	}
	have := func(ports map[string]ort.Port) string { return strings.Join(slices.Sorted(maps.Keys(ports)), ", ") }
	for _, in := range inputs {
		if _, ok := file.Inputs[in]; !ok {
			return exportedNet{}, fmt.Errorf("%s has no input %s; it has %s: export the pipeline with optimum: %w", path, in, have(file.Inputs), model.ErrUnsupported)
		}
	}
	for in := range file.Inputs {
		if !slices.Contains(inputs, in) && !slices.Contains(others, in) {
			return exportedNet{}, fmt.Errorf("%s wants %s, which nothing here gives to it: export the pipeline without that: %w", path, in, model.ErrUnsupported)
		}
	}
	if len(outputs) > 0 && !slices.ContainsFunc(outputs, func(o string) bool { _, ok := file.Outputs[o]; return ok }) {
		return exportedNet{}, fmt.Errorf("%s has no output %s; it has %s: export the pipeline with optimum: %w",
			path, strings.Join(outputs, " or "), have(file.Outputs), model.ErrUnsupported)
	}
	return exportedNet{file, name}, nil
}

// has reports whether there is such an input.
func (n exportedNet) has(input string) bool { _, ok := n.file.Inputs[input]; return ok }

// gives reports whether there is such an output.
func (n exportedNet) gives(output string) bool { _, ok := n.file.Outputs[output]; return ok }

// size is a size of a port where the export fixed it, -1 where it is free or unknown.
func size(p ort.Port, axis int) int {
	if axis >= len(p.Shape) {
		return -1
	}
	return p.Shape[axis]
}

// sizeName is the name of a free size of a port, "" for none.
func sizeName(p ort.Port, axis int) string {
	if axis >= len(p.Dims) {
		return ""
	}
	return p.Dims[axis]
}

// spec describes the network to the cache of sessions.
func (n exportedNet) spec() GraphSpec {
	return GraphSpec{Key: "exported " + n.file.Fingerprint(), Model: n.file}
}

// exportedCall is what a network is fed for a batch: tensors with a row for each item, and those that are the same for all.
type exportedCall struct {
	items       int
	rows, whole map[string]*tensor.Tensor
	// misfit says what it means that a row has other sizes than the export fixed.
	misfit func(input string, have, want []int) error
}

// run feeds a batch and gives the outputs in order. Where the export fixed the size of its batches, the network looks at as many at a time,
// the last ones filled up.
func (n exportedNet) run(ctx context.Context, s *ort.Session, c exportedCall, outputs ...string) ([]*tensor.Tensor, error) {
	batch := c.items
	for name, t := range c.rows {
		p := n.file.Inputs[name]
		if fixed := size(p, 0); fixed > 0 {
			batch = fixed
		}
		for axis := 1; axis < len(t.Shape); axis++ {
			if fixed := size(p, axis); fixed >= 0 && fixed != t.Dim(axis) {
				return nil, fmt.Errorf("%s: %w", n.name, c.misfit(name, t.Shape, p.Shape))
			}
		}
	}
	names := make([]string, len(outputs))
	for i, o := range outputs {
		names[i] = n.file.Outputs[o].Name
	}
	parts := make([][]*tensor.Tensor, len(outputs))
	for from := 0; from < c.items; from += batch {
		inputs := map[string]ort.Value{}
		feed := func(name string, t *tensor.Tensor) {
			p := n.file.Inputs[name]
			inputs[p.Name] = portValue(p, t)
		}
		for name, t := range c.rows {
			feed(name, filledRows(t, from, batch))
		}
		for name, t := range c.whole {
			feed(name, t)
		}
		out, err := s.Run(ctx, inputs, names...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		for i, t := range out {
			parts[i] = append(parts[i], t)
		}
	}
	joined := make([]*tensor.Tensor, len(outputs))
	for i, p := range parts {
		all, err := tensor.Concat(0, p...)
		if err != nil {
			return nil, err
		}
		if all.Dim(0) < c.items {
			return nil, fmt.Errorf("%s gives %v for %d items: %w", n.name, all.Shape, c.items, model.ErrUnsupported)
		}
		joined[i] = all.Rows(0, c.items)
	}
	return joined, nil
}

// filledRows is rows [from,from+n) of t; rows behind the last are copies of it.
func filledRows(t *tensor.Tensor, from, n int) *tensor.Tensor {
	if from+n <= t.Dim(0) {
		return t.Rows(from, from+n)
	}
	row := t.Len() / t.Dim(0)
	out := tensor.New(append([]int{n}, t.Shape[1:]...)...)
	for i := range n {
		at := min(from+i, t.Dim(0)-1)
		copy(out.Data[i*row:(i+1)*row], t.Data[at*row:])
	}
	return out
}

// portValue is a tensor in the type that a port wants; whole numbers are rounded. A port without sizes takes the only value.
func portValue(p ort.Port, t *tensor.Tensor) ort.Value {
	shape := t.Shape
	if p.Shape != nil && len(p.Shape) == 0 {
		shape, t = nil, t.Rows(0, 1)
	}
	switch p.DType {
	case ort.Int64:
		whole := make([]int64, t.Len())
		for i, v := range t.Data {
			whole[i] = int64(math.RoundToEven(float64(v)))
		}
		return ort.FromInt64(whole, shape...)
	case ort.Int32:
		whole := make([]int32, t.Len())
		for i, v := range t.Data {
			whole[i] = int32(math.RoundToEven(float64(v)))
		}
		return ort.FromInt32(whole, shape...)
	}
	return ort.FromFloat32(t.Data, shape...)
}

package ort

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"

	onnxruntime "github.com/yalue/onnxruntime_go"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// ErrInput is wrapped when a run is given a missing, unknown or misshapen input.
var ErrInput = errors.New("wrong input")

// Run evaluates the graph and returns the named float32 outputs in that order; without names, all of them.
// Cancelling ctx stops the run after the operator it is in, and Run returns ctx.Err(). Errors wrap ErrInput where an
// input is at fault.
func (s *Session) Run(ctx context.Context, inputs map[string]Value, outputs ...string) ([]*tensor.Tensor, error) {
	if len(outputs) == 0 {
		outputs = names(s.signature.outputs)
	}
	into := make([]*tensor.Tensor, len(outputs))
	if err := s.run(ctx, inputs, outputs, into); err != nil {
		return nil, err
	}
	return into, nil
}

// RunInto is Run with the results written into tensors of the right shape, so that a loop allocates nothing.
func (s *Session) RunInto(ctx context.Context, inputs map[string]Value, outputs map[string]*tensor.Tensor) error {
	wanted := make([]string, 0, len(outputs))
	for name := range outputs {
		wanted = append(wanted, name)
	}
	slices.Sort(wanted)
	into := make([]*tensor.Tensor, len(wanted))
	for i, name := range wanted {
		into[i] = outputs[name]
	}
	return s.run(ctx, inputs, wanted, into)
}

// run fills the nil entries of into.
func (s *Session) run(ctx context.Context, inputs map[string]Value, outputs []string, into []*tensor.Tensor) error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var c call
	defer c.free()
	if err := c.setInputs(s.signature.inputs, inputs); err != nil {
		return err
	}
	if err := c.setOutputs(s.signature.outputs, outputs, into); err != nil {
		return err
	}
	options, err := onnxruntime.NewRunOptions()
	if err != nil {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	defer options.Destroy()
	if s.options.Release {
		if err := s.runtime.api.set(options, "memory.enable_memory_arena_shrinkage", "cpu:0"); err != nil {
			return fmt.Errorf("onnxruntime: %w", err)
		}
	}
	stop := onCancel(ctx, func() { _ = options.Terminate() })
	err = s.session.RunWithOptions(slices.Concat(c.inputs, s.weights.values), c.outputs, options)
	stop()
	goruntime.KeepAlive(inputs)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.runtime.explain(err)
	}
	return c.results(s.signature.outputs, outputs, into)
}

// call holds the wrapped values of one run, in the order of the session's ports.
type call struct {
	pin     goruntime.Pinner
	inputs  []onnxruntime.Value
	outputs []onnxruntime.Value // nil: allocated by the run
}

func (c *call) setInputs(ports []Port, given map[string]Value) error {
	sizes := map[string]int{}
	for _, p := range ports {
		v, ok := given[p.Name]
		if !ok {
			return fmt.Errorf("%w: %s is missing; it is %v %s", ErrInput, p.Name, p.DType, p.shape())
		}
		if err := p.check(v, sizes); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInput, p.Name, err)
		}
		value, err := v.ort(&c.pin)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInput, p.Name, err)
		}
		c.inputs = append(c.inputs, value)
	}
	if len(given) == len(ports) {
		return nil
	}
	for name := range given {
		if !slices.ContainsFunc(ports, func(p Port) bool { return p.Name == name }) {
			return fmt.Errorf("%w: %s is not an input of this graph; they are %s", ErrInput, name, strings.Join(names(ports), ", "))
		}
	}
	return nil
}

// setOutputs lets onnxruntime write straight into Go memory where the shape is known.
func (c *call) setOutputs(ports []Port, wanted []string, into []*tensor.Tensor) error {
	c.outputs = make([]onnxruntime.Value, len(ports))
	for i, name := range wanted {
		at := slices.IndexFunc(ports, func(p Port) bool { return p.Name == name })
		if at < 0 {
			return fmt.Errorf("output %s is not a float32 output of this graph; they are %s", name, strings.Join(names(ports), ", "))
		}
		p := ports[at]
		if into[i] == nil {
			if !p.static() {
				continue
			}
			into[i] = tensor.New(p.Shape...)
		}
		if err := p.check(FromTensor(into[i]), map[string]int{}); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		value, err := FromTensor(into[i]).ort(&c.pin)
		if err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		c.outputs[at] = value
	}
	for i, p := range ports {
		if c.outputs[i] == nil && p.static() && len(p.Shape) == 0 { // the wrapper cannot allocate a scalar, wanted or not
			value, err := FromTensor(tensor.New()).ort(&c.pin)
			if err != nil {
				return fmt.Errorf("output %s: %w", p.Name, err)
			}
			c.outputs[i] = value
		}
	}
	return nil
}

// results takes over the tensors that the run allocated; the wrapper has moved their values to Go memory already.
func (c *call) results(ports []Port, wanted []string, into []*tensor.Tensor) error {
	for i, name := range wanted {
		at := slices.IndexFunc(ports, func(p Port) bool { return p.Name == name })
		if s, ok := c.outputs[at].(*onnxruntime.Scalar[float32]); ok {
			into[i].Data[0] = s.GetData() // the wrapper keeps a scalar in memory of its own
			continue
		}
		if into[i] != nil {
			continue
		}
		t, ok := c.outputs[at].(*onnxruntime.Tensor[float32])
		if !ok {
			return fmt.Errorf("output %s: got %T instead of float32", name, c.outputs[at])
		}
		shape := make([]int, 0, 4)
		for _, d := range t.GetShape() {
			shape = append(shape, int(d))
		}
		var err error
		if into[i], err = tensor.From(t.GetData(), shape...); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
	}
	return nil
}

func (c *call) free() {
	for _, v := range slices.Concat(c.inputs, c.outputs) {
		if v != nil {
			_ = v.Destroy()
		}
	}
	c.pin.Unpin()
}

// check compares v with the port; sizes remembers what each named free size was.
func (p Port) check(v Value, sizes map[string]int) error {
	if v.dtype != p.DType {
		return fmt.Errorf("got %v; want %v", v.dtype, p.DType)
	}
	if p.Shape == nil {
		return nil
	}
	if len(v.shape) != len(p.Shape) {
		return fmt.Errorf("got shape %v; want %s", v.shape, p.shape())
	}
	for i, want := range p.Shape {
		got := v.shape[i]
		if want >= 0 && got != want {
			return fmt.Errorf("got shape %v; want %s", v.shape, p.shape())
		}
		name := p.Dims[i]
		if want >= 0 || name == "" {
			continue
		}
		if before, ok := sizes[name]; ok && before != got {
			return fmt.Errorf("got shape %v; want %s, where another input has %s = %d", v.shape, p.shape(), name, before)
		}
		sizes[name] = got
	}
	return nil
}

// static reports whether every size is known.
func (p Port) static() bool { return p.Shape != nil && !slices.Contains(p.Shape, -1) }

// shape prints sizes with names for free ones, as in [N,4,H,W].
func (p Port) shape() string {
	if p.Shape == nil {
		return "of any shape"
	}
	parts := make([]string, len(p.Shape))
	for i, d := range p.Shape {
		switch {
		case d >= 0:
			parts[i] = fmt.Sprint(d)
		case p.Dims[i] != "":
			parts[i] = p.Dims[i]
		default:
			parts[i] = "?"
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}

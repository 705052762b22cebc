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
	if _, err := s.run(ctx, inputs, outputs, into, nil); err != nil {
		return nil, err
	}
	return into, nil
}

// RunInto is Run with the results written into tensors of the right shape, so that a loop allocates nothing.
func (s *Session) RunInto(ctx context.Context, inputs map[string]Value, outputs map[string]*tensor.Tensor) error {
	_, err := s.RunKeeping(ctx, inputs, outputs)
	return err
}

// RunKeeping is RunInto that also leaves the outputs named by kept in the memory of the device, for inputs of later runs, and returns
// them in that order; to be freed.
func (s *Session) RunKeeping(ctx context.Context, inputs map[string]Value, outputs map[string]*tensor.Tensor, kept ...string) ([]*Resident, error) {
	wanted := make([]string, 0, len(outputs))
	for name := range outputs {
		wanted = append(wanted, name)
	}
	slices.Sort(wanted)
	into := make([]*tensor.Tensor, len(wanted))
	for i, name := range wanted {
		into[i] = outputs[name]
	}
	return s.run(ctx, inputs, wanted, into, kept)
}

// run fills the nil entries of into.
func (s *Session) run(ctx context.Context, inputs map[string]Value, outputs []string, into []*tensor.Tensor, kept []string) ([]*Resident, error) {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := call{session: s}
	defer c.free()
	if err := c.setInputs(inputs); err != nil {
		return nil, err
	}
	if err := c.setOutputs(outputs, into); err != nil {
		return nil, err
	}
	if err := c.keep(kept); err != nil {
		return nil, err
	}
	options, err := onnxruntime.NewRunOptions()
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer options.Destroy()
	if s.options.Release {
		if err := s.runtime.api.set(options, "memory.enable_memory_arena_shrinkage", "cpu:0"); err != nil {
			return nil, fmt.Errorf("onnxruntime: %w", err)
		}
	}
	stop := onCancel(ctx, func() { _ = options.Terminate() })
	err = s.runtime.api.run(native(s.session), options, c.in, c.out, c.devices)
	stop()
	goruntime.KeepAlive(inputs)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, s.runtime.explain(err)
	}
	return c.results(into, len(kept))
}

// call is the tensors of one run.
type call struct {
	session *Session
	pin     goruntime.Pinner
	own     []handle // to be released after the run
	in, out ports
	devices []int // of outputs that the run makes; nil where none stays on the device
}

func (c *call) setInputs(given map[string]Value) error {
	s := c.session
	sizes := map[string]int{}
	for _, p := range s.signature.inputs {
		v, ok := given[p.Name]
		if !ok {
			return fmt.Errorf("%w: %s is missing; it is %v %s", ErrInput, p.Name, p.DType, p.shape())
		}
		if err := p.check(v, sizes); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInput, p.Name, err)
		}
		if v.resident != nil {
			if v.resident.handle.value == nil {
				return fmt.Errorf("%w: %s was freed", ErrInput, p.Name)
			}
			c.in.add(s.names[p.Name], v.resident.handle)
			continue
		}
		if err := c.wrap(&c.in, p.Name, v); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInput, p.Name, err)
		}
	}
	if len(given) > len(s.signature.inputs) {
		for name := range given {
			if !slices.ContainsFunc(s.signature.inputs, func(p Port) bool { return p.Name == name }) {
				return fmt.Errorf("%w: %s is not an input of this graph; they are %s", ErrInput, name, strings.Join(names(s.signature.inputs), ", "))
			}
		}
	}
	c.in.names, c.in.values = append(c.in.names, s.fed.names...), append(c.in.values, s.fed.values...)
	return nil
}

// wrap adds a tensor of the host.
func (c *call) wrap(to *ports, name string, v Value) error {
	h, err := v.wrap(c.session.runtime.api, &c.pin)
	if err != nil {
		return err
	}
	c.own = append(c.own, h)
	to.add(c.session.names[name], h)
	return nil
}

// output is the port of that name.
func (c *call) output(name string) (Port, error) {
	ports := c.session.signature.outputs
	at := slices.IndexFunc(ports, func(p Port) bool { return p.Name == name })
	if at < 0 {
		return Port{}, fmt.Errorf("output %s is not a float32 output of this graph; they are %s", name, strings.Join(names(ports), ", "))
	}
	return ports[at], nil
}

// setOutputs lets onnxruntime write straight into Go memory where the shape is known.
func (c *call) setOutputs(wanted []string, into []*tensor.Tensor) error {
	for i, name := range wanted {
		p, err := c.output(name)
		if err != nil {
			return err
		}
		if into[i] == nil {
			if !p.static() {
				c.out.add(c.session.names[name], handle{})
				continue
			}
			into[i] = tensor.New(p.Shape...)
		}
		v := FromTensor(into[i])
		if err := p.check(v, map[string]int{}); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		if err := c.wrap(&c.out, name, v); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
	}
	return nil
}

// keep adds outputs that stay on the device, behind the others.
func (c *call) keep(kept []string) error {
	if len(kept) == 0 {
		return nil
	}
	c.devices = make([]int, len(c.out.names))
	for i := range c.devices {
		c.devices[i] = host
	}
	for _, name := range kept {
		if _, err := c.output(name); err != nil {
			return err
		}
		c.out.add(c.session.names[name], handle{})
		c.devices = append(c.devices, c.session.runtime.device.place())
	}
	return nil
}

// results takes over the tensors that the run allocated: the last ones stay where they are.
func (c *call) results(into []*tensor.Tensor, kept int) ([]*Resident, error) {
	a := c.session.runtime.api
	first := len(c.out.values) - kept
	residents := make([]*Resident, kept)
	var problem error
	for i, value := range c.out.values[first:] {
		h := handle{value: value}
		shape, err := a.shape(h)
		problem = errors.Join(problem, err)
		residents[i] = c.session.runtime.resident(h, Float32, shape)
	}
	for i, value := range c.out.values[:first] {
		if into[i] != nil {
			continue
		}
		h := handle{value: value}
		c.own = append(c.own, h)
		var err error
		if into[i], err = a.tensor(h); err != nil {
			problem = errors.Join(problem, err)
		}
	}
	if problem != nil {
		for _, r := range residents {
			r.Free()
		}
		return nil, fmt.Errorf("onnxruntime: %w", problem)
	}
	return residents, nil
}

func (c *call) free() {
	for _, h := range c.own {
		c.session.runtime.api.release(h)
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

package actor

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Losses are multiplied before they are differentiated in half precision, so that small gradients do not become 0, by as much as keeps the
// largest ones finite (Micikevicius et al. 2018, arXiv:1710.03740, section 3.2): doubled after so many steps, halved where one is not finite.
const (
	firstScale   = 1 << 16
	largestScale = 1 << 24
	scaleSteps   = 200
)

// scaleInput is the input of a gradient graph whose outputs are that many times too large. A graph that has it is one for a GPU.
const scaleInput = "scale"

// deviceTraining keeps trained values, averages and gradients in the memory of the device; the host sees the loss of each step. On the host
// are the values before the first step, and those after the last that was fetched.
type deviceTraining struct {
	trainer *trainer
	optimum *ort.Session // AdamWGraph
	release func()

	state []*ort.Resident // of each value: the value, its mean and its square; nil before the first step
	fixed []*ort.Resident
	scale float32
	clean int // steps since the scale changed
}

// newDeviceTraining compiles the optimiser and moves the inputs that stay the same.
func newDeviceTraining(ctx context.Context, rt *runtime.Runtime, t *trainer) (*deviceTraining, error) {
	var shapes []onnx.Shape
	for _, v := range t.values {
		shape := onnx.Shape{}
		for _, d := range v.value.Shape {
			shape = append(shape, int64(d))
		}
		shapes = append(shapes, shape)
	}
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key: fmt.Sprint("AdamW ", shapes), Runs: 1, Work: 1, AsWritten: true,
		Build: func() (*onnx.Graph, error) { return autodiff.AdamWGraph(shapes) },
	})
	if err != nil {
		return nil, fmt.Errorf("optimiser: %w", err)
	}
	d := &deviceTraining{trainer: t, optimum: session, release: release, scale: firstScale}
	trains := map[string]bool{}
	for _, v := range t.values {
		trains[v.name] = true
	}
	for name, v := range t.inputs {
		if trains[name] {
			continue
		}
		r, err := t.session.Keep(v)
		if err != nil {
			d.close()
			return nil, err
		}
		d.fixed = append(d.fixed, r)
		t.inputs[name] = r.Value()
	}
	return d, nil
}

// put moves the state of the host to the device.
func (d *deviceTraining) put() error {
	for i, v := range d.trainer.values {
		for _, data := range [][]float32{v.value.Data, d.trainer.adam.Means[i], d.trainer.adam.Squares[i]} {
			r, err := d.trainer.session.Keep(ort.FromFloat32(data, v.value.Shape...))
			if err != nil {
				return err
			}
			d.state = append(d.state, r)
		}
	}
	return nil
}

// fetch copies the state to the host.
func (d *deviceTraining) fetch() error {
	for i, r := range d.state {
		data := d.trainer.values[i/3].value.Data
		switch i % 3 {
		case 1:
			data = d.trainer.adam.Means[i/3]
		case 2:
			data = d.trainer.adam.Squares[i/3]
		}
		if err := r.Read(data); err != nil {
			return err
		}
	}
	return nil
}

// step is the trainer's. Where a gradient is not finite the step is made again with a smaller scale; the error wraps ErrDiverged where none helps.
func (d *deviceTraining) step(ctx context.Context) (float32, error) {
	if d.state == nil {
		if err := d.put(); err != nil {
			return 0, err
		}
	}
	for {
		loss, bad, err := d.try(ctx)
		switch {
		case err != nil:
			return loss, err
		case loss-loss != 0:
			return loss, fmt.Errorf("the loss is %v: %w", loss, ErrDiverged)
		case bad == "":
			d.trainer.adam.Advance()
			if d.clean++; d.clean >= scaleSteps && d.scale < largestScale {
				d.scale, d.clean = 2*d.scale, 0
			}
			return loss, nil
		case d.scale <= 1:
			return loss, fmt.Errorf("the gradient of %s is not finite: %w", bad, ErrDiverged)
		}
		d.scale, d.clean = d.scale/2, 0
	}
}

// try makes a step, unless a gradient is not finite: then bad is the value's name, and nothing has changed.
func (d *deviceTraining) try(ctx context.Context) (loss float32, bad string, err error) {
	t := d.trainer
	t.inputs[scaleInput] = ort.FromFloat32([]float32{d.scale}, 1)
	inputs := map[string]ort.Value{}
	for name, f := range t.adam.Factors(d.scale) {
		inputs[name] = ort.FromFloat32([]float32{f}, 1)
	}
	var gradients, results []string
	for i, v := range t.values {
		t.inputs[v.name] = d.state[3*i].Value()
		gradients = append(gradients, "grad."+v.name)
		for j, part := range []string{"value", "mean", "square"} {
			inputs[fmt.Sprint(part, ".", i)] = d.state[3*i+j].Value()
			results = append(results, fmt.Sprint("new ", part, ".", i))
		}
	}
	kept, err := t.session.RunKeeping(ctx, t.inputs, map[string]*tensor.Tensor{"loss": t.loss}, gradients...)
	if err != nil {
		return 0, "", err
	}
	defer freeAll(kept)
	for i, r := range kept {
		inputs[fmt.Sprint("gradient.", i)] = r.Value()
	}
	finite := tensor.New(len(t.values))
	state, err := d.optimum.RunKeeping(ctx, inputs, map[string]*tensor.Tensor{"finite": finite}, results...)
	if err != nil {
		return 0, "", err
	}
	for i, v := range finite.Data {
		if v != 0 {
			freeAll(state)
			return t.loss.Data[0], t.values[i].name, nil
		}
	}
	freeAll(d.state)
	d.state = state
	return t.loss.Data[0], "", nil
}

func (d *deviceTraining) close() {
	freeAll(d.state)
	freeAll(d.fixed)
	d.release()
}

func freeAll(list []*ort.Resident) {
	for _, r := range list {
		r.Free()
	}
}

package actor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// ErrDiverged is wrapped when a loss or a gradient is no number any more. The trained values are those before that step.
var ErrDiverged = errors.New("tuning diverged")

// trained is one value that training changes: an input of the graph and the output that holds its gradient.
type trained struct {
	name  string // of the input; the gradient is "grad." + name
	value *tensor.Tensor
}

// trainer runs a gradient graph and moves the trained values down the gradient.
type trainer struct {
	session *ort.Session
	values  []trained
	adam    *autodiff.AdamW
	inputs  map[string]ort.Value      // that stay the same; the trained values are among them
	outputs map[string]*tensor.Tensor // loss and gradients, written anew in each step
	grads   [][]float32
	loss    *tensor.Tensor  // [1]
	device  *deviceTraining // where values and gradients stay on a GPU; else nil
}

// newTrainer trains values in place; inputs are what else stays the same in every step. close must be called.
func newTrainer(ctx context.Context, rt *runtime.Runtime, session *ort.Session, values []trained, inputs map[string]ort.Value, rate, decay float64) (*trainer, error) {
	t := &trainer{session: session, values: values, inputs: map[string]ort.Value{}, outputs: map[string]*tensor.Tensor{}, loss: tensor.New(1)}
	maps.Copy(t.inputs, inputs)
	t.outputs["loss"] = t.loss
	var all [][]float32
	for _, v := range values {
		t.inputs[v.name] = ort.FromTensor(v.value)
		all = append(all, v.value.Data)
	}
	t.adam = autodiff.NewAdamW(rate, all...)
	t.adam.Decay = decay
	if slices.ContainsFunc(session.Inputs(), func(p ort.Port) bool { return p.Name == scaleInput }) {
		var err error
		t.device, err = newDeviceTraining(ctx, rt, t)
		return t, err
	}
	for _, v := range values {
		g := tensor.New(v.value.Shape...)
		t.outputs["grad."+v.name], t.grads = g, append(t.grads, g.Data)
	}
	return t, nil
}

// fetch brings values and averages to the host, where they always are without a device.
func (t *trainer) fetch() error {
	if t.device == nil {
		return nil
	}
	return t.device.fetch()
}

func (t *trainer) close() {
	if t.device != nil {
		t.device.close()
	}
}

// gradients evaluates loss and gradients for a batch; the batch's inputs join those that stay.
func (t *trainer) gradients(ctx context.Context, batch map[string]ort.Value) (float32, error) {
	maps.Copy(t.inputs, batch)
	if err := t.session.RunInto(ctx, t.inputs, t.outputs); err != nil {
		return 0, err
	}
	return t.loss.Data[0], nil
}

// step evaluates a batch and updates the values. The error wraps ErrDiverged, and nothing has changed, where a number is not finite.
func (t *trainer) step(ctx context.Context, batch map[string]ort.Value) (float32, error) {
	if t.device != nil {
		maps.Copy(t.inputs, batch)
		return t.device.step(ctx)
	}
	loss, err := t.gradients(ctx, batch)
	if err != nil {
		return 0, err
	}
	if loss-loss != 0 {
		return loss, fmt.Errorf("the loss is %v: %w", loss, ErrDiverged)
	}
	for i, g := range t.grads {
		if !finite(g) {
			return loss, fmt.Errorf("the gradient of %s is not finite: %w", t.values[i].name, ErrDiverged)
		}
	}
	return loss, t.adam.Update(t.grads...)
}

// finite tells whether all values are numbers: NaN and infinity times 0 are NaN.
func finite(values []float32) bool {
	var sum float32
	for _, v := range values {
		sum += v * 0
	}
	return sum == 0
}

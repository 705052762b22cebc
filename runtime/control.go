package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// steer is a control during one run.
type steer interface {
	// residuals is what the control adds to one call of the UNet. The caller does not change them.
	residuals(ctx context.Context, call modelCall, scaled *tensor.Tensor) (residuals, error)
}

// controls is what steers a run by pictures: every control of its entries, made ready for the model.
type controls struct {
	steers map[*Control]steer
	// net says that some control is a ControlNet, adapted are the input blocks to which T2I adapters add: the graph of the UNet has
	// inputs for both.
	net     bool
	adapted []int

	warnSmaller func() // says once that a deep shrink leaves residuals out
}

// newControls makes the controls of all entries ready; one that does not fit the model is an error.
func (u *unetRun) newControls(entries [][]entry) (controls, error) {
	c := controls{steers: map[*Control]steer{}, warnSmaller: sync.OnceFunc(func() {
		slog.Warn("deep shrink: the ControlNet's residuals for the smaller blocks do not fit and are left out")
	})}
	places := map[int]bool{}
	for _, e := range slices.Concat(entries...) {
		for _, control := range e.control.chain() {
			if c.steers[control] != nil {
				continue
			}
			s, err := u.steer(control)
			if err != nil {
				return c, fmt.Errorf("%s %s: %w", control.net.file.Kind, control.net.name, err)
			}
			c.steers[control] = s
			if a, ok := s.(*adapterSteer); ok {
				for _, p := range a.config.Places {
					places[p] = true
				}
			} else {
				c.net = true
			}
		}
	}
	c.adapted = slices.Sorted(maps.Keys(places))
	return c, nil
}

func (u *unetRun) steer(c *Control) (steer, error) {
	if c.net.file.Kind == weights.AdapterControl {
		return u.newAdapterSteer(c)
	}
	return u.newNetSteer(c)
}

// residuals are what controls add to a UNet: pictures [B,C,h,w], or [1,C,h,w] for every item of the batch.
type residuals struct {
	nets    []netResiduals
	adapted map[int]*tensor.Tensor // added to the results of input blocks, or of the middle block (model.Middle)
}

// plus is the sum of both.
func (r residuals) plus(s residuals) residuals {
	out := residuals{nets: slices.Concat(r.nets, s.nets), adapted: maps.Clone(r.adapted)}
	if out.adapted == nil {
		out.adapted = map[int]*tensor.Tensor{}
	}
	for place, t := range s.adapted {
		out.adapted[place] = sum(out.adapted[place], t)
	}
	return out
}

// free gives back what the nets left on the device.
func (r residuals) free() {
	for _, n := range r.nets {
		n.free()
	}
}

// sum is a new tensor, or the one that is there where the other is nothing; one picture stands for all of a batch.
func sum(a, b *tensor.Tensor) *tensor.Tensor {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	out := tensor.New(a.Shape...)
	if b.Dim(0) > a.Dim(0) {
		out = tensor.New(b.Shape...)
	}
	n := min(len(a.Data), len(b.Data))
	for from := 0; from < len(out.Data); from += n {
		x, y := a.Data[from%len(a.Data):][:n], b.Data[from%len(b.Data):][:n]
		for i, v := range x {
			out.Data[from+i] = v + y[i]
		}
	}
	return out
}

// chain is what a chain of controls adds at one noise level; a control outside its range adds nothing.
func (u *unetRun) chain(ctx context.Context, c *Control, call modelCall, scaled *tensor.Tensor) (residuals, error) {
	if c == nil {
		return residuals{}, nil
	}
	before, err := u.chain(ctx, c.previous, call, scaled)
	if err != nil {
		return residuals{}, err
	}
	highest, lowest := c.during.sigmas(u.model.sampling.PercentToSigma)
	if call.sigma > highest || call.sigma < lowest {
		return before, nil
	}
	own, err := u.controls.steers[c].residuals(ctx, call, scaled)
	if err != nil {
		before.free()
		return residuals{}, fmt.Errorf("%s %s: %w", c.net.file.Kind, c.net.name, err)
	}
	return before.plus(own), nil
}

// addResiduals evaluates the controls of a batch and adds their sum to the inputs of the UNet; zeros where no control is active, so that
// the graph stays the same for the whole run. What it returns is to be freed after the run of the UNet.
func (u *unetRun) addResiduals(ctx context.Context, inputs map[string]ort.Value, call modelCall, scaled *tensor.Tensor, sizes model.UNetSizes) (netResiduals, error) {
	r, err := u.chain(ctx, call.control, call, scaled)
	if err != nil {
		return netResiduals{}, err
	}
	c := u.model.config
	net, err := u.combine(ctx, r.nets)
	if err != nil {
		return netResiduals{}, err
	}
	if u.net {
		for i, channels := range c.SkipChannels {
			inputs[fmt.Sprint("control.", i)] = u.fitting(net.at(i), channels, sizes.Kept[i])
		}
		inputs["control.middle"] = u.fitting(net.at(len(c.SkipChannels)), c.MiddleChannels, sizes.Middle)
	}
	for _, place := range u.adapted {
		name, channels, size := "adapter.middle", c.MiddleChannels, sizes.Middle
		if place != model.Middle {
			name, channels, size = fmt.Sprint("adapter.", place), c.SkipChannels[place], sizes.Encoded[place]
		}
		var v ort.Value
		if t := r.adapted[place]; t != nil {
			v = ort.FromTensor(t)
		}
		inputs[name] = u.fitting(v, channels, size)
	}
	return net, nil
}

// fitting is the residual v where it fits, else a zero for every item and cell.
func (c *controls) fitting(v ort.Value, channels int, s model.Size) ort.Value {
	if c.fits(v, s) {
		return v
	}
	return ort.FromTensor(tensor.New(1, channels, 1, 1))
}

// fits tells whether there is a residual, and one of a place's size. Where a deep shrink makes the network smaller than the ControlNet, its
// residuals count for nothing, as in the reference.
func (c *controls) fits(v ort.Value, s model.Size) bool {
	shape := v.Shape()
	if len(shape) != 4 {
		return false
	}
	if shape[2] != s.H || shape[3] != s.W {
		c.warnSmaller()
		return false
	}
	return true
}

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

// residuals are what controls add to a UNet: pictures [B,C,h,w], or [1,C,h,w] for every item of the batch; nil is nothing.
type residuals struct {
	blocks  []*tensor.Tensor       // per input block, added to what an output block reads of it
	middle  *tensor.Tensor         // added to the result of the middle block
	adapted map[int]*tensor.Tensor // added to the results of input blocks, or of the middle block (model.Middle)
}

// plus is the sum of both.
func (r residuals) plus(s residuals) residuals {
	out := residuals{blocks: make([]*tensor.Tensor, max(len(r.blocks), len(s.blocks))), middle: sum(r.middle, s.middle), adapted: map[int]*tensor.Tensor{}}
	for i := range out.blocks {
		out.blocks[i] = sum(r.block(i), s.block(i))
	}
	for place := range maps.Keys(r.adapted) {
		out.adapted[place] = sum(r.adapted[place], s.adapted[place])
	}
	for place, t := range s.adapted {
		if out.adapted[place] == nil {
			out.adapted[place] = t
		}
	}
	return out
}

func (r residuals) block(i int) *tensor.Tensor {
	if i < len(r.blocks) {
		return r.blocks[i]
	}
	return nil
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

// chain is the sum of a chain of controls at one noise level; a control outside its range adds nothing.
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
		return residuals{}, fmt.Errorf("%s %s: %w", c.net.file.Kind, c.net.name, err)
	}
	if c.previous == nil {
		return own, nil
	}
	return before.plus(own), nil
}

// addResiduals evaluates the controls of a batch and adds their sum to the inputs of the UNet; zeros where no control is active, so that
// the graph stays the same for the whole run.
func (u *unetRun) addResiduals(ctx context.Context, inputs map[string]ort.Value, call modelCall, scaled *tensor.Tensor, sizes model.UNetSizes) error {
	r, err := u.chain(ctx, call.control, call, scaled)
	if err != nil {
		return err
	}
	c := u.model.config
	if u.net {
		for i, channels := range c.SkipChannels {
			inputs[fmt.Sprint("control.", i)] = ort.FromTensor(u.fitting(r.block(i), channels, sizes.Kept[i]))
		}
		inputs["control.middle"] = ort.FromTensor(u.fitting(r.middle, c.MiddleChannels, sizes.Middle))
	}
	for _, place := range u.adapted {
		if place == model.Middle {
			inputs["adapter.middle"] = ort.FromTensor(u.fitting(r.adapted[place], c.MiddleChannels, sizes.Middle))
		} else {
			inputs[fmt.Sprint("adapter.", place)] = ort.FromTensor(u.fitting(r.adapted[place], c.SkipChannels[place], sizes.Encoded[place]))
		}
	}
	return nil
}

// fitting is the residual t for a place of a size. A zero for every item and cell stands in for one that is missing and for one of another
// size: where a deep shrink makes the network smaller than the ControlNet, its residuals count for nothing, as in the reference.
func (c *controls) fitting(t *tensor.Tensor, channels int, s model.Size) *tensor.Tensor {
	if t != nil {
		if t.Dim(2) == s.H && t.Dim(3) == s.W {
			return t
		}
		c.warnSmaller()
	}
	return tensor.New(1, channels, 1, 1)
}

package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// unetRun is a model during one sampling run. It compiles what the run turns out to need: latents of odd size take another graph than
// even ones, and ControlNets one of their own. It implements predictor.
type unetRun struct {
	rt      *Runtime
	model   Model
	steps   int
	control bool                 // some entry has a control, so the UNet's graph takes residuals
	patches model.Patches        // of the weights
	changed map[string]ort.Value // changed weights and factors of branches; nil before the first step

	held  map[string]heldSession
	hints map[*Control]*tensor.Tensor // at the size last asked for
	zero  []float32                   // as long as the longest residual of nothing

	warnSmaller func() // says once that a deep shrink leaves residuals out
}

type heldSession struct {
	session *ort.Session
	release func()
}

// newUNetRun prepares a run of about the given number of steps. close must be called.
func (rt *Runtime) newUNetRun(m Model, steps int, entries ...[]entry) (*unetRun, error) {
	u := &unetRun{rt: rt, model: m, steps: steps, held: map[string]heldSession{}, hints: map[*Control]*tensor.Tensor{}}
	u.warnSmaller = sync.OnceFunc(func() {
		slog.Warn("deep shrink: the ControlNet's residuals for the smaller blocks do not fit and are left out")
	})
	for _, side := range entries {
		for _, e := range side {
			u.control = u.control || e.control != nil
		}
	}
	return u, nil
}

// close lets go of the run's sessions; the cache keeps them for the next.
func (u *unetRun) close() {
	for _, h := range u.held {
		h.release()
	}
}

// unetWork is how many operations a weight of the SD 1.5 UNet takes part in per latent cell (0.36 TFLOP at two latents of 32x32 cells,
// 860M weights).
const unetWork = 0.2

func (u *unetRun) session(ctx context.Context, x *tensor.Tensor, key string, build func() (*onnx.Graph, error)) (*ort.Session, error) {
	if h, ok := u.held[key]; ok {
		return h.session, nil
	}
	session, release, err := u.rt.sessions.acquire(ctx, GraphSpec{
		Key: key, Runs: u.steps, Work: unetWork * float64(x.Dim(0)*x.Dim(2)*x.Dim(3)), Build: build,
	})
	if err != nil {
		return nil, err
	}
	u.held[key] = heldSession{session, release}
	return session, nil
}

// predict is the prediction of x0 for one batch at one noise level.
func (u *unetRun) predict(ctx context.Context, call modelCall) (prediction, error) {
	if d := u.model.config.ContextDim; d != call.text.Dim(2) {
		return prediction{}, fmt.Errorf("the prompt has embeddings of width %d and the model wants %d: encode it with the text encoder that belongs to the model",
			call.text.Dim(2), d)
	}
	s := u.model.sampling
	scaled := tensor.New(call.x.Shape...)
	s.ScaleInput(scaled.Data, call.x.Data, call.sigma)
	seen, err := call.seen(scaled)
	if err != nil {
		return prediction{}, err
	}
	if c := u.model.config.InChannels; c != seen.Dim(1) {
		return prediction{}, fmt.Errorf("the latent has %d channels and the model wants %d", seen.Dim(1), c)
	}
	inputs := map[string]ort.Value{
		"x":         ort.FromTensor(seen),
		"timesteps": ort.FromTensor(tensor.Full(s.Timestep(call.sigma), call.x.Dim(0))),
		"context":   ort.FromTensor(call.text),
	}
	if d := u.model.config.LabelDim; d > 0 {
		if call.vector == nil || call.vector.Dim(1) != d {
			return prediction{}, fmt.Errorf("the model wants a vector of %d numbers beside the prompt: encode the prompt with the text encoders that belong to the model", d)
		}
		inputs["y"] = ort.FromTensor(call.vector)
	}
	patched := newPatchedCall(u.model, u.model.network, call)
	edits, numbers, err := patched.edits()
	if err != nil {
		return prediction{}, err
	}
	maps.Copy(inputs, numbers)
	if u.control {
		if err := u.addResiduals(ctx, inputs, call, scaled, patched.sizes); err != nil {
			return prediction{}, err
		}
	}
	if u.changed == nil {
		if u.patches, u.changed, err = u.rt.Patches(ctx, u.model); err != nil {
			return prediction{}, err
		}
	}
	maps.Copy(inputs, u.changed)
	session, err := u.unetSession(ctx, call.x, edits)
	if err != nil {
		return prediction{}, err
	}
	names := []string{"out"}
	if call.features {
		names = append(names, "h")
	}
	out, err := session.Run(ctx, inputs, names...)
	if err != nil {
		return prediction{}, err
	}
	p := prediction{x0: tensor.New(call.x.Shape...)}
	if call.features {
		p.h = out[1]
	}
	s.Denoise(p.x0.Data, call.x.Data, out[0].Data, call.sigma)
	return p, nil
}

// seen is everything that the UNet sees: the scaled latent and, behind it, the planes of its own.
func (c modelCall) seen(scaled *tensor.Tensor) (*tensor.Tensor, error) {
	if c.planes == nil {
		return scaled, nil
	}
	return tensor.Concat(1, scaled, c.planes)
}

func (u *unetRun) unetSession(ctx context.Context, x *tensor.Tensor, edits []model.UNetEdit) (*ort.Session, error) {
	whole := 1 << u.model.config.Levels()
	o := model.UNetOptions{
		// One graph serves runs that want h and those that do not: the output costs nothing, a second copy of the weights would.
		Features: true,
		Control:  u.control,
		// Even works on kernels derived from the weights, which would be computed anew in each run of a low-memory graph.
		Even:    x.Dim(2)%whole == 0 && x.Dim(3)%whole == 0 && u.rt.sessions.policy != WeightsMapped,
		Patches: u.patches,
	}
	o.Edits = edits
	return u.session(ctx, x, GraphKey("unet", u.model.set, o), func() (*onnx.Graph, error) { return model.UNet(u.model.set, o) })
}

// residuals are what ControlNets add to a UNet: one per input block, nil for none, and the middle block's.
type residuals struct {
	blocks []*tensor.Tensor
	middle *tensor.Tensor
}

// addResiduals evaluates the controls of a batch and adds their sum to the inputs; zeros where no control is active, so that the graph
// stays the same for the whole run.
func (u *unetRun) addResiduals(ctx context.Context, inputs map[string]ort.Value, call modelCall, scaled *tensor.Tensor, sizes model.UNetSizes) error {
	r, err := u.residuals(ctx, call.control, call, scaled)
	if err != nil {
		return err
	}
	c, batch := u.model.config, call.x.Dim(0)
	for i, channels := range c.SkipChannels {
		inputs[fmt.Sprint("control.", i)] = ort.FromTensor(u.fitting(r.block(i), batch, channels, sizes.Kept[i]))
	}
	inputs["control.middle"] = ort.FromTensor(u.fitting(r.middle, batch, c.MiddleChannels, sizes.Middle))
	return nil
}

func (r residuals) block(i int) *tensor.Tensor {
	if i < len(r.blocks) {
		return r.blocks[i]
	}
	return nil
}

// fitting is the residual t for a place of a size. Zeros stand in for one that is missing and for one of another size: where a deep shrink
// makes the network smaller than the ControlNet, its residuals count for nothing, as in the reference. All zeros share their values: a step
// outside of the range of its controls allocates nothing.
func (u *unetRun) fitting(t *tensor.Tensor, batch, channels int, s model.Size) *tensor.Tensor {
	if t != nil {
		if t.Dim(2) == s.H && t.Dim(3) == s.W {
			return t
		}
		u.warnSmaller()
	}
	shape := []int{batch, channels, s.H, s.W}
	n := tensor.Size(shape)
	if len(u.zero) < n {
		u.zero = make([]float32, n)
	}
	return &tensor.Tensor{Shape: shape, Data: u.zero[:n]}
}

// residuals is the sum of a chain of controls at one noise level; a control outside its range adds nothing.
func (u *unetRun) residuals(ctx context.Context, c *Control, call modelCall, scaled *tensor.Tensor) (residuals, error) {
	if c == nil {
		return residuals{}, nil
	}
	sum, err := u.residuals(ctx, c.previous, call, scaled)
	if err != nil {
		return residuals{}, err
	}
	highest, lowest := u.model.sampling.PercentToSigma(c.during.Start), u.model.sampling.PercentToSigma(c.during.End)
	if call.sigma > float32(highest) || call.sigma < float32(lowest) {
		return sum, nil
	}
	own, err := u.evaluateControl(ctx, c, call, scaled)
	if err != nil {
		return residuals{}, fmt.Errorf("ControlNet %s: %w", c.net.name, err)
	}
	for i, t := range own.blocks {
		accumulate(t, sum.block(i))
	}
	accumulate(own.middle, sum.middle)
	return own, nil
}

// accumulate adds previous, if there is one, to t.
func accumulate(t, previous *tensor.Tensor) {
	if previous == nil {
		return
	}
	for i, v := range previous.Data {
		t.Data[i] += v
	}
}

// evaluateControl runs one ControlNet and scales its residuals.
func (u *unetRun) evaluateControl(ctx context.Context, c *Control, call modelCall, scaled *tensor.Tensor) (residuals, error) {
	if err := c.net.matches(u.model); err != nil {
		return residuals{}, err
	}
	hint, err := u.hint(c, call)
	if err != nil {
		return residuals{}, err
	}
	var o model.UNetOptions
	session, err := u.session(ctx, call.x, GraphKey("controlnet", c.net.set, o), func() (*onnx.Graph, error) {
		return model.ControlNet(c.net.set, o)
	})
	if err != nil {
		return residuals{}, err
	}
	var names []string
	for i := range c.net.config.SkipChannels {
		names = append(names, fmt.Sprint("output.", i))
	}
	inputs := map[string]ort.Value{
		"x":         ort.FromTensor(scaled),
		"timesteps": ort.FromTensor(tensor.Full(u.model.sampling.Timestep(call.sigma), call.x.Dim(0))),
		"context":   ort.FromTensor(call.text),
		"hint":      ort.FromTensor(hint),
	}
	if c.net.config.LabelDim > 0 {
		inputs["y"] = ort.FromTensor(call.vector)
	}
	out, err := session.Run(ctx, inputs, append(names, "middle.0")...)
	if err != nil {
		return residuals{}, err
	}
	for _, t := range out {
		if c.net.pooled {
			spatialMean(t)
		}
		for i := range t.Data {
			t.Data[i] *= c.strength
		}
	}
	last := len(out) - 1
	return residuals{blocks: out[:last], middle: out[last]}, nil
}

// spatialMean replaces every plane of t [B,C,H,W] by its mean.
func spatialMean(t *tensor.Tensor) {
	n := t.Dim(2) * t.Dim(3)
	for at := 0; at < len(t.Data); at += n {
		plane := t.Data[at : at+n]
		var sum float64
		for _, v := range plane {
			sum += float64(v)
		}
		mean := float32(sum / float64(n))
		for i := range plane {
			plane[i] = mean
		}
	}
}

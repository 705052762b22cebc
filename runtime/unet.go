package runtime

import (
	"context"
	"fmt"
	"maps"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// unetRun is a model during one sampling run. It compiles what the run turns out to need: latents of odd size take another graph than
// even ones, and ControlNets one of their own. It implements predictor.
type unetRun struct {
	rt      *Runtime
	model   Model
	steps   int
	patches model.Patches        // of the weights
	changed map[string]ort.Value // changed weights and factors of branches; nil before the first step
	network []networkPatch       // of the network: the model's and what this run adds
	random  *sampling.Generator  // goes on behind the noise of the run; patches of the network draw from it
	controls

	held     map[string]heldSession
	constant deviceTensors
}

type heldSession struct {
	session *ort.Session
	release func()
}

// newUNetRun prepares a run of about the given number of steps; random goes on behind its noise. close must be called.
func (rt *Runtime) newUNetRun(m Model, steps int, random *sampling.Generator, entries ...[]entry) (*unetRun, error) {
	if m.exported != nil {
		if err := m.exported.checkEntries(entries); err != nil {
			return nil, err
		}
	}
	m, err := m.withBoxes(entries)
	if err != nil {
		return nil, err
	}
	u := &unetRun{rt: rt, model: m, steps: steps, network: m.network, random: random, held: map[string]heldSession{}}
	u.controls, err = u.newControls(entries)
	return u, err
}

// close lets go of the run's sessions; the cache keeps them for the next.
func (u *unetRun) close() {
	for _, h := range u.held {
		h.release()
	}
	u.constant.free()
}

// unetWork is how many operations a weight of the SD 1.5 UNet takes part in per latent cell (0.36 TFLOP at two latents of 32x32 cells,
// 860M weights).
const unetWork = 0.2

func (u *unetRun) session(ctx context.Context, x *tensor.Tensor, key string, build func() (*onnx.Graph, error)) (*ort.Session, error) {
	return u.hold(ctx, x, GraphSpec{Key: key, Build: build})
}

// hold is the session of a network that looks at x in every step, kept until the end of the run.
func (u *unetRun) hold(ctx context.Context, x *tensor.Tensor, spec GraphSpec) (*ort.Session, error) {
	if h, ok := u.held[spec.Key]; ok {
		return h.session, nil
	}
	spec = u.counted(spec, x)
	session, release, err := u.rt.sessions.acquire(ctx, spec)
	if err != nil {
		return nil, err
	}
	u.held[spec.Key] = heldSession{session, release}
	return session, nil
}

// counted says how often the network is going to look at states like x.
func (u *unetRun) counted(spec GraphSpec, x *tensor.Tensor) GraphSpec {
	spec.Runs, spec.Work = u.steps, unetWork*float64(x.Dim(0)*x.Dim(2)*x.Dim(3))
	return spec
}

func (u *unetRun) level(x *tensor.Tensor) ort.Level {
	return u.rt.sessions.level(u.counted(GraphSpec{}, x))
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
	var p prediction
	var out *tensor.Tensor
	if u.model.exported != nil {
		out, err = u.runExported(ctx, call, seen)
	} else {
		out, p.h, p.attention, err = u.run(ctx, call, scaled, seen)
	}
	if err != nil {
		return prediction{}, err
	}
	p.x0 = tensor.New(call.x.Shape...)
	s.Denoise(p.x0.Data, call.x.Data, out.Data, call.sigma)
	return p, nil
}

// run is the network's output for the scaled latent, and its state before the middle block and the attention in it where they are wanted;
// seen is the latent with the planes beside it.
func (u *unetRun) run(ctx context.Context, call modelCall, scaled, seen *tensor.Tensor) (out, h, attention *tensor.Tensor, err error) {
	inputs := map[string]ort.Value{
		"x":         ort.FromTensor(seen),
		"timesteps": ort.FromTensor(tensor.Full(u.model.sampling.Timestep(call.sigma), call.x.Dim(0))),
		"context":   ort.FromTensor(call.text),
	}
	if d := u.model.config.LabelDim; d > 0 {
		if call.vector == nil || call.vector.Dim(1) != d {
			return nil, nil, nil, fmt.Errorf("the model wants a vector of %d numbers beside the prompt: encode the prompt with the text encoders that belong to the model", d)
		}
		inputs["y"] = ort.FromTensor(call.vector)
	}
	patched := newPatchedCall(u.model, u.network, call, u.random)
	edits, numbers, err := patched.edits()
	if err != nil {
		return nil, nil, nil, err
	}
	maps.Copy(inputs, numbers)
	steered, err := u.addResiduals(ctx, inputs, call, scaled, patched.sizes)
	if err != nil {
		return nil, nil, nil, err
	}
	defer steered.free()
	if err := u.addWeights(ctx, inputs); err != nil {
		return nil, nil, nil, err
	}
	session, err := u.unetSession(ctx, call.x, edits, inputs)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := u.constant.move(session, u.changed); err != nil { // they are made before there is a session to move them to
		return nil, nil, nil, err
	}
	maps.Copy(inputs, u.changed)
	names := []string{"out"}
	if call.features {
		names = append(names, "h")
	}
	if call.attention {
		names = append(names, "attention")
	}
	results, err := session.Run(ctx, inputs, names...)
	if err != nil {
		return nil, nil, nil, err
	}
	if call.features {
		h = results[1]
	}
	if call.attention {
		attention = results[len(results)-1]
	}
	return results[0], h, attention, nil
}

// addWeights adds changed weights and the factors of branches to the inputs; they are made before the first step.
func (u *unetRun) addWeights(ctx context.Context, inputs map[string]ort.Value) (err error) {
	if u.changed == nil {
		weights := u.model.patched()
		u.patches = weights.graphPatches()
		if u.changed, err = u.rt.weightInputs(ctx, weights); err != nil {
			return err
		}
	}
	maps.Copy(inputs, u.changed)
	return nil
}

// seen is everything that the UNet sees: the scaled latent and, behind it, the planes of its own.
func (c modelCall) seen(scaled *tensor.Tensor) (*tensor.Tensor, error) {
	if c.planes == nil {
		return scaled, nil
	}
	return tensor.Concat(1, scaled, c.planes)
}

// unetSession is the network's graph; it adds inputs that the graph has and the model has no use for.
func (u *unetRun) unetSession(ctx context.Context, x *tensor.Tensor, edits []model.UNetEdit, inputs map[string]ort.Value) (*ort.Session, error) {
	whole := 1 << u.model.config.Levels()
	o := model.UNetOptions{
		// One graph serves runs that want h and those that do not: the output costs nothing, a second copy of the weights would.
		Features: true,
		Control:  u.controls.net,
		Adapted:  u.controls.adapted,
		// Even works on kernels derived from the weights, which would be computed anew in each run of a low-memory graph.
		Even:    x.Dim(2)%whole == 0 && x.Dim(3)%whole == 0 && u.rt.sessions.policy != WeightsMapped,
		Patches: u.patches,
	}
	o.Edits = edits
	spec := GraphSpec{Key: GraphKey("unet", u.model.set, o), Build: func() (*onnx.Graph, error) { return model.UNet(u.model.set, o) }}
	if u.level(x) == ort.Packed {
		// Packing takes long, so a packed network is ready for any LoRA on the layers that LoRAs usually change; those that none changes get
		// a pair of rank 0.
		spec.Replaces = spec.Key
		o.Patches.LoRA = u.openLayers()
		spec.Key = GraphKey("unet", u.model.set, o)
		for _, name := range o.Patches.LoRA {
			u.addEmptyPair(inputs, name)
		}
	}
	return u.hold(ctx, x, spec)
}

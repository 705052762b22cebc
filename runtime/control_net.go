package runtime

import (
	"context"
	"fmt"
	"maps"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// netSteer is a ControlNet of any kind during one run.
type netSteer struct {
	run     *unetRun
	control *Control
	set     *weights.Set
	config  model.ControlNetConfig
	types   []float32 // of a union, per kind of hint
	hint    hintFeatures

	patched patchedWeights
	changed map[string]ort.Value // changed weights and factors of branches; nil before the first step
}

func (u *unetRun) newNetSteer(c *Control) (*netSteer, error) {
	s := &netSteer{run: u, control: c, set: c.net.file.Set, patched: patchedWeights{set: c.net.file.Set, patches: c.net.changes}}
	var err error
	if c.net.file.Kind == weights.LowRankControl {
		if s.set, s.patched, err = c.net.over(u.model); err != nil {
			return nil, err
		}
	}
	if s.config, err = model.ReadControlNet(s.set); err != nil {
		return nil, err
	}
	if err := c.net.matches(s.config, u.model); err != nil {
		return nil, err
	}
	if s.config.Types > 0 {
		s.types = make([]float32, s.config.Types)
		if c.net.kind >= 0 {
			s.types[c.net.kind] = 1
		}
	}
	s.hint.see = s.look
	return s, nil
}

// look runs the part of the net that sees the picture.
func (s *netSteer) look(ctx context.Context, picture *tensor.Tensor) ([]*tensor.Tensor, error) {
	session, release, err := s.run.rt.sessions.acquire(ctx, GraphSpec{
		Key: GraphKey("controlnet hint", s.set, nil), Runs: 1, Work: 1, Rare: true,
		Build: func() (*onnx.Graph, error) { return model.ControlHint(s.set) },
	})
	if err != nil {
		return nil, err
	}
	defer release()
	inputs := map[string]ort.Value{"hint": ort.FromTensor(picture)}
	s.tell(inputs)
	return session.Run(ctx, inputs, "features")
}

// tell adds the kind of the hint to the inputs of a union.
func (s *netSteer) tell(inputs map[string]ort.Value) {
	if s.types != nil {
		inputs["types"] = ort.FromFloat32(s.types, len(s.types))
	}
}

func (s *netSteer) residuals(ctx context.Context, call modelCall, scaled *tensor.Tensor) (residuals, error) {
	features, err := s.hint.at(ctx, s.control, call, scaled.Dim(2)*s.config.HintScale, scaled.Dim(3)*s.config.HintScale)
	if err != nil {
		return residuals{}, err
	}
	if s.changed == nil {
		if s.changed, err = s.run.rt.weightInputs(ctx, s.patched); err != nil {
			return residuals{}, err
		}
	}
	o := model.UNetOptions{Patches: s.patched.graphPatches()}
	session, err := s.run.session(ctx, call.x, GraphKey("controlnet", s.set, o), func() (*onnx.Graph, error) { return model.ControlNet(s.set, o) })
	if err != nil {
		return residuals{}, err
	}
	if err := s.run.constant.move(session, s.changed); err != nil {
		return residuals{}, err
	}
	text := call.text
	if call.controlText != nil {
		text = call.controlText
	}
	hint, err := s.run.constant.feed(session, features[0])
	if err != nil {
		return residuals{}, err
	}
	inputs := map[string]ort.Value{
		"x":         ort.FromTensor(scaled),
		"timesteps": ort.FromTensor(tensor.Full(s.run.model.sampling.Timestep(call.sigma), scaled.Dim(0))),
		"context":   ort.FromTensor(text),
		"hint":      hint,
	}
	if s.config.LabelDim > 0 {
		inputs["y"] = ort.FromTensor(call.vector)
	}
	s.tell(inputs)
	maps.Copy(inputs, s.changed)
	var names []string
	for i := range s.config.SkipChannels {
		names = append(names, fmt.Sprint("output.", i))
	}
	out, err := session.RunKeeping(ctx, inputs, nil, append(names, "middle.0")...)
	if err != nil {
		return residuals{}, err
	}
	return residuals{nets: []netResiduals{{values: out, strength: s.control.strength, pooled: s.control.net.pooled}}}, nil
}

package runtime

import (
	"fmt"
	"maps"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
)

// DeepShrink works on a smaller picture from an input block of the UNet on, in a part of the run ("deep shrink" of Kohya): composition at a
// size the model was trained on, details at the full one.
type DeepShrink struct {
	Block     int     // input block, from 1
	Factor    float64 // sizes are divided by it
	During    Range
	AfterSkip bool // the output block that reads the block still gets the full size
	Down, Up  imaging.Method
}

// shrink is a DeepShrink of one model.
type shrink struct {
	unlearned
	DeepShrink
	highest, lowest float64 // sigmas between which it applies, both included
}

// WithDeepShrink adds a deep shrink. Outside its part of the run the same graph runs at the full size.
func (m Model) WithDeepShrink(d DeepShrink) (Model, error) {
	if err := m.checkWeights(); err != nil {
		return Model{}, err
	}
	if last := len(m.config.SkipChannels) - 1; d.Block < 1 || d.Block > last {
		return Model{}, fmt.Errorf("deep shrink: block %d; this model has the input blocks 1 to %d", d.Block, last)
	}
	if !(d.Factor > 0) {
		return Model{}, fmt.Errorf("deep shrink: factor %g; use one above 0, such as 2 for half the size", d.Factor)
	}
	for _, method := range []imaging.Method{d.Down, d.Up} {
		if method == imaging.Bislerp {
			continue
		}
		if _, err := imaging.Matrix(1, 1, method); err != nil {
			return Model{}, fmt.Errorf("deep shrink: %w", err)
		}
	}
	return m.withNetworkPatch(shrink{
		unlearned: "deep shrink", DeepShrink: d, highest: m.sampling.PercentToSigma(d.During.Start), lowest: m.sampling.PercentToSigma(d.During.End),
	})
}

// shrunk is the sizes of a call under all deep shrinks, and for each patch of the list that is one what it makes of which size.
func shrunk(config model.UNetConfig, patches []networkPatch, call modelCall) (model.UNetSizes, map[int][2]model.Size) {
	steps := map[int][2]model.Size{}
	sizes := config.Sizes(model.Size{H: call.x.Dim(2), W: call.x.Dim(3)}, func(i int, kept bool, s model.Size) model.Size {
		for k, p := range patches {
			if d, ok := p.(shrink); ok && d.Block == i && d.AfterSkip != kept {
				next := d.size(s, call.sigma)
				steps[k] = [2]model.Size{s, next}
				s = next
			}
		}
		return s
	})
	return sizes, steps
}

// size is what becomes of a size at a noise level, rounded half to even.
func (s shrink) size(from model.Size, sigma float32) model.Size {
	if float64(sigma) > s.highest || float64(sigma) < s.lowest {
		return from
	}
	scaled := func(n int) int { return int(math.RoundToEven(float64(n) * (1 / s.Factor))) }
	return model.Size{H: scaled(from.H), W: scaled(from.W)}
}

func (s shrink) edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	// The first one of several enlarges for all, as in the reference, where each looks for sizes that differ.
	up, first := s.Up, true
	for _, p := range c.patches[:c.at] {
		if d, ok := p.(shrink); ok {
			up, first = d.Up, false
			break
		}
	}
	e := model.Shrink{Block: s.Block, AfterSkip: s.AfterSkip, Down: resizing(s.Down), Up: resizing(up)}
	step := c.shrunk[c.at]
	if step[1].H < 1 || step[1].W < 1 {
		return nil, nil, fmt.Errorf("deep shrink: a factor of %g leaves nothing of %dx%d cells at block %d: use a smaller factor or a larger picture",
			s.Factor, step[0].W, step[0].H, s.Block)
	}
	inputs, err := resizeInputs("down.", s.Down, step[0], step[1])
	if err != nil {
		return nil, nil, err
	}
	if skip := e.Returns(c.config); skip >= 0 {
		from, to := c.sizes.Arrives[skip], c.sizes.Kept[skip]
		if !first && c.returned[skip] {
			from = to
		}
		c.returned[skip] = true
		enlarging, err := resizeInputs("up.", up, from, to)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(inputs, enlarging)
	}
	return e, inputs, nil
}

// resizing is how a graph does a method.
func resizing(m imaging.Method) model.Resizing {
	if m == imaging.Bislerp {
		return model.ByArc
	}
	return model.ByMatrix
}

// resizeInputs are the inputs of model.Resizing that give a picture another size.
func resizeInputs(prefix string, m imaging.Method, from, to model.Size) (map[string]ort.Value, error) {
	inputs := map[string]ort.Value{}
	for name, axis := range map[string][2]int{"rows": {from.H, to.H}, "columns": {from.W, to.W}} {
		name = prefix + name
		if resizing(m) == model.ByArc {
			lo, hi, ratio := imaging.Arcs(axis[0], axis[1])
			inputs[name+".lo"], inputs[name+".hi"] = ort.FromInt64(lo, len(lo)), ort.FromInt64(hi, len(hi))
			inputs[name+".ratio"] = ort.FromFloat32(ratio, len(ratio))
			continue
		}
		matrix, err := imaging.Matrix(axis[0], axis[1], m)
		if err != nil {
			return nil, err
		}
		inputs[name] = ort.FromTensor(matrix)
	}
	return inputs, nil
}

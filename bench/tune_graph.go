package bench

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// tuneBatch is the samples of a tuning step: the target, three auxiliary pictures and the average.
const tuneBatch = 5

// tuneWeights is what each sample counts in the loss.
var tuneWeights = []float32{1, 0.5 / 3, 0.5 / 3, 0.5 / 3, 0.2}

// tuneAverage turns the five deltas into those that the texts get: the last is the mean of the auxiliary pictures'.
var tuneAverage = []float32{
	1, 0, 0, 0, 0,
	0, 1, 0, 0, 0,
	0, 0, 1, 0, 0,
	0, 0, 0, 1, 0,
	0, 1. / 3, 1. / 3, 1. / 3, 0,
}

// tuneProjector is the projector for latents of that size.
func tuneProjector(c model.UNetConfig, latent int) model.ProjectorConfig {
	cells := latent >> c.Levels()
	return model.ProjectorConfig{Channels: int(c.MiddleChannels), Height: cells, Width: cells, Dim: c.ContextDim}
}

// tuneGraph is the loss of one tuning step and its gradient with respect to the projector's parameters. Inputs: "x" and "noise"
// [5,4,L,L], "timesteps" [5], "context" [5,77,D], "word" [5,77,1], which is 1 at the base word, "h", and the parameters. Outputs: "loss",
// "deltas" and "d deltas" [5,D], and "d <parameter>" of each that is trained. Inside, gradients are scale times as large, for half precision.
func tuneGraph(c *weights.Checkpoint, latent int, scale float32, o autodiff.Options) (*onnx.Graph, error) {
	config, err := model.ReadUNet(c.UNet)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("tuning step")
	pixels := []any{tuneBatch, 4, latent, latent}
	x, noise := b.Input("x", onnx.Float32, pixels...), b.Input("noise", onnx.Float32, pixels...)
	timesteps := b.Input("timesteps", onnx.Float32, tuneBatch)
	context := b.Input("context", onnx.Float32, tuneBatch, clipLength, config.ContextDim)
	word := b.Input("word", onnx.Float32, tuneBatch, clipLength, 1)
	p := tuneProjector(config, latent)
	h := b.Input("h", onnx.Float32, tuneBatch, p.Channels, p.Height, p.Width)
	parameters := model.ProjectorInputs(b, p)
	deltas := model.AddProjector(b, p, h, parameters)
	average := b.Const("average", tuneAverage, tuneBatch, tuneBatch)
	rows := b.Unsqueeze(b.Gemm(average, deltas, nil, false), 1) // [5,1,D]
	in := model.UNetInputs{X: x, Timesteps: timesteps, Context: b.Add(context, b.Mul(word, rows))}
	out := model.AddUNet(b, c.UNet, config, model.UNetOptions{Even: true}, in)
	e := b.Sub(out.Out, noise)
	each := b.Op("ReduceMean", b.Mul(e, e), b.Ints(1, 2, 3), onnx.Int("keepdims", 0))
	loss := b.Op("ReduceSum", b.Mul(each, b.Const("counts", tuneWeights, tuneBatch)), b.Ints(0), onnx.Int("keepdims", 1)) // [1]
	wrt, names := []*onnx.Value{deltas}, []string{"deltas"}
	for _, q := range p.Parameters() {
		if !q.Fixed {
			wrt, names = append(wrt, parameters[q.Name]), append(names, q.Name)
		}
	}
	scaled := loss
	if scale != 1 {
		scaled = b.Mul(loss, b.Scalar(scale))
	}
	gradients := autodiff.Gradients(b, scaled, wrt, o)
	b.Output("loss", loss)
	b.Output("deltas", deltas)
	for i, d := range gradients {
		if scale != 1 {
			d = b.Mul(d, b.Scalar(1/scale))
		}
		b.Output("d "+names[i], d)
	}
	g, err := b.Graph()
	if err != nil {
		return nil, fmt.Errorf("tuning step: %w", err)
	}
	return g, nil
}

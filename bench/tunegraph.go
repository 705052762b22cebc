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

// tuneProjector is the projector for a latent of that size: h is the state of SD 1.5 at an eighth of it.
func tuneProjector(latent int) model.ProjectorConfig {
	return model.ProjectorConfig{Channels: 4 * unetChannels, Height: latent / 8, Width: latent / 8, Dim: contextWidth}
}

// tuneGraph is the loss of one tuning step and its gradient with respect to the projector's parameters. Inputs: "x" and "noise"
// [5,4,L,L], "timesteps" [5], "context" [5,77,768], "word" [5,77,1], which is 1 at the base word, "h", and the parameters. Outputs: "loss",
// "d deltas" [5,768], and "d <parameter>" of each that is trained.
func tuneGraph(c *weights.Checkpoint, latent int, o autodiff.Options) (*onnx.Graph, error) {
	config, err := model.ReadUNet(c.UNet)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("tuning step")
	pixels := []any{tuneBatch, 4, latent, latent}
	x, noise := b.Input("x", onnx.Float32, pixels...), b.Input("noise", onnx.Float32, pixels...)
	timesteps := b.Input("timesteps", onnx.Float32, tuneBatch)
	context := b.Input("context", onnx.Float32, tuneBatch, clipLength, contextWidth)
	word := b.Input("word", onnx.Float32, tuneBatch, clipLength, 1)
	p := tuneProjector(latent)
	h := b.Input("h", onnx.Float32, tuneBatch, p.Channels, p.Height, p.Width)
	parameters := model.ProjectorInputs(b, p)
	deltas := model.AddProjector(b, p, h, parameters)
	third := float32(1) / 3
	average := b.Const("average", []float32{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, third, third, third, 0}, 5, 5)
	rows := b.Unsqueeze(b.Gemm(average, deltas, nil, false), 1) // [5,1,768]
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
	gradients := autodiff.Gradients(b, loss, wrt, o)
	b.Output("loss", loss)
	for i, d := range gradients {
		b.Output("d "+names[i], d)
	}
	g, err := b.Graph()
	if err != nil {
		return nil, fmt.Errorf("tuning step: %w", err)
	}
	return g, nil
}

package actor

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// tuneSizes fixes every size of a tuning graph. Rows are the samples the UNet sees: target, auxiliary ones, average; the projector
// always sees all of them.
type tuneSizes struct {
	Auxiliary     int // N
	Rows          int // 1, N+1 or N+2
	Height, Width int // of the latents
	Tokens        int
	Projector     model.ProjectorConfig
}

// samples is the h that the projector maps in one step.
func (s tuneSizes) samples() int { return s.Auxiliary + 2 }

// tuneGraph is one step of tuning up to the gradients: projector, deltas, text embedding, frozen UNet, loss, and back.
//
// Inputs, with n = Auxiliary+2 samples and R rows: "h" [n,C,h',w'], the parameters of the projector, "x" and "want" [R,4,H,W] (noisy latents
// and what the UNet should predict), "timesteps" [R], "context" [R,T,D], "places" [R,T,1] (1 at the rows of the base word),
// "share" [R] (the weight of each row in the loss), "y" [R,LabelDim] for families with an added embedding (pooled text and sizes, which no
// delta touches), "scale" [1] where gradients are scaled, and the factors of LoRAs.
// Outputs: "loss" [1], "errors" [R] (mean squared error of each row), "grad.NAME" for each parameter that is not fixed; "delta" [n,D] and
// "grad.delta" [n,D] of the projector's output, "grad.rows" [R,D] of what is added to the text.
func tuneGraph(set *weights.Set, config model.UNetConfig, patches model.Patches, s tuneSizes, f gradientForm) (*onnx.Graph, error) {
	b := onnx.NewBuilder("tuning")
	n, rows, dim := s.samples(), s.Rows, s.Projector.Dim
	h := b.Input("h", onnx.Float32, n, s.Projector.Channels, s.Projector.Height, s.Projector.Width)
	parameters := model.ProjectorInputs(b, s.Projector)
	context := b.Input("context", onnx.Float32, rows, s.Tokens, dim)
	places := b.Input("places", onnx.Float32, rows, s.Tokens, 1)

	delta := model.AddProjector(b, s.Projector, h, parameters)                           // [n,D]
	mixed := b.Gemm(b.Const("mix", mixing(s), int64(rows), int64(n)), delta, nil, false) // [R,D]
	context = b.Add(context, b.Mul(places, b.Unsqueeze(mixed, 1)))
	loss := addDenoisingLoss(b, set, config, patches, lossSizes{rows, s.Height, s.Width, s.Tokens}, context, vectorInput(b, config, rows))

	var wrt []*onnx.Value
	var names []string
	for _, p := range s.Projector.Parameters() {
		if !p.Fixed {
			wrt, names = append(wrt, parameters[p.Name]), append(names, "grad."+p.Name)
		}
	}
	wrt, names = append(wrt, delta, mixed), append(names, "grad.delta", "grad.rows")
	f.add(b, loss, wrt, names)
	b.Output("delta", delta)
	return finishGraph(b, "tuning")
}

// mixing is the matrix [R,n] that turns the deltas of the samples into those of the rows: each its own, but the last of all samples is
// the average of the auxiliary ones.
func mixing(s tuneSizes) []float32 {
	n := s.samples()
	m := make([]float32, s.Rows*n)
	for r := range s.Rows {
		if r < n-1 {
			m[r*n+r] = 1
			continue
		}
		for a := range s.Auxiliary {
			m[r*n+1+a] = 1 / float32(s.Auxiliary)
		}
	}
	return m
}

// lossSizes are the sizes of a denoising loss.
type lossSizes struct{ Rows, Height, Width, Tokens int }

// vectorInput declares the input "y" of families with an added embedding; nil for others.
func vectorInput(b *onnx.Builder, config model.UNetConfig, rows int) *onnx.Value {
	if config.LabelDim == 0 {
		return nil
	}
	return b.Input("y", onnx.Float32, rows, config.LabelDim)
}

// addDenoisingLoss writes the frozen UNet under a text embedding [R,T,D] and, in families that have one, a vector y [R,LabelDim], and its
// loss [1], the sum of the rows' mean squared errors times their shares. It declares the inputs x, want, timesteps and share, and the
// outputs loss and errors.
func addDenoisingLoss(b *onnx.Builder, set *weights.Set, config model.UNetConfig, patches model.Patches, s lossSizes, context, y *onnx.Value) *onnx.Value {
	x := b.Input("x", onnx.Float32, s.Rows, config.InChannels, s.Height, s.Width)
	want := b.Input("want", onnx.Float32, s.Rows, config.OutChannels, s.Height, s.Width)
	timesteps := b.Input("timesteps", onnx.Float32, s.Rows)
	share := b.Input("share", onnx.Float32, s.Rows)
	whole := 1 << config.Levels()
	o := model.UNetOptions{
		Even: s.Height%whole == 0 && s.Width%whole == 0, Batch: s.Rows, Height: s.Height, Width: s.Width, Tokens: s.Tokens, Patches: patches,
	}
	out := model.AddUNet(b, set, config, o, model.UNetInputs{X: x, Timesteps: timesteps, Context: context, Y: y}).Out
	off := b.Sub(out, want)
	errors := b.Op("ReduceMean", b.Mul(off, off), b.Ints(1, 2, 3), onnx.Int("keepdims", 0)) // [R]
	loss := b.Op("ReduceSum", b.Mul(errors, share), b.Ints(0), onnx.Int("keepdims", 1))     // [1]
	b.Output("loss", loss)
	b.Output("errors", errors)
	return loss
}

// heavy tells a network whose gradient graph is not kept for a next use: its activations take gigabytes.
func heavy(set *weights.Set) bool {
	var bytes int64
	for _, name := range set.Names() {
		r, _ := set.Ref(name)
		bytes += r.Bytes
	}
	return bytes > 256<<20
}

// finishGraph says what a graph was for that could not be written.
func finishGraph(b *onnx.Builder, what string) (*onnx.Graph, error) {
	g, err := b.Graph()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return g, nil
}

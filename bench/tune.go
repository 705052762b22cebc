package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// tuneSize is the height and width of the pictures of the measured step.
const tuneSize = 256

// Tune measures one step of OneActor's tuning at the size of the checkpoint: projector, UNet, loss, the way back, and AdamW on the
// projector, with 256x256 pictures, five samples, on one thread, in each way of holding weights. With Python each step is followed by
// PyTorch's, of which the official code also encodes its five pictures and prompts in every step; ours keeps what the encoders said.
// o.Only names ways of holding weights: "mapped", "packed".
func Tune(ctx context.Context, o Options, out io.Writer) error {
	o.Rounds = cmp.Or(o.Rounds, 3)
	if o.Rounds < 1 {
		return fmt.Errorf("bench tune: %d rounds; use 1 or more", o.Rounds)
	}
	levels := []ort.Level{ort.Mapped, ort.Packed}
	for _, name := range o.Only {
		if !slices.ContainsFunc(levels, func(l ort.Level) bool { return l.String() == name }) {
			return fmt.Errorf("bench tune: %q is no way of holding weights; use mapped or packed", name)
		}
	}
	checkpoint, remove, err := o.openCheckpoint(ctx, out)
	if err != nil {
		return err
	}
	defer remove()
	r, err := ort.Open(ort.Options{Library: o.Library, Device: "cpu", Threads: 1})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "onnxruntime %s, one thread, %d rounds, %s\n", r.Report().Version, o.Rounds, o.Checkpoint)
	var other *peer
	if o.Python != "" {
		if other, err = startTunePeer(ctx, o, out); err != nil {
			return err
		}
		defer other.stop()
	}
	fmt.Fprintln(out, "CPU seconds: gradients = forward and backward, step = gradients + AdamW; official = PyTorch's step with its pictures and texts")
	fmt.Fprintf(out, "%-8s %6s %9s %6s %6s %7s %6s %9s %6s %9s %9s %8s\n", "weights", "load", "gradients", "AdamW", "step", "torch", "ratio", "official", "ratio", "anon MB", "torch MB", "differs")
	for _, level := range levels {
		if len(o.Only) > 0 && !slices.Contains(o.Only, level.String()) {
			continue
		}
		if err := measureTune(ctx, o, r, checkpoint, level, other, out); err != nil {
			return fmt.Errorf("bench tune: %s: %w", level, err)
		}
	}
	return nil
}

// startTunePeer starts PyTorch and loads what the official step runs.
func startTunePeer(ctx context.Context, o Options, out io.Writer) (*peer, error) {
	p, err := startPeer(ctx, o.Python, o.Checkpoint)
	if err != nil {
		return nil, err
	}
	for _, net := range []string{"unet", "encoder", "clip"} {
		if _, err := p.ask(command{Do: "load", Net: net}); err != nil {
			p.stop()
			return nil, err
		}
	}
	report, err := p.ask(command{Do: "report"})
	if err != nil {
		p.stop()
		return nil, err
	}
	fmt.Fprintf(out, "PyTorch %s, float32\n", report.Torch)
	return p, nil
}

// tuneStep is a step of ours, ready to run.
type tuneStep struct {
	session *ort.Session
	inputs  map[string]ort.Value
	values  map[string]*tensor.Tensor
	results map[string]*tensor.Tensor // written by every run
	adam    *autodiff.AdamW
	order   [][]float32 // gradients in AdamW's order
}

// newTuneStep draws inputs and parameters, the same every time.
func newTuneStep(g *onnx.Graph, session *ort.Session) *tuneStep {
	s := &tuneStep{session: session, inputs: map[string]ort.Value{}, values: map[string]*tensor.Tensor{}, results: map[string]*tensor.Tensor{}}
	draw := rand.New(rand.NewPCG(1, 2))
	for _, v := range g.Inputs {
		x := tensor.New(intSizes(v.Shape)...)
		for i := range x.Data {
			x.Data[i] = float32(draw.NormFloat64())
			switch v.Name {
			case "x", "noise", "context", "h":
			case "timesteps":
				x.Data[i] = float32(draw.IntN(1000))
			case "word":
				x.Data[i] = 0
				if i%clipLength == 5 {
					x.Data[i] = 1
				}
			default: // parameters of the projector
				x.Data[i] *= 0.02
			}
		}
		s.values[v.Name], s.inputs[v.Name] = x, ort.FromTensor(x)
	}
	var trained [][]float32
	for _, v := range g.Outputs {
		s.results[v.Name] = tensor.New(intSizes(v.Shape)...)
		if name, ok := strings.CutPrefix(v.Name, "d "); ok && s.values[name] != nil {
			trained, s.order = append(trained, s.values[name].Data), append(s.order, s.results[v.Name].Data)
		}
	}
	s.adam = autodiff.NewAdamW(1e-4, trained...)
	return s
}

func intSizes(shape onnx.Shape) []int {
	sizes := make([]int, len(shape))
	for i, d := range shape {
		sizes[i] = int(d)
	}
	return sizes
}

// measureTune measures one way of holding weights. The first round is not counted.
func measureTune(ctx context.Context, o Options, r *ort.Runtime, c *weights.Checkpoint, level ort.Level, other *peer, out io.Writer) error {
	g, err := tuneGraph(c, tuneSize/8, 1, autodiff.Options{})
	if err != nil {
		return err
	}
	proto, err := g.Proto()
	if err != nil {
		return err
	}
	var session *ort.Session
	load, err := timed(func() (err error) {
		session, err = r.NewSession(ctx, proto, ort.SessionOptions{Level: level, Threads: 1})
		return err
	})
	if err != nil {
		return err
	}
	defer session.Close()
	step := newTuneStep(g, session)
	differs, err := step.compare(ctx, other)
	if err != nil {
		return err
	}
	var steps, whole pairs
	var gradients, updates []float64
	var highest, torchHighest int64
	for range o.Rounds {
		stop := watchAnonymous()
		gradient, err := timed(func() error { return session.RunInto(ctx, step.inputs, step.results) })
		if err != nil {
			return err
		}
		update, err := timed(func() error { return step.adam.Update(step.order...) })
		if err != nil {
			return err
		}
		highest = max(highest, stop())
		ours := times{CPU: gradient.CPU + update.CPU}
		gradients, updates = append(gradients, gradient.CPU), append(updates, update.CPU)
		var torch, official times
		if other != nil {
			reply, err := other.ask(command{Do: "tune", Size: tuneSize, Threads: 1})
			if err != nil {
				return err
			}
			for name, part := range reply.Parts {
				official.CPU += part.CPU
				if name != "images" && name != "texts" {
					torch.CPU += part.CPU
				}
			}
			torchHighest = max(torchHighest, reply.Highest)
		}
		steps.add(ours, torch)
		whole.add(ours, official)
	}
	a, b := steps.cpu(), whole.cpu()
	fmt.Fprintf(out, "%-8s %6s %9s %6s %6s %7s %6s %9s %6s %9s %9s %8s\n", level, seconds(load.CPU), seconds(median(gradients)), seconds(median(updates)),
		seconds(a.ours), seconds(a.torch), ratio(a.ratio), seconds(b.torch), ratio(b.ratio), megabytes(highest), megabytes(torchHighest), difference(differs))
	return nil
}

// compare runs once and compares the gradient of the deltas with PyTorch's, by relative norm.
func (s *tuneStep) compare(ctx context.Context, other *peer) (float64, error) {
	if err := s.session.RunInto(ctx, s.inputs, s.results); err != nil || other == nil {
		return 0, err
	}
	deltas, word := s.results["deltas"], s.values["word"].Data
	text := s.values["context"].Clone()
	width := deltas.Dim(1)
	for row := range tuneBatch * clipLength {
		for i := range tuneBatch {
			share := word[row] * tuneAverage[row/clipLength*tuneBatch+i]
			for k := range width {
				text.Data[row*width+k] += share * deltas.Data[i*width+k]
			}
		}
	}
	ask := command{Do: "gradient", Net: "unet"}
	for _, v := range []*tensor.Tensor{s.values["x"], s.values["noise"], s.values["timesteps"], text} {
		ask.Inputs, ask.Shapes = append(ask.Inputs, v.Data), append(ask.Shapes, v.Shape)
	}
	reply, err := other.ask(ask)
	if err != nil {
		return 0, err
	}
	want := make([]float64, tuneBatch*width)
	for row := range tuneBatch * clipLength {
		for i := range tuneBatch {
			share := float64(word[row] * tuneAverage[row/clipLength*tuneBatch+i])
			for k := range width {
				want[i*width+k] += share * reply.Values[row*width+k]
			}
		}
	}
	var off, size float64
	for i, w := range want {
		d := float64(s.results["d deltas"].Data[i]) - w
		off, size = off+d*d, size+w*w
	}
	return math.Sqrt(off / size), nil
}

// watchAnonymous looks at this process's anonymous memory every 20 ms until stop, which returns the highest.
func watchAnonymous() (stop func() int64) {
	end, result := make(chan struct{}), make(chan int64)
	go func() {
		var highest int64
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			if m, err := ort.ReadMemory(); err == nil {
				highest = max(highest, m.Anonymous)
			}
			select {
			case <-end:
				result <- highest
				return
			case <-ticker.C:
			}
		}
	}()
	return func() int64 {
		close(end)
		return <-result
	}
}

package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

const (
	gradientsPart      = "gradients-sd15-512"
	gradientParityPart = "parity-gradients"
)

// gpuLossScale keeps the smallest gradients of a step inside the range of half precision.
const gpuLossScale = 4096

// gpuGradients is how gradients are written for a GPU.
var gpuGradients = autodiff.Options{Block: 3 << 30, Align: 8}

// gradientWay is a way of computing the gradients of a tuning step.
type gradientWay struct {
	name    string
	compute onnx.DType // 0: the graph as it is written
	scale   float32
	options autodiff.Options
}

var gradientWays = []gradientWay{
	{"float32", 0, 1, autodiff.Options{}},
	{"float32, rewritten", onnx.Float32, 1, gpuGradients},
	{"float16, rewritten", onnx.Float16, gpuLossScale, gpuGradients},
}

// run makes so many steps on the same inputs; of each it keeps the seconds.
func (w gradientWay) run(ctx context.Context, rt *ort.Runtime, c *weights.Checkpoint, latent, steps int, profile string) (step *tuneStep, seconds []float64, err error) {
	g, err := tuneGraph(c, latent, w.scale, w.options)
	if err != nil {
		return nil, nil, err
	}
	plain := g
	if w.compute != 0 {
		if g, err = lower.Graph(g, lower.Options{Compute: w.compute}); err != nil {
			return nil, nil, err
		}
	}
	s, err := newSession(ctx, rt, g, ort.SessionOptions{Level: ort.Packed, Profile: profile})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", w.name, err)
	}
	defer s.Close()
	step = newTuneStep(plain, s)
	for range steps {
		start := time.Now()
		if err := s.RunInto(ctx, step.inputs, step.results); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", w.name, err)
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	return step, seconds, nil
}

// differ says how far the results of a step are from the wanted ones.
func (s *tuneStep) differ(want *tuneStep) string {
	worst, of := 0.0, ""
	for name, t := range s.results {
		if d := relative(t.Data, want.results[name].Data); d > worst {
			worst, of = d, name
		}
	}
	return fmt.Sprintf("the deltas' gradient differs by %.1e, the worst (%s) by %.1e", relative(s.results["d deltas"].Data, want.results["d deltas"].Data), of, worst)
}

// gradients compares ways of computing the gradients of a tuning step: how long each takes with all results copied to the host, and how far its
// gradients are from those of the first.
func (b *gpuBench) gradients(ctx context.Context) error {
	path, err := b.file(ctx, "unet-sd15")
	if err != nil {
		return err
	}
	c, err := weights.OpenCheckpoint(path)
	if err != nil {
		return err
	}
	defer c.Close()
	var want *tuneStep
	for _, way := range append(gradientWays, gradientWay{"float16, rewritten, in blocks of 16 MB", onnx.Float16, gpuLossScale, autodiff.Options{}}) {
		profile := b.o.Profile
		if profile != "" {
			profile += way.name
		}
		step, seconds, err := way.run(ctx, b.rt, c, guidedSize/8, 6, profile)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s, %s: %.1f ms", gradientsPart, way.name, 1e3*median(seconds[2:]))
		if want == nil {
			want = step
		} else {
			fmt.Fprintf(b.out, ", %s", step.differ(want))
		}
		fmt.Fprintln(b.out)
	}
	return nil
}

// gradientParity compares the gradients of the demo's checkpoint on the device with those on the CPU.
func (b *gpuBench) gradientParity(ctx context.Context) error {
	c, err := weights.OpenCheckpoint(filepath.Join("models", "checkpoints", "tiny-actors.safetensors"))
	if err != nil {
		return err
	}
	defer c.Close()
	cpu, err := ort.Open(ort.Options{Library: b.o.Library, Device: "cpu"})
	if err != nil {
		return err
	}
	want, _, err := gradientWays[0].run(ctx, cpu, c, 16, 1, "")
	if err != nil {
		return err
	}
	for _, way := range gradientWays {
		step, _, err := way.run(ctx, b.rt, c, 16, 1, "")
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s, %s against float32 on the CPU: %s\n", gradientParityPart, way.name, step.differ(want))
	}
	return nil
}

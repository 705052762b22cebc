package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

const gradientsPart = "gradients-sd15-512"

// gpuLossScale keeps the smallest gradients of a step inside the range of half precision.
const gpuLossScale = 4096

// gradients compares ways of computing the gradients of a tuning step: how long each takes with all results copied to the host, and how far its
// gradients are from those of float32.
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
	exact, err := ort.Open(ort.Options{Library: b.o.Library, Device: b.rt.Device().String(), CUDA: map[string]string{
		"use_tf32": "0", "cudnn_conv_use_max_workspace": "0", // 41 GB for one convolution else
	}})
	if err != nil {
		return err
	}
	gpu := autodiff.Options{Block: 3 << 30, Align: 8}
	var want map[string][]float32
	for _, way := range []struct {
		name    string
		rt      *ort.Runtime
		compute onnx.DType // 0: the graph as it is written
		scale   float32
		options autodiff.Options
	}{
		{"float32 without TF32", exact, 0, 1, autodiff.Options{}},
		{"float32", b.rt, 0, 1, gpu},
		{"float32, rewritten", b.rt, onnx.Float32, 1, gpu},
		{"float16, rewritten", b.rt, onnx.Float16, gpuLossScale, gpu},
		{"float16, rewritten, in blocks of 16 MB", b.rt, onnx.Float16, gpuLossScale, autodiff.Options{}},
	} {
		g, err := tuneGraph(c, 64, way.scale, way.options)
		if err != nil {
			return err
		}
		plain := g
		if way.compute != 0 {
			if g, err = lower.Graph(g, lower.Options{Compute: way.compute}); err != nil {
				return err
			}
		}
		before := gpuMemory(ctx)
		o := ort.SessionOptions{Level: ort.Packed}
		if b.o.Profile != "" {
			o.Profile = b.o.Profile + way.name
		}
		s, err := newSession(ctx, way.rt, g, o)
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		step := newTuneStep(plain, s)
		var seconds []float64
		for range 6 {
			start := time.Now()
			if err = s.RunInto(ctx, step.inputs, step.results); err != nil {
				break
			}
			seconds = append(seconds, time.Since(start).Seconds())
		}
		memory := gpuMemory(ctx) - before
		_ = s.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		fmt.Fprintf(b.out, "%s, %s: %.1f ms, %d MiB", gradientsPart, way.name, 1e3*median(seconds[2:]), memory)
		if want == nil {
			want = map[string][]float32{}
			for name, t := range step.results {
				want[name] = t.Data
			}
		} else {
			worst, of := 0.0, ""
			for name, t := range step.results {
				if d := relative(t.Data, want[name]); d > worst {
					worst, of = d, name
				}
			}
			fmt.Fprintf(b.out, ", the deltas' gradient differs by %.1e, the worst (%s) by %.1e", relative(step.results["d deltas"].Data, want["d deltas"]), of, worst)
		}
		fmt.Fprintln(b.out)
	}
	return nil
}

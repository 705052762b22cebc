package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

const tunePart = "tune-sd15-512"

// gpuLossScale keeps the smallest gradients of a step inside the range of half precision.
const gpuLossScale = 4096

// tune measures a step of actor tuning at 512x512 in every way of computing it: projector, UNet, loss, gradients and AdamW.
func (b *gpuBench) tune(ctx context.Context) error {
	const latent = 64
	path, err := b.file(ctx, "unet-sd15")
	if err != nil {
		return err
	}
	c, err := weights.OpenCheckpoint(path)
	if err != nil {
		return err
	}
	defer c.Close()
	var exact []float32
	var ours float64
	var in map[string]*tensor.Tensor
	for _, way := range []struct {
		name    string
		compute onnx.DType // 0: the graph as it is written
		scale   float32
	}{{"float32 as written", 0, 1}, {"float32, rewritten", onnx.Float32, 1}, {"float16, rewritten", onnx.Float16, gpuLossScale}} {
		g, err := tuneGraph(c, latent, way.scale, autodiff.Options{})
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
		s, err := newSession(ctx, b.rt, g, ort.SessionOptions{Level: ort.Packed})
		if err != nil {
			fmt.Fprintf(b.out, "%s, %s: %v\n", tunePart, way.name, err)
			continue
		}
		step := newTuneStep(plain, s)
		in = step.values
		var runs, updates []float64
		for range 6 {
			start := time.Now()
			if err = s.RunInto(ctx, step.inputs, step.results); err != nil {
				break
			}
			ran := time.Now()
			if len(runs) == 0 {
				if way.compute == 0 {
					exact = append(exact, step.results["d deltas"].Data...)
				} else if exact != nil {
					fmt.Fprintf(b.out, "%s, %s: gradient of the deltas differs by %.1e\n", tunePart, way.name, relative(step.results["d deltas"].Data, exact))
				}
			}
			if err = step.adam.Update(step.order...); err != nil {
				break
			}
			runs, updates = append(runs, ran.Sub(start).Seconds()), append(updates, time.Since(ran).Seconds())
		}
		memory := gpuMemory(ctx) - before
		_ = s.Close()
		if err != nil {
			fmt.Fprintf(b.out, "%s, %s: %v\n", tunePart, way.name, err)
			continue
		}
		took := median(runs[1:]) + median(updates[1:])
		if way.compute == 0 { // what the program does
			ours = took
		}
		fmt.Fprintf(b.out, "%s, %s: %.1f ms (%.1f ms AdamW), %d MiB\n", tunePart, way.name, 1e3*took, 1e3*median(updates[1:]), memory)
	}
	if b.o.Python == "" || ours == 0 {
		return nil
	}
	r, err := b.ask(ctx, "tune", path, map[string]*tensor.Tensor{"x": in["x"], "noise": in["noise"], "timesteps": in["timesteps"], "context": in["context"], "word": in["word"], "h": in["h"]}, nil, "eager", 10)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%s: PyTorch %.1f ms, ratio to the graph as written %.2f, %d MiB\n", tunePart, 1e3*r.Seconds, r.Seconds/ours, r.MiB)
	return nil
}

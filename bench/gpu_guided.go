package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

const (
	guidedPart = "guided-sd15-512"
	tunePart   = "tune-sd15-512"
	guidedSize = 512
)

// program is the program as nodes call it, on the device, with the random checkpoint of SD 1.5 and a ControlNet.
type program struct {
	rt     *runtime.Runtime
	model  runtime.Model
	net    runtime.ControlNet
	random *rand.Rand
	paths  [2]string // of the checkpoint and the ControlNet
}

func (b *gpuBench) program(ctx context.Context) (p program, done func() error, err error) {
	if p.paths[0], err = b.file(ctx, "unet-sd15"); err != nil {
		return p, nil, err
	}
	base, err := modelFolder(ctx, Options{Checkpoint: p.paths[0]}, "controlnet", controlNet())
	if err != nil {
		return p, nil, err
	}
	p.paths[1] = filepath.Join(base, "models", "controlnet", "bench.safetensors")
	done = func() error { return os.RemoveAll(base) }
	layout, err := folder.New(folder.Config{Base: base})
	if err == nil {
		p.rt, err = runtime.New(runtime.Config{Folders: layout, ORT: ort.Options{Library: b.o.Library, Device: b.rt.Device().String(), CUDA: b.o.CUDA}})
	}
	if err != nil {
		return p, nil, errors.Join(err, done())
	}
	done = func() error { return errors.Join(p.rt.Close(), os.RemoveAll(base)) }
	checkpoint, err := p.rt.LoadCheckpoint("bench.safetensors")
	if err == nil {
		p.net, err = p.rt.LoadControlNet("bench.safetensors")
	}
	if err != nil {
		return p, nil, errors.Join(err, done())
	}
	p.model, p.random = checkpoint.Model, rand.New(rand.NewPCG(1, 2))
	return p, done, nil
}

func (p program) normal(shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(p.random.NormFloat64())
	}
	return t
}

func (p program) prompt() runtime.Conditioning {
	return runtime.Conditioning{runtime.NewCond(p.normal(1, clipLength, contextWidth), nil, nil)}
}

// guided measures a step of the sampler through the program: guided by two prompts, with a ControlNet, and with OneActor's guidance away from the
// average of a cluster (eta2 > 0), which is a third branch.
func (b *gpuBench) guided(ctx context.Context) (err error) {
	p, done, err := b.program(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	positive, negative := p.prompt(), p.prompt()
	hint := runtime.Image{Tensor: tensor.Full(0.5, 1, guidedSize, guidedSize, 3)}
	steered, away := runtime.ControlBoth(positive, negative, p.net, hint, 0.8, runtime.Range{Start: 0, End: 1})
	const cells = guidedSize / 8
	in := func(batch int, more map[string]*tensor.Tensor) map[string]*tensor.Tensor {
		out := map[string]*tensor.Tensor{
			"x": p.normal(batch, 4, cells, cells), "timesteps": tensor.Full(500, batch), "context": p.normal(batch, clipLength, contextWidth),
		}
		for name, t := range more {
			out[name] = t
		}
		return out
	}
	for _, way := range []struct {
		name  string
		guide runtime.Guider
		net   string // of the peer
		path  string
		in    map[string]*tensor.Tensor
	}{
		{"two prompts", runtime.NewCFGGuider(p.model, positive, negative, 7), "unet-sd15", p.paths[0], in(2, nil)},
		{"with a ControlNet", runtime.NewCFGGuider(p.model, steered, away, 7), "control-sd15", p.paths[0] + "," + p.paths[1], in(2, map[string]*tensor.Tensor{
			"hint": p.normal(1, unetChannels, cells, cells),
		})},
		{"with OneActor, eta2 0.5", runtime.NewCFGGuider(p.model.WithCluster(p.prompt(), 0.5, runtime.Range{Start: 0, End: 1}), positive, negative, 7), "unet-sd15", p.paths[0], in(3, nil)},
	} {
		c := &clocked{rounds: b.o.Rounds}
		latent := runtime.ZeroLatent(1, 4, cells, cells)
		before := gpuMemory(ctx)
		if _, err := p.rt.SampleGuided(ctx, runtime.GuidedRequest{
			Guider: way.guide, Sampler: c, Sigmas: []float32{5, 0}, Noise: runtime.Noise{Given: p.normal(latent.Samples.Shape...)}, Latent: latent,
		}); err != nil {
			return err
		}
		ours := medianTimes(c.spent).Wall
		fmt.Fprintf(b.out, "%s, %s: %.2f ms a step, %d MiB more", guidedPart, way.name, 1e3*ours, gpuMemory(ctx)-before)
		if b.o.Python != "" {
			r, err := b.ask(ctx, way.net, way.path, way.in, nil, "eager", b.o.Rounds)
			if err != nil {
				return err
			}
			fmt.Fprintf(b.out, "; PyTorch's networks alone %.2f ms, ratio %.2f", 1e3*r.Seconds, r.Seconds/ours)
		}
		fmt.Fprintln(b.out)
	}
	return nil
}

// tune measures a step of tuning as the program makes it, beside one of PyTorch's with automatic mixed precision.
func (b *gpuBench) tune(ctx context.Context) (err error) {
	const cells = guidedSize / 8
	p, done, err := b.program(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	before := gpuMemory(ctx)
	step, release, err := actor.TuneSteps(ctx, p.rt, p.model, cells, clipLength)
	if err != nil {
		return err
	}
	var seconds []float64
	var losses []float32
	for range b.o.Rounds + 3 {
		start := time.Now()
		loss, err := step(ctx)
		if err != nil {
			release()
			return err
		}
		seconds, losses = append(seconds, time.Since(start).Seconds()), append(losses, loss)
	}
	memory := gpuMemory(ctx) - before
	release()
	ours := median(seconds[3:])
	fmt.Fprintf(b.out, "%s: %.1f ms a step, %d MiB, loss %.3f to %.3f in %d steps", tunePart, 1e3*ours, memory, losses[0], losses[len(losses)-1], len(losses))
	if b.o.Python != "" {
		levels := 8
		r, err := b.ask(ctx, "tune", p.paths[0], map[string]*tensor.Tensor{
			"x": p.normal(tuneBatch, 4, cells, cells), "noise": p.normal(tuneBatch, 4, cells, cells), "timesteps": tensor.Full(500, tuneBatch),
			"context": p.normal(tuneBatch, clipLength, contextWidth), "word": tensor.Full(0.01, tuneBatch, clipLength, 1),
			"h": p.normal(tuneBatch, 4*unetChannels, cells/levels, cells/levels),
		}, nil, "eager", b.o.Rounds)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "; PyTorch %.1f ms, ratio %.2f, %d MiB", 1e3*r.Seconds, r.Seconds/ours, r.MiB)
	}
	fmt.Fprintln(b.out)
	return nil
}

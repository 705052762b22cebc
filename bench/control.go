package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// controlParts are steps of a sampler with a ControlNet, by name and size of the picture.
var controlParts = []struct {
	name string
	size int
}{{"control-256", 256}, {"control-512", 512}}

// controlSample is a step of two latents of a size, guided by two prompts, and what it costs: with a ControlNet, of the UNet alone and of the
// ControlNet alone, without the layers that see the hint.
type controlSample struct{ both, unet, net times }

// measureControl compares steps of a UNet with a ControlNet to steps of both alone, the way the program runs them: through guidance and
// sampling, each network in a graph of its own.
func measureControl(ctx context.Context, o Options, name string, size int) (line, error) {
	base, err := modelFolder(ctx, o, "controlnet", controlNet())
	if err != nil {
		return line{}, err
	}
	defer os.RemoveAll(base)
	l := line{part: name}
	for _, threads := range []int{1, o.Threads} {
		s, memory, err := controlSteps(ctx, o, base, size, threads)
		if err != nil {
			return line{}, err
		}
		l.memory = memory
		note := func(unit string, both, unet, net float64) {
			l.notes = append(l.notes, fmt.Sprintf("%s: %.2f with the ControlNet, %.2f the UNet alone, %.2f the ControlNet alone: %.3f of the sum", unit, both, unet, net, both/(unet+net)))
		}
		if threads == 1 {
			l.cpu.ours = s.both.CPU
			note("CPU seconds", s.both.CPU, s.unet.CPU, s.net.CPU)
		}
		if threads == o.Threads {
			l.wall.ours = s.both.Wall
			note(fmt.Sprintf("seconds on %d threads", threads), s.both.Wall, s.unet.Wall, s.net.Wall)
		}
	}
	return l, nil
}

// controlSteps measures o.Rounds steps of each kind after one that does not count.
func controlSteps(ctx context.Context, o Options, base string, size, threads int) (controlSample, ort.Memory, error) {
	var s controlSample
	layout, err := folder.New(folder.Config{Base: base})
	if err != nil {
		return s, ort.Memory{}, err
	}
	// Idle sessions give way at once, so that the memory is that of the networks at work.
	rt, err := runtime.New(runtime.Config{
		Folders: layout, Weights: runtime.WeightsPacked, ModelBytes: 1, ORT: ort.Options{Library: o.Library, Device: "cpu", Threads: threads},
	})
	if err != nil {
		return s, ort.Memory{}, err
	}
	defer rt.Close()
	checkpoint, err := rt.LoadCheckpoint("bench.safetensors")
	if err != nil {
		return s, ort.Memory{}, err
	}
	net, err := rt.LoadControlNet("bench.safetensors")
	if err != nil {
		return s, ort.Memory{}, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(shape ...int) *tensor.Tensor {
		t := tensor.New(shape...)
		for i := range t.Data {
			t.Data[i] = float32(random.NormFloat64())
		}
		return t
	}
	prompt := func() runtime.Conditioning {
		return runtime.Conditioning{runtime.NewCond(normal(1, clipLength, contextWidth), nil, nil)}
	}
	positive, negative := prompt(), prompt()
	steps := func(positive, negative runtime.Conditioning) (times, error) {
		c := &clocked{rounds: o.Rounds}
		latent := runtime.ZeroLatent(1, 4, size/8, size/8)
		_, err := rt.SampleGuided(ctx, runtime.GuidedRequest{
			Guider: runtime.NewCFGGuider(checkpoint.Model, positive, negative, 7), Sampler: c, Sigmas: []float32{5, 0},
			Noise: runtime.Noise{Given: normal(latent.Samples.Shape...)}, Latent: latent,
		})
		return medianTimes(c.spent), err
	}
	if s.unet, err = steps(positive, negative); err != nil {
		return s, ort.Memory{}, err
	}
	hint := runtime.Image{Tensor: tensor.Full(0.5, 1, size, size, 3)}
	steered, away := runtime.ControlBoth(positive, negative, net, hint, 0.8, runtime.Range{Start: 0, End: 1})
	if s.both, err = steps(steered, away); err != nil {
		return s, ort.Memory{}, err
	}
	memory, err := ort.ReadMemory()
	if err != nil {
		return s, memory, err
	}
	s.net, err = controlAlone(ctx, rt, o, filepath.Join(base, "models", "controlnet", "bench.safetensors"), size, normal)
	return s, memory, err
}

// controlAlone measures the ControlNet's graph, which is in the runtime's cache.
func controlAlone(ctx context.Context, rt *runtime.Runtime, o Options, path string, size int, normal func(...int) *tensor.Tensor) (times, error) {
	file, err := weights.OpenControlNet(path)
	if err != nil {
		return times{}, err
	}
	defer func() {
		for _, f := range file.Files() {
			_ = f.Close() // read only
		}
	}()
	var options model.UNetOptions
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key: runtime.GraphKey("controlnet", file.Set, options), Runs: o.Rounds,
		Build: func() (*onnx.Graph, error) { return model.ControlNet(file.Set, options) },
	})
	if err != nil {
		return times{}, err
	}
	defer release()
	inputs := map[string]ort.Value{
		"x":         ort.FromTensor(normal(2, 4, size/8, size/8)),
		"timesteps": ort.FromTensor(tensor.Full(500, 2)),
		"context":   ort.FromTensor(normal(2, clipLength, contextWidth)),
		"hint":      ort.FromTensor(normal(1, unetChannels, size/8, size/8)),
	}
	var spent []times
	for range o.Rounds + 1 {
		t, err := timed(func() error { _, err := session.Run(ctx, inputs); return err })
		if err != nil {
			return times{}, err
		}
		spent = append(spent, t)
	}
	return medianTimes(spent[1:]), nil
}

// clocked is a sampler that asks the model about the same state again and again, and keeps what each answer but the first took.
type clocked struct {
	rounds int
	spent  []times
}

func (*clocked) NeedsUncond() bool { return true }

func (c *clocked) Sample(ctx context.Context, run *sampling.Run) (*tensor.Tensor, error) {
	for i := range c.rounds + 1 {
		t, err := timed(func() error { _, err := run.Model.Denoise(ctx, run.X, run.Sigmas[0]); return err })
		if err != nil {
			return nil, err
		}
		if i > 0 {
			c.spent = append(c.spent, t)
		}
	}
	return run.X, nil
}

func medianTimes(all []times) times {
	var cpu, wall []float64
	for _, t := range all {
		cpu, wall = append(cpu, t.CPU), append(wall, t.Wall)
	}
	return times{CPU: median(cpu), Wall: median(wall)}
}

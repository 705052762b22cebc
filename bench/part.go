package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// part is one network at one size, held in one way.
type part struct {
	name  string
	net   string // as peers.py calls it
	batch int
	size  int // height and width of the picture, for those that have one
	level ort.Level
}

var parts = []part{
	{"clip", "clip", 2, 0, ort.Packed},
	{"clip-mapped", "clip", 2, 0, ort.Mapped},
	{"unet-256", "unet", 2, 256, ort.Packed},
	{"unet-256-mapped", "unet", 2, 256, ort.Mapped},
	{"unet-256-stored", "unet", 2, 256, ort.Stored},
	{"unet-512", "unet", 2, 512, ort.Packed},
	{"unet-512-mapped", "unet", 2, 512, ort.Mapped},
	{"vae-256", "vae", 1, 256, ort.Packed},
	{"vae-256-mapped", "vae", 1, 256, ort.Mapped},
}

// build writes the graph as the program does: any size.
func (p part) build(c *weights.Checkpoint) (*onnx.Graph, error) {
	switch p.net {
	case "clip":
		return model.CLIP(c.Text, model.CLIPOptions{})
	case "vae":
		return model.VAEDecoder(c.VAE, model.VAEOptions{})
	}
	return model.UNet(c.UNet, model.UNetOptions{Even: p.level != ort.Stored})
}

// output is the result that PyTorch has too.
func (p part) output() string {
	return map[string]string{"clip": "hidden", "vae": "image", "unet": "out"}[p.net]
}

// argument is an input for both sides: Name is ours, the order that of peers.py.
type argument struct {
	name   string
	values *tensor.Tensor
	whole  bool // whole numbers
}

// arguments draws the same inputs every time.
func (p part) arguments() []argument {
	r := rand.New(rand.NewPCG(1, 2))
	normal := func(shape ...int) *tensor.Tensor {
		t := tensor.New(shape...)
		for i := range t.Data {
			t.Data[i] = float32(r.NormFloat64())
		}
		return t
	}
	latent := p.size / 8
	switch p.net {
	case "clip":
		tokens := tensor.New(p.batch, clipLength)
		for i := range tokens.Data {
			tokens.Data[i] = float32(r.IntN(clipTokens))
		}
		return []argument{{"tokens", tokens, true}}
	case "vae":
		return []argument{{"z", normal(p.batch, 4, latent, latent), false}}
	}
	return []argument{
		{"x", normal(p.batch, 4, latent, latent), false},
		{"timesteps", tensor.Full(500, p.batch), false},
		{"context", normal(p.batch, clipLength, contextWidth), false},
	}
}

// inputs are the arguments for onnxruntime.
func (p part) inputs(arguments []argument) map[string]ort.Value {
	in := map[string]ort.Value{}
	for _, a := range arguments {
		if !a.whole {
			in[a.name] = ort.FromTensor(a.values)
			continue
		}
		numbers := make([]int64, len(a.values.Data))
		for i, v := range a.values.Data {
			numbers[i] = int64(v)
		}
		in[a.name] = ort.FromInt64(numbers, a.values.Shape...)
	}
	if p.net == "clip" {
		in["end"] = ort.FromInt64(make([]int64, p.batch), p.batch)
	}
	return in
}

// measure runs the part on one thread and on all, beside PyTorch where that is wanted.
func (p part) measure(ctx context.Context, o Options, r *ort.Runtime, c *weights.Checkpoint) (line, error) {
	g, err := p.build(c)
	if err != nil {
		return line{}, err
	}
	proto, err := g.Proto()
	if err != nil {
		return line{}, err
	}
	l := line{part: p.name}
	var other *peer
	if o.Python != "" {
		if other, err = startPeer(ctx, o.Python, o.Checkpoint); err != nil {
			return line{}, err
		}
		defer other.stop()
		loaded, err := other.ask(command{Do: "load", Net: p.net})
		if err != nil {
			return line{}, err
		}
		l.torchLoad = loaded.CPU
	}
	for _, threads := range []int{1, o.Threads} {
		if err := p.rounds(ctx, o, r, proto, threads, other, &l); err != nil {
			return line{}, err
		}
	}
	if other != nil {
		report, err := other.ask(command{Do: "report"})
		if err != nil {
			return line{}, err
		}
		l.torchPeak = report.Peak
	}
	return l, nil
}

// rounds loads the graph for a number of threads and runs both sides in turn. The first run of each is not counted.
func (p part) rounds(ctx context.Context, o Options, r *ort.Runtime, proto []byte, threads int, other *peer, l *line) error {
	if err := resetPeak(); err != nil {
		l.notes = append(l.notes, err.Error())
	}
	var session *ort.Session
	load, err := timed(func() (err error) {
		session, err = r.NewSession(ctx, proto, ort.SessionOptions{Level: p.level, Threads: threads})
		return err
	})
	if err != nil {
		return err
	}
	defer session.Close()
	arguments := p.arguments()
	inputs := p.inputs(arguments)
	var result *tensor.Tensor
	run := func() error {
		results, err := session.Run(ctx, inputs, p.output())
		if err == nil {
			result = results[0]
		}
		return err
	}
	if err := run(); err != nil {
		return err
	}
	torch := command{Do: "run", Net: p.net, Size: p.size, Batch: p.batch, Threads: threads}
	if other != nil {
		if _, err := other.ask(torch); err != nil {
			return err
		}
	}
	var pairs pairs
	for range o.Rounds {
		ours, err := timed(run)
		if err != nil {
			return err
		}
		var theirs times
		if other != nil {
			reply, err := other.ask(torch)
			if err != nil {
				return err
			}
			theirs = reply.times
		}
		pairs.add(ours, theirs)
	}
	memory, err := ort.ReadMemory()
	if err != nil {
		l.notes = append(l.notes, err.Error())
	}
	if threads == 1 {
		l.load, l.cpu = load.CPU, pairs.cpu()
	}
	if threads == o.Threads {
		l.wall, l.memory = pairs.wall(), memory
	}
	if other == nil || threads != 1 {
		return nil
	}
	l.difference, err = p.compare(other, arguments, result)
	return err
}

// compare is the relative difference (L2) of our result from PyTorch's on the same weights and inputs.
func (p part) compare(other *peer, arguments []argument, ours *tensor.Tensor) (float64, error) {
	ask := command{Do: "compare", Net: p.net}
	for _, a := range arguments {
		ask.Inputs, ask.Shapes = append(ask.Inputs, numbers(a)), append(ask.Shapes, a.values.Shape)
	}
	reply, err := other.ask(ask)
	if err != nil {
		return 0, err
	}
	if len(reply.Values) != len(ours.Data) {
		return 0, fmt.Errorf("PyTorch gave %v, oneactor %v", reply.Shape, ours.Shape)
	}
	var difference, size float64
	for i, v := range reply.Values {
		d := float64(ours.Data[i]) - v
		difference += d * d
		size += v * v
	}
	return math.Sqrt(difference / size), nil
}

// numbers are the values as JSON has them: whole ones without a point, which PyTorch takes for int64.
func numbers(a argument) any {
	if !a.whole {
		return a.values.Data
	}
	whole := make([]int64, len(a.values.Data))
	for i, v := range a.values.Data {
		whole[i] = int64(v)
	}
	return whole
}

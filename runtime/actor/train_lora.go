package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// LoRATraining trains low-rank changes of a UNet on some latents and their texts, a baseline. Hu et al. 2021 (arXiv:2106.09685).
type LoRATraining struct {
	Model  runtime.Model
	Latent runtime.Latent       // what to learn [n,C,h,w]
	Texts  runtime.Conditioning // one for all, or one for each latent

	Rank  int
	Steps int
	Rate  float64
	Batch int
	Seed  uint64

	Progress  func(Progress)
	Folder    string // as Tuning.Folder
	SaveEvery time.Duration
}

// LoRA is trained low-rank changes of a UNet.
type LoRA struct {
	Changes map[string]weights.LowRank // by name of the weight
	Model   runtime.Model              // they were trained on
	Steps   int
}

// Socket is the wire type.
func (LoRA) Socket() string { return "LORA_MODEL" }

// Bytes is the memory held.
func (l LoRA) Bytes() int64 {
	var n int64
	for _, c := range l.Changes {
		n += c.Down.Bytes() + c.Up.Bytes()
	}
	return n
}

// Encode writes a file of kohya's kind, which LoraLoader takes.
func (l LoRA) Encode(ctx context.Context, w io.Writer) error {
	set, _, err := l.Model.UNet()
	if err != nil {
		return err
	}
	rank := 0
	for _, c := range l.Changes {
		rank = c.Rank
	}
	return weights.EncodeLoRA(ctx, w, []weights.Pair{
		{Key: "ss_network_dim", Value: strconv.Itoa(rank)}, {Key: "ss_network_module", Value: "networks.lora"}, {Key: "ss_steps", Value: strconv.Itoa(l.Steps)},
	}, set, l.Changes)
}

// TrainLoRA trains all linear layers of the UNet's transformer blocks.
func TrainLoRA(ctx context.Context, rt *runtime.Runtime, t LoRATraining) (LoRA, error) {
	l, err := t.train(ctx, rt)
	if err != nil {
		return LoRA{}, fmt.Errorf("train LoRA: %w", err)
	}
	return l, nil
}

func (t LoRATraining) train(ctx context.Context, rt *runtime.Runtime) (LoRA, error) {
	set, config, err := t.Model.UNet()
	if err != nil {
		return LoRA{}, err
	}
	// What the model has already is part of its weights: the branches are for the LoRA that is trained.
	patches, changed, err := rt.MergedPatches(ctx, t.Model)
	if err != nil {
		return LoRA{}, err
	}
	m, err := t.material(config)
	if err != nil {
		return LoRA{}, err
	}
	targets := loraLayers(set)
	if len(targets) == 0 {
		return LoRA{}, fmt.Errorf("the UNet has no transformers: %w", model.ErrUnsupported)
	}
	values, changes := t.start(set, targets)
	session, release, err := t.session(ctx, rt, set, config, patches, targets, m)
	if err != nil {
		return LoRA{}, err
	}
	defer release()
	run, err := newTrainer(ctx, rt, session, values, changed, t.Rate, 0.01)
	if err != nil {
		return LoRA{}, err
	}
	defer run.close()
	rows := newNoisy(m.mean[0], equalShares(t.Batch))
	e := m.texts[0].embedding
	text := tensor.New(t.Batch, e.Dim(1), e.Dim(2))
	inputs := map[string]ort.Value{"context": ort.FromTensor(text)}
	var vectors *tensor.Tensor
	if config.LabelDim > 0 {
		vectors = tensor.New(t.Batch, config.LabelDim)
		inputs["y"] = ort.FromTensor(vectors)
	}
	l := loop{
		trainer: run, steps: t.Steps, progress: t.Progress, every: cmp.Or(t.SaveEvery, 30*time.Second),
		step: func(ctx context.Context, step int) (float32, error) {
			d := drawRows(m, t.Seed, step, t.Batch, 0)
			for i := range t.Batch {
				rows.fill(m, d, i, i)
				x := m.texts[d.pictures[i]%len(m.texts)]
				copy(item(text, i), x.embedding.Data)
				if vectors != nil {
					copy(item(vectors, i), x.vector.Data)
				}
			}
			return run.step(ctx, withInputs(rows.inputs(), inputs))
		},
	}
	if t.Folder != "" {
		key := trainingKey("lora", []any{t.Rank, t.Rate, t.Batch, t.Seed}, t.Model, m)
		l.state = &state{path: statePath(t.Folder, key), trainer: run}
	}
	if err := l.run(ctx); err != nil {
		return LoRA{}, err
	}
	return LoRA{changes, t.Model, t.Steps}, nil
}

// material checks latents and texts.
func (t LoRATraining) material(config model.UNetConfig) (*material, error) {
	z := t.Latent.Samples
	switch {
	case z == nil || z.Dim(0) < 1 || len(t.Texts) == 0:
		return nil, errors.New("it needs a latent and a text")
	case len(t.Texts) != 1 && len(t.Texts) != z.Dim(0):
		return nil, fmt.Errorf("%d texts for %d latents: give one for all, or one for each", len(t.Texts), z.Dim(0))
	case t.Rank < 1 || t.Rank > 1024 || t.Steps < 0 || t.Batch < 1 || t.Rate <= 0:
		return nil, errors.New("rank 1 to 1024, a batch of 1 or more and a learning rate above 0 are wanted")
	case z.Dim(1) != config.InChannels:
		return nil, fmt.Errorf("the latent has %d channels and the model wants %d: encode the picture with the VAE that belongs to the model", z.Dim(1), config.InChannels)
	}
	if p := t.Model.Sampling().Parameterization; p != sampling.Epsilon && p != sampling.V {
		return nil, fmt.Errorf("the model predicts %v; training knows epsilon and v: %w", p, model.ErrUnsupported)
	}
	still := tensor.New(z.Shape...)
	m := &material{
		mean: [2]*tensor.Tensor{z, z}, spread: [2]*tensor.Tensor{still, still},
		format: t.Model.LatentFormat(), sampling: t.Model.Sampling(),
	}
	for _, c := range t.Texts {
		if !slices.Equal(c.Embedding.Shape, t.Texts[0].Embedding.Shape) || c.Embedding.Dim(2) != config.ContextDim {
			return nil, fmt.Errorf("a text of shape %v: all must be as long as the first, and %d wide", c.Embedding.Shape, config.ContextDim)
		}
		vector, err := t.Model.Vector(c, z.Dim(2)*8, z.Dim(3)*8)
		if err != nil {
			return nil, err
		}
		m.texts = append(m.texts, text{embedding: c.Embedding, vector: vector})
	}
	return m, nil
}

// loraLayers lists the linear weights of the transformers, sorted.
func loraLayers(set *weights.Set) []string {
	var out []string
	for _, name := range set.Names() {
		r, _ := set.Ref(name)
		if strings.HasSuffix(name, ".weight") && strings.Contains(name, ".transformer_blocks.") && len(r.Shape) == 2 {
			out = append(out, name)
		}
	}
	return out
}

// start is the factors before the first step: down uniform in ±1/√in, up 0, so that nothing changes yet. Alpha equals the rank.
func (t LoRATraining) start(set *weights.Set, targets []string) ([]trained, map[string]weights.LowRank) {
	g := sampling.NewGenerator(t.Seed)
	var values []trained
	changes := map[string]weights.LowRank{}
	for _, name := range targets {
		r, _ := set.Ref(name)
		down, up := tensor.New(t.Rank, int(r.Shape[1])), tensor.New(int(r.Shape[0]), t.Rank)
		bound := float32(1 / math.Sqrt(float64(r.Shape[1])))
		g.Uniform(down.Data, -bound, bound)
		values = append(values, trained{name + ".lora_down", down}, trained{name + ".lora_up", up})
		changes[name] = weights.LowRank{Down: down, Up: up, Alpha: float32(t.Rank), Rank: t.Rank}
	}
	return values, changes
}

// session compiles the UNet with branches, the loss, and the gradients of all factors.
func (t LoRATraining) session(ctx context.Context, rt *runtime.Runtime, set *weights.Set, config model.UNetConfig, patches model.Patches, targets []string, m *material) (*ort.Session, func(), error) {
	s := lossSizes{t.Batch, m.mean[0].Dim(2), m.mean[0].Dim(3), m.texts[0].embedding.Dim(1)}
	patches.LoRA, patches.Rank = targets, t.Rank
	form := gradientFormFor(rt, set)
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key:  runtime.GraphKey("LoRA training", set, fmt.Sprintf("%+v %+v", s, patches)),
		Runs: t.Steps, Work: gradientWork * float64(s.Rows*s.Height*s.Width),
		Once: heavy(set),
		Build: func() (*onnx.Graph, error) {
			b := onnx.NewBuilder("LoRA training")
			text := b.Input("context", onnx.Float32, s.Rows, s.Tokens, config.ContextDim)
			loss := addDenoisingLoss(b, set, config, patches, s, text, vectorInput(b, config, s.Rows))
			inputs := map[string]*onnx.Value{}
			for _, v := range b.Inputs() {
				inputs[v.Name] = v
			}
			var wrt []*onnx.Value
			var names []string
			for _, target := range targets {
				for _, factor := range []string{".lora_down", ".lora_up"} {
					wrt, names = append(wrt, inputs[target+factor]), append(names, "grad."+target+factor)
				}
			}
			form.add(b, loss, wrt, names)
			return finishGraph(b, "LoRA training")
		},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("gradient graph: %w", err)
	}
	return session, release, nil
}

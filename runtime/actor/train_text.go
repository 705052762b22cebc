package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TextInversion is Textual Inversion, a baseline: vectors in place of a word that make the frozen model draw some pictures. Gal et al. 2022
// (arXiv:2208.01618).
type TextInversion struct {
	Model   runtime.Model
	CLIP    runtime.CLIP
	VAE     runtime.VAE
	Images  runtime.Image // pictures of the subject
	Word    string        // a word near the subject: the vectors begin as those of its tokens
	Concept Concept       // chooses the texts that the vectors are put into

	Vectors int // how many tokens stand for the subject
	Steps   int
	Rate    float64 // learning rate
	Batch   int     // rows in a step
	Flip    float64
	Seed    uint64

	Progress  func(Progress)
	Folder    string // as Tuning.Folder
	SaveEvery time.Duration
}

// Embedding is vectors that stand for tokens, for each text encoder of a model.
type Embedding struct {
	Vectors map[string]*tensor.Tensor // [n,D] by the encoder's name in files: clip_l, clip_g, clip_h
	Notes   map[string]string
}

// Socket is the wire type.
func (Embedding) Socket() string { return "EMBEDDING" }

// Bytes is the memory held.
func (e Embedding) Bytes() int64 {
	var n int64
	for _, v := range e.Vectors {
		n += v.Bytes()
	}
	return n
}

// Encode writes a textual inversion as a .safetensors file that prompts name with embedding:NAME. Those of several encoders lie under the
// encoders' names, as SDXL's do everywhere.
func (e Embedding) Encode(ctx context.Context, w io.Writer) error {
	var pairs []weights.Pair
	for _, key := range []string{"word", "steps"} {
		if v := e.Notes[key]; v != "" {
			pairs = append(pairs, weights.Pair{Key: key, Value: v})
		}
	}
	var entries []weights.Entry
	for _, key := range slices.Sorted(maps.Keys(e.Vectors)) {
		name := key
		if len(e.Vectors) == 1 {
			name = "emb_params"
		}
		entries = append(entries, weights.Float32Entry(name, e.Vectors[key]))
	}
	return weights.Encode(ctx, w, pairs, entries)
}

// Save writes the vectors under a name in models/embeddings; the result is the name of the file.
func (e Embedding) Save(ctx context.Context, rt *runtime.Runtime, name string) (string, error) {
	saved, _, err := rt.Folders.SaveModel(ctx, "embeddings", name, func(w io.Writer) error { return e.Encode(ctx, w) })
	return saved, err
}

// TrainText trains the vectors.
func TrainText(ctx context.Context, rt *runtime.Runtime, t TextInversion) (Embedding, error) {
	e, err := t.train(ctx, rt)
	if err != nil {
		return Embedding{}, fmt.Errorf("textual inversion: %w", err)
	}
	return e, nil
}

func (t TextInversion) train(ctx context.Context, rt *runtime.Runtime) (Embedding, error) {
	if t.Images.Tensor == nil || t.Vectors < 1 || t.Vectors > 32 || t.Steps < 0 || t.Batch < 1 || t.Rate <= 0 {
		return Embedding{}, errors.New("it needs a picture, 1 to 32 vectors, a batch of 1 or more and a learning rate above 0")
	}
	encoders, err := rt.Encoders(ctx, t.CLIP)
	if err != nil {
		return Embedding{}, err
	}
	m, err := pictureMaterial(ctx, rt, t.Model, t.VAE, t.Images)
	if err != nil {
		return Embedding{}, err
	}
	learners := make([]learner, len(encoders))
	settings := []any{t.Word, t.Vectors, t.Rate, t.Batch, t.Flip, t.Seed}
	var values []trained
	var starts []*tensor.Tensor
	out := Embedding{map[string]*tensor.Tensor{}, map[string]string{"word": t.Word, "steps": fmt.Sprint(t.Steps)}}
	for i, e := range encoders {
		l, err := t.learner(e)
		if err != nil {
			return Embedding{}, err
		}
		learners[i] = l
		settings = append(settings, e.Set.Fingerprint(), l.prompts)
		values, starts = append(values, trained{l.name("extra"), l.vectors}), append(starts, l.vectors)
		out.Vectors[e.Tokens.Key()] = l.vectors
	}
	m.texts = make([]text, len(learners[0].prompts))
	session, fixed, release, err := t.session(ctx, rt, learners, m)
	if err != nil {
		return Embedding{}, err
	}
	defer release()
	run, err := newTrainer(ctx, rt, session, values, fixed, t.Rate, 0)
	if err != nil {
		return Embedding{}, err
	}
	defer run.close()
	rows := newNoisy(m.mean[0], equalShares(t.Batch))
	l := loop{
		trainer: run, steps: t.Steps, progress: t.Progress, every: cmp.Or(t.SaveEvery, 30*time.Second),
		step: func(ctx context.Context, step int) (float32, error) {
			d := drawRows(m, t.Seed, step, t.Batch, t.Flip)
			inputs := rows.inputs()
			for i := range t.Batch {
				rows.fill(m, d, i, i)
			}
			for _, l := range learners {
				l.fill(inputs, d.texts)
			}
			return run.step(ctx, inputs)
		},
	}
	if t.Folder != "" {
		key := trainingKey("text", settings, t.Model, m, starts...)
		l.state = &state{path: statePath(t.Folder, key), trainer: run}
	}
	return out, l.run(ctx)
}

// session compiles text encoders, UNet and loss with the gradients of the vectors; fixed are the inputs that stay the same.
func (t TextInversion) session(ctx context.Context, rt *runtime.Runtime, learners []learner, m *material) (session *ort.Session, fixed map[string]ort.Value, release func(), err error) {
	set, unet, err := t.Model.UNet()
	if err != nil {
		return nil, nil, nil, err
	}
	patches, fixed, err := rt.Patches(ctx, t.Model)
	if err != nil {
		return nil, nil, nil, err
	}
	width, tokens := 0, learners[0].Config.Tokens
	var texts []any
	for _, l := range learners {
		width += l.Config.Width
		tokens = min(tokens, l.Config.Tokens)
		texts = append(texts, l.Set.Fingerprint(), fmt.Sprintf("%+v", l.Options))
		fixed = withInputs(fixed, l.inputs())
	}
	if unet.ContextDim != width {
		return nil, nil, nil, fmt.Errorf("the text encoder's width is %d and the model wants %d: connect the text encoder that belongs to the model", width, unet.ContextDim)
	}
	numbers, err := sizeNumbers(t.Model, learners[len(learners)-1], t.Images)
	if err != nil {
		return nil, nil, nil, err
	}
	s := lossSizes{t.Batch, m.mean[0].Dim(2), m.mean[0].Dim(3), tokens}
	form := gradientFormFor(rt, set)
	session, release, err = rt.Session(ctx, runtime.GraphSpec{
		Key:  runtime.GraphKey("textual inversion", set, fmt.Sprintf("%v %+v %+v %d %v", texts, s, patches, t.Vectors, numbers)),
		Runs: t.Steps, Work: gradientWork * float64(s.Rows*s.Height*s.Width),
		Once: heavy(set),
		Build: func() (*onnx.Graph, error) {
			b := onnx.NewBuilder("textual inversion")
			var hidden, extras []*onnx.Value
			var names []string
			var y *onnx.Value
			for _, l := range learners {
				extra, out := l.add(b, s.Rows, t.Vectors)
				hidden, extras, names = append(hidden, out.Hidden), append(extras, extra), append(names, "grad."+l.name("extra"))
				y = out.Pooled // that of the last encoder counts
			}
			context := hidden[0]
			if len(hidden) > 1 {
				context = b.Concat(2, hidden...)
			}
			if unet.LabelDim == 0 {
				y = nil
			} else {
				y = b.Concat(1, y, b.Const("sizes", slices.Repeat(numbers, s.Rows), int64(s.Rows), int64(len(numbers))))
			}
			loss := addDenoisingLoss(b, set, unet, patches, s, context, y)
			form.add(b, loss, extras, names)
			return finishGraph(b, "textual inversion")
		},
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("gradient graph: %w", err)
	}
	return session, fixed, release, nil
}

// sizeNumbers is what SDXL is told behind the pooled text of an encoder, for pictures [B,H,W,3]; nil for families without an added
// embedding.
func sizeNumbers(m runtime.Model, last learner, pictures runtime.Image) ([]float32, error) {
	width := last.Config.Width
	if last.Options.Project && last.Config.Projection > 0 {
		width = last.Config.Projection
	}
	v, err := pictureVector(m, runtime.Cond{Pooled: tensor.New(1, width)}, pictures)
	if err != nil || v == nil {
		return nil, err
	}
	return v.Data[width:], nil
}

// equalShares is a loss that is the mean over rows.
func equalShares(rows int) []float32 {
	out := make([]float32, rows)
	for i := range out {
		out[i] = 1 / float32(rows)
	}
	return out
}

package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
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

// Embedding is vectors that stand for tokens.
type Embedding struct {
	Vectors *tensor.Tensor // [n,D]
	Key     string         // the text encoder they are for
	Notes   map[string]string
}

// Socket is the wire type.
func (Embedding) Socket() string { return "EMBEDDING" }

// Bytes is the memory held.
func (e Embedding) Bytes() int64 { return e.Vectors.Bytes() }

// Encode writes a textual inversion as a .safetensors file that prompts name with embedding:NAME.
func (e Embedding) Encode(ctx context.Context, w io.Writer) error {
	var pairs []weights.Pair
	for _, key := range []string{"word", "steps"} {
		if v := e.Notes[key]; v != "" {
			pairs = append(pairs, weights.Pair{Key: key, Value: v})
		}
	}
	return weights.Encode(ctx, w, pairs, []weights.Entry{weights.Float32Entry("emb_params", e.Vectors)})
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
	set, config, options, factors := encoders[0].Set, encoders[0].Config, encoders[0].Options, encoders[0].Inputs
	prompts, start, err := t.prompts(set, config)
	if err != nil {
		return Embedding{}, err
	}
	m, err := pictureMaterial(ctx, rt, t.Model, t.VAE, t.Images)
	if err != nil {
		return Embedding{}, err
	}
	m.texts = make([]text, len(prompts))
	session, patched, release, err := t.session(ctx, rt, set, config, options, m, start.Dim(0))
	if err != nil {
		return Embedding{}, err
	}
	defer release()
	run := newTrainer(session, []trained{{"extra", start}}, withInputs(factors, patched), t.Rate, 0)
	rows := newNoisy(m.mean[0], equalShares(t.Batch))
	tokens := make([]int64, t.Batch*config.Tokens)
	ends := make([]int64, t.Batch)
	l := loop{
		steps: t.Steps, progress: t.Progress, every: cmp.Or(t.SaveEvery, 30*time.Second),
		step: func(ctx context.Context, step int) (float32, error) {
			d := drawRows(m, t.Seed, step, t.Batch, t.Flip)
			for i := range t.Batch {
				rows.fill(m, d, i, i)
				copy(tokens[i*config.Tokens:], prompts[d.texts[i]])
			}
			return run.step(ctx, withInputs(rows.inputs(), map[string]ort.Value{
				"tokens": ort.FromInt64(tokens, t.Batch, config.Tokens), "end": ort.FromInt64(ends, t.Batch),
			}))
		},
	}
	if t.Folder != "" {
		key := trainingKey("text", []any{t.Word, t.Vectors, t.Rate, t.Batch, t.Flip, t.Seed, set.Fingerprint(), prompts}, t.Model, m, start)
		l.state = &state{path: statePath(t.Folder, key), trainer: run}
	}
	if err := l.run(ctx); err != nil {
		return Embedding{}, err
	}
	return Embedding{start, tokenizer.EncoderL.Key(), map[string]string{"word": t.Word, "steps": fmt.Sprint(t.Steps)}}, nil
}

// session compiles text encoder, UNet and loss with the gradient of the vectors.
func (t TextInversion) session(ctx context.Context, rt *runtime.Runtime, text *weights.Set, config model.CLIPConfig, o model.CLIPOptions, m *material, vectors int) (*ort.Session, map[string]ort.Value, func(), error) {
	set, unet, err := t.Model.UNet()
	if err != nil {
		return nil, nil, nil, err
	}
	patches, factors, err := rt.Patches(ctx, t.Model)
	if err != nil {
		return nil, nil, nil, err
	}
	if unet.ContextDim != config.Width {
		return nil, nil, nil, fmt.Errorf("the text encoder's width is %d and the model wants %d: connect the text encoder that belongs to the model", config.Width, unet.ContextDim)
	}
	o.Extra = true
	s := lossSizes{t.Batch, m.mean[0].Dim(2), m.mean[0].Dim(3), config.Tokens}
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key:  runtime.GraphKey("textual inversion", set, fmt.Sprintf("%s %+v %+v %+v %d", text.Fingerprint(), o, s, patches, vectors)),
		Runs: t.Steps, Work: gradientWork * float64(s.Rows*s.Height*s.Width),
		Once: heavy(set),
		Build: func() (*onnx.Graph, error) {
			b := onnx.NewBuilder("textual inversion")
			extra := b.Input("extra", onnx.Float32, vectors, config.Width)
			in := model.CLIPInputs{Tokens: b.Input("tokens", onnx.Int64, s.Rows, config.Tokens), End: b.Input("end", onnx.Int64, s.Rows), Extra: extra}
			hidden := model.AddCLIP(b, text, config, o, in).Hidden
			loss := addDenoisingLoss(b, set, unet, patches, s, hidden)
			b.Output("grad.extra", autodiff.Gradients(b, loss, []*onnx.Value{extra}, gradientOptions(set))[0])
			return finishGraph(b, "textual inversion")
		},
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("gradient graph: %w", err)
	}
	return session, factors, release, nil
}

// prompts are the tokens of the templates with the vectors in place of the word, and the vectors to begin with.
func (t TextInversion) prompts(set *weights.Set, config model.CLIPConfig) ([][]int64, *tensor.Tensor, error) {
	templates := t.Concept.Prompts(t.Word)
	if len(templates) == 0 {
		return nil, nil, fmt.Errorf("concept %q: use one of %q", t.Concept, t.Concept.Choices())
	}
	var prompts [][]int64
	var ids []int
	for _, text := range templates {
		p, err := tokenizer.Tokenize(text, tokenizer.Options{})
		if err != nil {
			return nil, nil, err
		}
		rows, err := WordRows(p, t.Word)
		if err != nil {
			return nil, nil, err
		}
		chunk := p.Chunks[0]
		if len(p.Chunks) > 1 || rows[len(rows)-1]-rows[0] != len(rows)-1 {
			return nil, nil, fmt.Errorf("the word %q is too long, or stands twice in %q", t.Word, text)
		}
		var tokens []int64
		for _, token := range chunk[:rows[0]] {
			tokens = append(tokens, int64(token.ID))
		}
		for i := range t.Vectors {
			tokens = append(tokens, int64(config.Vocabulary+i))
		}
		for _, token := range chunk[rows[len(rows)-1]+1:] {
			tokens = append(tokens, int64(token.ID))
		}
		for len(tokens) < config.Tokens {
			tokens = append(tokens, int64(tokenizer.EncoderL.Pad()))
		}
		prompts = append(prompts, tokens[:config.Tokens])
		if ids == nil {
			for i := range t.Vectors {
				ids = append(ids, chunk[rows[i%len(rows)]].ID)
			}
		}
	}
	start, err := model.TokenVectors(set, ids)
	return prompts, start, err
}

// equalShares is a loss that is the mean over rows.
func equalShares(rows int) []float32 {
	out := make([]float32, rows)
	for i := range out {
		out[i] = 1 / float32(rows)
	}
	return out
}

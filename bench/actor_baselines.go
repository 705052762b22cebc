package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/runtime/actor"
)

// baseline is a method that is trained on the target picture alone: train runs so many steps and says how to draw with the result.
type baseline struct {
	title string
	train func(ctx context.Context, l *lab, s *subject, steps int) (setting, error)
}

// textInversion is Textual Inversion: one vector in place of the noun, begun as the noun's own, with the settings of the checkpoint's README.
var textInversion = baseline{"Textual Inversion", func(ctx context.Context, l *lab, s *subject, steps int) (setting, error) {
	if l.o.Embeddings == "" {
		return setting{}, errors.New("no folder for trained embeddings: set ActorOptions.Embeddings")
	}
	e, err := actor.TrainText(ctx, l.rt, actor.TextInversion{
		Model: l.model, CLIP: l.clip, VAE: l.vae, Images: s.cluster.Picture(s.cluster.Target), Word: s.word, Concept: actor.Character,
		Vectors: 1, Steps: steps, Rate: 5e-3, Batch: 4, Flip: 0.5,
	})
	if err != nil {
		return setting{}, err
	}
	name := fmt.Sprintf("bench-%s-%d-%d", s.word, s.seed, steps)
	if err := writeFile(filepath.Join(l.o.Embeddings, name+".safetensors"), func(f *os.File) error { return e.Encode(ctx, f) }); err != nil {
		return setting{}, err
	}
	with := l.plain()
	with.prompt = func(p string) string { return strings.ReplaceAll(p, s.word, "embedding:"+name) }
	return with, nil
}}

// loRA is a LoRA of the UNet's attention, as DreamBooth's users train it, on the plain prompt.
var loRA = baseline{"LoRA", func(ctx context.Context, l *lab, s *subject, steps int) (setting, error) {
	latent, err := l.rt.Encode(ctx, l.vae, s.cluster.Picture(s.cluster.Target))
	if err != nil {
		return setting{}, err
	}
	texts, err := l.rt.EncodeText(ctx, l.clip, s.prompt())
	if err != nil {
		return setting{}, err
	}
	trained, err := actor.TrainLoRA(ctx, l.rt, actor.LoRATraining{
		Model: l.model, Latent: latent, Texts: texts, Rank: 8, Steps: steps, Rate: 1e-3, Batch: 4,
	})
	return setting{model: l.model.WithLoRA(trained.Changes, 1), clip: l.clip}, err
}}

// row trains for the time that OneActor's tuning took, several times.
func (b baseline) row(multiple float64) func(context.Context, *lab) ([]actorLine, error) {
	title := b.title + ", equal time"
	if multiple != 1 {
		title = fmt.Sprintf("%s, %g times the time", b.title, multiple)
	}
	return eachSubject(title, func(ctx context.Context, l *lab, s *subject) (outcome, error) { return b.measure(ctx, l, s, multiple) })
}

// measure trains as many steps as fit the time, which a short training tells.
func (b baseline) measure(ctx context.Context, l *lab, s *subject, multiple float64) (outcome, error) {
	if _, err := l.tuned(ctx, s); err != nil {
		return outcome{}, err
	}
	const few, more = 5, 25
	var spent [2]times
	for i, steps := range []int{few, more} {
		var err error
		if spent[i], err = timed(func() error { _, err := b.train(ctx, l, s, steps); return err }); err != nil {
			return outcome{}, err
		}
	}
	// CPU time, since the clock of a busy machine says little; the graph is compiled for every training.
	step := max((spent[1].CPU-spent[0].CPU)/(more-few), 1e-3)
	steps := max(1, int(math.Round((multiple*s.tuning.CPU-spent[0].CPU)/step))+few)
	var with setting
	took, err := timed(func() (err error) {
		with, err = b.train(ctx, l, s, steps)
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	o, err := l.scored(ctx, s, with, took)
	o.Note = fmt.Sprintf("%d steps", steps)
	return o, err
}

// writeFile makes a file and closes it.
func writeFile(path string, write func(f *os.File) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

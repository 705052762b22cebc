package bench

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/score"
)

// actorRow is a row of the table, or several that are measured together.
type actorRow struct {
	name    string
	measure func(ctx context.Context, l *lab) ([]actorLine, error)
}

// actorRows are in the order of the table.
var actorRows = []actorRow{
	{"plain", eachSubject("plain prompts", func(ctx context.Context, l *lab, s *subject) (outcome, error) {
		return l.scored(ctx, s, l.plain(), times{})
	})},
	{"oneactor", eachSubject("**OneActor**", func(ctx context.Context, l *lab, s *subject) (outcome, error) {
		return l.bestOutcome(ctx, s)
	})},
	{"no-auxiliary", eachSubject("tuned without auxiliary pictures", ablation(func(t *actor.Tuning) { t.Lambda1, t.Lambda2 = 0, 0 }))},
	{"no-average", eachSubject("tuned without the average", ablation(func(t *actor.Tuning) { t.Lambda2 = 0 }))},
	{"v0", eachSubject("v = 0", acted(0, 0))},
	{"v0.4", eachSubject("v = 0.4", acted(0.4, 0))},
	{"v0.8", eachSubject("v = 0.8", acted(0.8, 0))},
	{"v1.0", eachSubject("v = 1.0", acted(1, 0))},
	{"v1.3", eachSubject("v = 1.3", acted(1.3, 0))},
	{"eta2-0", eachSubject("η2 = 0", actedBest(0))},
	{"eta2-0.5", eachSubject("η2 = 0.5", actedBest(0.5))},
	{"eta2-1", eachSubject("η2 = 1", actedBest(1))},
	{"from-picture", eachSubject("from a picture of one's own", fromPicture)},
	{"pretrained", eachSubject("pre-trained, no tuning", pretrained(0))},
	{"pretrained-30", eachSubject("pre-trained, 30 steps", pretrained(30))},
	{"text", textInversion.row(1)},
	{"text-4", textInversion.row(4)},
	{"lora", loRA.row(1)},
	{"lora-4", loRA.row(4)},
	{"two", twoSubjects},
}

// eachSubject is a row of one line, measured subject by subject.
func eachSubject(title string, measure func(ctx context.Context, l *lab, s *subject) (outcome, error)) func(context.Context, *lab) ([]actorLine, error) {
	return func(ctx context.Context, l *lab) ([]actorLine, error) {
		line := actorLine{Title: title}
		for _, s := range l.subjects {
			o, err := measure(ctx, l, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(l.o.Log, "%s, %s: identity %.2f, to target %.2f, tuning %.1f s, %.2f s a picture\n", title, s.name, o.Scores.Identity, o.Scores.ToTarget, o.Tuning.Wall, o.Picture.Wall)
			line.Outcomes = append(line.Outcomes, o)
		}
		return []actorLine{line}, nil
	}
}

// tuning is the best setting for a cluster.
func (l *lab) tuning(s *subject, c actor.Cluster) actor.Tuning {
	t := actor.DefaultTuning()
	t.Model, t.CLIP, t.VAE, t.Cluster, t.Word = l.model, l.clip, l.vae, c, s.word
	t.Steps, t.Rate = l.o.Steps, l.o.Rate
	return t
}

func (l *lab) tune(ctx context.Context, t actor.Tuning) (a actor.Actor, spent times, err error) {
	spent, err = timed(func() error {
		a, _, err = actor.Tune(ctx, l.rt, t)
		return err
	})
	return a, spent, err
}

// tuned is the actor of the best setting.
func (l *lab) tuned(ctx context.Context, s *subject) (actor.Actor, error) {
	if s.actor == nil {
		a, spent, err := l.tune(ctx, l.tuning(s, s.cluster))
		if err != nil {
			return actor.Actor{}, err
		}
		s.actor, s.tuning = &a, spent
	}
	return *s.actor, nil
}

// bestOutcome is that of the best setting; other methods are compared with it.
func (l *lab) bestOutcome(ctx context.Context, s *subject) (outcome, error) {
	if s.best == nil {
		o, err := l.act(ctx, s, l.o.V, 0)
		if err != nil {
			return outcome{}, err
		}
		s.best = &o
	}
	return *s.best, nil
}

// act uses the actor of the best setting with other strengths.
func (l *lab) act(ctx context.Context, s *subject, v, eta2 float64) (outcome, error) {
	a, err := l.tuned(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	return l.scored(ctx, s, l.acting(v, eta2, a), s.tuning)
}

// acted is a row of act; what is the best setting is not drawn again.
func acted(v, eta2 float64) func(context.Context, *lab, *subject) (outcome, error) {
	return func(ctx context.Context, l *lab, s *subject) (outcome, error) {
		if v == l.o.V && eta2 == 0 {
			return l.bestOutcome(ctx, s)
		}
		return l.act(ctx, s, v, eta2)
	}
}

// actedBest uses the best v with cluster guidance.
func actedBest(eta2 float64) func(context.Context, *lab, *subject) (outcome, error) {
	return func(ctx context.Context, l *lab, s *subject) (outcome, error) { return acted(l.o.V, eta2)(ctx, l, s) }
}

// pretrained makes the actor by a projector trained on other clusters, with no tuning or few steps.
func pretrained(steps int) func(context.Context, *lab, *subject) (outcome, error) {
	return func(ctx context.Context, l *lab, s *subject) (outcome, error) {
		p, err := actor.LoadProjector(l.rt, l.o.Projector)
		if err != nil {
			return outcome{}, err
		}
		var a actor.Actor
		var spent times
		if steps == 0 {
			spent, err = timed(func() error {
				a, err = p.Actor(ctx, l.rt, s.cluster, s.word, actor.Character)
				return err
			})
		} else {
			t := l.tuning(s, s.cluster)
			t.Steps, t.Projector = steps, &p
			a, spent, err = l.tune(ctx, t)
		}
		if err != nil {
			return outcome{}, err
		}
		return l.scored(ctx, s, l.acting(l.o.V, 0, a), spent)
	}
}

// ablation tunes with other settings.
func ablation(change func(t *actor.Tuning)) func(context.Context, *lab, *subject) (outcome, error) {
	return func(ctx context.Context, l *lab, s *subject) (outcome, error) {
		t := l.tuning(s, s.cluster)
		change(&t)
		a, spent, err := l.tune(ctx, t)
		if err != nil {
			return outcome{}, err
		}
		return l.scored(ctx, s, l.acting(l.o.V, 0, a), spent)
	}
}

// fromPicture starts from the target's picture alone, as from a file; the auxiliary pictures are of another seed.
func fromPicture(ctx context.Context, l *lab, s *subject) (outcome, error) {
	request, err := l.request(ctx, s.prompt(), s.seed+100, auxiliaryCount)
	if err != nil {
		return outcome{}, err
	}
	c, err := actor.FromImage{VAE: l.vae, Image: s.cluster.Picture(s.cluster.Target), Sample: request}.Cluster(ctx, l.rt)
	if err != nil {
		return outcome{}, err
	}
	a, spent, err := l.tune(ctx, l.tuning(s, c))
	if err != nil {
		return outcome{}, err
	}
	return l.scored(ctx, s, l.acting(l.o.V, 0, a), spent)
}

// twoPlaces are the scenes of pictures with two subjects.
var twoPlaces = []string{"in a forest", "on a beach", "in a city at night", "on the moon", "near a castle", "in the snow"}

// twoSubjects draws neighbours of the list together, plain and with both actors; each side is measured by itself.
func twoSubjects(ctx context.Context, l *lab) ([]actorLine, error) {
	lines := []actorLine{
		{Title: "two subjects, plain: left"}, {Title: "two subjects, plain: right"},
		{Title: "two subjects, two actors: left"}, {Title: "two subjects, two actors: right"},
	}
	readers := [2]*score.Reader{score.Left(), score.Right()}
	for i, a := range l.subjects {
		b := l.subjects[(i+1)%len(l.subjects)]
		if a.word == b.word {
			continue
		}
		first, err := l.tuned(ctx, a)
		if err != nil {
			return nil, err
		}
		second, err := l.tuned(ctx, b)
		if err != nil {
			return nil, err
		}
		var prompts []string
		for _, p := range twoPlaces {
			prompts = append(prompts, fmt.Sprintf("a photo of a %s and a %s %s", a.word, b.word, p))
		}
		for k, with := range []setting{l.plain(), l.acting(l.o.V, 0, first, second)} {
			pictures, spent, err := l.draw(ctx, with, prompts, twoSeed)
			if err != nil {
				return nil, err
			}
			for side, s := range [2]*subject{a, b} {
				o, err := l.side(readers[side], s, pictures, prompts)
				if err != nil {
					return nil, err
				}
				o.Target, o.Picture = a.name+" and "+b.name, spent
				line := &lines[2*k+side]
				line.Outcomes = append(line.Outcomes, o)
			}
		}
	}
	if len(lines[0].Outcomes) == 0 {
		return nil, fmt.Errorf("no two neighbours of the targets are of different species; give some that are")
	}
	return lines, nil
}

// side measures one character of pictures with two.
func (l *lab) side(reader *score.Reader, s *subject, pictures runtime.Image, prompts []string) (outcome, error) {
	readings, cells, err := reader.ReadAll(pictures.Tensor)
	if err != nil {
		return outcome{}, err
	}
	var scenes []string
	var wanted []score.Wanted
	for i, c := range cells {
		scene, _ := l.scene.Read(c)
		scenes = append(scenes, scene)
		wanted = append(wanted, score.Wanted{Species: s.word, Scene: score.ParsePrompt(prompts[i]).Scene})
	}
	return outcome{Scores: score.Measure(readings, scenes, &s.target, wanted)}, nil
}

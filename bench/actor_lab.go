package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// The settings of every run, those of the checkpoint's README: 20 steps of DPM++ 2M, guidance 5, 10 auxiliary pictures, and for new
// scenes the noise of one seed, a place of its batch for each scene.
const (
	sampleSteps    = 20
	guidance       = 5.0
	auxiliaryCount = 10
	sceneSeed      = 500
	twoSeed        = 900
	pictureSide    = 128
)

// places are the scenes of a target: what its prompt says.
var places = []string{
	"in a forest", "on a beach at sunset", "waving in a city", "in a desert",
	"jumping in the snow", "on the moon", "holding a balloon in a room", "near a castle at night",
}

// lab is what all rows share: the model, readers, and the targets with what was made of them so far.
type lab struct {
	rt       *runtime.Runtime
	o        ActorOptions
	model    runtime.Model
	clip     runtime.CLIP
	vae      runtime.VAE
	empty    runtime.Conditioning
	reader   *score.Reader
	scene    *score.SceneReader
	subjects []*subject
	steps    int // of the sampler; 0: sampleSteps
}

func newLab(ctx context.Context, rt *runtime.Runtime, o ActorOptions) (*lab, error) {
	c, err := rt.LoadCheckpoint(o.Checkpoint)
	if err != nil {
		return nil, err
	}
	l := &lab{rt: rt, o: o, model: c.Model, clip: c.CLIP, vae: c.VAE, reader: score.One()}
	if l.scene, err = actor.OpenSceneReader(rt); err != nil {
		return nil, fmt.Errorf("the table needs the reader of scenes: %w", err)
	}
	l.empty, err = rt.EncodeText(ctx, l.clip, "")
	return l, err
}

func (l *lab) settings() string {
	return fmt.Sprintf("%s, %d targets, %d scenes each, %d steps of DPM++ 2M, guidance %g; tuning %d steps at %g, v = %g",
		l.o.Checkpoint, len(l.o.Targets), len(places), sampleSteps, guidance, l.o.Steps, l.o.Rate, l.o.V)
}

// subject is a target with what was made of it.
type subject struct {
	name    string // word:seed
	word    string
	seed    uint64
	cluster actor.Cluster
	target  score.Reading
	actor   *actor.Actor // tuned in the best setting, once it was needed
	tuning  times
	best    *outcome // of the best setting
}

func (s *subject) describe() string {
	t := s.target
	return fmt.Sprintf("%s, picture %d: %s body, %s clothes, hat %s, mark %s, fit %.0f", s.name, s.cluster.Target, t.Body, t.Clothes, t.Hat, t.Mark, t.Fit)
}

// subject draws the base set of a target and chooses the cleanest picture of the right species.
func (l *lab) subject(ctx context.Context, name string) (*subject, error) {
	word, number, _ := strings.Cut(name, ":")
	seed, err := strconv.ParseUint(number, 10, 64)
	if err != nil || !slices.Contains(score.Species(), word) {
		return nil, fmt.Errorf("want a species and a seed, such as robot:1; species are %s", strings.Join(score.Species(), ", "))
	}
	s := &subject{name: name, word: word, seed: seed}
	request, err := l.request(ctx, s.prompt(), seed, auxiliaryCount+1)
	if err != nil {
		return nil, err
	}
	if s.cluster, _, err = actor.SampleCluster(ctx, l.rt, l.vae, request); err != nil {
		return nil, err
	}
	readings, _, err := l.reader.ReadAll(s.cluster.Images.Tensor)
	if err != nil {
		return nil, err
	}
	best := 0
	for i, r := range readings {
		right, rightBest := r.Species == word, readings[best].Species == word
		if right && !rightBest || right == rightBest && r.Fit < readings[best].Fit {
			best = i
		}
	}
	s.target = readings[best]
	s.cluster, err = s.cluster.WithTarget(best)
	return s, err
}

func (s *subject) prompt() string { return "a photo of a " + s.word }

// scenes are the prompts of a target.
func (s *subject) scenes() []string {
	var list []string
	for _, p := range places {
		list = append(list, s.prompt()+" "+p)
	}
	return list
}

// request is a sampling run of a prompt.
func (l *lab) request(ctx context.Context, prompt string, seed uint64, batch int) (runtime.GuidedRequest, error) {
	positive, err := l.rt.EncodeText(ctx, l.clip, prompt)
	if err != nil {
		return runtime.GuidedRequest{}, err
	}
	return l.guided(l.model, positive, seed, runtime.ZeroLatent(batch, 4, pictureSide/8, pictureSide/8))
}

func (l *lab) guided(m runtime.Model, positive runtime.Conditioning, seed uint64, latent runtime.Latent) (runtime.GuidedRequest, error) {
	return runtime.SampleRequest{
		Model: m, Positive: positive, Negative: l.empty, CFG: guidance, Latent: latent,
		Seed: seed, Steps: cmp.Or(l.steps, sampleSteps), Sampler: "dpmpp_2m", Scheduler: "normal", Denoise: 1,
	}.Guided()
}

// setting is a way to draw a scene: from the encoded prompt to what guides. Its model and prompt encoder may be other ones.
type setting struct {
	model  runtime.Model
	clip   runtime.CLIP
	prompt func(string) string                                                       // changes the text; nil leaves it
	use    func(c runtime.Conditioning) (runtime.Conditioning, runtime.Model, error) // nil: the plain prompt
}

// plain is the setting without any help.
func (l *lab) plain() setting { return setting{model: l.model, clip: l.clip} }

// acting is the setting with actors.
func (l *lab) acting(v, eta2 float64, actors ...actor.Actor) setting {
	return setting{model: l.model, clip: l.clip, use: func(c runtime.Conditioning) (runtime.Conditioning, runtime.Model, error) {
		var err error
		for _, a := range actors {
			use := actor.Use{Actor: a, V: v, During: runtime.Range{Start: 0, End: 1}}
			if c, err = use.Apply(c); err != nil {
				return nil, runtime.Model{}, err
			}
		}
		return c, l.model.WithCluster(c.ClusterAverage(), eta2, runtime.Range{Start: 0, End: 1}), nil
	}}
}

// draw makes a picture of each prompt [B,H,W,3]. The noise of a prompt depends on the seed and its place alone. The times are those of a
// picture: sampling and decoding; the first one is left out, since it may pay for compilation.
func (l *lab) draw(ctx context.Context, s setting, prompts []string, seed uint64) (runtime.Image, times, error) {
	var all []*tensor.Tensor
	var spent times
	for i, text := range prompts {
		if s.prompt != nil {
			text = s.prompt(text)
		}
		c, err := l.rt.EncodeText(ctx, s.clip, text)
		if err != nil {
			return runtime.Image{}, times{}, err
		}
		m := s.model
		if s.use != nil {
			if c, m, err = s.use(c); err != nil {
				return runtime.Image{}, times{}, err
			}
		}
		latent := runtime.ZeroLatent(1, 4, pictureSide/8, pictureSide/8)
		latent.BatchIndex = []int{i}
		request, err := l.guided(m, c, seed, latent)
		if err != nil {
			return runtime.Image{}, times{}, err
		}
		var picture runtime.Image
		took, err := timed(func() error {
			out, err := l.rt.SampleGuided(ctx, request)
			if err == nil {
				picture, err = l.rt.Decode(ctx, l.vae, out.Latent)
			}
			return err
		})
		if err != nil {
			return runtime.Image{}, times{}, err
		}
		all = append(all, picture.Tensor)
		if n := float64(len(prompts) - 1); i > 0 {
			spent.Wall, spent.CPU = spent.Wall+took.Wall/n, spent.CPU+took.CPU/n
		}
	}
	x, err := tensor.Concat(0, all...)
	return runtime.Image{Tensor: x}, spent, err
}

// scored draws the scenes of a subject in a setting and measures them.
func (l *lab) scored(ctx context.Context, s *subject, with setting, tuning times) (outcome, error) {
	pictures, spent, err := l.draw(ctx, with, s.scenes(), sceneSeed)
	if err != nil {
		return outcome{}, err
	}
	scores, err := l.measure(s, pictures, s.scenes())
	return outcome{Target: s.name, Scores: scores, Tuning: tuning, Picture: spent}, err
}

func (l *lab) measure(s *subject, pictures runtime.Image, prompts []string) (score.Scores, error) {
	readings, cells, err := l.reader.ReadAll(pictures.Tensor)
	if err != nil {
		return score.Scores{}, err
	}
	var scenes []string
	var wanted []score.Wanted
	for i, c := range cells {
		scene, _ := l.scene.Read(c)
		scenes, wanted = append(scenes, scene), append(wanted, score.ParsePrompt(prompts[i]))
	}
	out := score.Measure(readings, scenes, &s.target, wanted)
	if math.IsNaN(out.Identity) {
		return out, fmt.Errorf("%d pictures are too few", len(readings))
	}
	return out, nil
}

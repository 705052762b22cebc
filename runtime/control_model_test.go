package runtime

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// stage is the fixtures' models, and numbers that are the same in every run.
type stage struct {
	*Runtime
	base   string
	random *rand.Rand
}

func newStage(t *testing.T) stage {
	t.Helper()
	return newStageWith(t, WeightsAuto)
}

func newStageWith(t *testing.T, policy WeightsPolicy) stage {
	t.Helper()
	ortest.Setup(t)
	base := goldentest.Base(t)
	layout, err := folder.New(folder.Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := New(Config{Folders: layout, Weights: policy, ORT: ort.Options{Device: "cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(rt.Close(), layout.Close()); err != nil {
			t.Error(err)
		}
	})
	return stage{rt, base, rand.New(rand.NewPCG(3, 4))}
}

// graphs is how many are compiled.
func (s stage) graphs() int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	return len(s.sessions.compiled)
}

func (s stage) normal(scale float64, shape ...int) *tensor.Tensor {
	out := tensor.New(shape...)
	for i := range out.Data {
		out.Data[i] = float32(scale * s.random.NormFloat64())
	}
	return out
}

func (s stage) checkpoint(t *testing.T, name string) Checkpoint {
	return must(s.LoadCheckpoint(name))(t)
}
func (s stage) net(t *testing.T, name string) ControlNet { return must(s.LoadControlNet(name))(t) }

func (s stage) encode(t *testing.T, c Checkpoint, text string) Conditioning {
	return must(s.EncodeText(t.Context(), c.CLIP, text))(t)
}

// picture is a hint of black and white squares.
func (s stage) picture(n, height, width int) Image {
	out := tensor.New(n, height, width, 3)
	for i := range out.Data {
		out.Data[i] = float32(s.random.IntN(2))
	}
	return Image{out}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// onceAsked is a sampler that asks the model about one state and keeps the answer.
type onceAsked struct {
	x     *tensor.Tensor
	sigma float32
	got   *tensor.Tensor
}

func (*onceAsked) NeedsUncond() bool { return false }

func (o *onceAsked) Sample(ctx context.Context, run *sampling.Run) (*tensor.Tensor, error) {
	p, err := run.Model.Denoise(ctx, o.x, o.sigma)
	o.got = p.Denoised
	return run.X, err
}

// ask is what a guider predicts of x at a noise level.
func (s stage) ask(t *testing.T, g Guider, x *tensor.Tensor, sigma float32) (*tensor.Tensor, error) {
	t.Helper()
	o := &onceAsked{x: x, sigma: sigma}
	_, err := s.SampleGuided(t.Context(), GuidedRequest{
		Guider: g, Sampler: o, Sigmas: []float32{sigma, 0}, Noise: Noise{Off: true}, Latent: Latent{Samples: tensor.New(x.Shape...)},
	})
	return o.got, err
}

// answer is ask for a prompt alone.
func (s stage) answer(t *testing.T, m Model, c Conditioning, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	return must(s.ask(t, NewBasicGuider(m, c), x, 2))(t)
}

func apart(a, b *tensor.Tensor) bool {
	var most float64
	for i, v := range a.Data {
		most = max(most, float64(v-b.Data[i]), float64(b.Data[i]-v))
	}
	return most > 1e-3
}

const controlTolerance = 3e-5 // that of networks in the fixtures

// lowRank changes some of the weights that a ControlNet shares with a UNet, and one that it does not.
func (s stage) lowRank(t *testing.T, set *weights.Set) map[string]weights.LowRank {
	t.Helper()
	changes := map[string]weights.LowRank{}
	for _, name := range []string{
		"input_blocks.1.0.in_layers.2.weight", "middle_block.1.transformer_blocks.0.attn2.to_k.weight", "time_embed.0.weight", "output_blocks.1.0.in_layers.2.weight",
	} {
		r, ok := set.Ref(name)
		if !ok {
			t.Fatalf("no weight %s", name)
		}
		down := []int{2}
		for _, d := range r.Shape[1:] {
			down = append(down, int(d))
		}
		changes[name] = weights.LowRank{Down: s.normal(0.1, down...), Up: s.normal(0.5, int(r.Shape[0]), 2), Alpha: 2, Rank: 2}
	}
	return changes
}

// whole writes a control network that builds on a model as a plain ControlNet of its own, weight by weight, and loads it.
func (s stage) whole(t *testing.T, n ControlNet, m Model) ControlNet {
	t.Helper()
	all := map[string]*tensor.Tensor{}
	float := func(set *weights.Set, name string) *tensor.Tensor { return must(set.Float32(name))(t) }
	for _, name := range n.file.Set.Names() {
		if !strings.HasSuffix(name, ".up") && !strings.HasSuffix(name, ".down") {
			all[name] = float(n.file.Set, name)
		}
	}
	for _, name := range m.set.Names() {
		if !slices.ContainsFunc(encoder, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		base := must(m.patched().weight(name))(t)
		path := strings.TrimSuffix(name, ".weight")
		switch {
		case n.file.Kind == weights.DifferenceControl:
			weights.Round(base.Data, weights.F16)
			for i, v := range all[name].Data {
				base.Data[i] += v
			}
			weights.Round(base.Data, weights.F16)
		case all[name] != nil:
			continue
		case n.file.Set.Has(path + ".up"):
			up, down := float(n.file.Set, path+".up"), float(n.file.Set, path+".down")
			rank := down.Dim(0)
			base = must(weights.LowRank{Up: up, Down: down, Alpha: float32(rank), Rank: rank}.Apply(base, 1))(t)
		}
		all[name] = base
	}
	var entries []weights.Entry
	for _, name := range slices.Sorted(maps.Keys(all)) {
		entries = append(entries, weights.Float32Entry(name, all[name]))
	}
	path := filepath.Join(t.TempDir(), "whole.safetensors")
	if err := weights.Save(t.Context(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
	file := must(weights.OpenControlNet(path))(t)
	t.Cleanup(func() {
		for _, f := range file.Files() {
			_ = f.Close()
		}
	})
	return ControlNet{file: file, name: "whole", kind: -1}
}

// TestGoldenControlFollowsModel: control-LoRAs and difference ControlNets are built on the model as LoRAs have left it, and equal the
// ControlNet that was put together weight by weight.
func TestGoldenControlFollowsModel(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		checkpoint string
		load       func(m Model) (ControlNet, error)
	}{
		"control-LoRA": {"tiny-sdxl.safetensors", func(Model) (ControlNet, error) { return s.LoadControlNet("tiny-sdxl-control-lora.safetensors") }},
		"difference": {"tiny-sd15.safetensors", func(m Model) (ControlNet, error) {
			return s.LoadDifferenceControlNet(m, "tiny-sd15-control-difference.safetensors")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.checkpoint(t, tt.checkpoint)
			prompt, x, hint := s.encode(t, c, "a hobbit"), s.normal(2, 1, 4, 8, 12), s.picture(1, 64, 96)
			steer := func(n ControlNet) Conditioning { return prompt.WithControl(n, hint, 0.9) }
			var before *tensor.Tensor
			for _, m := range []Model{c.Model, c.Model.WithLoRA(s.lowRank(t, c.Model.set), 0.7)} {
				net := must(tt.load(m))(t)
				got, want := s.answer(t, m, steer(net), x), s.answer(t, m, steer(s.whole(t, net, m)), x)
				goldentest.Close(t, name, got, want, controlTolerance)
				if before != nil && !apart(got, before) {
					t.Error("the LoRA changes nothing")
				}
				before = got
			}
		})
	}
}

// TestGoldenControlCompilesOnce: another strength, part of the run, picture, kind of hint, box or text is no other graph.
func TestGoldenControlCompilesOnce(t *testing.T) {
	s := newStage(t)
	sdxl, sd15 := s.checkpoint(t, "tiny-sdxl.safetensors"), s.checkpoint(t, "tiny-sd15.safetensors")
	union, gligen := s.net(t, "tiny-sdxl-control-union.safetensors"), must(s.LoadGLIGEN("tiny-gligen.safetensors"))(t)
	x := s.normal(2, 1, 4, 8, 8)
	prompt, other := s.encode(t, sdxl, "a hobbit"), s.encode(t, sd15, "a hobbit")
	box := func(text string, y int) Conditioning {
		return must(s.WithTextBox(t.Context(), other, sd15.CLIP, gligen, TextBox{Text: text, Width: 16, Height: 24, X: 8, Y: y}))(t)
	}
	for name, asks := range map[string][]func() *tensor.Tensor{
		"union": {
			func() *tensor.Tensor {
				return s.answer(t, sdxl.Model, prompt.WithControl(union, s.picture(1, 64, 64), 0.9), x)
			},
			func() *tensor.Tensor {
				return s.answer(t, sdxl.Model, prompt.WithControl(must(union.WithHintKind("depth"))(t), s.picture(1, 64, 64), 0.5), x)
			},
			func() *tensor.Tensor {
				p, _ := ControlBoth(prompt, nil, must(union.WithHintKind("openpose"))(t), s.picture(1, 80, 72), 0.5, Range{Start: 0, End: 0.9})
				return s.answer(t, sdxl.Model, p, x)
			},
		},
		"GLIGEN": {
			func() *tensor.Tensor { return s.answer(t, sd15.Model, box("a cat", 8), x) },
			func() *tensor.Tensor { return s.answer(t, sd15.Model, box("a cat", 24), x) },
			func() *tensor.Tensor { return s.answer(t, sd15.Model, box("a large dog", 24), x) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			last := asks[0]()
			n := s.graphs()
			for i, ask := range asks[1:] {
				got := ask()
				if !apart(got, last) {
					t.Errorf("change %d changes nothing", i)
				}
				last = got
			}
			if s.graphs() != n {
				t.Errorf("%d graphs became %d", n, s.graphs())
			}
		})
	}
}

// TestGoldenBoxesPerEntry: entries with and without boxes share a graph, and each is what it is alone.
func TestGoldenBoxesPerEntry(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	gligen := must(s.LoadGLIGEN("tiny-gligen.safetensors"))(t)
	plain, x := s.encode(t, c, "a forest"), s.normal(2, 2, 4, 8, 12)
	boxed := must(s.WithTextBox(t.Context(), s.encode(t, c, "a hobbit"), c.CLIP, gligen, TextBox{Text: "a cat", Width: 32, Height: 32, X: 16, Y: 8}))(t)
	alone, away := s.answer(t, c.Model, plain, x), s.answer(t, c.Model, boxed, x)
	want := tensor.New(x.Shape...)
	for i, v := range alone.Data {
		want.Data[i] = (v + away.Data[i]) / 2
	}
	goldentest.Close(t, "both", s.answer(t, c.Model, plain.Combine(boxed), x), want, controlTolerance)
	// A prompt confined to an area keeps what it has; the boxes of the other are lent to the negative prompt.
	lent := must(s.ask(t, NewCFGGuider(c.Model, boxed, plain, 3), x, 2))(t)
	own := must(s.ask(t, NewCFGGuider(c.Model, boxed, must(s.WithTextBox(t.Context(), plain, c.CLIP, gligen,
		TextBox{Text: "a cat", Width: 32, Height: 32, X: 16, Y: 8}))(t), 3), x, 2))(t)
	goldentest.Close(t, "lent", lent, own, controlTolerance)
}

// TestGoldenHintsPerPicture: every latent of a batch is steered by its own picture, at odd sizes, in a chain of all kinds.
func TestGoldenHintsPerPicture(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	nets := []ControlNet{s.net(t, "tiny-sd15-control.safetensors"), s.net(t, "t2i-adapter-3ch.safetensors"), s.net(t, "t2i-adapter-1ch.safetensors")}
	prompt, x, hints := s.encode(t, c, "a hobbit"), s.normal(2, 2, 4, 9, 7), s.picture(2, 50, 75)
	chain := func(hint Image) Conditioning {
		p := prompt
		for _, n := range nets {
			p = p.WithControl(n, hint, 0.7)
		}
		return p
	}
	both := s.answer(t, c.Model, chain(hints), x)
	for i := range 2 {
		one := s.answer(t, c.Model, chain(Image{hints.Rows(i, i+1)}), x.Rows(i, i+1))
		goldentest.Close(t, "picture", both.Rows(i, i+1), one, controlTolerance)
	}
}

// TestGoldenControlText: a text for ControlNets reaches them alone.
func TestGoldenControlText(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	net := s.net(t, "tiny-sd15-control.safetensors")
	prompt, x := s.encode(t, c, "a hobbit"), s.normal(2, 1, 4, 8, 8)
	told := func(text string) Conditioning { return must(s.WithControlText(t.Context(), prompt, c.CLIP, text))(t) }
	hint := s.picture(1, 64, 64)
	steer := func(p Conditioning) *tensor.Tensor { return s.answer(t, c.Model, p.WithControl(net, hint, 1), x) }
	goldentest.Close(t, "the same text", steer(told("a hobbit")), steer(prompt), 0)
	if !apart(steer(told("a dragon in a cave")), steer(prompt)) {
		t.Error("another text changes nothing")
	}
	goldentest.Close(t, "without a ControlNet", s.answer(t, c.Model, told("a dragon"), x), s.answer(t, c.Model, prompt, x), 0)
	// Prompts of two lengths share a batch with texts of two lengths.
	long := s.encode(t, c, strings.Repeat("a hobbit in robes, forest, ", 15))
	mixed := must(s.WithControlText(t.Context(), long, c.CLIP, "a cat"))(t).Combine(told(strings.Repeat("a large dog, ", 30)))
	got := steer(mixed)
	first, second := steer(mixed[:1]), steer(mixed[1:])
	want := tensor.New(got.Shape...)
	for i, v := range first.Data {
		want.Data[i] = (v + second.Data[i]) / 2
	}
	goldentest.Close(t, "texts of two lengths", got, want, controlTolerance)
}

// TestGoldenShuffle: the name tells that a net works with the mean of its residuals.
func TestGoldenShuffle(t *testing.T) {
	s := newStage(t)
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	folder := filepath.Join(s.base, "models", "controlnet")
	from := filepath.Join(folder, "tiny-sd15-control.safetensors")
	for name, pooled := range map[string]bool{"net_shuffle.safetensors": true, "net_shuffle_fp16.safetensors": true, "shuffle_net.safetensors": false} {
		if err := os.Symlink(from, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		if n := s.net(t, name); n.pooled != pooled {
			t.Errorf("%s: pooled %t", name, n.pooled)
		}
	}
	prompt, x, hint := s.encode(t, c, "a hobbit"), s.normal(2, 1, 4, 8, 8), s.picture(1, 64, 64)
	steer := func(name string) *tensor.Tensor {
		return s.answer(t, c.Model, prompt.WithControl(s.net(t, name), hint, 1), x)
	}
	if !apart(steer("net_shuffle.safetensors"), steer("shuffle_net.safetensors")) {
		t.Error("the mean changes nothing")
	}
}

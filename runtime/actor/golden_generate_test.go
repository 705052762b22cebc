package actor

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// replay is a sampler that shows the model given states instead of stepping, and keeps what it predicts.
type replay struct {
	x      *tensor.Tensor // [steps,C,h,w] in model space
	sigmas []float32
	got    *tensor.Tensor
}

func (replay) NeedsUncond() bool { return false }

func (r *replay) Sample(ctx context.Context, run *sampling.Run) (*tensor.Tensor, error) {
	var all []*tensor.Tensor
	for i := range r.x.Dim(0) {
		p, err := run.Model.Denoise(ctx, r.x.Rows(i, i+1), r.sigmas[i])
		if err != nil {
			return nil, err
		}
		all = append(all, p.Denoised)
	}
	var err error
	r.got, err = tensor.Concat(0, all...)
	return run.X, err
}

// predictions are what a guider makes of each of the states.
func predictions(t *testing.T, rt *runtime.Runtime, g runtime.Guider, x *tensor.Tensor, sigmas []float32) *tensor.Tensor {
	t.Helper()
	r := &replay{x: x, sigmas: sigmas}
	_, err := rt.SampleGuided(t.Context(), runtime.GuidedRequest{
		Guider: g, Sampler: r, Sigmas: sigmas, Noise: runtime.Noise{Off: true},
		Latent: runtime.Latent{Samples: tensor.New(x.Rows(0, 1).Shape...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.got
}

// fixture is an end-to-end file of ComfyUI 0.3.64 on PyTorch, with its own list of tolerances.
type fixture struct {
	*goldentest.File
	rt                 *runtime.Runtime
	model              runtime.Checkpoint
	negative           runtime.Conditioning
	cfg, eta1, eta2, v float64
	steps              int
}

func (f fixture) close(t *testing.T, name string, got *tensor.Tensor) {
	t.Helper()
	goldentest.Close(t, name, got, f.Get(t, name), goldentest.TensorTolerance(t, f.Path(), name, 0))
}

func (f fixture) encode(t *testing.T, text string) runtime.Conditioning {
	t.Helper()
	c, err := f.rt.EncodeText(t.Context(), f.model.CLIP, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request is a run with the fixture's settings.
func (f fixture) request(t *testing.T, positive runtime.Conditioning, seed uint64, noise *tensor.Tensor) runtime.GuidedRequest {
	t.Helper()
	r, err := runtime.SampleRequest{
		Model: f.model.Model, Positive: positive, Negative: f.negative, CFG: f.cfg, Seed: seed, Steps: f.steps, Denoise: 1,
		Sampler: sampling.SamplerName(meta[string](t, f.File, "sampler")), Scheduler: sampling.SchedulerName(meta[string](t, f.File, "scheduler")),
		Latent: runtime.Latent{Samples: tensor.New(noise.Shape...)},
	}.Guided()
	if err != nil {
		t.Fatal(err)
	}
	r.Noise.Given = noise
	return r
}

func eachFixture(t *testing.T, do func(t *testing.T, f fixture)) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "oneactor", "end2end-*.safetensors") {
		file := goldentest.Load(t, path)
		name := meta[string](t, file, "model")
		t.Run(name, func(t *testing.T) {
			f := fixture{
				File: file, rt: rt, model: goldenModel(t, rt, name), steps: meta[int](t, file, "steps"), cfg: meta[float64](t, file, "cfg"),
				eta1: meta[float64](t, file, "eta1"), eta2: meta[float64](t, file, "eta2"), v: meta[float64](t, file, "v"),
			}
			f.negative = f.encode(t, meta[string](t, file, "negative"))
			do(t, f)
		})
	}
}

// TestGoldenCluster draws the base set of the fixture: noise of the seed, latents, pictures, and h of the last step.
func TestGoldenCluster(t *testing.T) {
	eachFixture(t, func(t *testing.T, f fixture) {
		noise := f.Get(t, "base.noise")
		seed := meta[map[string]uint64](t, f.File, "seeds")["base"]
		own, err := sampling.Noise(seed, noise.Shape, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.close(t, "base.noise", own)
		prompt := meta[string](t, f.File, "prompt")
		r := f.request(t, f.encode(t, prompt), seed, noise)
		sigmas := f.Get(t, "sigmas")
		f.close(t, "sigmas", &tensor.Tensor{Shape: sigmas.Shape, Data: r.Sigmas})
		c, latent, err := SampleCluster(t.Context(), f.rt, f.model.VAE, r)
		if err != nil {
			t.Fatal(err)
		}
		f.close(t, "base.latents", latent.Samples)
		f.close(t, "h", c.H)
		if want := sigmas.Data[sigmas.Len()-2]; c.Sigma != want || c.Prompt != prompt || c.Seed != seed || c.Target != 0 {
			t.Errorf("sigma %v, prompt %q, seed %d, target %d", c.Sigma, c.Prompt, c.Seed, c.Target)
		}
		comparePictures(t, c.Images, f.Get(t, "base.images"))
		// From the stored latents the levels are the same but for values that rounding moves over the edge of a level.
		decoded, err := f.rt.Decode(t.Context(), f.model.VAE, runtime.Latent{Samples: f.Get(t, "base.latents")})
		if err != nil {
			t.Fatal(err)
		}
		comparePictures(t, eightBit(decoded), f.Get(t, "base.images"))
	})
}

// comparePictures allows one level of 255 on one value of a thousand, as INDEX.md does for pictures.
func comparePictures(t *testing.T, got runtime.Image, want *tensor.Tensor) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("pictures of %v, want %v", got.Shape, want.Shape)
	}
	other := 0
	for i, level := range imaging.Bytes(got.Data) {
		switch d := int(level) - int(want.Data[i]); {
		case d < -1 || d > 1:
			t.Fatalf("value %d is %d, want %v", i, level, want.Data[i])
		case d != 0:
			other++
		}
	}
	if other*1000 > want.Len() {
		t.Errorf("%d of %d values are off by one level", other, want.Len())
	}
}

// goldenActor is the fixture's actor after all steps; the file lists the auxiliary deltas first, the target last.
func goldenActor(deltas *tensor.Tensor, word string) Actor {
	return Actor{Deltas: deltas, Target: deltas.Dim(0) - 1, Word: word}
}

// shiftedRow is a row of a prompt with its shift.
func shiftedRow(t *testing.T, c runtime.Conditioning, row int) *tensor.Tensor {
	t.Helper()
	if len(c) != 1 || len(c[0].Shifts) != 1 || !slices.Equal(c[0].Shifts[0].Rows, []int{row}) {
		t.Fatalf("%d entries, shifts %+v; want one at row %d", len(c), c[0].Shifts, row)
	}
	d := c[0].Embedding.Dim(2)
	out := tensor.New(d)
	for i, v := range c[0].Shifts[0].Target {
		out.Data[i] = c[0].Embedding.Data[row*d+i] + v
	}
	return out
}

// TestGoldenGuidance compares the rows of the word, every prediction of the guided run from its stored states, and the run itself.
func TestGoldenGuidance(t *testing.T) {
	eachFixture(t, func(t *testing.T, f fixture) {
		a := goldenActor(f.Get(t, "delta.10"), meta[string](t, f.File, "word"))
		row := meta[int](t, f.File, "prompt_position")
		guided := meta[[]int](t, f.File, "guided_steps") // 1-based, both included
		// Schedule normal spaces steps evenly in time from its first to its last one, so step i begins at (i-1)/(steps-1) of the run.
		during := runtime.Range{Start: (float64(guided[0]) - 1.5) / float64(f.steps-1), End: (float64(guided[1]) - 0.5) / float64(f.steps-1)}
		inside := func(step int) bool { return step+1 >= guided[0] && step+1 <= guided[1] }

		plain := f.encode(t, meta[string](t, f.File, "guided_prompt"))
		target, err := Use{Actor: a, V: f.v, During: during}.Apply(plain)
		if err != nil {
			t.Fatal(err)
		}
		f.close(t, "guided.target_row", shiftedRow(t, target, row))
		average := target.ClusterAverage()
		f.close(t, "guided.average_row", shiftedRow(t, average, row))

		x, sigmas := f.Get(t, "guided.x"), f.Get(t, "sigmas").Data
		m := f.model.Model.WithCluster(average, f.eta2, during)
		whole := runtime.NewCFGGuider(m, target, f.negative, f.eta1)
		f.close(t, "guided.denoised", predictions(t, f.rt, whole, x, sigmas))
		basic := func(c runtime.Conditioning) *tensor.Tensor {
			return predictions(t, f.rt, runtime.NewBasicGuider(f.model.Model, c), x, sigmas)
		}
		f.close(t, "guided.denoised_negative", basic(f.negative))
		f.close(t, "guided.denoised_target_or_positive", basic(target))
		ave := basic(average)
		for step := range f.steps {
			if !inside(step) {
				clear(ave.Rows(step, step+1).Data)
			}
		}
		f.close(t, "guided.denoised_average", ave)

		noise := f.Get(t, "guided.noise")
		run := func(g runtime.Guider) *tensor.Tensor {
			t.Helper()
			r := f.request(t, plain, 0, noise)
			r.Guider = g
			out, err := f.rt.SampleGuided(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			return out.Latent.Samples
		}
		f.close(t, "guided.latent", run(whole))
		f.close(t, "plain.latent", run(runtime.NewCFGGuider(f.model.Model, plain, f.negative, f.cfg)))
		image, err := f.rt.Decode(t.Context(), f.model.VAE, runtime.Latent{Samples: f.Get(t, "guided.latent")})
		if err != nil {
			t.Fatal(err)
		}
		f.close(t, "guided.image", image.Tensor)
	})
}

// TestGoldenInference compares interpolation and the three-branch formula in terms of predicted noise at one timestep.
func TestGoldenInference(t *testing.T) {
	const tolerance = 1e-4 // INDEX.md
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "oneactor", "*-projector.safetensors") {
		name := strings.TrimSuffix(filepath.Base(path), "-projector.safetensors")
		t.Run(name, func(t *testing.T) {
			c := goldenModel(t, rt, name)
			file := goldentest.Load(t, filepath.Join(filepath.Dir(path), name+".safetensors"))
			prompt, err := tokenizer.Tokenize(meta[string](t, file, "prompt"), tokenizer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			cond := func(key string, prompts ...runtime.PlacedPrompt) runtime.Conditioning {
				c := runtime.Conditioning{runtime.NewCond(file.Get(t, "infer.context"+key), file.Get(t, "infer.pooled"+key), prompts)}
				return c.WithSizes(runtime.PictureSizes{Width: 1024, Height: 1024}) // whatever the size of the latent, as the authors have it
			}
			plain, negative := cond("", runtime.PlacedPrompt{Prompt: prompt}), cond("_uncond")
			a := goldenActor(file.Get(t, "infer.delta"), meta[string](t, file, "base_word"))
			target, err := Use{Actor: a, V: meta[float64](t, file, "v"), During: runtime.Range{Start: 0, End: 1}}.Apply(plain)
			if err != nil {
				t.Fatal(err)
			}
			average, row := target.ClusterAverage(), meta[int](t, file, "prompt_position")
			goldentest.Close(t, "target_row", shiftedRow(t, target, row), file.Get(t, "infer.target_row"), tolerance)
			goldentest.Close(t, "average_row", shiftedRow(t, average, row), file.Get(t, "infer.average_row"), tolerance)

			// The fixture's z is what the network sees; a sampler's state is larger by sqrt(1+σ²), and noise is (x - x0) / σ.
			levels := c.Model.Sampling()
			sigma := levels.Sigma(file.Get(t, "infer.timestep").Data[0])
			z := file.Get(t, "infer.z")
			x := tensor.New(z.Shape...)
			scale := tensor.Full(1, 1)
			levels.ScaleInput(scale.Data, []float32{1}, sigma)
			for i, v := range z.Data {
				x.Data[i] = v / scale.Data[0]
			}
			eps := func(name string, g runtime.Guider) {
				t.Helper()
				got := predictions(t, rt, g, x, []float32{sigma, 0}).Clone()
				for i, v := range got.Data {
					got.Data[i] = (x.Data[i] - v) / sigma
				}
				goldentest.Close(t, name, got, file.Get(t, "infer."+name), tolerance)
			}
			eps("eps_uncond", runtime.NewBasicGuider(c.Model, negative))
			eps("eps_target", runtime.NewBasicGuider(c.Model, target))
			eps("eps_average", runtime.NewBasicGuider(c.Model, average))
			m := c.Model.WithCluster(average, meta[float64](t, file, "eta2"), runtime.Range{Start: 0, End: 1})
			eps("eps_guided", runtime.NewCFGGuider(m, target, negative, meta[float64](t, file, "eta1")))
		})
	}
}

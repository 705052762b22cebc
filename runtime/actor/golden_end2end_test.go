package actor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenEndToEnd runs ten steps of tuning from the stored inputs: latents, draws, texts; and the deltas on the way.
func TestGoldenEndToEnd(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "oneactor", "end2end-*.safetensors") {
		file := goldentest.Load(t, path)
		name := meta[string](t, file, "model")
		t.Run(name, func(t *testing.T) {
			c := goldenModel(t, rt, name)
			h, contexts := file.Get(t, "h"), file.Get(t, "tune.contexts")
			g := &goldenTuning{file: file, phi: goldenProjector(t, file, "projector.", h, contexts.Dim(2))}
			z := file.Get(t, "tune.z")
			g.mat = &material{h: h, sampling: c.Model.Sampling(), mean: [2]*tensor.Tensor{z, file.Get(t, "tune.z_flipped")}, spread: still(z)}
			for i, row := range file.Get(t, "tune.base_positions").Data {
				g.mat.texts = append(g.mat.texts, text{embedding: contexts.Rows(i, i+1), rows: []int{int(row)}})
			}
			g.start(t, rt, c.Model)
			g.checkMoments(t, rt, c.VAE)
			g.checkTexts(t, rt, c.CLIP)
			g.checkRun(t, rt)
		})
	}
}

// tolerance of a tensor of an end-to-end fixture.
func (g *goldenTuning) tolerance(t *testing.T, name string) float64 {
	return goldentest.TensorTolerance(t, g.file.Path(), name, 1e-3)
}

func (g *goldenTuning) checkMoments(t *testing.T, rt *runtime.Runtime, v runtime.VAE) {
	pictures := g.file.Get(t, "base.images").Clone()
	for i, p := range pictures.Data {
		pictures.Data[i] = p / 255
	}
	for name, i := range map[string]runtime.Image{"tune.z": {Tensor: pictures}, "tune.z_flipped": runtime.Image{Tensor: pictures}.FlipColumns()} {
		mean, _, err := rt.Moments(t.Context(), v, i)
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, name, sampling.SD15Latents.In(mean), g.file.Get(t, name), g.tolerance(t, name))
	}
}

func (g *goldenTuning) checkTexts(t *testing.T, rt *runtime.Runtime, c runtime.CLIP) {
	word := meta[string](t, g.file, "word")
	for i, prompt := range meta[[]string](t, g.file, "templates") {
		out, err := rt.EncodeText(t.Context(), c, prompt)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := WordRows(out[0].Prompts[0].Prompt, word)
		if err != nil || !slices.Equal(rows, g.mat.texts[i].rows) {
			t.Errorf("%q: the base word is at %v (%v), want %v", prompt, rows, err, g.mat.texts[i].rows)
		}
		goldentest.Close(t, "tune.contexts "+prompt, out[0].Embedding, g.mat.texts[i].embedding, g.tolerance(t, "tune.contexts"))
	}
}

func (g *goldenTuning) checkRun(t *testing.T, rt *runtime.Runtime) {
	get := func(name string) *tensor.Tensor { return g.file.Get(t, "tune."+name) }
	flips, chosen, timesteps, noise, losses := get("flips"), get("templates"), get("timesteps"), get("noise"), get("losses")
	pictures := meta[[]int](t, g.file, "batch")[:4]
	deltas := func(step int) {
		key := fmt.Sprint("delta.", step)
		if !g.file.Has(key) {
			return
		}
		// The fixture lists [h1, h2, h3, h0].
		order, err := tensor.Concat(0, g.mat.h.Rows(1, 4), g.mat.h.Rows(0, 1))
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.phi.Deltas(t.Context(), rt, order)
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Close(t, key, got, g.file.Get(t, key), g.tolerance(t, key))
	}
	got := tensor.New(losses.Shape...)
	for step := range losses.Len() {
		deltas(step)
		d := draw{pictures: pictures, extra: 1, posterior: make([]float32, 4*len(item(g.mat.mean[0], 0))), noise: item(noise, step)}
		for i := range 5 {
			d.levels = append(d.levels, int(item(timesteps, step)[i]))
			if i < 4 {
				d.mirrored = append(d.mirrored, item(flips, step)[i] != 0)
				d.texts = append(d.texts, int(item(chosen, step)[i]))
			}
		}
		g.run.batch.fill(g.mat, d)
		if key := fmt.Sprint("tune.grad_delta.", step); g.file.Has(key) {
			out, err := g.run.session.Run(t.Context(), withInputs(g.run.inputs, g.run.batch.inputs()), "grad.delta")
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Close(t, key, out[0], g.file.Get(t, key), g.tolerance(t, key))
		}
		loss, err := g.run.step(t.Context(), g.run.batch.inputs())
		if err != nil {
			t.Fatal(err)
		}
		got.Data[step] = loss
	}
	goldentest.Close(t, "tune.losses", got, losses, g.tolerance(t, "tune.losses"))
	deltas(losses.Len())
}

package actor

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Tolerances of INDEX.md: the authors' projector and loss, PyTorch 2.15 float32.
const (
	networkTolerance  = 3e-5 // of the largest value
	gradientTolerance = 2e-4 // relative norm
	updateTolerance   = 1e-2 // relative norm
)

// goldenRuntime works on the fixtures' models.
func goldenRuntime(t *testing.T) *runtime.Runtime {
	t.Helper()
	ortest.Setup(t)
	return runtimetest.New(t, folder.Config{Base: goldentest.Base(t)}, runtime.Config{})
}

// goldenModel loads the model of a fixture, or reports that its family does not run yet.
func goldenModel(t *testing.T, rt *runtime.Runtime, name string) runtime.Checkpoint {
	t.Helper()
	c, err := rt.LoadCheckpoint(name + ".safetensors")
	waiting(t, name, err)
	return c
}

func waiting(t *testing.T, name string, err error) {
	t.Helper()
	if errors.Is(err, weights.ErrFamily) || errors.Is(err, model.ErrUnsupported) {
		t.Skipf("waiting: %s: %v", name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// goldenTuning is a tuning whose material and draws come from a fixture.
type goldenTuning struct {
	file   *goldentest.File
	run    *tuneRun
	phi    Projector
	mat    *material
	shares []float32
	fixed  []string
}

func meta[T any](t *testing.T, file *goldentest.File, key string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(file.Metadata()[key]), &v); err != nil {
		t.Fatalf("metadata %s: %v", key, err)
	}
	return v
}

// goldenProjector reads the initial parameters.
func goldenProjector(t *testing.T, file *goldentest.File, prefix string, h *tensor.Tensor, dim int) Projector {
	t.Helper()
	config := model.ProjectorConfig{Channels: h.Dim(1), Height: h.Dim(2), Width: h.Dim(3), Dim: dim, Stages: 2}
	if file.Has(prefix + "net.3.0.conv1.weight") {
		config.Stages = 3
	}
	p := Projector{Config: config}
	for _, q := range config.Parameters() {
		p.Values = append(p.Values, file.Get(t, prefix+q.Name).Clone())
	}
	return p
}

// start compiles the graph for five samples, and checks that the fixture and we hold the same biases fixed.
func (g *goldenTuning) start(t *testing.T, rt *runtime.Runtime, m runtime.Model) {
	t.Helper()
	l1, l2 := meta[float64](t, g.file, "lambda1"), meta[float64](t, g.file, "lambda2")
	g.shares = []float32{1, float32(l1 / 3), float32(l1 / 3), float32(l1 / 3), float32(l2)}
	var err error
	g.run, err = newTuneRun(t.Context(), rt, m, g.mat, g.phi, 3, 5, g.shares, meta[float64](t, g.file, "lr"), 10)
	waiting(t, g.file.Path(), err)
	t.Cleanup(g.run.release)
	for _, p := range g.phi.Config.Parameters() {
		if p.Fixed {
			g.fixed = append(g.fixed, p.Name)
		}
	}
	if want := meta[[]string](t, g.file, "zero_gradient"); !slices.Equal(slices.Sorted(slices.Values(g.fixed)), slices.Sorted(slices.Values(want))) {
		t.Errorf("biases %v are held fixed, the fixture holds %v", g.fixed, want)
	}
}

// still is no deviation: the fixtures' latents are what they are.
func still(mean *tensor.Tensor) [2]*tensor.Tensor {
	return [2]*tensor.Tensor{tensor.New(mean.Shape...), tensor.New(mean.Shape...)}
}

// thinned is every n-th value of a large parameter, as the fixtures store it.
func thinned(values []float32, stride int) []float32 {
	if len(values) <= 1024 {
		return values
	}
	var out []float32
	for i := 0; i < len(values); i += stride {
		out = append(out, values[i])
	}
	return out
}

// relativeNorm is |got-want| / |want|.
func relativeNorm(got, want []float32) float64 {
	var off, all float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		off, all = off+d*d, all+float64(w)*float64(w)
	}
	return math.Sqrt(off / all)
}

func closeNorm(t *testing.T, name string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		return
	}
	if d := relativeNorm(got, want); !(d <= tolerance) {
		t.Errorf("%s: relative norm of the difference %.2e, want at most %.0e", name, d, tolerance)
	}
}

// TestGoldenTuning compares noisy latents, losses, every gradient and the parameters after one and five AdamW steps.
func TestGoldenTuning(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "oneactor", "*-projector.safetensors") {
		name := strings.TrimSuffix(filepath.Base(path), "-projector.safetensors")
		t.Run(name, func(t *testing.T) {
			c := goldenModel(t, rt, name)
			file := goldentest.Load(t, filepath.Join(filepath.Dir(path), name+".safetensors"))
			h, context := file.Get(t, "h"), file.Get(t, "context")
			g := &goldenTuning{file: file, phi: goldenProjector(t, goldentest.Load(t, path), "", h, context.Dim(2))}
			latents := file.Get(t, "latents")
			g.mat = &material{h: h, sampling: c.Model.Sampling(), mean: [2]*tensor.Tensor{latents, latents}, spread: still(latents)}
			for i, row := range file.Get(t, "base_positions").Data {
				g.mat.texts = append(g.mat.texts, text{context.Rows(i, i+1), []int{int(row)}})
			}
			g.start(t, rt, c.Model)
			g.checkSteps(t)
		})
	}
}

func (g *goldenTuning) checkSteps(t *testing.T) {
	noise, timesteps, losses := g.file.Get(t, "noise"), g.file.Get(t, "timesteps"), g.file.Get(t, "losses").Data
	before := g.phi.clone()
	stride := int(meta[float64](t, g.file, "large_tensors_stride"))
	changes := func(key string) {
		t.Helper()
		for i, p := range g.phi.Config.Parameters() {
			if p.Fixed {
				continue
			}
			change := g.phi.Values[i].Clone()
			for k, v := range before.Values[i].Data {
				change.Data[k] -= v
			}
			closeNorm(t, key+"."+p.Name, thinned(change.Data, stride), g.file.Get(t, key+"."+p.Name).Data, updateTolerance)
		}
	}
	for step := range losses {
		d := draw{pictures: []int{0, 1, 2, 3}, mirrored: make([]bool, 4), texts: []int{0, 1, 2, 3}, extra: 4}
		d.posterior = make([]float32, 4*len(item(g.mat.mean[0], 0)))
		d.noise = item(noise, step)
		for _, v := range item(timesteps, step) {
			d.levels = append(d.levels, int(v))
		}
		g.run.batch.fill(g.mat, d)
		if step == 0 {
			g.checkGradients(t, stride)
		}
		loss, err := g.run.step(t.Context(), g.run.batch.inputs())
		if err != nil {
			t.Fatal(err)
		}
		tolerance := 1e-4
		if step == 0 {
			tolerance = 1e-5
		}
		if off := math.Abs(float64(loss/losses[step]) - 1); !(off <= tolerance) {
			t.Errorf("loss %d is %v, want %v", step, loss, losses[step])
		}
		switch step {
		case 0:
			changes("after1")
		case 4:
			changes("after5")
		}
	}
}

func (g *goldenTuning) checkGradients(t *testing.T, stride int) {
	goldentest.Close(t, "step0.noisy", g.run.batch.x, g.file.Get(t, "step0.noisy"), networkTolerance)
	names := []string{"delta", "grad.delta", "grad.rows"}
	for _, v := range g.run.values {
		names = append(names, "grad."+v.name)
	}
	inputs := withInputs(g.run.inputs, g.run.batch.inputs())
	out, err := g.run.session.Run(t.Context(), inputs, names...)
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Close(t, "delta", out[0], g.file.Get(t, "delta"), networkTolerance)
	closeNorm(t, "grad_delta", out[1].Data, g.file.Get(t, "step0.grad_delta").Data, gradientTolerance)
	closeNorm(t, "grad_context_at_base", out[2].Data, g.file.Get(t, "step0.grad_context_at_base").Data, gradientTolerance)
	for i, v := range g.run.values {
		closeNorm(t, "grad."+v.name, thinned(out[3+i].Data, stride), g.file.Get(t, "grad."+v.name).Data, gradientTolerance)
		norm := g.file.Get(t, "grad_norm."+v.name).Data[0]
		if got := length(out[3+i].Data); math.Abs(got/float64(norm)-1) > gradientTolerance {
			t.Errorf("grad_norm.%s is %v, want %v", v.name, got, norm)
		}
	}
}

func length(values []float32) float64 {
	var sum float64
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

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
				g.mat.texts = append(g.mat.texts, text{contexts.Rows(i, i+1), []int{int(row)}})
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

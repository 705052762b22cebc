package actor

import (
	"encoding/json"
	"errors"
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

// goldenVector is what the model of a fixture is told beside text i; of pictures of 1024x1024, whatever their size, as the authors have it.
func goldenVector(t *testing.T, m runtime.Model, file *goldentest.File, i int) *tensor.Tensor {
	t.Helper()
	if !file.Has("pooled") {
		return nil
	}
	v, err := m.Vector(runtime.Cond{Pooled: file.Get(t, "pooled").Rows(i, i+1)}, 1024, 1024)
	if err != nil {
		t.Fatal(err)
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
				g.mat.texts = append(g.mat.texts, text{context.Rows(i, i+1), []int{int(row)}, goldenVector(t, c.Model, file, i)})
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

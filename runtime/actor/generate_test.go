package actor

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// studio is the demo checkpoint with its prompts encoded.
type studio struct {
	rt                 *runtime.Runtime
	model              runtime.Checkpoint
	positive, negative runtime.Conditioning
}

func newStudio(t testing.TB, text string) studio {
	t.Helper()
	ortest.Setup(t)
	s := studio{rt: runtimetest.New(t, folder.Config{Base: "../..", Output: t.TempDir(), Temp: t.TempDir()}, runtime.Config{})}
	var err error
	if s.model, err = s.rt.LoadCheckpoint("tiny-actors.safetensors"); err != nil {
		t.Fatal(err)
	}
	s.positive, s.negative = s.encode(t, text), s.encode(t, "")
	return s
}

func (s studio) encode(t testing.TB, text string) runtime.Conditioning {
	t.Helper()
	c, err := s.rt.EncodeText(t.Context(), s.model.CLIP, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request is a run of n pictures of 128 px.
func (s studio) request(t testing.TB, n, steps int, sampler sampling.SamplerName) runtime.GuidedRequest {
	t.Helper()
	r, err := runtime.SampleRequest{
		Model: s.model.Model, Positive: s.positive, Negative: s.negative, CFG: 5, Seed: 3, Steps: steps, Denoise: 1,
		Sampler: sampler, Scheduler: "normal", Latent: runtime.ZeroLatent(n, 4, 16, 16),
	}.Guided()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func distanceOf(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v - b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// TestFromImage gives a picture of a cluster back as the user's own: its h from one pass must be near the one it had when it was drawn.
func TestFromImage(t *testing.T) {
	s := newStudio(t, "a photo of a robot")
	r := s.request(t, 3, 12, "euler")
	c, _, err := SampleCluster(t.Context(), s.rt, s.model.VAE, r)
	if err != nil {
		t.Fatal(err)
	}
	r.Seed = 77
	own, err := FromImage{VAE: s.model.VAE, Image: enlarged(c.Picture(1)), Sample: r, Auxiliary: &c}.Cluster(t.Context(), s.rt)
	if err != nil {
		t.Fatal(err)
	}
	if own.Len() != 4 || own.Target != 0 || own.Sigma != c.Sigma || own.Prompt != c.Prompt || own.check() != nil {
		t.Fatalf("%d pictures, target %d, sigma %v, prompt %q: %v", own.Len(), own.Target, own.Sigma, own.Prompt, own.check())
	}
	if !slices.Equal(own.Images.Rows(1, 4).Data, c.Images.Data) || !slices.Equal(own.H.Rows(1, 4).Data, c.H.Data) {
		t.Error("the auxiliary pictures are not those of the cluster")
	}
	h := own.H.Rows(0, 1).Data
	near := distanceOf(h, c.H.Rows(1, 2).Data)
	for _, other := range []int{0, 2} {
		if far := distanceOf(h, c.H.Rows(other, other+1).Data); near*4 > far {
			t.Errorf("h is %.3g from the state of the picture itself and %.3g from that of picture %d", near, far, other)
		}
	}

	r.Latent = runtime.ZeroLatent(2, 4, 8, 16)
	drawn, err := FromImage{VAE: s.model.VAE, Image: c.Picture(0), Sample: r}.Cluster(t.Context(), s.rt)
	if err != nil {
		t.Fatal(err)
	}
	if drawn.Len() != 3 || !slices.Equal(drawn.Images.Shape, []int{3, 64, 128, 3}) || drawn.Target != 0 {
		t.Errorf("drawn here: %d pictures of %v, target %d", drawn.Len(), drawn.Images.Shape, drawn.Target)
	}

	foreign := c
	foreign.Model.Family = weights.SDXL
	foreignRequest := FromImage{VAE: s.model.VAE, Image: c.Picture(0), Sample: r, Auxiliary: &foreign}
	if _, err := foreignRequest.Cluster(t.Context(), s.rt); err == nil || !strings.Contains(err.Error(), "SDXL") {
		t.Errorf("a cluster of another family: %v", err)
	}
	var warned []string
	foreign = c
	foreign.Model.Fingerprint = "other"
	r.Warn = func(text string) { warned = append(warned, text) }
	if _, err := (FromImage{VAE: s.model.VAE, Image: c.Picture(0), Sample: r, Auxiliary: &foreign}).Cluster(t.Context(), s.rt); err != nil || len(warned) != 1 {
		t.Errorf("a cluster of another checkpoint: %v, warnings %q", err, warned)
	}
	if _, err := (FromImage{VAE: s.model.VAE, Sample: r, Auxiliary: &c}).Cluster(t.Context(), s.rt); err == nil {
		t.Error("no picture was taken")
	}
}

// enlarged doubles a picture [1,H,W,3].
func enlarged(i runtime.Image) runtime.Image {
	h, w := i.Dim(1), i.Dim(2)
	out := tensor.New(1, 2*h, 2*w, 3)
	for p := range 4 * h * w {
		y, x := p/(2*w)/2, p%(2*w)/2
		copy(out.Data[3*p:3*p+3], i.Data[3*(y*w+x):])
	}
	return runtime.Image{Tensor: out}
}

func TestSampleClusterRefuses(t *testing.T) {
	s := newStudio(t, "a photo of a robot")
	if _, _, err := SampleCluster(t.Context(), s.rt, s.model.VAE, s.request(t, 1, 2, "euler")); !errors.Is(err, ErrSmall) || !strings.Contains(err.Error(), "batch_size") {
		t.Errorf("one picture: %v", err)
	}
	r := s.request(t, 2, 2, "euler")
	r.Sigmas = nil
	if _, _, err := SampleCluster(t.Context(), s.rt, s.model.VAE, r); err == nil || !strings.Contains(err.Error(), "no step") {
		t.Errorf("no steps: %v", err)
	}
	s.positive = s.positive.WithArea(runtime.Area{Height: 8, Width: 8}, 1)
	if _, _, err := SampleCluster(t.Context(), s.rt, s.model.VAE, s.request(t, 2, 2, "euler")); err == nil || !strings.Contains(err.Error(), "covers the whole picture") {
		t.Errorf("a prompt of an area: %v", err)
	}
}

// TestLastState: whatever a sampler's rule, h is kept near the end of the run.
func TestLastState(t *testing.T) {
	s := newStudio(t, "a photo of a robot")
	for _, name := range []sampling.SamplerName{"euler", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "dpm_fast", "dpm_adaptive", "lcm", "uni_pc", "euler_cfg_pp"} {
		r := s.request(t, 1, 4, name)
		r.Features = true
		out, err := s.rt.SampleGuided(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// dpm_fast makes few and long steps, whose last evaluation lies between two of the levels.
		if out.Features == nil || !slices.Equal(out.Features.Shape, []int{1, 128, 4, 4}) || out.Sigma > 1 {
			t.Errorf("%s: h %v at sigma %v of %v", name, out.Features != nil, out.Sigma, r.Sigmas)
		}
	}
}

// TestActorsOfOtherModels: the sampler knows the model, so it is the one that refuses or warns.
func TestActorsOfOtherModels(t *testing.T) {
	s := newStudio(t, "a photo of a robot")
	own, err := s.model.Model.Identity()
	if err != nil {
		t.Fatal(err)
	}
	other := own
	other.Fingerprint = "other"
	tests := map[string]struct {
		model runtime.Identity
		warns int
		says  string
	}{
		"this one":           {own, 0, ""},
		"unknown":            {runtime.Identity{}, 0, ""},
		"another checkpoint": {other, 1, ""},
		"another family":     {runtime.Identity{Family: weights.SDXL, Fingerprint: "x"}, 0, "family SDXL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := Actor{Deltas: tensor.Full(0.1, 2, 64), Word: "robot", Model: tt.model, Details: Details{Name: "Bob"}}
			positive, err := Use{Actor: a, V: 1, During: runtime.Range{Start: 0, End: 0.7}}.Apply(s.positive)
			if err != nil {
				t.Fatal(err)
			}
			r := s.request(t, 1, 2, "euler")
			r.Guider = runtime.NewCFGGuider(s.model.Model.WithCluster(positive.ClusterAverage(), 0.5, runtime.Range{Start: 0, End: 0.7}), positive, s.negative, 5)
			warnings := 0
			r.Warn = func(text string) {
				warnings++
				if !strings.Contains(text, "Bob") {
					t.Errorf("warning %q does not name the actor", text)
				}
			}
			_, err = s.rt.SampleGuided(t.Context(), r)
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v; want %q", err, tt.says)
			}
			if warnings != tt.warns {
				t.Errorf("%d warnings, want %d", warnings, tt.warns)
			}
		})
	}
	basic := s.request(t, 1, 2, "euler")
	basic.Guider = runtime.NewBasicGuider(s.model.Model.WithCluster(s.positive, 0.5, runtime.Range{Start: 0, End: 1}), s.positive)
	if _, err := s.rt.SampleGuided(t.Context(), basic); err == nil || !strings.Contains(err.Error(), "CFGGuider") {
		t.Errorf("cluster guidance without a negative prompt: %v", err)
	}
}

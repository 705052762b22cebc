package runtime_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strconv"
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

// unitTolerance is that of networks in the fixtures' INDEX.md, relative to the largest value.
const unitTolerance = 3e-5

// goldenRuntime works on the fixtures' models.
func goldenRuntime(t *testing.T) *runtime.Runtime {
	t.Helper()
	ortest.Setup(t)
	return runtimetest.New(t, folder.Config{Base: goldentest.Base(t)}, runtime.Config{})
}

// subject is the model a fixture "<part>_<model>.safetensors" is about.
func subject(path, part string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), part+"_"), ".safetensors")
}

// waiting skips a fixture whose model family does not run yet.
func waiting(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, weights.ErrFamily) || errors.Is(err, model.ErrUnsupported) {
		t.Skipf("waiting: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// textEncoder opens the encoder of a text fixture: files of text_encoders, or a checkpoint.
func textEncoder(t *testing.T, rt *runtime.Runtime, file *goldentest.File, name string) runtime.CLIP {
	t.Helper()
	if list := file.Metadata()["files"]; list != "" {
		var files []string
		if err := json.Unmarshal([]byte(list), &files); err != nil {
			t.Fatal(err)
		}
		open := func() (runtime.CLIP, error) { return rt.LoadCLIP(files[0], "stable_diffusion") }
		if len(files) == 2 {
			open = func() (runtime.CLIP, error) { return rt.LoadDualCLIP(files[0], files[1], "sdxl") }
		}
		c, err := open()
		waiting(t, err)
		return c
	}
	c, err := rt.LoadCheckpoint(name + ".safetensors")
	waiting(t, err)
	return c.CLIP
}

// TestGoldenEncodeText encodes whole prompts: weights, textual inversions, long prompts, clip skip. ComfyUI 0.3.64, float32.
func TestGoldenEncodeText(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "unit", "text_*.safetensors") {
		t.Run(subject(path, "text"), func(t *testing.T) {
			file := goldentest.Load(t, path)
			clip := textEncoder(t, rt, file, subject(path, "text"))
			var prompts []struct {
				Key, Text string
				Skip      *int  `json:"clip_skip"`
				Tokens    int   `json:"tokens"`
				Rows      []int // start, stop, step of the rows that are stored
			}
			if err := json.Unmarshal([]byte(file.Metadata()["prompts"]), &prompts); err != nil {
				t.Fatal(err)
			}
			for _, p := range prompts {
				t.Run(p.Key, func(t *testing.T) {
					c := clip
					if p.Skip != nil {
						c = c.WithLastLayer(*p.Skip)
					}
					got, err := rt.EncodeText(t.Context(), c, p.Text)
					if err != nil {
						t.Fatal(err)
					}
					if n := got[0].Embedding.Dim(1); n != p.Tokens {
						t.Fatalf("%d rows, want %d", n, p.Tokens)
					}
					tolerance := func(name string) float64 {
						return goldentest.TensorTolerance(t, filepath.Base(path), name, unitTolerance)
					}
					cond, pooled := p.Key+".cond", p.Key+".pooled"
					goldentest.Close(t, cond, every(got[0].Embedding, p.Rows), file.Get(t, cond), tolerance(cond))
					goldentest.Close(t, pooled, got[0].Pooled, file.Get(t, pooled), tolerance(pooled))
				})
			}
		})
	}
}

// every is the rows [start,stop) of an embedding [1,T,D], each step-th.
func every(e *tensor.Tensor, rows []int) *tensor.Tensor {
	var data []float32
	width := e.Dim(2)
	for r := rows[0]; r < rows[1]; r += rows[2] {
		data = append(data, e.Data[r*width:(r+1)*width]...)
	}
	out, _ := tensor.From(data, 1, len(data)/width, width)
	return out
}

// TestGoldenVAE encodes and decodes, whole and in tiles (8 latent cells, overlap 2). ComfyUI 0.3.64, float32.
func TestGoldenVAE(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "unit", "vae_*.safetensors") {
		t.Run(subject(path, "vae"), func(t *testing.T) {
			c, err := rt.LoadCheckpoint(subject(path, "vae") + ".safetensors")
			waiting(t, err)
			file := goldentest.Load(t, path)
			check := func(name string, got *tensor.Tensor, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				goldentest.Close(t, name, got, file.Get(t, name), goldentest.TensorTolerance(t, filepath.Base(path), name, unitTolerance))
			}
			latent, err := rt.Encode(t.Context(), c.VAE, runtime.Image{Tensor: file.Get(t, "image")})
			check("mean", latent.Samples, err)
			mean, logVariance, err := rt.Moments(t.Context(), c.VAE, runtime.Image{Tensor: file.Get(t, "image")})
			if err != nil {
				t.Fatal(err)
			}
			moments, err := tensor.Concat(1, mean, logVariance)
			check("moments", moments, err)
			image, err := rt.Decode(t.Context(), c.VAE, runtime.Latent{Samples: file.Get(t, "z")})
			check("decoded", image.Tensor, err)
			if !file.Has("tiled_z") {
				return
			}
			image, err = rt.DecodeTiled(t.Context(), c.VAE, runtime.Latent{Samples: file.Get(t, "tiled_z")}, runtime.Tiles{Size: 64, Overlap: 16})
			check("tiled_decoded", image.Tensor, err)
		})
	}
}

// TestGoldenSamplers runs every sampler on a real UNet: noise of the seed, prompts and steps of the metadata. ComfyUI 0.3.64, float32.
func TestGoldenSamplers(t *testing.T) {
	rt := goldenRuntime(t)
	for _, path := range goldentest.Files(t, "unit", "samplers*.safetensors") {
		file := goldentest.Load(t, path)
		for _, name := range file.Names() {
			parts := strings.Split(name, ".")
			if len(parts) != 3 || parts[0] == "analytic" {
				continue // the analytic model is tested in package sampling
			}
			t.Run(name, func(t *testing.T) { goldenSampler(t, rt, file, name, parts[0], parts[1], parts[2]) })
		}
	}
}

func goldenSampler(t *testing.T, rt *runtime.Runtime, file *goldentest.File, name, checkpoint, sampler, scheduler string) {
	c, err := rt.LoadCheckpoint(checkpoint + ".safetensors")
	waiting(t, err)
	meta := func(key string, v any) {
		t.Helper()
		if err := json.Unmarshal([]byte(file.Metadata()[key]), v); err != nil {
			t.Fatalf("metadata %s: %v", key, err)
		}
	}
	var positive, negative string
	var cfg float64
	meta("positive", &positive)
	meta("negative", &negative)
	meta("cfg_tiny", &cfg)
	encode := func(text string) runtime.Conditioning {
		t.Helper()
		out, err := rt.EncodeText(t.Context(), c.CLIP, text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	steps, err := strconv.Atoi(file.Metadata()["steps_tiny"])
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(file.Metadata()["seed"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	want := file.Get(t, name)
	got, err := rt.Sample(t.Context(), runtime.SampleRequest{
		Model: c.Model, Positive: encode(positive), Negative: encode(negative), CFG: cfg,
		Latent: runtime.ZeroLatent(want.Dim(0), want.Dim(1), want.Dim(2), want.Dim(3)),
		Seed:   seed, Steps: steps, Sampler: sampling.SamplerName(sampler), Scheduler: sampling.SchedulerName(scheduler), Denoise: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	tolerance := goldentest.TensorTolerance(t, filepath.Base(file.Path()), name, unitTolerance)
	goldentest.Close(t, name, got.Samples, want, tolerance)
}

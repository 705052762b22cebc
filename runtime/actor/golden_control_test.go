package actor

import (
	"math/rand/v2"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// control is one way to steer by pictures or boxes: what it makes of two prompts.
type control func(positive, negative runtime.Conditioning) (p, n runtime.Conditioning)

// controlFamily is a model and everything that steers it.
type controlFamily struct {
	checkpoint string
	controls   func(t *testing.T, rt *runtime.Runtime, c runtime.Checkpoint) map[string]control
}

var hintPicture = func() runtime.Image {
	random := rand.New(rand.NewPCG(5, 6))
	hint := tensor.New(1, 64, 96, 3)
	for i := range hint.Data {
		hint.Data[i] = float32(random.IntN(2))
	}
	return runtime.Image{Tensor: hint}
}()

// by is a control by a net over a part of the run.
func by(net runtime.ControlNet, err error) func(t *testing.T, during runtime.Range) control {
	return func(t *testing.T, during runtime.Range) control {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return func(p, n runtime.Conditioning) (runtime.Conditioning, runtime.Conditioning) {
			return runtime.ControlBoth(p, n, net, hintPicture, 0.8, during)
		}
	}
}

func chained(controls ...control) control {
	return func(p, n runtime.Conditioning) (runtime.Conditioning, runtime.Conditioning) {
		for _, c := range controls {
			p, n = c(p, n)
		}
		return p, n
	}
}

var whole = runtime.Range{Start: 0, End: 1}

var controlFamilies = []controlFamily{
	{"tiny-sd15.safetensors", func(t *testing.T, rt *runtime.Runtime, c runtime.Checkpoint) map[string]control {
		plain := by(rt.LoadControlNet("tiny-sd15-control.safetensors"))(t, whole)
		part := by(rt.LoadControlNet("tiny-sd15-control-diffusers.safetensors"))(t, runtime.Range{Start: 0.3, End: 0.8})
		adapter := by(rt.LoadControlNet("t2i-adapter-1ch.safetensors"))(t, whole)
		gligen, err := rt.LoadGLIGEN("tiny-gligen.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		boxes := func(p, n runtime.Conditioning) (runtime.Conditioning, runtime.Conditioning) {
			p, err := rt.WithTextBox(t.Context(), p, c.CLIP, gligen, runtime.TextBox{Text: "a cat", Width: 32, Height: 24, X: 8, Y: 16})
			if err != nil {
				t.Fatal(err)
			}
			return p, n
		}
		return map[string]control{
			"ControlNet":             plain,
			"ControlNet in a part":   part,
			"difference ControlNet":  by(rt.LoadDifferenceControlNet(c.Model, "tiny-sd15-control-difference.safetensors"))(t, whole),
			"T2I adapter":            adapter,
			"GLIGEN":                 boxes,
			"all of them in a chain": chained(plain, adapter, boxes, part),
		}
	}},
	{"tiny-sdxl.safetensors", func(t *testing.T, rt *runtime.Runtime, c runtime.Checkpoint) map[string]control {
		union, err := rt.LoadControlNet("tiny-sdxl-control-union.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		plain := by(rt.LoadControlNet("tiny-sdxl-control-diffusers.safetensors"))(t, whole)
		lora := by(rt.LoadControlNet("tiny-sdxl-control-lora.safetensors"))(t, whole)
		return map[string]control{
			"ControlNet":             plain,
			"union, kind open":       by(union, nil)(t, whole),
			"union, kind told":       by(union.WithHintKind("depth"))(t, whole),
			"control-LoRA":           lora,
			"all of them in a chain": chained(lora, by(union.WithHintKind("openpose"))(t, whole), plain),
		}
	}},
}

// TestGoldenActorControls: an actor goes with everything that steers by pictures and boxes, before and after it: the branch of the cluster is
// steered as the target's, and without strength there is no such branch.
func TestGoldenActorControls(t *testing.T) {
	rt := goldenRuntime(t)
	for _, family := range controlFamilies {
		t.Run(family.checkpoint, func(t *testing.T) {
			c, err := rt.LoadCheckpoint(family.checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			encode := func(text string) runtime.Conditioning {
				t.Helper()
				out, err := rt.EncodeText(t.Context(), c.CLIP, text)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			plain, negative := encode("a photo of a hobbit in robes"), encode("ugly")
			random := rand.New(rand.NewPCG(1, 2))
			normal := func(scale float64, shape ...int) *tensor.Tensor {
				out := tensor.New(shape...)
				for i := range out.Data {
					out.Data[i] = float32(scale * random.NormFloat64())
				}
				return out
			}
			deltas := normal(0.5, 4, plain[0].Embedding.Dim(2))
			apply := func(p runtime.Conditioning) runtime.Conditioning {
				t.Helper()
				out, err := Use{Actor: goldenActor(deltas, "hobbit"), V: 0.8, During: whole}.Apply(p)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			sigmas := []float32{9, 2.5, 0.4, 0}
			x := normal(4, 3, 4, 8, 12)
			see := func(m runtime.Model, positive, negative runtime.Conditioning) *tensor.Tensor {
				t.Helper()
				return predictions(t, rt, runtime.NewCFGGuider(m, positive, negative, 5), x, sigmas)
			}
			one := func(p runtime.Conditioning) *tensor.Tensor {
				t.Helper()
				return predictions(t, rt, runtime.NewBasicGuider(c.Model, p), x, sigmas)
			}
			free := see(c.Model, apply(plain), negative)
			for name, steered := range family.controls(t, rt, c) {
				t.Run(name, func(t *testing.T) {
					const eta2 = 0.6
					before, away := steered(plain, negative)
					before = apply(before)
					after, _ := steered(apply(plain), negative)
					without := see(c.Model, before, away)
					if distanceOf(without.Data, free.Data) < 1e-2 {
						t.Error("it changes nothing")
					}
					for place, target := range map[string]runtime.Conditioning{"before the actor": before, "after the actor": after} {
						same := see(c.Model.WithCluster(target.ClusterAverage(), 0, whole), target, away)
						goldentest.Close(t, place+", eta2 0", same, without, networkTolerance)

						// What a control does to a positive prompt is what the other branches get of it, by their own or lent.
						average, _ := steered(apply(plain).ClusterAverage(), negative)
						nothing, _ := steered(negative, negative)
						positive, u, a := one(target), one(nothing), one(average)
						want := tensor.New(x.Shape...)
						for i := range want.Data {
							want.Data[i] = u.Data[i] + 5*(positive.Data[i]-u.Data[i]) - eta2*(a.Data[i]-u.Data[i])
						}
						got := see(c.Model.WithCluster(apply(plain).ClusterAverage(), eta2, whole), target, away)
						goldentest.Close(t, place, got, want, networkTolerance)
					}
				})
			}
		})
	}
}

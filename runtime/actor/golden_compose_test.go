package actor

import (
	"math"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenComposition checks the three-branch formula on a model with LoRA, a ControlNet and masks, against the branches evaluated one
// by one. The numbers of the parts are held to the reference elsewhere.
func TestGoldenComposition(t *testing.T) {
	eachFixture(t, func(t *testing.T, f fixture) {
		m, clip, err := f.rt.ApplyLoRA(f.model.Model, f.model.CLIP, "kohya.safetensors", 0.8, 0.6)
		if err != nil {
			t.Fatal(err)
		}
		net, err := f.rt.LoadControlNet("tiny-sd15-control.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		encode := func(text string) runtime.Conditioning {
			t.Helper()
			c, err := f.rt.EncodeText(t.Context(), clip, text)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		word := meta[string](t, f.File, "word")
		plain := encode(meta[string](t, f.File, "guided_prompt")).Combine(encode("a (" + word + ":1.3) in the snow"))
		negative := encode("ugly")
		apply := func(c runtime.Conditioning) runtime.Conditioning {
			t.Helper()
			out, err := Use{Actor: goldenActor(f.Get(t, "delta.10"), word), V: 1, During: runtime.Range{Start: 0, End: 1}}.Apply(c)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		mask := runtime.Mask{Tensor: tensor.Full(0.4, 1, 16, 16)}
		hint := runtime.Image{Tensor: tensor.Full(0.7, 1, 128, 128, 3)}
		x, sigmas := f.Get(t, "guided.x").Rows(1, 3), f.Get(t, "sigmas").Data[1:]
		check := func(name string, positive, negative, average, branch runtime.Conditioning) {
			t.Helper()
			one := func(c runtime.Conditioning) *tensor.Tensor {
				return predictions(t, f.rt, runtime.NewBasicGuider(m, c), x, sigmas)
			}
			guider := runtime.NewCFGGuider(m.WithCluster(average, f.eta2, runtime.Range{Start: 0, End: 1}), positive, negative, f.eta1)
			c, u, a := one(positive), one(negative), one(branch)
			want := tensor.New(c.Shape...)
			for i := range want.Data {
				want.Data[i] = u.Data[i] + float32(f.eta1)*(c.Data[i]-u.Data[i]) - float32(f.eta2)*(a.Data[i]-u.Data[i])
			}
			goldentest.Close(t, name, predictions(t, f.rt, guider, x, sigmas), want, networkTolerance)
		}
		target := apply(plain.WithMask(mask, 0.9, false))
		check("LoRA and mask", target, negative, target.ClusterAverage(), target.ClusterAverage())

		controlled, away := runtime.ControlBoth(plain, negative, net, hint, 0.8, runtime.Range{Start: 0, End: 1})
		target = apply(controlled)
		check("ControlNet before the actor", target, away, target.ClusterAverage(), target.ClusterAverage())
		target = apply(plain)
		controlled, away = runtime.ControlBoth(target, negative, net, hint, 0.8, runtime.Range{Start: 0, End: 1})
		check("ControlNet after the actor", controlled, away, target.ClusterAverage(), controlled.ClusterAverage())

		// Every sampler steps on it, areas and all.
		target = apply(plain.WithArea(runtime.Area{Height: 1, Width: 0.5, Percentage: true}, 1).Combine(encode("a forest")))
		for _, name := range []sampling.SamplerName{"dpmpp_2m", "euler_ancestral_cfg_pp", "uni_pc", "dpmpp_sde"} {
			r, err := runtime.SampleRequest{
				Model: m.WithCluster(target.ClusterAverage(), f.eta2, runtime.Range{Start: 0, End: 0.6}), Positive: target, Negative: negative, CFG: f.eta1,
				Latent: runtime.ZeroLatent(2, 4, 8, 16), Seed: 1, Steps: 3, Sampler: name, Scheduler: "karras", Denoise: 1,
			}.Guided()
			if err != nil {
				t.Fatal(err)
			}
			out, err := f.rt.SampleGuided(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, v := range out.Latent.Samples.Data {
				if v-v != 0 || math.Abs(float64(v)) > 1e4 {
					t.Fatalf("%s: a latent holds %v", name, v)
				}
			}
		}
	})
}

package actor

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenFamilies tunes an actor on a model of each family, with a LoRA on it where the fixtures have one, and applies it under a
// ControlNet in one area of two:
//   - a strength of 0 changes no bit;
//   - outside of its area the prediction is what it is without the actor, bit for bit, inside it is not;
//   - cluster guidance adds the term of the paper, η2·(A-U), of each area's own predictions.
func TestGoldenFamilies(t *testing.T) {
	rt := goldenRuntime(t)
	for _, f := range []struct{ checkpoint, lora, control string }{
		{"tiny-sd15.safetensors", "kohya.safetensors", "tiny-sd15-control.safetensors"},
		{"tiny-sd21-v.safetensors", "", ""},
		{"tiny-sdxl.safetensors", "sdxl-kohya.safetensors", "tiny-sdxl-control-union.safetensors"},
	} {
		t.Run(f.checkpoint, func(t *testing.T) {
			c, err := rt.LoadCheckpoint(f.checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			m, clip := c.Model, c.CLIP
			if f.lora != "" {
				if m, clip, err = rt.ApplyLoRA(m, clip, f.lora, 0.8, 0.6); err != nil {
					t.Fatal(err)
				}
			}
			encode := func(text string) runtime.Conditioning {
				t.Helper()
				out, err := rt.EncodeText(t.Context(), clip, text)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			negative := encode("ugly")
			r, err := runtime.SampleRequest{
				Model: m, Positive: encode("a photo of a hobbit"), Negative: negative, CFG: 4, Seed: 3, Steps: 2, Denoise: 1,
				Sampler: "euler", Scheduler: "normal", Latent: runtime.ZeroLatent(3, 4, 8, 8),
			}.Guided()
			if err != nil {
				t.Fatal(err)
			}
			cluster, _, err := SampleCluster(t.Context(), rt, c.VAE, r)
			if err != nil {
				t.Fatal(err)
			}
			a := mustTune(t, rt, Tuning{
				Model: m, CLIP: clip, VAE: c.VAE, Cluster: cluster, Word: "hobbit", Concept: Character,
				Steps: 3, Rate: 0.05, Auxiliary: 2, Lambda1: 0.5, Lambda2: 0.2, Flip: 0.5,
			})
			apply := func(p runtime.Conditioning, v float64) runtime.Conditioning {
				t.Helper()
				out, err := Use{Actor: a, V: v, During: whole}.Apply(p)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			steer := func(p, n runtime.Conditioning) (runtime.Conditioning, runtime.Conditioning) { return p, n }
			if f.control != "" {
				steer = by(rt.LoadControlNet(f.control))(t, whole)
			}
			left := encode("a photo of a hobbit in robes").WithArea(runtime.Area{Width: 6, Height: 8}, 1)
			right := encode("a dark forest").WithArea(runtime.Area{Width: 6, Height: 8, X: 6}, 1)
			const width, border = 12, 6
			x := r.Latent.Samples
			x = tensor.New(2, x.Dim(1), 8, width)
			for i := range x.Data {
				x.Data[i] = float32(i%17)/3 - 2.5
			}
			sigmas := []float32{7, 0.8, 0}
			scaled := func(m runtime.Model, left, right runtime.Conditioning, cfg float64) *tensor.Tensor {
				t.Helper()
				p, n := steer(left.Combine(right), negative)
				return predictions(t, rt, runtime.NewCFGGuider(m, p, n, cfg), x, sigmas)
			}
			see := func(m runtime.Model, left, right runtime.Conditioning) *tensor.Tensor {
				return scaled(m, left, right, 4)
			}
			plain, strong := see(m, left, right), apply(left, 2)
			if !slices.Equal(see(m, apply(left, 0), right).Data, plain.Data) {
				t.Error("an actor without strength changes something")
			}
			with := see(m, strong, right)
			inside := false
			for i, v := range with.Data {
				switch same := v == plain.Data[i]; {
				case i%width < border:
					inside = inside || !same
				case !same:
					t.Fatalf("element %d lies outside of the actor's area and is %v, without the actor %v", i, v, plain.Data[i])
				}
			}
			if !inside {
				t.Error("the actor changes nothing in its area")
			}

			const eta2 = 0.5
			average := strong.ClusterAverage()
			got := see(m.WithCluster(average, eta2, whole), strong, right)
			steered, _ := steer(average, negative)
			averages := predictions(t, rt, runtime.NewBasicGuider(m, steered), x, sigmas)
			nulls := scaled(m, strong, right, 0) // in each area the negative prompt is asked too, as in ComfyUI
			want := with.Clone()
			for i := range want.Data {
				if i%width < border {
					want.Data[i] -= eta2 * (averages.Data[i] - nulls.Data[i])
				}
			}
			inArea := func(p *tensor.Tensor) []float32 {
				var out []float32
				for row := range slices.Chunk(p.Data, width) {
					out = append(out, row[:border]...)
				}
				return out
			}
			if d := goldentest.Difference(inArea(got), inArea(want)); d > networkTolerance {
				t.Errorf("cluster guidance differs from the formula by %g in the actor's area", d)
			}
		})
	}
}

package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

const (
	gpuSteps   = 20
	gpuScale   = 7.5 // of the guidance
	parityPart = "parity-sd15-512"
)

// gpuSigmas are the noise levels of Karras et al. 2022 (rho 7) between those of Stable Diffusion, and 0.
func gpuSigmas() []float64 {
	const low, high, rho = 0.0292, 14.6146, 7.0
	var out []float64
	for i := range gpuSteps {
		t := float64(i) / (gpuSteps - 1)
		out = append(out, math.Pow(math.Pow(high, 1/rho)+t*(math.Pow(low, 1/rho)-math.Pow(high, 1/rho)), rho))
	}
	return append(out, 0)
}

// session is the part's network as it runs on a device.
func (b *gpuBench) session(ctx context.Context, rt *ort.Runtime, p gpuPart) (s *ort.Session, in map[string]*tensor.Tensor, done func(), err error) {
	g, closeFile, err := b.graph(ctx, p, false)
	if err != nil {
		return nil, nil, nil, err
	}
	lowered, err := lower.Graph(g, lower.Options{Compute: p.compute})
	if err == nil {
		s, err = newSession(ctx, rt, lowered, ort.SessionOptions{Level: ort.Packed})
	}
	if err != nil {
		closeFile()
		return nil, nil, nil, err
	}
	return s, p.inputs(g), func() { _ = s.Close(); closeFile() }, nil
}

// sample is Euler's method with guidance from the same noise every time: the latents [B,4,h,w] of half the batch.
func sample(ctx context.Context, s *ort.Session, in map[string]*tensor.Tensor) (*tensor.Tensor, error) {
	batch := in["x"].Dim(0)
	sigmas := gpuSigmas()
	x := tensor.New(batch/2, in["x"].Dim(1), in["x"].Dim(2), in["x"].Dim(3))
	r := rand.New(rand.NewPCG(7, 8))
	for i := range x.Data {
		x.Data[i] = float32(r.NormFloat64() * sigmas[0])
	}
	values := map[string]ort.Value{}
	for name, t := range in {
		values[name] = ort.FromTensor(t)
	}
	both := tensor.New(in["x"].Shape...)
	values["x"] = ort.FromTensor(both)
	n := len(x.Data)
	for i, sigma := range sigmas[:gpuSteps] {
		scale := float32(1 / math.Sqrt(sigma*sigma+1))
		for j, v := range x.Data {
			both.Data[j], both.Data[n+j] = v*scale, v*scale
		}
		values["timesteps"] = ort.FromTensor(tensor.Full(float32(999*(1-float64(i)/gpuSteps)), batch))
		out, err := s.Run(ctx, values)
		if err != nil {
			return nil, err
		}
		step := float32(sigmas[i+1] - sigma)
		for j := range x.Data {
			plain, prompted := out[0].Data[j], out[0].Data[n+j]
			x.Data[j] += step * (plain + gpuScale*(prompted-plain))
		}
	}
	return x, nil
}

// pictures measures whole pictures.
func (b *gpuBench) pictures(ctx context.Context, p gpuPart) error {
	before := gpuMemory(ctx)
	unet, in, done, err := b.session(ctx, b.rt, p)
	if err != nil {
		return err
	}
	defer done()
	decoder := gpuPart{"vae", "vae", p.size, 1, onnx.Float32}
	vae, _, doneVAE, err := b.session(ctx, b.rt, decoder)
	if err != nil {
		return err
	}
	defer doneVAE()
	var seconds []float64
	for round := range 4 {
		start := time.Now()
		x, err := sample(ctx, unet, in)
		if err != nil {
			return err
		}
		for i := range x.Dim(0) {
			if _, err := vae.Run(ctx, map[string]ort.Value{"z": ort.FromTensor(x.Rows(i, i+1))}); err != nil {
				return err
			}
		}
		if round > 0 { // the first searches for algorithms
			seconds = append(seconds, time.Since(start).Seconds())
		}
	}
	ours := median(seconds)
	rate := float64(p.batch/2) / ours
	fmt.Fprintf(b.out, "%s: %.2f pictures/s, %.0f ms, %d MiB", p.name, rate, 1e3*ours, gpuMemory(ctx)-before)
	if b.o.Python == "" {
		fmt.Fprintln(b.out)
		return nil
	}
	for _, mode := range []string{"eager", "compile"} {
		if mode == "compile" && b.o.Eager {
			continue
		}
		r, err := b.torchPicture(ctx, p, in, mode)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "; PyTorch %s %.2f pictures/s, ratio %.2f, %d MiB", mode, float64(p.batch/2)/r.Seconds, r.Seconds/ours, r.MiB)
	}
	fmt.Fprintln(b.out)
	return nil
}

// parity is how far latents after 20 steps in half precision are from those in float32, without TF32: the ratio of peak to noise in dB.
func (b *gpuBench) parity(ctx context.Context) error {
	exact, err := ort.Open(ort.Options{Library: b.o.Library, Device: b.rt.Device().String(), CUDA: map[string]string{"use_tf32": "0"}})
	if err != nil {
		return err
	}
	var latents [2]*tensor.Tensor
	for i, rt := range []*ort.Runtime{b.rt, exact} {
		p := gpuPart{parityPart, "unet-sd15", 512, 2, []onnx.DType{onnx.Float16, onnx.Float32}[i]}
		s, in, done, err := b.session(ctx, rt, p)
		if err != nil {
			return err
		}
		latents[i], err = sample(ctx, s, in)
		done()
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(b.out, "%s: latents after %d guided steps in float16 against float32: PSNR %.1f dB\n", parityPart, gpuSteps, psnr(latents[0].Data, latents[1].Data))
	return nil
}

// psnr takes the range of the wanted values as the peak.
func psnr(got, want []float32) float64 {
	low, high, noise := want[0], want[0], 0.0
	for i, w := range want {
		low, high = min(low, w), max(high, w)
		d := float64(got[i] - w)
		noise += d * d
	}
	peak := float64(high - low)
	return 10 * math.Log10(peak*peak*float64(len(want))/noise)
}

// relative is the relative difference (L2).
func relative(got, want []float32) float64 {
	var d, n float64
	for i, w := range want {
		d += math.Pow(float64(got[i]-w), 2)
		n += float64(w) * float64(w)
	}
	return math.Sqrt(d / n)
}

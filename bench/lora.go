package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// loraRank is that of every module.
const loraRank = 32

// loraParts are LoRAs over all linear layers of the UNet and the text encoder, by name; module lists what a file holds for a weight [out,in].
var loraParts = []struct {
	name   string
	module func(l list, out, in int)
}{
	{"lora-kohya", func(l list, out, in int) {
		l.add("lora_down.weight", matrix, loraRank, in)
		l.add("lora_up.weight", matrix, out, loraRank)
	}},
	{"lora-loha", func(l list, out, in int) {
		for _, pair := range []string{"hada_w1", "hada_w2"} {
			l.add(pair+"_a", matrix, out, loraRank)
			l.add(pair+"_b", matrix, loraRank, in)
		}
	}},
	{"lora-dora", func(l list, out, in int) {
		l.add("lora_down.weight", matrix, loraRank, in)
		l.add("lora_up.weight", matrix, out, loraRank)
		l.add("dora_scale", gain, 1, in)
	}},
}

// loraFile lists the tensors of a LoRA in kohya's naming.
func loraFile(module func(l list, out, in int)) []weight {
	var all []weight
	for _, w := range sd15() {
		name, isWeight := strings.CutSuffix(w.name, ".weight")
		if !isWeight || w.kind != matrix || len(w.shape) != 2 {
			continue
		}
		for from, to := range map[string]string{"model.diffusion_model.": "lora_unet_", "cond_stage_model.transformer.": "lora_te_"} {
			if layer, ok := strings.CutPrefix(name, from); ok {
				module(list{to + strings.ReplaceAll(layer, ".", "_") + ".", &all}, w.shape[0], w.shape[1])
			}
		}
	}
	return all
}

// measureLoRA measures what a LoRA adds to a prompt and a step of two latents at 256x256: when it is first used, for another strength, and
// from then on; with the weights packed and mapped.
func measureLoRA(ctx context.Context, o Options, name string, module func(l list, out, in int)) (line, error) {
	base, err := modelFolder(ctx, o, "loras", loraFile(module))
	if err != nil {
		return line{}, err
	}
	defer os.RemoveAll(base)
	l := line{part: name}
	for _, weights := range []runtime.WeightsPolicy{runtime.WeightsPacked, runtime.WeightsMapped} {
		if err := loraSteps(ctx, o, base, weights, &l); err != nil {
			return line{}, err
		}
	}
	return l, nil
}

func loraSteps(ctx context.Context, o Options, base string, weights runtime.WeightsPolicy, l *line) error {
	layout, err := folder.New(folder.Config{Base: base})
	if err != nil {
		return err
	}
	rt, err := runtime.New(runtime.Config{
		Folders: layout, Weights: weights, ORT: ort.Options{Library: o.Library, Device: "cpu", Threads: o.Threads},
	})
	if err != nil {
		return err
	}
	defer rt.Close()
	checkpoint, err := rt.LoadCheckpoint("bench.safetensors")
	if err != nil {
		return err
	}
	noise := tensor.New(1, 4, 32, 32)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Data {
		noise.Data[i] = float32(random.NormFloat64())
	}
	step := func(strength float64) (times, error) {
		return timed(func() error {
			m, c, err := rt.ApplyLoRA(checkpoint.Model, checkpoint.CLIP, "bench.safetensors", strength, strength)
			if err != nil {
				return err
			}
			prompt, err := rt.EncodeText(ctx, c, "a photo of a robot")
			if err != nil {
				return err
			}
			_, err = rt.Sample(ctx, runtime.SampleRequest{
				Model: m, Positive: prompt, Negative: prompt, CFG: 7, Latent: runtime.Latent{Samples: noise}, Steps: 1, Sampler: "euler", Scheduler: "normal", Denoise: 1,
			})
			return err
		})
	}
	warm := func(strength float64) (times, error) {
		var all []times
		for range o.Rounds {
			t, err := step(strength)
			if err != nil {
				return times{}, err
			}
			all = append(all, t)
		}
		return medianTimes(all), nil
	}
	loading, err := step(0)
	if err != nil {
		return err
	}
	plain, err := warm(0)
	if err != nil {
		return err
	}
	first, err := step(0.8)
	if err != nil {
		return err
	}
	again, err := warm(0.8)
	if err != nil {
		return err
	}
	var others []times
	for i := range o.Rounds {
		t, err := step(0.9 - 0.01*float64(i))
		if err != nil {
			return err
		}
		others = append(others, t)
	}
	other := medianTimes(others)
	if l.memory, err = ort.ReadMemory(); err != nil {
		return err
	}
	l.wall.ours = other.Wall
	l.notes = append(l.notes, fmt.Sprintf("%s: first use %.2f s (%.2f CPU s), another strength %.2f s (%.2f CPU s) more than a step of %.2f s, which takes %.2f s without; the checkpoint itself %.2f s",
		weights, first.Wall-again.Wall, first.CPU-again.CPU, other.Wall-again.Wall, other.CPU-again.CPU, again.Wall, plain.Wall, loading.Wall-plain.Wall))
	return nil
}

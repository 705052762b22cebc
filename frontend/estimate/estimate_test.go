package estimate

import (
	"fmt"
	"math"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// sd15 is a file of Stable Diffusion 1.5 in float16.
func sd15(input, name string) (Model, bool) {
	return Model{Values: 1_066_000_000}, input == "ckpt_name" && name == "sd15.safetensors"
}

// picture is the prompt of a picture with a sampler's inputs; %s is the sampler, of which KSampler is the class.
const picture = `{
	"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
	"2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "clip": ["1", 1], "lora_name": "x"}},
	"3": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
	"4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a", "clip": ["2", 1]}},
	"5": {%s, "inputs": {"model": ["2", 0], "positive": ["4", 0], "negative": ["4", 0], "latent_image": ["3", 0], "cfg": 7, %s}},
	"6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
	"7": {"class_type": "TuneActor", "inputs": {"model": ["2", 0], "cluster": ["5", 2], "steps": 10, "auxiliary": 3}},
	"8": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}}
}`

func of(t *testing.T, prompt string, speed float64) Estimate {
	t.Helper()
	p, err := ojson.ParseObject([]byte(prompt), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return Of(p, sd15, speed)
}

// A step of two latents of 64x64 cells is 1.4 TFLOP (0.36 at 32x32: docs/performance.md), so 20 of them take 28 s at 1 TFLOP/s.
func TestSampler(t *testing.T) {
	const speed = 1e12 / efficiency
	for name, tt := range map[string]struct {
		class, inputs string
		want          float64 // seconds
	}{
		"20 steps":          {"KSampler", `"steps": 20, "denoise": 1.0`, 27.9},
		"half of them":      {"KSampler", `"steps": 20, "denoise": 0.5`, 14},
		"no guidance":       {"KSampler", `"steps": 20, "cfg": 1`, 14},
		"a part of a run":   {"KSamplerAdvanced", `"steps": 20, "start_at_step": 5, "end_at_step": 10000`, 21},
		"cluster guidance":  {"KSampler", `"steps": 20, "eta2": 0.5`, 41.9},
		"a class of no use": {"PreviewAny", `"steps": 20`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := of(t, fmt.Sprintf(picture, fmt.Sprintf(`"class_type": %q`, tt.class), tt.inputs), speed)
			if got := e.Seconds["5"]; math.Abs(got-tt.want) > 0.2 {
				t.Errorf("%.1f s, want %.1f", got, tt.want)
			}
		})
	}
}

func TestEveryNode(t *testing.T) {
	e := of(t, fmt.Sprintf(picture, `"class_type": "ClusterSampler"`, `"steps": 20`), 1e12/efficiency)
	if len(e.Seconds) != 3 {
		t.Errorf("%v, want seconds for the sampler, the decoder and the tuning", e.Seconds)
	}
	if got := e.Seconds["6"]; math.Abs(got-2.5) > 0.1 { // 2.5 TFLOP for a picture
		t.Errorf("the decoder takes %.1f s", got)
	}
	// Ten steps of five rows there and back: 10 * 5 * 4096 cells * 0.85 G values * 0.4.
	if got := e.Seconds["7"]; math.Abs(got-69.8) > 1 {
		t.Errorf("tuning takes %.1f s", got)
	}
	if gb := float64(e.Bytes) / 1e9; gb < 13 || gb > 18 {
		t.Errorf("%.1f GB for tuning five pictures of 512x512", gb)
	}
}

func TestNothingKnown(t *testing.T) {
	for name, prompt := range map[string]string{
		"an unknown model": `{"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "other"}}, "2": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "steps": 20}}}`,
		"a circle":         `{"1": {"class_type": "KSampler", "inputs": {"model": ["2", 0], "steps": 20}}, "2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0]}}}`,
		"no nodes":         `{"1": 3, "2": {"class_type": 5, "inputs": []}}`,
	} {
		if e := of(t, prompt, 1e12); len(e.Seconds) != 0 || e.Bytes != 0 {
			t.Errorf("%s: %+v, want nothing", name, e)
		}
	}
	if e := of(t, fmt.Sprintf(picture, `"class_type": "KSampler"`, `"steps": 20`), 0); len(e.Seconds) != 0 || e.Bytes == 0 {
		t.Errorf("%+v where the speed is not known; want the memory alone", e)
	}
}

package comfy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

const a1111Classes = `{
	"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["sd/v1-5-pruned.safetensors", "other.ckpt"]]}}, "output": ["MODEL", "CLIP", "VAE"]},
	"VAELoader": {"input": {"required": {"vae_name": [["vae-ft-mse.safetensors"]]}}, "output": ["VAE"]},
	"LoraLoader": {"input": {"required": {"model": ["MODEL"], "clip": ["CLIP"], "lora_name": [["styles/Fluffy.safetensors"]], "strength_model": ["FLOAT", {"default": 1.0}], "strength_clip": ["FLOAT", {"default": 1.0}]}}, "output": ["MODEL", "CLIP"]},
	"UpscaleModelLoader": {"input": {"required": {"model_name": [["RealESRGAN_x4plus.pth", "4x-UltraSharp.pth"]]}}, "output": ["UPSCALE_MODEL"]}
}`

// a1111Reader has a few files.
func a1111Reader(t testing.TB) Reader {
	t.Helper()
	info, err := ojson.ParseObject([]byte(a1111Classes), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := FromObjectInfo(info)
	if err != nil {
		t.Fatal(err)
	}
	return Reader{
		Definitions: definitions,
		Files: func(folder string) []string {
			return []string{"easynegative.safetensors", "bad/hand v2.pt", "embedding.pt"}
		},
		FindHash: func(folder, hash string) string {
			if hash == "6ce0161689" {
				return "sd/v1-5-pruned.safetensors"
			}
			return ""
		},
	}
}

// described is a prompt as lines "Title: input=value …", without links.
func described(f *File) string {
	var b strings.Builder
	for id := range f.Prompt.All() {
		node := f.Prompt.Object(id)
		fmt.Fprintf(&b, "%s:", node.String("class_type"))
		for name, v := range node.Object("inputs").All() {
			if from, slot, ok := linkOf(v); ok {
				fmt.Fprintf(&b, " %s<%s.%d", name, from, slot)
			} else {
				fmt.Fprintf(&b, " %s=%v", name, v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestA1111(t *testing.T) {
	const text = `a (fluffy:1.2) cat, [dull], easynegative <lora:fluffy:0.8><lora:Gone:0.5:0.25>
in the rain
Negative prompt: blurry, EasyNegative, (hand v2:1.3)
Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 500x768, Model hash: 6ce0161689, Model: v1-5-pruned, VAE: vae-ft-mse.safetensors, Clip skip: 2, Denoising strength: 0.5, ENSD: 31337, Hires upscale: 2, Hires steps: 10, Hires upscaler: R-ESRGAN 4x+, Lora hashes: "fluffy: 1, Gone: 2", Version: v1.6.0`
	f, err := a1111Reader(t).Read([]byte(text), "x.txt")
	if err != nil {
		t.Fatal(err)
	}
	const want = `CheckpointLoaderSimple: ckpt_name=sd/v1-5-pruned.safetensors
VAELoader: vae_name=vae-ft-mse.safetensors
CLIPSetLastLayer: clip<1.1 stop_at_clip_layer=-2
LoraLoader: model<1.0 clip<3.0 lora_name=styles/Fluffy.safetensors strength_model=0.8 strength_clip=0.8
LoraLoader: model<4.0 clip<4.1 lora_name=Gone.safetensors strength_model=0.25 strength_clip=0.5
CLIPTextEncode: text=a (fluffy:1.2) cat, (dull:0.909), embedding:easynegative 
in the rain clip<5.1
CLIPTextEncode: text=blurry, embedding:EasyNegative, (embedding:hand v2:1.3) clip<5.1
EmptyLatentImage: width=504 height=768 batch_size=1
KSampler: seed=18446744073709551615 steps=25 cfg=6.5 sampler_name=dpmpp_2m scheduler=karras denoise=1 model<5.0 positive<6.0 negative<7.0 latent_image<8.0
VAEDecode: samples<9.0 vae<2.0
UpscaleModelLoader: model_name=RealESRGAN_x4plus.pth
ImageUpscaleWithModel: upscale_model<11.0 image<10.0
ImageScale: image<12.0 upscale_method=lanczos width=1000 height=1536 crop=disabled
VAEEncode: pixels<13.0 vae<2.0
KSampler: seed=18446744073709551615 steps=10 cfg=6.5 sampler_name=dpmpp_2m scheduler=karras denoise=0.5 model<5.0 positive<6.0 negative<7.0 latent_image<14.0
VAEDecode: samples<15.0 vae<2.0
SaveImage: images<16.0 filename_prefix=ComfyUI
`
	if got := described(f); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Text, `left out: "ENSD"`) {
		t.Errorf("warnings %v", f.Warnings)
	}
}

// TestA1111Parts looks for one line of the workflow, or for a warning.
func TestA1111Parts(t *testing.T) {
	settings := func(s string) string { return "a cat\nSteps: 20" + s }
	tests := map[string]struct{ text, line, warning string }{
		"model by hash":             {settings(", Model hash: 6ce0161689, Model: renamed"), "ckpt_name=sd/v1-5-pruned.safetensors", "has the same hash"},
		"model by hash alone":       {settings(", Model hash: 6ce0161689"), "ckpt_name=sd/v1-5-pruned.safetensors", ""},
		"model not here":            {settings(", Model hash: 0000, Model: dreams"), "ckpt_name=dreams.safetensors", ""},
		"model with its ending":     {settings(", Model: other.ckpt"), "ckpt_name=other.ckpt", ""},
		"no model":                  {settings(""), "ckpt_name=sd/v1-5-pruned.safetensors", "the model is not named"},
		"schedule type":             {settings(", Model: other, Sampler: DPM++ 2M, Schedule type: Karras"), "sampler_name=dpmpp_2m scheduler=karras", ""},
		"automatic":                 {settings(", Model: other, Sampler: DPM++ 2M SDE, Schedule type: Automatic"), "sampler_name=dpmpp_2m_sde scheduler=exponential", ""},
		"older, no schedule":        {settings(", Model: other, Sampler: DPM++ 2M"), "sampler_name=dpmpp_2m scheduler=normal", ""},
		"DDIM":                      {settings(", Model: other, Sampler: DDIM"), "sampler_name=ddim scheduler=ddim_uniform", ""},
		"Euler a":                   {settings(", Model: other, Sampler: Euler a"), "sampler_name=euler_ancestral scheduler=normal", ""},
		"DPM++ 3M SDE Exponential":  {settings(", Model: other, Sampler: DPM++ 3M SDE Exponential"), "sampler_name=dpmpp_3m_sde scheduler=exponential", ""},
		"unknown sampler":           {settings(", Model: other, Sampler: PLMS"), "sampler_name=euler scheduler=normal", `there is no sampler "PLMS"`},
		"unknown schedule":          {settings(", Model: other, Sampler: Euler, Schedule type: Turbo"), "sampler_name=euler scheduler=normal", `there is no sampler "Euler Turbo"`},
		"hires, latent":             {settings(", Model: other, Size: 512x512, Hires upscale: 1.5, Hires upscaler: Latent (nearest-exact), Denoising strength: 0.6"), "LatentUpscale: samples<5.0 upscale_method=nearest-exact width=768 height=768 crop=disabled", ""},
		"hires, resize":             {settings(", Model: other, Size: 512x512, Hires resize: 768x640, Hires upscaler: Latent"), "LatentUpscale: samples<5.0 upscale_method=bilinear width=768 height=640 crop=disabled", ""},
		"hires, Lanczos":            {settings(", Model: other, Size: 512x512, Hires upscale: 2, Hires upscaler: Lanczos"), "ImageScale: image<6.0 upscale_method=lanczos width=1024 height=1024", ""},
		"hires, other model":        {settings(", Model: other, Size: 512x512, Hires upscale: 2, Hires upscaler: 4x-UltraSharp"), "UpscaleModelLoader: model_name=4x-UltraSharp.pth", ""},
		"hires, model not here":     {settings(", Model: other, Size: 512x512, Hires upscale: 2, Hires upscaler: 8x-Gone"), "UpscaleModelLoader: model_name=8x-Gone.pth", ""},
		"hires, own settings":       {settings(", Model: other, Size: 512x512, Hires upscale: 2, Hires upscaler: Latent, Hires sampler: DDIM, Hires CFG Scale: 3, Hires prompt: \"a dog, \\\"big\\\"\""), "cfg=3 sampler_name=ddim scheduler=ddim_uniform", ""},
		"hires, own prompt":         {settings(", Model: other, Size: 512x512, Hires upscale: 2, Hires upscaler: Latent, Hires prompt: \"a dog, \\\"big\\\"\""), `CLIPTextEncode: text=a dog, "big" clip<1.1`, ""},
		"hires, too large":          {settings(", Model: other, Size: 16000x512, Hires upscale: 2"), "SaveImage", "it was not enlarged"},
		"from a picture":            {settings(", Model: other, Denoising strength: 0.4"), "denoise=1", "was made from another one"},
		"bad size":                  {settings(", Model: other, Size: big"), "width=512 height=512", `Size is "big"`},
		"bad seed":                  {settings(", Model: other, Seed: -1"), "seed=0", `Seed is "-1"`},
		"bad scale":                 {settings(", Model: other, CFG scale: NaN"), "cfg=7", "CFG scale"},
		"too many steps":            {"a cat\nSteps: 99999, Model: other", "steps=20", "1 to 10000"},
		"no negative, no lines":     {"Steps: 3, Model: other", "CLIPTextEncode: text= clip<1.1", ""},
		"BREAK":                     {"a cat BREAK a dog\nSteps: 3, Model: other", "ConditioningConcat: conditioning_to<2.0 conditioning_from<3.0", ""},
		"schedule in a prompt":      {"a [cat:dog:0.5]\nSteps: 3, Model: other", "text=a [cat:dog:0.5] clip<1.1", "changes during the run"},
		"alternating words":         {"a [cat|dog]\nSteps: 3, Model: other", "text=a [cat|dog] clip<1.1", "changes during the run"},
		"brackets that are letters": {`a \[cat\]` + "\nSteps: 3, Model: other", "text=a [cat] clip<1.1", ""},
		"brackets in brackets":      {"a [[cat]]\nSteps: 3, Model: other", "text=a ((cat:0.909):0.909) clip<1.1", ""},
		"bracket left open":         {"a [cat\nSteps: 3, Model: other", "text=a [cat clip<1.1", ""},
		"AND":                       {"a cat AND a dog\nSteps: 3, Model: other", "text=a cat AND a dog", "joined by AND"},
		"LoRA without a number":     {"a cat <lora:fluffy>\nSteps: 3, Model: other", "strength_model=1 strength_clip=1", ""},
		"LoRA, named numbers":       {"a cat <lora:fluffy:te=0.25:unet=0.75>\nSteps: 3, Model: other", "strength_model=0.75 strength_clip=0.25", ""},
		"LoRA, no number":           {"a cat <lora:fluffy:much>\nSteps: 3, Model: other", "strength_model=1 strength_clip=1", `"much"`},
		"hypernetwork":              {"a cat <hypernet:old:0.5>\nSteps: 3, Model: other", "HypernetworkLoader: model<1.0 hypernetwork_name=old.safetensors strength=0.5", ""},
		"JSON among the settings":   {settings(`, Model: other, Civitai resources: [{"type":"lora","weight":0.5},{"a":"b, c"}], CFG scale: 4`), "cfg=4", ""},
		"Windows lines":             {"a cat\r\nNegative prompt: dog\r\nSteps: 3, Model: other", "text=dog", ""},
		"Steps: in the prompt":      {"a cat\nSteps: of stone\nSteps: 3, Model: other", "text=a cat\nSteps: of stone", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := a1111Reader(t).Read([]byte(tt.text), "x.txt")
			if err != nil {
				t.Fatal(err)
			}
			if got := described(f); !strings.Contains(got, tt.line) {
				t.Errorf("got\n%swant %q", got, tt.line)
			}
			var warnings []string
			for _, w := range f.Warnings {
				warnings = append(warnings, w.Text)
			}
			all := strings.Join(warnings, "\n")
			if tt.warning == "" && all != "" || !strings.Contains(all, tt.warning) {
				t.Errorf("warnings %q, want %q", all, tt.warning)
			}
		})
	}
}

func FuzzA1111(f *testing.F) {
	f.Add("a cat <lora:fluffy:0.8> [x:y:0.5] BREAK\nNegative prompt: b\nSteps: 3, Sampler: Euler a, Size: 8x8, Hires upscale: 2, Hires prompt: \"a, \\\"b\", X: {\"a\": [1, 2]}")
	f.Add("Steps: 1, Seed: 5, Model hash: 6ce0161689")
	reader := a1111Reader(f)
	f.Fuzz(func(t *testing.T, text string) {
		if file, err := reader.readA1111(text); err == nil {
			checkFile(t, file)
			if file.Prompt.Len() < 7 {
				t.Fatalf("%d nodes", file.Prompt.Len())
			}
		}
	})
}

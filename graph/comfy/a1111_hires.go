package comfy

import (
	"fmt"
	"math"
	"regexp"
	"strings"
)

var breaks = regexp.MustCompile(`\s*\bBREAK\b\s*`)

// hires enlarges the samples and samples again where A1111 did: in latent space, by a method for pictures, or by an upscale model.
func (b *a1111Builder) hires(positive, negative, samples any, s sampling, width, height int64) any {
	factor := b.number("Hires upscale", 0, b.complain)
	w, h, resized := b.size("Hires resize", b.complain)
	denoise := b.number("Denoising strength", 1, b.complain)
	if factor <= 0 && !resized {
		if denoise < 1 {
			b.complain("the picture was made from another one (Denoising strength without Hires upscale), which is not in the file; this workflow starts from noise")
		}
		return samples
	}
	if !resized {
		w, h = int64(math.Round(float64(width)*factor)), int64(math.Round(float64(height)*factor))
	}
	w, h = up8(w), up8(h)
	if w > 16384 || h > 16384 {
		b.complain(fmt.Sprintf("the enlarged picture would be %d x %d; it was not enlarged", w, h))
		return samples
	}
	if n := b.whole("Hires steps", 0, 0, 10000, b.complain); n > 0 {
		s.steps = n
	}
	if cfg := b.number("Hires CFG scale", 0, b.complain); cfg > 0 {
		s.cfg = cfg
	}
	if name := b.field("Hires sampler"); name != "" && !strings.EqualFold(name, "Use same sampler") {
		s.sampler, s.scheduler = b.sampler(name, b.field("Hires schedule type"))
	}
	s.denoise = denoise
	p := b.hiresPrompt("Hires prompt", positive)
	n := b.hiresPrompt("Hires negative prompt", negative)
	return b.sample("Hires sampler", p, n, b.enlarge(samples, b.field("Hires upscaler"), w, h), s)
}

// hiresPrompt is the prompt of the second sampler where it has one of its own.
func (b *a1111Builder) hiresPrompt(name string, same any) any {
	text := b.field(name)
	if text == "" {
		return same
	}
	text, networks := takeNetworks(text, b.complain)
	if len(networks) > 0 {
		b.complain(name + " has LoRAs of its own, which were left out")
	}
	var embeddings []string
	if b.reader.Files != nil {
		embeddings = b.reader.Files("embeddings")
	}
	return b.encode(name, text, embeddings)
}

// enlarge returns samples of another size.
func (b *a1111Builder) enlarge(samples any, upscaler string, width, height int64) any {
	name := strings.ToLower(strings.TrimSpace(upscaler))
	if method, ok := latentUpscalers[name]; ok || name == "" {
		if !ok {
			method = "bilinear"
		}
		return link(b.add("LatentUpscale", "Hires upscale", "samples", samples, "upscale_method", method, "width", width, "height", height, "crop", "disabled"), 0)
	}
	picture := link(b.add("VAEDecode", "Hires decode", "samples", samples, "vae", b.vae), 0)
	method, ok := pictureUpscalers[name]
	if !ok {
		method = "lanczos"
		model := b.add("UpscaleModelLoader", "Upscaler", "model_name", b.upscaler(upscaler))
		picture = link(b.add("ImageUpscaleWithModel", "Hires upscale by model", "upscale_model", link(model, 0), "image", picture), 0)
	}
	picture = link(b.add("ImageScale", "Hires size", "image", picture, "upscale_method", method, "width", width, "height", height, "crop", "disabled"), 0)
	return link(b.add("VAEEncode", "Hires encode", "pixels", picture, "vae", b.vae), 0)
}

// upscaler is the file of an upscale model. The names that A1111 shows for its own differ from those of the files.
func (b *a1111Builder) upscaler(name string) string {
	if file, ok := upscalerFiles[strings.ToLower(strings.TrimSpace(name))]; ok {
		return b.file("UpscaleModelLoader", "model_name", file)
	}
	file := b.file("UpscaleModelLoader", "model_name", name)
	if strings.HasSuffix(file, ".safetensors") && !strings.HasSuffix(name, ".safetensors") && stem(file) == name {
		for _, choice := range b.choices("UpscaleModelLoader", "model_name") {
			if choice == file {
				return file
			}
		}
		return name + ".pth"
	}
	return file
}

var upscalerFiles = map[string]string{
	"r-esrgan 4x+": "RealESRGAN_x4plus.pth", "r-esrgan 4x+ anime6b": "RealESRGAN_x4plus_anime_6B.pth", "r-esrgan 2x+": "RealESRGAN_x2plus.pth",
	"esrgan_4x": "ESRGAN_4x.pth", "swinir 4x": "SwinIR_4x.pth", "r-esrgan general 4xv3": "realesr-general-x4v3.pth",
}

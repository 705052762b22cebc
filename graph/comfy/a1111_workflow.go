package comfy

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// A1111's settings become the graph that makes about the same picture: checkpoint, LoRAs, prompts, a sampler, and a second one where the
// picture was enlarged ("hires fix"). It is not the same to the bit, since A1111 draws its noise and weighs words in its own ways.

// readA1111 makes a workflow of the text.
func (r Reader) readA1111(text string) (*File, error) {
	settings, ok := parseA1111(text)
	if !ok {
		return nil, fmt.Errorf("%w: the text has no line \"Steps: …\"", ErrNoWorkflow)
	}
	b := &a1111Builder{a1111: settings, reader: r, prompt: ojson.NewObject()}
	b.build()
	f := &File{Kind: API, Source: "A1111 parameters", Prompt: b.prompt, Warnings: b.warnings}
	if r.Definitions != nil {
		if ui, err := Layout(b.prompt, r.Definitions); err == nil {
			f.Workflow = ui
			f.ExtraPNGInfo = ojson.NewObject("workflow", ui)
		}
	}
	return f, nil
}

type a1111Builder struct {
	a1111
	reader   Reader
	prompt   *ojson.Object
	warnings []Warning

	model, clip, vae any // links
}

func (b *a1111Builder) complain(text string) {
	if len(b.warnings) < maxWarnings {
		b.warnings = append(b.warnings, Warning{Text: "A1111 parameters: " + text})
	}
}

// add adds a node and returns its id.
func (b *a1111Builder) add(class, title string, inputs ...any) string {
	id := strconv.Itoa(b.prompt.Len() + 1)
	b.prompt.Set(id, ojson.NewObject("inputs", ojson.NewObject(inputs...), "class_type", class, "_meta", ojson.NewObject("title", title)))
	return id
}

func link(id string, slot int64) []any { return []any{id, slot} }

// file is the installed file that A1111 means by a name, which it writes without folder and ending; one that is not there keeps the name.
func (b *a1111Builder) file(class, input, name string) string {
	for _, choice := range b.choices(class, input) {
		if choice == name || strings.EqualFold(stem(choice), stem(name)) {
			return choice
		}
	}
	if stem(name) == name {
		name += ".safetensors"
	}
	return name
}

func (b *a1111Builder) choices(class, input string) []string {
	if b.reader.Definitions == nil {
		return nil
	}
	c := b.reader.Definitions.Class(class)
	if c == nil || c.input(input) == nil {
		return nil
	}
	return c.input(input).Choices
}

// checkpoint is the file by its name, or by its hash where no file has the name.
func (b *a1111Builder) checkpoint() string {
	name, hash := b.field("Model"), b.field("Model hash")
	file := ""
	if name != "" {
		file = b.file("CheckpointLoaderSimple", "ckpt_name", name)
	}
	installed := b.choices("CheckpointLoaderSimple", "ckpt_name")
	for _, choice := range installed {
		if choice == file {
			return file
		}
	}
	if hash != "" && b.reader.FindHash != nil {
		if found := b.reader.FindHash("checkpoints", strings.ToLower(hash)); found != "" {
			if name != "" {
				b.complain(fmt.Sprintf("the model %q is here as %s: it has the same hash", shorten(name), found))
			}
			return found
		}
	}
	switch {
	case file != "":
	case len(installed) > 0:
		file = installed[0]
		b.complain("the model is not named; taken as " + file)
	default:
		file = "model.safetensors"
		b.complain("the model is not named; set the checkpoint yourself")
	}
	return file
}

func (b *a1111Builder) build() {
	loader := b.add("CheckpointLoaderSimple", "Checkpoint", "ckpt_name", b.checkpoint())
	b.model, b.clip, b.vae = link(loader, 0), link(loader, 1), link(loader, 2)
	if vae := b.field("VAE"); vae != "" && !strings.EqualFold(vae, "None") && !strings.EqualFold(vae, "Automatic") {
		b.vae = link(b.add("VAELoader", "VAE", "vae_name", b.file("VAELoader", "vae_name", vae)), 0)
	}
	if skip := b.whole("Clip skip", 1, 1, 24, b.complain); skip > 1 {
		b.clip = link(b.add("CLIPSetLastLayer", "Clip skip", "clip", b.clip, "stop_at_clip_layer", -skip), 0)
	}
	positive, networks := takeNetworks(b.positive, b.complain)
	negative, more := takeNetworks(b.negative, b.complain)
	for _, n := range append(networks, more...) {
		b.network(n)
	}
	var embeddings []string
	if b.reader.Files != nil {
		embeddings = b.reader.Files("embeddings")
	}
	p := b.encode("Prompt", positive, embeddings)
	n := b.encode("Negative prompt", negative, embeddings)

	width, height, ok := b.size("Size", b.complain)
	if !ok {
		width, height = 512, 512
	}
	latent := b.add("EmptyLatentImage", "Size", "width", up8(width), "height", up8(height), "batch_size", int64(1))
	first := b.first()
	samples := b.sample("Sampler", p, n, link(latent, 0), first)
	samples = b.hires(p, n, samples, first, width, height)
	decoded := b.add("VAEDecode", "Decode", "samples", samples, "vae", b.vae)
	b.add("SaveImage", "Save", "images", link(decoded, 0), "filename_prefix", "ComfyUI")
	if ignored := b.ignored(); len(ignored) > 0 {
		b.complain("these settings have no counterpart here and were left out: " + list(ignored))
	}
}

// up8 is the next multiple of 8, the size of a latent cell.
func up8(n int64) int64 { return (n + 7) / 8 * 8 }

func (b *a1111Builder) network(n extraNetwork) {
	if n.kind == "hypernet" {
		b.model = link(b.add("HypernetworkLoader", n.name, "model", b.model,
			"hypernetwork_name", b.file("HypernetworkLoader", "hypernetwork_name", n.name), "strength", n.model), 0)
		return
	}
	id := b.add("LoraLoader", n.name, "model", b.model, "clip", b.clip, "lora_name", b.file("LoraLoader", "lora_name", n.name),
		"strength_model", n.model, "strength_clip", n.clip)
	b.model, b.clip = link(id, 0), link(id, 1)
}

// encode encodes a prompt; what BREAK separates is encoded by itself and appended.
func (b *a1111Builder) encode(title, text string, embeddings []string) any {
	var all any
	for i, part := range breaks.Split(text, -1) {
		name := title
		if i > 0 {
			name = fmt.Sprintf("%s, part %d", title, i+1)
		}
		one := link(b.add("CLIPTextEncode", name, "text", strings.TrimSpace(comfyText(part, embeddings, b.complain)), "clip", b.clip), 0)
		if all == nil {
			all = one
			continue
		}
		all = link(b.add("ConditioningConcat", name+" appended", "conditioning_to", all, "conditioning_from", one), 0)
	}
	return all
}

// sampling is the settings of one sampler.
type sampling struct {
	seed               uint64
	steps              int64
	cfg                float64
	sampler, scheduler string
	denoise            float64
}

func (b *a1111Builder) first() sampling {
	s := sampling{steps: b.whole("Steps", 20, 1, 10000, b.complain), cfg: b.number("CFG scale", 7, b.complain), denoise: 1}
	if seed := b.field("Seed"); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			b.complain(fmt.Sprintf("Seed is %q, which is no whole number; taken as 0", shorten(seed)))
		}
		s.seed = n
	}
	s.sampler, s.scheduler = b.sampler(b.field("Sampler"), b.field("Schedule type"))
	return s
}

func (b *a1111Builder) sampler(name, schedule string) (string, string) {
	if name == "" {
		name = "Euler"
	}
	sampler, scheduler, ok := samplerOf(name, schedule)
	if !ok {
		b.complain(fmt.Sprintf("there is no sampler %q; taken as %s with the schedule %s", strings.TrimSpace(shorten(name)+" "+shorten(schedule)), sampler, scheduler))
	}
	return sampler, scheduler
}

func (b *a1111Builder) sample(title string, positive, negative, latent any, s sampling) any {
	var seed any = int64(s.seed)
	if s.seed > math.MaxInt64 {
		seed = s.seed
	}
	return link(b.add("KSampler", title, "seed", seed, "steps", s.steps, "cfg", s.cfg, "sampler_name", s.sampler, "scheduler", s.scheduler,
		"denoise", s.denoise, "model", b.model, "positive", positive, "negative", negative, "latent_image", latent), 0)
}

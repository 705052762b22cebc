// Package estimate says beforehand what a prompt is going to take on the CPU: from the nodes that evaluate a UNet or a VAE, the sizes that
// their inputs lead to, the size of the model's file and the speed of the machine. It runs nothing and opens no model.
package estimate

import (
	"math"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// How much a network computes (docs/performance.md): operations for each weight of a UNet in one evaluation of a cell of a latent, forward
// and there and back, and operations of a VAE's decoder for each pixel.
const (
	forwardWork = 0.2
	tuningWork  = 0.4
	decoderWork = 9.5e6
)

// efficiency is how much of the speed of a large matrix product a whole UNet reaches.
const efficiency = 0.85

// activationBytes is the memory of a UNet's activations for each cell of a latent, 1.5 GB for two of 64x64 cells; going back takes tuningMemory times as
// much, 15 GB with the weights for five (16.7 measured).
const (
	activationBytes = 180e3
	tuningMemory    = 3
)

// reference is the values in a checkpoint of Stable Diffusion 1.5, of which the figures above are. Activations grow as the width of a network, of which
// its values are the square.
const reference = 1.066e9

// unetShare is the part of a checkpoint's values that the UNet has; the text encoder and the VAE have the rest.
const unetShare = 0.8

// Model is what is known of a model's file.
type Model struct {
	Values int64 // how many numbers
}

// Estimate is what a prompt takes. A node that is not in Seconds takes next to nothing, or nothing is known of it.
type Estimate struct {
	Seconds map[string]float64 // by the ids of nodes
	Bytes   int64              // of memory at the most
}

// Of estimates a prompt. model tells of the file behind an input such as ckpt_name, false where there is none; speed is operations a second in a
// large product.
func Of(prompt *ojson.Object, model func(input, name string) (Model, bool), speed float64) Estimate {
	e := Estimate{Seconds: map[string]float64{}}
	p := reader{prompt: prompt}
	for id, value := range prompt.All() {
		n, _ := value.(*ojson.Object)
		work, activations := p.cost(id, n, model)
		if work > 0 && speed > 0 {
			e.Seconds[id] = work / (efficiency * speed)
		}
		e.Bytes = max(e.Bytes, activations)
	}
	return e
}

// reader follows the links of a prompt.
type reader struct{ prompt *ojson.Object }

func (p reader) node(id string) *ojson.Object { return p.prompt.Object(id) }

// cost is the operations of a node and the memory that it needs.
func (p reader) cost(id string, n *ojson.Object, model func(input, name string) (Model, bool)) (work float64, bytes int64) {
	class := n.String("class_type")
	if class == "VAEDecode" || class == "VAEDecodeTiled" {
		cells, pictures := p.latents(id)
		size := 1.0 // larger UNets have no larger decoder
		if m, ok := p.model(id, model); ok {
			size = min(1, float64(m.Values)/reference)
		}
		return size * decoderWork * 64 * cells * pictures, 0
	}
	evaluations := p.evaluations(id, n)
	if evaluations == 0 {
		return 0, 0
	}
	m, ok := p.model(id, model)
	if !ok {
		return 0, 0
	}
	values := float64(m.Values) * unetShare
	cells, pictures := p.latents(id)
	weights := 4 * m.Values // computed in float32
	activations := activationBytes * math.Sqrt(float64(m.Values)/reference)
	if class == "TuneActor" {
		cells *= p.number(id, "auxiliary", 3) + 2 // the target and the average beside them
		return tuningWork * values * cells * evaluations, weights + int64(tuningMemory*activations*cells)
	}
	branches := 2.0
	if p.number(id, "cfg", 2) == 1 {
		branches = 1
	}
	if p.number(id, "eta2", 0) > 0 { // the average of a cluster
		branches++
	}
	cells *= pictures * branches
	return forwardWork * values * cells * evaluations, weights + int64(activations*cells)
}

// evaluations is how often a node evaluates the UNet: the steps of a sampler or of a tuning; 0 for other nodes.
func (p reader) evaluations(id string, n *ojson.Object) float64 {
	switch n.String("class_type") {
	case "KSampler", "ClusterSampler":
		return math.Ceil(p.number(id, "steps", 20) * clamp(p.number(id, "denoise", 1)))
	case "KSamplerAdvanced":
		steps := p.number(id, "steps", 20)
		return max(0, min(steps, p.number(id, "end_at_step", steps))-p.number(id, "start_at_step", 0))
	case "SamplerCustom", "SamplerCustomAdvanced", "TuneActor":
		return p.number(id, "steps", 20)
	}
	return 0
}

func clamp(x float64) float64 { return min(max(x, 0), 1) }

// latents is how many cells a picture of a node has and how many pictures there are, as the nearest node says that makes latents of a size.
func (p reader) latents(id string) (cells, pictures float64) {
	cells, pictures = 64*64, 1
	p.up(id, func(n *ojson.Object) bool {
		in := n.Object("inputs")
		w, hasWidth := number(in, "width")
		h, hasHeight := number(in, "height")
		if !hasWidth || !hasHeight || !strings.Contains(n.String("class_type"), "Latent") {
			return false
		}
		cells = w * h / 64
		if n, ok := number(in, "batch_size"); ok {
			pictures = n
		}
		return true
	})
	return cells, pictures
}

// model is the file of the nearest loader.
func (p reader) model(id string, known func(input, name string) (Model, bool)) (m Model, ok bool) {
	p.up(id, func(n *ojson.Object) bool {
		for _, input := range []string{"ckpt_name", "unet_name"} {
			if name := n.Object("inputs").String(input); name != "" {
				m, ok = known(input, name)
				return ok
			}
		}
		return false
	})
	return m, ok
}

// number is an input of the node, or of the nearest node before it that has one of that name.
func (p reader) number(id, name string, otherwise float64) float64 {
	found := otherwise
	p.up(id, func(n *ojson.Object) bool {
		v, ok := number(n.Object("inputs"), name)
		if ok {
			found = v
		}
		return ok
	})
	return found
}

func number(in *ojson.Object, name string) (float64, bool) {
	v, _ := in.Get(name)
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// up visits a node and those that feed it, the nearest first, until visit says that it has found what it looks for.
func (p reader) up(id string, visit func(n *ojson.Object) bool) {
	seen := map[string]bool{id: true}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		n := p.node(queue[0])
		if visit(n) {
			return
		}
		for _, value := range n.Object("inputs").All() {
			link, _ := value.([]any)
			if len(link) != 2 {
				continue
			}
			if from, ok := link[0].(string); ok && !seen[from] && p.node(from) != nil {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
}

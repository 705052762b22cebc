package weights

import (
	"fmt"
	"strings"
)

// canonicalText gives a CLIP text encoder's tensors their Hugging Face names; nil when they are none. Position ids,
// which are only 0, 1, 2, …, and the vision half are left out.
func canonicalText(s *Set) *Set {
	switch {
	case s.Has("text_model.embeddings.token_embedding.weight"):
	case s.Has("embeddings.token_embedding.weight"): // early files lack the outer module
		s = s.under("text_model.")
	case s.Has("token_embedding.weight") && s.Has("transformer.resblocks.0.ln_1.weight"):
		s = openCLIP(s)
	default:
		return nil
	}
	s = s.only("text_model.", "text_projection")
	delete(s.refs, "text_model.embeddings.position_ids")
	return s
}

// resblockModules are the parts of a layer, OpenCLIP to Hugging Face.
var resblockModules = modules{
	"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
	"attn.out_proj": "self_attn.out_proj",
}

// openCLIP renames an OpenCLIP text tower. The one tensor of query, key and value becomes three row ranges of it.
// text_projection [width, out] keeps its name, since Hugging Face's text_projection.weight is its transpose.
func openCLIP(s *Set) *Set {
	const layers = "transformer.resblocks."
	m := modules{
		"token_embedding": "text_model.embeddings.token_embedding",
		"ln_final":        "text_model.final_layer_norm",
	}
	for i := range newCounter(s).count(layers) {
		for from, to := range resblockModules {
			m[fmt.Sprintf("%s%d.%s", layers, i, from)] = fmt.Sprintf("text_model.encoder.layers.%d.%s", i, to)
		}
	}
	refs := make(map[string]Ref, len(s.refs)+s.Len())
	for name, r := range s.refs {
		if to, ok := m.rename(name); ok {
			refs[to] = r
			continue
		}
		number, part, _ := strings.Cut(strings.TrimPrefix(name, layers), ".")
		kind, joint := strings.CutPrefix(part, "attn.in_proj_")
		switch {
		case joint && len(r.Shape) > 0 && r.Shape[0]%3 == 0:
			for i, which := range []string{"q", "k", "v"} {
				rows := r.Shape[0] / 3
				slice, err := r.Rows(int64(i)*rows, int64(i+1)*rows)
				if err != nil {
					continue // cannot be: the range was just cut in three
				}
				refs[fmt.Sprintf("text_model.encoder.layers.%s.self_attn.%s_proj.%s", number, which, kind)] = slice
			}
		case name == "positional_embedding":
			refs["text_model.embeddings.position_embedding.weight"] = r
		case name == "text_projection":
			refs[name] = r
		}
	}
	return newSet(refs)
}

// TextKind tells the CLIP text encoders apart, which differ in padding, layer choice and activation.
type TextKind string

// The text encoders of the Stable Diffusion families.
const (
	CLIPL TextKind = "CLIP-L"     // Hugging Face names, 12 layers, width 768: SD 1.x, SDXL
	CLIPH TextKind = "OpenCLIP-H" // 24 layers, width 1024: SD 2.x
	CLIPG TextKind = "OpenCLIP-G" // 32 layers, width 1280: SDXL and its refiner
)

// textKind is told by the number of layers, as ComfyUI does it; OpenCLIP names with few layers are a small G.
func textKind(stored, canonical *Set) TextKind {
	switch layers := newCounter(canonical).count("text_model.encoder.layers."); {
	case layers > 30:
		return CLIPG
	case layers > 22:
		return CLIPH
	case stored.Has("transformer.resblocks.0.ln_1.weight"):
		return CLIPG
	}
	return CLIPL
}

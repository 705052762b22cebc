package weights

import (
	"fmt"
	"maps"
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

// openCLIP renames an OpenCLIP text tower. text_projection [width, out] keeps its name, since Hugging Face's
// text_projection.weight is its transpose.
func openCLIP(s *Set) *Set {
	return newSet(openCLIPTower(s, "transformer.resblocks.", "text_model.encoder.layers.", modules{
		"token_embedding":      "text_model.embeddings.token_embedding",
		"ln_final":             "text_model.final_layer_norm",
		"positional_embedding": "text_model.embeddings.position_embedding.weight",
		"text_projection":      "text_projection",
	}))
}

// openCLIPTower is the layers of a tower and its other modules under their Hugging Face names; the rest is left out. The one tensor of query,
// key and value becomes three row ranges of it.
func openCLIPTower(s *Set, from, to string, others modules) map[string]Ref {
	m := maps.Clone(others)
	for i := range newCounter(s).count(from) {
		for part, as := range resblockModules {
			m[fmt.Sprintf("%s%d.%s", from, i, part)] = fmt.Sprintf("%s%d.%s", to, i, as)
		}
	}
	refs := make(map[string]Ref, s.Len())
	for name, r := range s.refs {
		if as, ok := m.rename(name); ok {
			refs[as] = r
			continue
		}
		layer, inside := strings.CutPrefix(name, from)
		number, part, _ := strings.Cut(layer, ".")
		if kind, joint := strings.CutPrefix(part, "attn.in_proj_"); inside && joint {
			splitThree(refs, r, to+number+".self_attn.%s_proj."+kind)
		}
	}
	return refs
}

// splitThree adds the three equal row ranges of a joint tensor of query, key and value; one of another size is left out, so that it is
// missing where it is needed.
func splitThree(refs map[string]Ref, r Ref, name string) {
	if len(r.Shape) == 0 || r.Shape[0]%3 != 0 {
		return
	}
	rows := r.Shape[0] / 3
	for i, which := range []string{"q", "k", "v"} {
		if part, err := r.Rows(int64(i)*rows, int64(i+1)*rows); err == nil {
			refs[fmt.Sprintf(name, which)] = part
		}
	}
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

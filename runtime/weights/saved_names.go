package weights

import (
	"fmt"
	"strings"
)

// SavedName says how a tensor of a checkpoint of latent diffusion is made of weights under canonical names.
type SavedName struct {
	Name       string
	From       []string // joined along the first axis
	Transposed bool
}

// prefixes in checkpoints, as ComfyUI writes them.
const (
	savedUNet = "model.diffusion_model."
	savedVAE  = "first_stage_model."
)

// SavedUNet are the names of a UNet in a checkpoint.
func SavedUNet(set *Set) []SavedName { return prefixed(set, savedUNet) }

// SavedVAE are the names of an autoencoder in a checkpoint.
func SavedVAE(set *Set) []SavedName { return prefixed(set, savedVAE) }

// SavedAlone are the names of a VAE or a CLIP-L in a file of its own, and those of any text encoder there: Hugging Face's.
func SavedAlone(set *Set) []SavedName {
	names := prefixed(set, "")
	for i, n := range names {
		if n.Name == openCLIPProjection {
			names[i] = SavedName{hfProjection, n.From, true}
		}
	}
	return names
}

func prefixed(set *Set, prefix string) []SavedName {
	var out []SavedName
	for _, name := range set.Names() {
		out = append(out, SavedName{Name: prefix + name, From: []string{name}})
	}
	return out
}

// savedText is where the checkpoints of a family keep their text encoders; those with OpenCLIP's names end in "model.".
var savedText = map[Family]map[TextKind]string{
	SD1:         {CLIPL: "cond_stage_model.transformer."},
	SD2:         {CLIPH: "cond_stage_model.model."},
	SD2UnCLIP:   {CLIPH: "cond_stage_model.model."},
	Upscaler:    {CLIPH: "cond_stage_model.model."},
	SDXL:        {CLIPL: "conditioner.embedders.0.transformer.", CLIPG: "conditioner.embedders.1.model."},
	SDXLRefiner: {CLIPG: "conditioner.embedders.0.model."},
}

// SavedTextKinds are the text encoders that a checkpoint of the family has.
func (f Family) SavedTextKinds() []TextKind {
	var kinds []TextKind
	for _, kind := range []TextKind{CLIPL, CLIPH, CLIPG} {
		if _, ok := savedText[f][kind]; ok {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// SavedText are the names of a text encoder in a checkpoint of a family. One that such checkpoints do not have is an error that wraps ErrFamily.
func (f Family) SavedText(set *Set, kind TextKind) ([]SavedName, error) {
	prefix, ok := savedText[f][kind]
	if !ok {
		return nil, fmt.Errorf("checkpoints of the family %s have no %s text encoder: connect the encoder that belongs to the model, or save it apart with CLIPSave: %w", f, kind, ErrFamily)
	}
	if strings.HasSuffix(prefix, "model.") {
		return savedOpenCLIP(set, prefix), nil
	}
	var out []SavedName
	for _, n := range prefixed(set, prefix) {
		if from := n.From[0]; from != hfProjection && from != openCLIPProjection { // these families do not use it
			out = append(out, n)
		}
	}
	return out, nil
}

// hfProjection is Hugging Face's name for the projection; openCLIPProjection is its transpose.
const hfProjection = "text_projection.weight"

// savedOpenCLIP turns Hugging Face names back into OpenCLIP's: queries, keys and values are one tensor there.
func savedOpenCLIP(set *Set, prefix string) []SavedName {
	m := modules{
		"text_model.embeddings.token_embedding": "token_embedding",
		"text_model.final_layer_norm":           "ln_final",
	}
	for i := range newCounter(set).count("text_model.encoder.layers.") {
		for part, as := range resblockModules.inverse() {
			m[fmt.Sprintf("text_model.encoder.layers.%d.%s", i, part)] = fmt.Sprintf("transformer.resblocks.%d.%s", i, as)
		}
	}
	var out []SavedName
	for _, name := range set.Names() {
		layer, joint := strings.CutPrefix(name, "text_model.encoder.layers.")
		number, part, _ := strings.Cut(layer, ".")
		which, kind, _ := strings.Cut(strings.TrimPrefix(part, "self_attn."), "_proj.")
		switch {
		case name == hfProjection:
			out = append(out, SavedName{prefix + openCLIPProjection, []string{name}, true})
		case name == "text_model.embeddings.position_embedding.weight":
			out = append(out, SavedName{Name: prefix + "positional_embedding", From: []string{name}})
		case joint && (which == "k" || which == "v"): // with q
		case joint && which == "q":
			var from []string
			for _, of := range []string{"q", "k", "v"} {
				from = append(from, fmt.Sprintf("text_model.encoder.layers.%s.self_attn.%s_proj.%s", number, of, kind))
			}
			out = append(out, SavedName{Name: fmt.Sprintf("%stransformer.resblocks.%s.attn.in_proj_%s", prefix, number, kind), From: from})
		default:
			as, ok := m.rename(name)
			if !ok {
				as = name
			}
			out = append(out, SavedName{Name: prefix + as, From: []string{name}})
		}
	}
	return out
}

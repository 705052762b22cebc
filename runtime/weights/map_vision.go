package weights

import (
	"fmt"
	"strings"
)

// Towers is a vision transformer and, where the file has it, the text encoder that it was trained with; each under Hugging Face's names of CLIP.
type Towers struct{ Vision, Text *Set }

// Files lists the files the towers lie in.
func (t Towers) Files() []*File { return filesOf(t.Vision, t.Text) }

// OpenVision reads a file with a vision transformer: the picture tower of CLIP under Hugging Face or OpenCLIP names, alone, beside its text
// tower or in an unCLIP checkpoint, or DINOv2 under the names of Hugging Face, timm or its authors.
func OpenVision(path string) (Towers, error) {
	return opened(path, func(f *File) (Towers, error) {
		all := f.All()
		for _, foreign := range foreignVision {
			for _, prefix := range []string{"", "vision_model."} {
				if all.Has(prefix + foreign.tensor) {
					return Towers{}, fmt.Errorf("this is a vision model of the kind %s; oneactor runs those of CLIP and DINOv2: %w", foreign.kind, ErrFamily)
				}
			}
		}
		for _, prefix := range []string{"", "visual.", "embedder.model.visual.", "dinov2.", "model.", "teacher.", "backbone.", "teacher.backbone."} {
			if s := canonicalVision(all.Sub(prefix)); s != nil {
				return Towers{s, canonicalText(all)}, nil
			}
		}
		return Towers{}, fmt.Errorf("no CLIP vision tower or DINOv2 in it; %s: %w", describeFile(all), ErrFormat)
	})
}

// foreignVision is tensors of towers that look much alike but compute something else.
var foreignVision = []struct{ kind, tensor string }{
	{"SigLIP", "head.attention.in_proj_weight"},
	{"SigLIP", "embeddings.patch_embedding.bias"},
	{"DINOv3", "layer.0.attention.q_proj.weight"},
	{"ViT (DINO's first version or a classifier)", "encoder.layer.0.layernorm_before.weight"},
}

// canonicalVision gives a vision transformer's tensors the Hugging Face names of CLIP's, vision_model.… and visual_projection; nil when
// they are none. DINOv2 has in addition layer_scale1.lambda1, mlp.weights_in and the like in its layers, and embeddings.register_tokens.
func canonicalVision(s *Set) *Set {
	switch {
	case s.Has("vision_model.embeddings.class_embedding"):
		s = s.only("vision_model.", "visual_projection")
		delete(s.refs, "vision_model.embeddings.position_ids")
		return s
	case s.Has("class_embedding") && s.Has("conv1.weight"):
		return newSet(openCLIPTower(s, "transformer.resblocks.", "vision_model.encoder.layers.", modules{
			"class_embedding":      "vision_model.embeddings.class_embedding",
			"conv1":                "vision_model.embeddings.patch_embedding",
			"positional_embedding": "vision_model.embeddings.position_embedding.weight",
			"ln_pre":               "vision_model.pre_layrnorm",
			"ln_post":              "vision_model.post_layernorm",
			"proj":                 "visual_projection", // [width, out]: Hugging Face's visual_projection.weight is its transpose
		}))
	case s.Has("embeddings.cls_token") && s.Has("encoder.layer.0.layer_scale1.lambda1"):
		return newSet(dinoNames(s, "encoder.layer.", dinoHuggingFace, dinoOuterHuggingFace))
	case s.Has("cls_token") && s.Has("blocks.0.ls1.gamma"):
		return newSet(dinoNames(s, "blocks.", dinoAuthors, dinoOuterAuthors))
	}
	return nil
}

// The modules of DINOv2, its layers and the rest. timm names as the authors do, but for a few.
var (
	dinoHuggingFace = modules{
		"norm1": "layer_norm1", "norm2": "layer_norm2", "layer_scale1": "layer_scale1", "layer_scale2": "layer_scale2", "mlp": "mlp",
		"attention.attention.query": "self_attn.q_proj", "attention.attention.key": "self_attn.k_proj",
		"attention.attention.value": "self_attn.v_proj", "attention.output.dense": "self_attn.out_proj",
	}
	dinoOuterHuggingFace = modules{
		"embeddings.cls_token":                   "embeddings.class_embedding",
		"embeddings.register_tokens":             "embeddings.register_tokens",
		"embeddings.position_embeddings":         "embeddings.position_embedding.weight",
		"embeddings.patch_embeddings.projection": "embeddings.patch_embedding",
		"layernorm":                              "post_layernorm",
	}
	dinoAuthors = modules{
		"norm1": "layer_norm1", "norm2": "layer_norm2", "ls1.gamma": "layer_scale1.lambda1", "ls2.gamma": "layer_scale2.lambda1",
		"mlp": "mlp", "mlp.w12": "mlp.weights_in", "mlp.w3": "mlp.weights_out", "attn.proj": "self_attn.out_proj",
	}
	dinoOuterAuthors = modules{
		"cls_token":        "embeddings.class_embedding",
		"register_tokens":  "embeddings.register_tokens",
		"reg_token":        "embeddings.register_tokens",
		"pos_embed":        "embeddings.position_embedding.weight",
		"patch_embed.proj": "embeddings.patch_embedding",
		"norm":             "post_layernorm",
	}
)

func dinoNames(s *Set, layers string, inner, outer modules) map[string]Ref {
	const to = "vision_model."
	refs := make(map[string]Ref, s.Len())
	for name, r := range s.refs {
		layer, inside := strings.CutPrefix(name, layers)
		number, part, _ := strings.Cut(layer, ".")
		path := to + "encoder.layers." + number + "."
		if !inside {
			if as, ok := outer.rename(name); ok {
				refs[to+as] = r
			}
		} else if as, ok := inner.rename(part); ok {
			refs[path+as] = r
		} else if kind, joint := strings.CutPrefix(part, "attn.qkv."); joint {
			splitThree(refs, r, path+"self_attn.%s_proj."+kind)
		}
	}
	return refs
}

package weights

import (
	"fmt"
	"slices"
)

// ControlKind is how the file of a control network says what it adds to a UNet.
type ControlKind string

// The kinds of control networks.
const (
	PlainControl      ControlKind = "ControlNet"            // a copy of the encoder half of a UNet
	UnionControl      ControlKind = "ControlNet union"      // one that is told which kind of hint it sees
	LowRankControl    ControlKind = "control-LoRA"          // low-rank changes to the UNet that samples
	DifferenceControl ControlKind = "difference ControlNet" // differences to the UNet it was trained with
	AdapterControl    ControlKind = "T2I adapter"           // a small net of its own, which sees the hint alone
)

// ControlNet is what a file of models/controlnet holds.
type ControlNet struct {
	Kind ControlKind
	// Set has latent diffusion names without prefix (input_blocks.…, zero_convs.…, input_hint_block.…); adapters have those of
	// their authors (conv_in, body.0.block1, …). A control-LoRA has NAME.up and NAME.down in the place of most weights NAME.weight.
	Set *Set
	// Family is the family of models the network was made for.
	Family Family
}

// Files lists the file the network lies in.
func (c *ControlNet) Files() []*File { return c.Set.Files() }

// foreignControls tells control networks of other families by a tensor that only they have, the more particular ones first.
var foreignControls = []struct {
	tensor string
	family Family
}{
	{"after_proj_list.18.bias", "Hunyuan DiT"},
	{"controlnet_blocks.0.linear.weight", "Flux"},
	{"double_blocks.0.img_attn.norm.key_norm.scale", "Flux"},
	{"transformer_blocks.0.img_mlp.net.0.proj.weight", "Qwen Image"},
	{"controlnet_x_embedder.weight", "Flux"},
	{"controlnet_blocks.0.weight", "Stable Diffusion 3"},
	{"backbone.0.0.weight", "Stable Cascade"},
	{"backbone.10.blocks.0.weight", "Stable Cascade"},
}

// OpenControlNet recognises a control network by its tensors. One of a family that does not run is an error that names it and wraps
// ErrFamily, a file that is none one that says what it is.
func OpenControlNet(path string) (*ControlNet, error) {
	return opened(path, func(f *File) (*ControlNet, error) {
		all := f.All()
		for _, c := range foreignControls {
			if all.Has(c.tensor) {
				return nil, fmt.Errorf("this is a ControlNet for models of the family %s; oneactor runs those for Stable Diffusion 1, 2 and XL: %w",
					c.family, ErrFamily)
			}
		}
		c := &ControlNet{Kind: controlKind(all)}
		switch c.Kind {
		case "":
			return nil, fmt.Errorf("no ControlNet in it; %s: %w", describeFile(all), ErrFormat)
		case AdapterControl:
			c.Set = canonicalAdapter(all)
			c.Family = adapterFamily(c.Set)
		case LowRankControl:
			c.Set = all.without("lora_controlnet")
			c.Family = encoderFamily(c.Set, "middle_block.1.proj_in.down", c.Set.Has("label_emb.0.0.down"))
		default:
			c.Set = canonicalControlNet(all)
			label := c.Set.Has("label_emb.0.0.weight") || len(halfEmbedding(all)) > 0
			c.Family = encoderFamily(c.Set, "middle_block.1.proj_in.weight", label)
		}
		return c, nil
	})
}

// controlKind tells the kinds apart by a tensor that each must have; "" is no control network.
func controlKind(s *Set) ControlKind {
	switch {
	case s.Has("lora_controlnet"):
		return LowRankControl
	case canonicalControlNet(s) == nil:
		if canonicalAdapter(s) != nil {
			return AdapterControl
		}
		return ""
	case s.Has("difference"):
		return DifferenceControl
	case s.Has("control_add_embedding.linear_1.bias"):
		return UnionControl
	}
	return PlainControl
}

// encoderFamily is the family of half a UNet, as recognise tells it: SD 1.x has convolutions around its transformers, SDXL an added
// embedding (label). projection is the name of a weight in front of a transformer.
func encoderFamily(s *Set, projection string, label bool) Family {
	r, ok := s.Ref(projection)
	switch {
	case ok && len(r.Shape) == 4:
		return SD1
	case label:
		return SDXL
	case ok:
		return SD2
	}
	return ""
}

// without is the set minus some tensors.
func (s *Set) without(names ...string) *Set {
	refs := make(map[string]Ref, len(s.refs))
	for name, r := range s.refs {
		if !slices.Contains(names, name) {
			refs[name] = r
		}
	}
	return newSet(refs)
}

// Over is the tensors of both sets, those of s where both have one of the same name.
func (s *Set) Over(base *Set) *Set {
	refs := make(map[string]Ref, len(s.refs)+len(base.refs))
	for name, r := range base.refs {
		refs[name] = r
	}
	for name, r := range s.refs {
		refs[name] = r
	}
	return newSet(refs)
}

// canonicalAdapter gives a T2I adapter the names of its authors: conv_in and body.N, two blocks a level, or, for the light kind,
// body.N.in_conv, body.N.body.M and body.N.out_conv. It is nil when the tensors are none.
func canonicalAdapter(s *Set) *Set {
	if rest := s.Sub("adapter."); rest.Len() > 0 {
		s = rest
	}
	m := modules{}
	if c := newCounter(s); c.has("body.0.resnets") { // diffusers
		for i := range c.count("body.") {
			block := fmt.Sprintf("body.%d", i)
			light := c.has(block + ".out_conv")
			if !light {
				m[block] = fmt.Sprintf("body.%d", 2*i)
			}
			for j := range c.count(block + ".resnets.") {
				to := fmt.Sprintf("body.%d", 2*i+j)
				if light {
					to = fmt.Sprintf("%s.body.%d", block, j)
				}
				m[fmt.Sprintf("%s.resnets.%d", block, j)] = to
			}
		}
	}
	s = s.renamed(m)
	if s.Has("body.0.block1.weight") && s.Has("conv_in.weight") || s.Has("body.0.body.0.block1.weight") && s.Has("body.0.in_conv.weight") {
		return s
	}
	return nil
}

// adapterFamily tells adapters apart by the squares of pixels they see as one: 16x16 for SDXL, 8x8 for SD 1.x, of one or three channels.
func adapterFamily(s *Set) Family {
	if r, ok := s.Ref("conv_in.weight"); ok && len(r.Shape) == 4 && (r.Shape[1] == 256 || r.Shape[1] == 768) {
		return SDXL
	}
	return SD1
}

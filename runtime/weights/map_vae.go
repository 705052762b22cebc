package weights

import (
	"fmt"
	"slices"
	"strings"
)

// vaeParts are the modules of an autoencoder; its files often hold more (losses, discriminators, averages).
var vaeParts = []string{"encoder.", "decoder.", "quant_conv.", "post_quant_conv."}

// attentionModules are the parts of the VAE's attention, diffusers (two spellings) to latent diffusion.
var attentionModules = modules{
	"group_norm": "norm",
	"to_q":       "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out",
	"query": "q", "key": "k", "value": "v", "proj_attn": "proj_out",
}

// canonicalVAE gives an autoencoder's tensors their latent diffusion names; nil when they are no autoencoder. Half of
// one (an encoder or decoder alone) is accepted.
func canonicalVAE(s *Set) *Set {
	s = s.only(vaeParts...)
	if s.Has("decoder.up_blocks.0.resnets.0.norm1.weight") || s.Has("encoder.down_blocks.0.resnets.0.norm1.weight") {
		s = s.renamed(diffusersVAE(newCounter(s)))
	}
	if !s.Has("decoder.conv_in.weight") && !s.Has("encoder.conv_in.weight") {
		return nil
	}
	return s.convolved()
}

func diffusersVAE(c counter) modules {
	m := modules{}
	for _, half := range []string{"encoder.", "decoder."} {
		m[half+"conv_norm_out"] = half + "norm_out"
		for j := range 2 {
			m[fmt.Sprintf("%smid_block.resnets.%d", half, j)] = fmt.Sprintf("%smid.block_%d", half, j+1)
		}
		for from, to := range attentionModules {
			m[half+"mid_block.attentions.0."+from] = half + "mid.attn_1." + to
		}
	}
	level := func(from, to string) {
		for j := range c.count(from + ".resnets.") {
			a, b := fmt.Sprintf("%s.resnets.%d", from, j), fmt.Sprintf("%s.block.%d", to, j)
			m[a], m[a+".conv_shortcut"] = b, b+".nin_shortcut"
		}
	}
	for i := range c.count("encoder.down_blocks.") {
		from, to := fmt.Sprintf("encoder.down_blocks.%d", i), fmt.Sprintf("encoder.down.%d", i)
		level(from, to)
		m[from+".downsamplers.0.conv"] = to + ".downsample.conv"
	}
	// The original code numbers the decoder's levels by resolution, diffusers in the order of the forward pass.
	ups := c.count("decoder.up_blocks.")
	for i := range ups {
		from, to := fmt.Sprintf("decoder.up_blocks.%d", i), fmt.Sprintf("decoder.up.%d", ups-1-i)
		level(from, to)
		m[from+".upsamplers.0.conv"] = to + ".upsample.conv"
	}
	return m
}

// convolved views the attention's linear weights [C,C] as the 1x1 convolutions [C,C,1,1] of the original code.
func (s *Set) convolved() *Set {
	refs := make(map[string]Ref, len(s.refs))
	for name, r := range s.refs {
		if strings.Contains(name, ".mid.attn_1.") && strings.HasSuffix(name, ".weight") && len(r.Shape) == 2 {
			r.Shape = append(slices.Clone(r.Shape), 1, 1)
		}
		refs[name] = r
	}
	return newSet(refs)
}

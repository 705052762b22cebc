package weights

import "fmt"

// canonicalControlNet gives a ControlNet's tensors their latent diffusion names without prefix; nil when they are no
// ControlNet. Names only some kinds have (task_embedding, control_add_embedding, …) stay.
func canonicalControlNet(s *Set) *Set {
	if s.Has("controlnet_cond_embedding.conv_in.weight") {
		c := newCounter(s)
		m := diffusersUNet(c).modules()
		m["controlnet_cond_embedding.conv_in"] = "input_hint_block.0"
		// A SiLU, which has no tensors, lies between the convolutions: every second number is free.
		blocks := c.count("controlnet_cond_embedding.blocks.")
		for i := range blocks {
			m[fmt.Sprintf("controlnet_cond_embedding.blocks.%d", i)] = fmt.Sprintf("input_hint_block.%d", 2*(i+1))
		}
		m["controlnet_cond_embedding.conv_out"] = fmt.Sprintf("input_hint_block.%d", 2*(blocks+1))
		for i := range c.count("controlnet_down_blocks.") {
			m[fmt.Sprintf("controlnet_down_blocks.%d", i)] = fmt.Sprintf("zero_convs.%d.0", i)
		}
		m["controlnet_mid_block"] = "middle_block_out.0"
		return s.without(halfEmbedding(s)...).renamed(m)
	}
	for _, prefix := range []string{"control_model.", ""} {
		if s.Has(prefix+"zero_convs.0.0.weight") && s.Has(prefix+"input_hint_block.0.weight") {
			if prefix == "" {
				return s
			}
			return s.Sub(prefix)
		}
	}
	return nil
}

// halfEmbedding lists the tensors of an added embedding that is not whole. Diffusers has two modules of that kind, class_embedding and
// add_embedding (SDXL's), of which a net has one or none; what is left of one without both of its layers is none, as for ComfyUI.
func halfEmbedding(s *Set) []string {
	var list []string
	for _, module := range []string{"class_embedding", "add_embedding"} {
		if s.Has(module+".linear_1.weight") && s.Has(module+".linear_2.weight") {
			continue
		}
		for _, name := range []string{".linear_1.weight", ".linear_1.bias", ".linear_2.weight", ".linear_2.bias"} {
			if s.Has(module + name) {
				list = append(list, module+name)
			}
		}
	}
	return list
}

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
		return s.renamed(m)
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

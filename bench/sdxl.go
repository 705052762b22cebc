package bench

import "fmt"

// Sizes of the SDXL base model (Podell et al. 2023, configuration sd_xl_base).
const (
	sdxlContext = 2048
	sdxlVector  = 2816
)

var (
	sdxlMultiples = []int{1, 2, 4}
	sdxlDepths    = []int{0, 2, 10} // transformer blocks behind each residual block
)

// sdxlUNet lists every weight of SDXL's UNet under the names checkpoints have.
func sdxlUNet() []weight {
	var all []weight
	l := list{"model.diffusion_model.", &all}
	l.linear("time_embed.0", unetChannels, timeChannels)
	l.linear("time_embed.2", timeChannels, timeChannels)
	l.linear("label_emb.0.0", sdxlVector, timeChannels)
	l.linear("label_emb.0.2", timeChannels, timeChannels)
	l.conv("input_blocks.0.0", 4, unetChannels, 3)
	skips, channels, block := []int{unetChannels}, unetChannels, 1
	for level, multiple := range sdxlMultiples {
		for range 2 {
			out := unetChannels * multiple
			l.sub("input_blocks.%d.0", block).unetResidual(channels, out)
			l.sub("input_blocks.%d.1", block).sdxlTransformer(out, sdxlDepths[level])
			channels = out
			skips, block = append(skips, channels), block+1
		}
		if level < len(sdxlMultiples)-1 {
			l.conv(fmt.Sprintf("input_blocks.%d.0.op", block), channels, channels, 3)
			skips, block = append(skips, channels), block+1
		}
	}
	l.sub("middle_block.0").unetResidual(channels, channels)
	l.sub("middle_block.1").sdxlTransformer(channels, sdxlDepths[len(sdxlDepths)-1])
	l.sub("middle_block.2").unetResidual(channels, channels)
	block = 0
	for level := len(sdxlMultiples) - 1; level >= 0; level-- {
		for i := range 3 {
			out, skip := unetChannels*sdxlMultiples[level], skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			l.sub("output_blocks.%d.0", block).unetResidual(channels+skip, out)
			channels = out
			at := 1
			if depth := sdxlDepths[level]; depth > 0 {
				l.sub("output_blocks.%d.1", block).sdxlTransformer(out, depth)
				at = 2
			}
			if i == 2 && level > 0 {
				l.conv(fmt.Sprintf("output_blocks.%d.%d.conv", block, at), channels, channels, 3)
			}
			block++
		}
	}
	l.norm("out.0", channels)
	l.conv("out.2", channels, 4, 3)
	return all
}

// sdxlTransformer is several blocks between two linear layers; nothing at depth 0.
func (l list) sdxlTransformer(channels, depth int) {
	if depth == 0 {
		return
	}
	l.norm("norm", channels)
	l.linear("proj_in", channels, channels)
	for i := range depth {
		l.sub("transformer_blocks.%d", i).transformerBlock(channels, sdxlContext)
	}
	l.linear("proj_out", channels, channels)
}

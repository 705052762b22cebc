package bench

import "fmt"

// kind says how the values of a weight are drawn.
type kind uint8

const (
	matrix    kind = iota // standard deviation 1/sqrt(inputs): activations keep their size through a layer
	embedding             // standard deviation 0.02, as CLIP starts
	gain                  // 1, the factor of a normalisation
	bias                  // standard deviation 0.01
	positions             // 0, 1, 2, … as int64
)

// weight is one tensor of the checkpoint.
type weight struct {
	name  string
	shape []int
	kind  kind
}

// list collects weights under a name prefix.
type list struct {
	prefix  string
	weights *[]weight
}

func (l list) sub(format string, args ...any) list {
	return list{l.prefix + fmt.Sprintf(format, args...) + ".", l.weights}
}

func (l list) add(name string, k kind, shape ...int) {
	*l.weights = append(*l.weights, weight{l.prefix + name, shape, k})
}

func (l list) norm(name string, channels int) {
	l.add(name+".weight", gain, channels)
	l.add(name+".bias", bias, channels)
}

func (l list) linear(name string, in, out int) {
	l.add(name+".weight", matrix, out, in)
	l.add(name+".bias", bias, out)
}

func (l list) conv(name string, in, out, size int) {
	l.add(name+".weight", matrix, out, in, size, size)
	l.add(name+".bias", bias, out)
}

// Sizes of Stable Diffusion 1.5 (Rombach et al. 2022, configuration v1-inference).
const (
	unetChannels = 320
	timeChannels = 1280
	contextWidth = 768
	vaeChannels  = 128
	clipLayers   = 12
	clipTokens   = 49408
	clipLength   = 77
)

var vaeMultiples = []int{1, 2, 4, 4}

// sd15 lists every weight of a Stable Diffusion 1.5 checkpoint under the names such files have.
func sd15() []weight {
	var all []weight
	sd15UNet.unet(list{"model.diffusion_model.", &all})
	vae(list{"first_stage_model.", &all})
	clip(list{"cond_stage_model.transformer.text_model.", &all})
	return all
}

// unetPlan is what the UNets of the family differ in.
type unetPlan struct {
	multiples []int // channels of each level, in unetChannels
	depths    []int // transformer blocks behind each residual block of a level
	middle    int   // transformer blocks in the middle
	context   int
	vector    int  // width of the vector beside the prompt; 0 for none
	linear    bool // projections of transformers are matrices, not convolutions
}

var sd15UNet = unetPlan{multiples: []int{1, 2, 4, 4}, depths: []int{1, 1, 1, 0}, middle: 1, context: contextWidth}

func (p unetPlan) unet(l list) {
	skips, channels := p.encoder(l)
	block := 0
	for level := len(p.multiples) - 1; level >= 0; level-- {
		for i := range 3 {
			out, skip := unetChannels*p.multiples[level], skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			l.sub("output_blocks.%d.0", block).unetResidual(channels+skip, out)
			channels = out
			at := 1
			if p.depths[level] > 0 {
				p.transformer(l.sub("output_blocks.%d.1", block), out, p.depths[level])
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
}

// encoder is the half of a UNet that a ControlNet has too: the channels of every input block's result, and of the middle block's.
func (p unetPlan) encoder(l list) (skips []int, channels int) {
	l.linear("time_embed.0", unetChannels, timeChannels)
	l.linear("time_embed.2", timeChannels, timeChannels)
	if p.vector > 0 {
		l.linear("label_emb.0.0", p.vector, timeChannels)
		l.linear("label_emb.0.2", timeChannels, timeChannels)
	}
	l.conv("input_blocks.0.0", 4, unetChannels, 3)
	skips, channels, block := []int{unetChannels}, unetChannels, 1
	for level, multiple := range p.multiples {
		for range 2 {
			out := unetChannels * multiple
			l.sub("input_blocks.%d.0", block).unetResidual(channels, out)
			if p.depths[level] > 0 {
				p.transformer(l.sub("input_blocks.%d.1", block), out, p.depths[level])
			}
			channels = out
			skips, block = append(skips, channels), block+1
		}
		if level < len(p.multiples)-1 {
			l.conv(fmt.Sprintf("input_blocks.%d.0.op", block), channels, channels, 3)
			skips, block = append(skips, channels), block+1
		}
	}
	l.sub("middle_block.0").unetResidual(channels, channels)
	p.transformer(l.sub("middle_block.1"), channels, p.middle)
	l.sub("middle_block.2").unetResidual(channels, channels)
	return skips, channels
}

// hintChannels are those of the convolutions that see the hint of a ControlNet.
var hintChannels = []int{3, 16, 16, 32, 32, 96, 96, 256, unetChannels}

// controlNet lists every weight of a ControlNet for Stable Diffusion 1.5.
func controlNet() []weight {
	var all []weight
	l := list{"control_model.", &all}
	skips, channels := sd15UNet.encoder(l)
	for i, c := range skips {
		l.conv(fmt.Sprintf("zero_convs.%d.0", i), c, c, 1)
	}
	l.conv("middle_block_out.0", channels, channels, 1)
	for i, c := range hintChannels[1:] {
		l.conv(fmt.Sprintf("input_hint_block.%d", 2*i), hintChannels[i], c, 3)
	}
	return all
}

func (l list) unetResidual(in, out int) {
	l.norm("in_layers.0", in)
	l.conv("in_layers.2", in, out, 3)
	l.linear("emb_layers.1", timeChannels, out)
	l.norm("out_layers.0", out)
	l.conv("out_layers.3", out, out, 3)
	if in != out {
		l.conv("skip_connection", in, out, 1)
	}
}

// transformer is several blocks between two projections.
func (p unetPlan) transformer(l list, channels, depth int) {
	project := func(name string) {
		if p.linear {
			l.linear(name, channels, channels)
		} else {
			l.conv(name, channels, channels, 1)
		}
	}
	l.norm("norm", channels)
	project("proj_in")
	for i := range depth {
		l.sub("transformer_blocks.%d", i).transformerBlock(channels, p.context)
	}
	project("proj_out")
}

// transformerBlock is self-attention, attention to a context of some width and a feed-forward layer.
func (l list) transformerBlock(channels, context int) {
	for _, attention := range []struct {
		name    string
		context int
	}{{"attn1", channels}, {"attn2", context}} {
		a := l.sub("%s", attention.name)
		a.add("to_q.weight", matrix, channels, channels)
		a.add("to_k.weight", matrix, channels, attention.context)
		a.add("to_v.weight", matrix, channels, attention.context)
		a.linear("to_out.0", channels, channels)
	}
	l.linear("ff.net.0.proj", channels, 8*channels)
	l.linear("ff.net.2", 4*channels, channels)
	for _, name := range []string{"norm1", "norm2", "norm3"} {
		l.norm(name, channels)
	}
}

func vae(l list) {
	l.sub("encoder").vaeEncoder()
	l.sub("decoder").vaeDecoder()
	l.conv("quant_conv", 8, 8, 1)
	l.conv("post_quant_conv", 4, 4, 1)
}

func (l list) vaeEncoder() {
	channels := vaeChannels
	l.conv("conv_in", 3, channels, 3)
	for level, multiple := range vaeMultiples {
		for i := range 2 {
			l.sub("down.%d.block.%d", level, i).vaeResidual(channels, vaeChannels*multiple)
			channels = vaeChannels * multiple
		}
		if level < len(vaeMultiples)-1 {
			l.conv(fmt.Sprintf("down.%d.downsample.conv", level), channels, channels, 3)
		}
	}
	l.vaeMiddle(channels)
	l.norm("norm_out", channels)
	l.conv("conv_out", channels, 8, 3)
}

func (l list) vaeDecoder() {
	channels := vaeChannels * vaeMultiples[len(vaeMultiples)-1]
	l.conv("conv_in", 4, channels, 3)
	l.vaeMiddle(channels)
	for level := len(vaeMultiples) - 1; level >= 0; level-- {
		for i := range 3 {
			l.sub("up.%d.block.%d", level, i).vaeResidual(channels, vaeChannels*vaeMultiples[level])
			channels = vaeChannels * vaeMultiples[level]
		}
		if level > 0 {
			l.conv(fmt.Sprintf("up.%d.upsample.conv", level), channels, channels, 3)
		}
	}
	l.norm("norm_out", channels)
	l.conv("conv_out", channels, 3, 3)
}

func (l list) vaeMiddle(channels int) {
	l.sub("mid.block_1").vaeResidual(channels, channels)
	attention := l.sub("mid.attn_1")
	attention.norm("norm", channels)
	for _, name := range []string{"q", "k", "v", "proj_out"} {
		attention.conv(name, channels, channels, 1)
	}
	l.sub("mid.block_2").vaeResidual(channels, channels)
}

func (l list) vaeResidual(in, out int) {
	l.norm("norm1", in)
	l.conv("conv1", in, out, 3)
	l.norm("norm2", out)
	l.conv("conv2", out, out, 3)
	if in != out {
		l.conv("nin_shortcut", in, out, 1)
	}
}

func clip(l list) {
	l.add("embeddings.token_embedding.weight", embedding, clipTokens, contextWidth)
	l.add("embeddings.position_embedding.weight", embedding, clipLength, contextWidth)
	l.add("embeddings.position_ids", positions, 1, clipLength)
	for i := range clipLayers {
		layer := l.sub("encoder.layers.%d", i)
		for _, name := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			layer.linear("self_attn."+name, contextWidth, contextWidth)
		}
		layer.norm("layer_norm1", contextWidth)
		layer.linear("mlp.fc1", contextWidth, 4*contextWidth)
		layer.linear("mlp.fc2", 4*contextWidth, contextWidth)
		layer.norm("layer_norm2", contextWidth)
	}
	l.norm("final_layer_norm", contextWidth)
}

package weights

import "fmt"

// unetLayout is how many blocks a UNet has: all that its two namings need to know of each other.
type unetLayout struct {
	down, up []unetLevel
	middle   unetLevel // resnets and attention
}

// unetLevel is one resolution. Levels run in the order of the forward pass: fine to coarse down, coarse to fine up.
type unetLevel struct {
	resnets   int
	attention bool
	resample  bool // ends in a convolution to the next resolution
}

// diffusersUNet counts the blocks of a UNet, or the half of one that a ControlNet is, with diffusers names.
func diffusersUNet(c counter) unetLayout {
	var l unetLayout
	levels := func(kind, resample string) (list []unetLevel) {
		for i := range c.count(kind) {
			block := fmt.Sprintf("%s%d.", kind, i)
			list = append(list, unetLevel{
				resnets: c.count(block + "resnets."), attention: c.has(block + "attentions"), resample: c.has(block + resample),
			})
		}
		return list
	}
	l.down, l.up = levels("down_blocks.", "downsamplers"), levels("up_blocks.", "upsamplers")
	l.middle = unetLevel{resnets: c.count("mid_block.resnets."), attention: c.has("mid_block.attentions")}
	return l
}

// ldmUNet counts the same from latent diffusion names.
func ldmUNet(c counter) unetLayout {
	var l unetLayout
	var level unetLevel
	for i := 1; i < c.count("input_blocks."); i++ {
		block := fmt.Sprintf("input_blocks.%d.", i)
		if c.has(block + "0.op") {
			level.resample = true
			l.down, level = append(l.down, level), unetLevel{}
			continue
		}
		level.resnets++
		level.attention = level.attention || c.has(block+"1")
	}
	l.down, level = append(l.down, level), unetLevel{}
	for i := range c.count("output_blocks.") {
		block := fmt.Sprintf("output_blocks.%d.", i)
		level.resnets++
		level.attention = level.attention || c.has(block+"1.transformer_blocks")
		if c.has(block+"1.conv") || c.has(block+"2.conv") {
			level.resample = true
			l.up, level = append(l.up, level), unetLevel{}
		}
	}
	l.up = append(l.up, level)
	l.middle.attention = c.has("middle_block.1.transformer_blocks")
	if n := c.count("middle_block."); n > 0 {
		l.middle.resnets = n
		if l.middle.attention {
			l.middle.resnets--
		}
	}
	return l
}

// resnetModules are the parts of a residual block, diffusers to latent diffusion.
var resnetModules = modules{
	"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
	"norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}

// modules maps diffusers module names to latent diffusion ones.
func (l unetLayout) modules() modules {
	m := modules{
		"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
		"time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
		"add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
		"class_embedding":          "label_emb", // a table
		"class_embedding.linear_1": "label_emb.0.0", "class_embedding.linear_2": "label_emb.0.2",
	}
	resnet := func(from, to string) {
		for a, b := range resnetModules {
			m[from+"."+a] = to + "." + b
		}
	}
	at := 1
	for i, level := range l.down {
		block := fmt.Sprintf("down_blocks.%d.", i)
		for j := range level.resnets {
			resnet(fmt.Sprintf("%sresnets.%d", block, j), fmt.Sprintf("input_blocks.%d.0", at))
			m[fmt.Sprintf("%sattentions.%d", block, j)] = fmt.Sprintf("input_blocks.%d.1", at)
			at++
		}
		if level.resample {
			m[block+"downsamplers.0.conv"] = fmt.Sprintf("input_blocks.%d.0.op", at)
			at++
		}
	}
	at = 0
	for j := range l.middle.resnets {
		resnet(fmt.Sprintf("mid_block.resnets.%d", j), fmt.Sprintf("middle_block.%d", at))
		at++
		if j == 0 && l.middle.attention {
			m["mid_block.attentions.0"] = fmt.Sprintf("middle_block.%d", at)
			at++
		}
	}
	at = 0
	for i, level := range l.up {
		block := fmt.Sprintf("up_blocks.%d.", i)
		for j := range level.resnets {
			resnet(fmt.Sprintf("%sresnets.%d", block, j), fmt.Sprintf("output_blocks.%d.0", at))
			m[fmt.Sprintf("%sattentions.%d", block, j)] = fmt.Sprintf("output_blocks.%d.1", at)
			at++
		}
		if level.resample {
			// The convolution is the last part of the level's last block, after the attention where there is one.
			part := 1
			if level.attention {
				part = 2
			}
			m[block+"upsamplers.0.conv"] = fmt.Sprintf("output_blocks.%d.%d.conv", at-1, part)
		}
	}
	return m
}

// canonicalUNet gives a UNet's tensors their latent diffusion names; nil when they are no UNet of that kind.
func canonicalUNet(s *Set) *Set {
	switch {
	case s.Has("input_blocks.0.0.weight"):
		return s
	case s.Has("conv_in.weight") && s.Has("time_embedding.linear_1.weight"):
		return s.renamed(diffusersUNet(newCounter(s)).modules())
	}
	return nil
}

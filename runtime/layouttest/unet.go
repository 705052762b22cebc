// Package layouttest makes UNets of any plan for tests: lists of tensors under the names of latent diffusion or of diffusers, in the same
// order, so that one can be compared with the other. The plans of published models are in Plans. Only tests import this package.
package layouttest

import "fmt"

// UNet is the plan of a UNet of the Stable Diffusion kind.
type UNet struct {
	In      int
	Widths  []int // channels of each level, fine to coarse
	Resnets int   // residual blocks of a level on the way down; one more on the way up

	Down   []int // transformer blocks behind each residual block of a level
	Middle int   // transformer blocks in the middle; -1 for one residual block alone, -2 for no middle
	Up     []int // transformer blocks of each output block, in the order of the forward pass; nil mirrors Down

	Context     int
	Label       int // width of the vector, 0 for none
	Convolution bool
	Guidance    int    // width of the embedding of the guidance scale (LCM), 0 for none
	Classes     int    // rows of the table of levels (x4 upscaler), 0 for none
	PromptOnly  []bool // of each level: its transformers look at the prompt twice instead of at the picture (x4 upscaler)
}

// Plans are the UNets of published models with their depths; widths are small, head widths of 64 included.
var Plans = map[string]UNet{
	"SD 1.5":     {In: 4, Widths: []int{32, 64, 64, 64}, Resnets: 2, Down: []int{1, 1, 1, 0}, Middle: 1, Context: 24, Convolution: true},
	"LCM":        {In: 4, Widths: []int{32, 64, 64, 64}, Resnets: 2, Down: []int{1, 1, 1, 0}, Middle: 1, Context: 24, Convolution: true, Guidance: 16},
	"SD 2.1":     {In: 4, Widths: []int{64, 64, 128, 128}, Resnets: 2, Down: []int{1, 1, 1, 0}, Middle: 1, Context: 24},
	"SDXL":       {In: 4, Widths: []int{32, 64, 128}, Resnets: 2, Down: []int{0, 2, 10}, Middle: 10, Context: 24, Label: 2816},
	"refiner":    {In: 4, Widths: []int{32, 64, 128, 128}, Resnets: 2, Down: []int{0, 4, 4, 0}, Middle: 4, Context: 24, Label: 2560},
	"SSD-1B":     {In: 4, Widths: []int{32, 64, 128}, Resnets: 2, Down: []int{0, 2, 4}, Middle: -1, Up: []int{4, 4, 10, 2, 1, 1, 0, 0, 0}, Context: 24, Label: 2816},
	"Vega":       {In: 4, Widths: []int{32, 64, 128}, Resnets: 2, Down: []int{0, 1, 2}, Middle: -1, Up: []int{2, 2, 2, 1, 1, 1, 0, 0, 0}, Context: 24, Label: 2816},
	"KOALA-700M": {In: 4, Widths: []int{32, 64, 128}, Resnets: 1, Down: []int{0, 2, 5}, Middle: -2, Context: 24, Label: 2816},
	"upscaler":   {In: 7, Widths: []int{32, 64, 64, 128}, Resnets: 2, Down: []int{0, 1, 1, 1}, Middle: 1, Context: 24, Classes: 1000, PromptOnly: []bool{true, true, true, false}},
	"KOALA-1B":   {In: 4, Widths: []int{32, 64, 128}, Resnets: 1, Down: []int{0, 2, 6}, Middle: 6, Context: 24, Label: 2816},
}

// Tensor is a name under each naming and a shape.
type Tensor struct {
	LDM, Diffusers string
	Shape          []int
}

// Tensors lists the weights of the plan.
func (u UNet) Tensors() []Tensor {
	l := &lister{unet: u}
	emb := 4 * u.Widths[0]
	l.conv("input_blocks.0.0", "conv_in", u.Widths[0], u.In, 3)
	l.linear("time_embed.0", "time_embedding.linear_1", emb, u.Widths[0])
	l.linear("time_embed.2", "time_embedding.linear_2", emb, emb)
	if u.Guidance > 0 {
		l.add("time_embed.cond_proj.weight", "time_embedding.cond_proj.weight", u.Widths[0], u.Guidance)
	}
	if u.Label > 0 {
		l.linear("label_emb.0.0", "add_embedding.linear_1", emb, u.Label)
		l.linear("label_emb.0.2", "add_embedding.linear_2", emb, emb)
	}
	if u.Classes > 0 {
		l.add("label_emb.weight", "class_embedding.weight", u.Classes, emb)
	}
	c := u.Widths[0]
	skips := []int{c}
	at := 1
	for level, width := range u.Widths {
		l.promptOnly = level < len(u.PromptOnly) && u.PromptOnly[level]
		for r := range u.Resnets {
			l.resnet(fmt.Sprintf("input_blocks.%d.0", at), fmt.Sprintf("down_blocks.%d.resnets.%d", level, r), c, width)
			l.transformer(fmt.Sprintf("input_blocks.%d.1", at), fmt.Sprintf("down_blocks.%d.attentions.%d", level, r), width, u.Down[level])
			c = width
			skips = append(skips, c)
			at++
		}
		if level < len(u.Widths)-1 {
			l.conv(fmt.Sprintf("input_blocks.%d.0.op", at), fmt.Sprintf("down_blocks.%d.downsamplers.0.conv", level), c, c, 3)
			skips = append(skips, c)
			at++
		}
	}
	l.promptOnly = false
	l.middle(c)
	at = 0
	for up := range u.Widths {
		level := len(u.Widths) - 1 - up
		l.promptOnly = level < len(u.PromptOnly) && u.PromptOnly[level]
		for r := range u.Resnets + 1 {
			depth := u.Down[level]
			if u.Up != nil {
				depth = u.Up[at]
			}
			skip := skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			l.resnet(fmt.Sprintf("output_blocks.%d.0", at), fmt.Sprintf("up_blocks.%d.resnets.%d", up, r), c+skip, u.Widths[level])
			l.transformer(fmt.Sprintf("output_blocks.%d.1", at), fmt.Sprintf("up_blocks.%d.attentions.%d", up, r), u.Widths[level], depth)
			c = u.Widths[level]
			if r == u.Resnets && level > 0 {
				part := 1
				if depth > 0 {
					part = 2
				}
				l.conv(fmt.Sprintf("output_blocks.%d.%d.conv", at, part), fmt.Sprintf("up_blocks.%d.upsamplers.0.conv", up), c, c, 3)
			}
			at++
		}
	}
	l.norm("out.0", "conv_norm_out", c)
	l.conv("out.2", "conv_out", 4, c, 3)
	return l.list
}

// lister collects tensors.
type lister struct {
	unet       UNet
	list       []Tensor
	promptOnly bool // in this level
}

func (l *lister) add(ldm, diffusers string, shape ...int) {
	l.list = append(l.list, Tensor{ldm, diffusers, shape})
}

// both adds the weight and bias of a module.
func (l *lister) both(ldm, diffusers string, out int, rest ...int) {
	l.add(ldm+".weight", diffusers+".weight", append([]int{out}, rest...)...)
	l.add(ldm+".bias", diffusers+".bias", out)
}

func (l *lister) norm(ldm, diffusers string, c int)          { l.both(ldm, diffusers, c) }
func (l *lister) linear(ldm, diffusers string, out, in int)  { l.both(ldm, diffusers, out, in) }
func (l *lister) conv(ldm, diffusers string, out, in, k int) { l.both(ldm, diffusers, out, in, k, k) }

func (l *lister) resnet(ldm, diffusers string, in, out int) {
	l.norm(ldm+".in_layers.0", diffusers+".norm1", in)
	l.conv(ldm+".in_layers.2", diffusers+".conv1", out, in, 3)
	l.linear(ldm+".emb_layers.1", diffusers+".time_emb_proj", out, 4*l.unet.Widths[0])
	l.norm(ldm+".out_layers.0", diffusers+".norm2", out)
	l.conv(ldm+".out_layers.3", diffusers+".conv2", out, out, 3)
	if in != out {
		l.conv(ldm+".skip_connection", diffusers+".conv_shortcut", out, in, 1)
	}
}

func (l *lister) transformer(ldm, diffusers string, c, depth int) {
	if depth <= 0 {
		return
	}
	projection := func(name string) {
		if l.unet.Convolution {
			l.conv(ldm+name, diffusers+name, c, c, 1)
		} else {
			l.linear(ldm+name, diffusers+name, c, c)
		}
	}
	l.norm(ldm+".norm", diffusers+".norm", c)
	projection(".proj_in")
	for i := range depth {
		block := fmt.Sprintf(".transformer_blocks.%d", i)
		a, b := ldm+block, diffusers+block
		for _, n := range []string{".norm1", ".norm2", ".norm3"} {
			l.norm(a+n, b+n, c)
		}
		self := c
		if l.promptOnly {
			self = l.unet.Context
		}
		for _, attention := range []struct {
			name   string
			source int
		}{{".attn1", self}, {".attn2", l.unet.Context}} {
			l.add(a+attention.name+".to_q.weight", b+attention.name+".to_q.weight", c, c)
			l.add(a+attention.name+".to_k.weight", b+attention.name+".to_k.weight", c, attention.source)
			l.add(a+attention.name+".to_v.weight", b+attention.name+".to_v.weight", c, attention.source)
			l.linear(a+attention.name+".to_out.0", b+attention.name+".to_out.0", c, c)
		}
		l.linear(a+".ff.net.0.proj", b+".ff.net.0.proj", 8*c, c)
		l.linear(a+".ff.net.2", b+".ff.net.2", c, 4*c)
	}
	projection(".proj_out")
}

func (l *lister) middle(c int) {
	depth := l.unet.Middle
	if depth < -1 {
		return
	}
	l.resnet("middle_block.0", "mid_block.resnets.0", c, c)
	if depth < 0 {
		return
	}
	l.transformer("middle_block.1", "mid_block.attentions.0", c, depth)
	l.resnet("middle_block.2", "mid_block.resnets.1", c, c)
}

package model

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/weights"
)

// UNetConfig is what the shapes of a UNet's weights say about it.
type UNetConfig struct {
	InChannels    int // 4; 9 for inpainting models, 8 for InstructPix2Pix
	OutChannels   int
	ModelChannels int // of the first block, and the width of the timestep embedding
	ContextDim    int // width of the text embedding; 0 without cross-attention
	LabelDim      int // width of the vector input y; 0 for SD 1.x
	Classes       int // y is one whole number below this, which a row of a table stands for; 0 where it is a vector
	Heads         int // attention heads; 0 when HeadDim decides
	HeadDim       int // width of a head; 0 when Heads decides

	// AttentionWidths are the widths of the rows that attention reads, sorted: ContextDim, and the channels where there are transformers.
	AttentionWidths []int

	// SkipChannels and SkipLevels are, for each input block, the channels of its result and how often H and W were halved.
	SkipChannels   []int
	SkipLevels     []int
	MiddleChannels int

	input, output []block
	middle        block
}

// Levels is how often the UNet halves height and width; a latent divisible by 2^Levels is one that UNetOptions.Even accepts.
func (c UNetConfig) Levels() int { return c.SkipLevels[len(c.SkipLevels)-1] }

// ReadUNet works out the structure of a UNet from weights under latent diffusion names. The error wraps ErrUnsupported.
func ReadUNet(set *weights.Set) (UNetConfig, error) {
	c, err := readEncoder(set)
	if err != nil {
		return c, fmt.Errorf("UNet: %w", err)
	}
	c.output = readBlocks(set, "output_blocks")
	c.OutChannels = int(size(set, "out.2.weight", 0))
	switch {
	case len(c.output) != len(c.input):
		return c, fmt.Errorf("UNet: %d input blocks and %d output blocks; as many are wanted: %w", len(c.input), len(c.output), ErrUnsupported)
	case c.OutChannels == 0:
		return c, fmt.Errorf("UNet: weight out.2.weight is missing: %w", ErrUnsupported)
	}
	return c, nil
}

// readEncoder reads what UNet and ControlNet share: input blocks and middle block.
func readEncoder(set *weights.Set) (UNetConfig, error) {
	c := UNetConfig{input: readBlocks(set, "input_blocks"), middle: readBlock(set, "middle_block")}
	switch {
	case len(c.input) == 0 || c.input[0][0].kind != convPart:
		return c, fmt.Errorf("weight input_blocks.0.0.weight is missing: %w", ErrUnsupported)
	case !set.Has("time_embed.0.weight"):
		return c, fmt.Errorf("weight time_embed.0.weight is missing: %w", ErrUnsupported)
	}
	first := c.input[0][0].outWeight()
	c.InChannels, c.ModelChannels = int(size(set, first, 1)), int(size(set, first, 0))
	if width := size(set, "time_embed.0.weight", 1); int(width) != c.ModelChannels || width%2 != 0 {
		return c, fmt.Errorf("timestep embedding of width %d for %d channels: %w", width, c.ModelChannels, ErrUnsupported)
	}
	c.LabelDim = int(size(set, "label_emb.0.0.weight", 1))
	if c.Classes = int(size(set, "label_emb.weight", 0)); c.Classes > 0 {
		c.LabelDim = 1
	}
	level := 0
	for _, b := range c.input {
		if b.down() {
			level++
		}
		c.SkipChannels = append(c.SkipChannels, int(b.channelsOut(set)))
		c.SkipLevels = append(c.SkipLevels, level)
	}
	c.MiddleChannels = c.SkipChannels[len(c.SkipChannels)-1]
	if len(c.middle) > 0 { // KOALA-700M has none
		c.MiddleChannels = int(c.middle.channelsOut(set))
	}
	return c, c.readAttention(set)
}

// readAttention finds the context width and the rule of the family for heads: SD 1.x stores proj_in as a convolution and has 8
// heads everywhere, as the upscaler has; SD 2 and SDXL store a matrix and have heads of width 64.
func (c *UNetConfig) readAttention(set *weights.Set) error {
	for _, b := range append(c.input, c.middle) {
		for _, p := range b {
			if p.kind != transformerPart {
				continue
			}
			if p.depth == 0 {
				return fmt.Errorf("%s has no transformer blocks: %w", p.path, ErrUnsupported)
			}
			c.ContextDim = int(size(set, p.path+".transformer_blocks.0.attn2.to_k.weight", 1))
			if r, _ := set.Ref(p.path + ".proj_in.weight"); len(r.Shape) == 4 || c.Classes > 0 {
				c.Heads = 8
			} else {
				c.HeadDim = 64
			}
			c.AttentionWidths = append(c.AttentionWidths, c.ContextDim, int(size(set, p.path+".proj_in.weight", 0)))
		}
	}
	slices.Sort(c.AttentionWidths)
	c.AttentionWidths = slices.Compact(c.AttentionWidths)
	return nil
}

// heads is the number of attention heads at a width.
func (c UNetConfig) heads(channels int64) int64 {
	if c.HeadDim > 0 {
		return channels / int64(c.HeadDim)
	}
	return int64(c.Heads)
}

package model

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/weights"
)

// partKind is one kind of layer that UNet blocks are made of.
type partKind uint8

const (
	convPart partKind = iota
	residualPart
	transformerPart
	downPart
	upPart
)

// part is one layer of a UNet block: input_blocks.4.1 is part 1 of input block 4.
type part struct {
	kind  partKind
	path  string
	depth int // transformer blocks of a transformerPart
}

// block is the layers of one UNet block in order.
type block []part

// marks tell the kind of a part by a weight that only this kind has, tried in order.
var marks = []struct {
	kind   partKind
	weight string
}{
	{residualPart, ".in_layers.0.weight"},
	{transformerPart, ".proj_in.weight"},
	{downPart, ".op.weight"},
	{upPart, ".conv.weight"},
	{convPart, ".weight"},
}

// readBlock lists the parts of the block at path; none when the block does not exist.
func readBlock(set *weights.Set, path string) block {
	var b block
	for {
		p, ok := readPart(set, fmt.Sprintf("%s.%d", path, len(b)))
		if !ok {
			return b
		}
		b = append(b, p)
	}
}

func readPart(set *weights.Set, path string) (part, bool) {
	for _, m := range marks {
		if !set.Has(path + m.weight) {
			continue
		}
		p := part{kind: m.kind, path: path}
		for m.kind == transformerPart && set.Has(fmt.Sprintf("%s.transformer_blocks.%d.norm1.weight", path, p.depth)) {
			p.depth++
		}
		return p, true
	}
	return part{}, false
}

// readBlocks lists the blocks at path.0, path.1, ….
func readBlocks(set *weights.Set, path string) []block {
	var blocks []block
	for {
		b := readBlock(set, fmt.Sprintf("%s.%d", path, len(blocks)))
		if len(b) == 0 {
			return blocks
		}
		blocks = append(blocks, b)
	}
}

// outWeight is the weight whose rows are the output channels of a part.
func (p part) outWeight() string {
	switch p.kind {
	case residualPart:
		return p.path + ".out_layers.3.weight"
	case transformerPart:
		return p.path + ".proj_out.weight"
	case downPart:
		return p.path + ".op.weight"
	case upPart:
		return p.path + ".conv.weight"
	}
	return p.path + ".weight"
}

// channelsOut is the number of channels a block returns.
func (b block) channelsOut(set *weights.Set) int64 {
	return size(set, b[len(b)-1].outWeight(), 0)
}

// down says whether a block halves height and width.
func (b block) down() bool { return b.has(downPart) }

// up says whether a block doubles height and width.
func (b block) up() bool { return b.has(upPart) }

func (b block) has(kind partKind) bool {
	return slices.ContainsFunc(b, func(p part) bool { return p.kind == kind })
}

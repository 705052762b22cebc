package model

// Size is the height and width of a picture inside a UNet, in cells.
type Size struct{ H, W int }

// half is the size after a block that halves it, rounding up.
func (s Size) half() Size { return Size{(s.H + 1) / 2, (s.W + 1) / 2} }

// UNetSizes are the sizes of the pictures inside a UNet.
type UNetSizes struct {
	Encoded []Size // what input block i makes of what reaches it
	Kept    []Size // skip i
	Middle  Size   // of the middle block
	Arrives []Size // what the output block that reads skip i brings along
	Layers  []Size // of each transformer block, in the order in which they run
}

// Sizes follows a latent through the network. shrink is what becomes of a picture of that size behind input block i, before (kept) and after
// the output block's skip is taken; nil where nothing does.
func (c UNetConfig) Sizes(latent Size, shrink func(i int, kept bool, s Size) Size) UNetSizes {
	if shrink == nil {
		shrink = func(_ int, _ bool, s Size) Size { return s }
	}
	var out UNetSizes
	at := latent
	layers := func(b block) {
		for _, p := range b {
			for range p.depth {
				out.Layers = append(out.Layers, at)
			}
		}
	}
	for i, b := range c.input {
		if b.down() {
			at = at.half()
		}
		layers(b)
		out.Encoded = append(out.Encoded, at)
		at = shrink(i, true, at)
		out.Kept = append(out.Kept, at)
		at = shrink(i, false, at)
	}
	out.Middle = at
	layers(c.middle)
	out.Arrives = make([]Size, len(c.input))
	for i, b := range c.output {
		skip := len(c.input) - 1 - i
		out.Arrives[skip] = at
		at = out.Kept[skip]
		layers(b)
		if b.up() && skip > 0 {
			at = out.Kept[skip-1]
		}
	}
	return out
}

// MiddleLayers are the transformer blocks [from,to) of the middle block, in the order in which they run.
func (c UNetConfig) MiddleLayers() (from, to int) {
	for _, b := range c.input {
		for _, p := range b {
			from += p.depth
		}
	}
	to = from
	for _, p := range c.middle {
		to += p.depth
	}
	return from, to
}

package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// readCompact reads Real-ESRGAN's compact network (SRVGGNetCompact): convolutions with learned slopes between them.
func readCompact(set *weights.Set) (UpscalerConfig, error) {
	c := UpscalerConfig{Features: int(size(set, "body.0.weight", 0)), shuffle: 1}
	for set.Has(fmt.Sprintf("body.%d.weight", c.blocks)) {
		c.blocks++
	}
	last := fmt.Sprintf("body.%d.weight", c.blocks-1)
	in, out := size(set, "body.0.weight", 1), size(set, last, 0)
	c.Scale = shuffleScale(out)
	if c.blocks%2 == 0 || c.blocks < 3 || c.Scale == 0 {
		return c, fmt.Errorf("%d layers, the last with %d channels: the file is incomplete, or of another kind: %w", c.blocks, out, ErrUnsupported)
	}
	c.Large = max(3, c.Features/(c.Scale*c.Scale))
	return c, pictureChannels(in, 3)
}

func (n *net) compact(image *onnx.Value, c UpscalerConfig) *onnx.Value {
	x := image
	for i := range c.blocks {
		path := fmt.Sprintf("body.%d", i)
		if i%2 == 0 {
			x = n.convSame(x, path)
		} else {
			x = n.Op("PRelu", x, n.weightAs(path+".weight", n.size(path+".weight", 0), 1, 1))
		}
	}
	s := float32(c.Scale)
	base := n.Op("Resize", image, nil, n.Const("scales", []float32{1, 1, s, s}, 4), onnx.Str("mode", "nearest"),
		onnx.Str("coordinate_transformation_mode", "asymmetric"), onnx.Str("nearest_mode", "floor"))
	return n.Add(n.shuffled(x, c.Scale), base)
}

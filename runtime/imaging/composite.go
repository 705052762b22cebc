package imaging

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Composite lays source over destination with its corner at cell (x,y), which may lie outside. mask [M,1,h,w] of any size says
// how much of the source shows (1 = all); nil shows all of it. Source and mask are repeated to the destination's batch.
func Composite(destination, source, mask *tensor.Tensor, x, y int) (*tensor.Tensor, error) {
	n, c, h, w, err := planeShape("composite: destination", destination)
	if err != nil {
		return nil, err
	}
	_, sc, sh, sw, err := planeShape("composite: source", source)
	if err != nil {
		return nil, err
	}
	if sc != c {
		return nil, fmt.Errorf("composite: the source has %d channels, the destination %d: %w", sc, c, tensor.ErrShape)
	}
	source = source.Repeat(n)
	if mask != nil {
		if mask, err = Resize(mask, sh, sw, Bilinear); err != nil {
			return nil, err
		}
		if mask.Shape[1] != 1 {
			return nil, fmt.Errorf("composite: the mask has %d channels; want 1: %w", mask.Shape[1], tensor.ErrShape)
		}
		mask = mask.Repeat(n)
	}
	out := destination.Clone()
	from, to := max(0, -x), min(sw, w-x) // columns of the source that show
	if from >= to {
		return out, nil
	}
	for p := range n * c {
		for row := max(0, -y); row < min(sh, h-y); row++ {
			dst := out.Data[(p*h+y+row)*w+x+from:][:to-from]
			src := source.Data[(p*sh+row)*sw+from:][:to-from]
			if mask == nil {
				copy(dst, src)
				continue
			}
			for i, m := range mask.Data[(p/c*sh+row)*sw+from:][:to-from] {
				dst[i] = m*src[i] + (1-m)*dst[i]
			}
		}
	}
	return out, nil
}

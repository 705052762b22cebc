package sampling

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// maxBatchIndex bounds the draws Noise makes and throws away, since an index may come from a file.
const maxBatchIndex = 1 << 16

// Noise draws the standard normal noise that a latent of shape [B,C,H,W] starts from. With a nil batchIndex it is one
// draw; otherwise batchIndex[i] is the place in a batch that item i takes its noise from, so an item cut out of a batch
// gets the noise it had there, and places are drawn one by one. An index is an error when it is negative, above 65535,
// or when there is not one for each item.
func Noise(seed uint64, shape []int, batchIndex []int) (*tensor.Tensor, error) {
	return NewGenerator(seed).Noise(shape, batchIndex)
}

// Noise draws the noise that a latent starts from, as the function Noise does for a fresh generator. The generator goes on behind it.
func (g *Generator) Noise(shape []int, batchIndex []int) (*tensor.Tensor, error) {
	if len(shape) == 0 || slices.Min(shape) < 0 {
		return nil, fmt.Errorf("noise: shape is %v; use a batch and sizes of 0 or more", shape)
	}
	out := tensor.New(shape...)
	if batchIndex == nil {
		g.Normal(out.Data)
		return out, nil
	}
	if len(batchIndex) != shape[0] {
		return nil, fmt.Errorf("noise: %d batch indexes for a batch of %d; give one for each latent", len(batchIndex), shape[0])
	}
	items := make(map[int][]int, len(batchIndex)) // place in the batch → items that use it
	last := -1
	for item, place := range batchIndex {
		if place < 0 || place > maxBatchIndex {
			return nil, fmt.Errorf("noise: batch index %d of latent %d; use 0 to %d", place, item, maxBatchIndex)
		}
		items[place] = append(items[place], item)
		last = max(last, place)
	}
	draw := make([]float32, tensor.Size(shape[1:]))
	for place := range last + 1 {
		g.Normal(draw)
		for _, item := range items[place] {
			copy(out.Data[item*len(draw):], draw)
		}
	}
	return out, nil
}

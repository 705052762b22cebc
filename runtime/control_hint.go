package runtime

import (
	"context"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// hintFeatures is what a control has seen in its pictures during a run, at each size that was asked for: a picture is looked at once, and its
// features are dealt out to the batches.
type hintFeatures struct {
	see func(ctx context.Context, picture *tensor.Tensor) ([]*tensor.Tensor, error) // [B,3,H,W] to features [B,C,h,w]

	seen   map[[2]int][]*tensor.Tensor // by height and width in pixels
	last   [2]int
	chosen []*tensor.Tensor // what a batch of the last size got
}

// at is the features for a call at a size in pixels: [N,C,h,w], or [1,C,h,w] for all items alike. The picture is cropped to the aspect of the
// size and resized. As in ComfyUI a batch of pictures that happens to be as long as the model's batch is taken as it is, even where that
// gives different entries different pictures, and while the size stays the same, what was chosen once is chosen from the next time.
func (f *hintFeatures) at(ctx context.Context, c *Control, call modelCall, height, width int) ([]*tensor.Tensor, error) {
	size := [2]int{height, width}
	if f.seen[size] == nil {
		picture, err := imaging.ResizeCrop(c.hint, height, width, imaging.NearestExact, imaging.CropCenter)
		if err != nil {
			return nil, err
		}
		features, err := f.see(ctx, picture)
		if err != nil {
			return nil, err
		}
		if f.seen == nil {
			f.seen = map[[2]int][]*tensor.Tensor{}
		}
		f.seen[size] = features
	}
	if f.chosen == nil || size != f.last {
		f.chosen, f.last = f.seen[size], size
	}
	n := call.x.Dim(0)
	if pictures := f.chosen[0].Dim(0); pictures != 1 && pictures != n {
		dealt := make([]*tensor.Tensor, len(f.chosen))
		for i, t := range f.chosen {
			// One entry's share of pictures first: a batch of several entries repeats it as a whole.
			dealt[i] = t.Repeat(max(1, n/call.groups)).Repeat(n)
		}
		f.chosen = dealt
	}
	return f.chosen, nil
}

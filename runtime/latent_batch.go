package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// EmptyLatent is a batch of zero latents for pictures of a size in pixels. The error wraps imaging.ErrTooLarge.
func EmptyLatent(width, height, batch int) (Latent, error) {
	const channels = 4
	if err := imaging.CheckSize("empty latent", batch, channels, height/cell, width/cell); err != nil {
		return Latent{}, err
	}
	return ZeroLatent(batch, channels, height/cell, width/cell), nil
}

// FromBatch takes length items from index on, as many as there are. They remember their places, so the noise drawn for them
// is that of the same items in the whole batch.
func (l Latent) FromBatch(index, length int) Latent {
	n := l.Samples.Dim(0)
	from := min(max(index, 0), n-1)
	to := min(from+max(length, 1), n)
	return l.items(from, to)
}

// items is the slice [from,to) of the batch with masks and places.
func (l Latent) items(from, to int) Latent {
	out := Latent{Samples: l.Samples.Rows(from, to), BatchIndex: l.places()[from:to], NoiseMask: l.NoiseMask}
	if l.NoiseMask != nil && l.NoiseMask.Dim(0) > 1 {
		out.NoiseMask = l.NoiseMask.Repeat(l.Samples.Dim(0)).Rows(from, to)
	}
	return out
}

// places is BatchIndex with its default spelled out.
func (l Latent) places() []int {
	if l.BatchIndex != nil {
		return l.BatchIndex
	}
	return count(0, l.Samples.Dim(0))
}

// count is n whole numbers from first on.
func count(first, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = first + i
	}
	return list
}

// RepeatBatch puts amount copies of the batch one after the other. Places, where items have them, are moved on for each copy.
// The error wraps imaging.ErrTooLarge.
func (l Latent) RepeatBatch(amount int) (Latent, error) {
	n := l.Samples.Dim(0)
	if err := imaging.CheckSize("repeat latent batch", amount, l.Samples.Len()); err != nil {
		return Latent{}, err
	}
	out := Latent{Samples: l.Samples.Repeat(n * amount), NoiseMask: l.NoiseMask}
	if l.NoiseMask != nil && l.NoiseMask.Dim(0) > 1 {
		out.NoiseMask = l.NoiseMask.Repeat(n).Repeat(n * amount)
	}
	if l.BatchIndex != nil {
		offset := slices.Max(l.BatchIndex) - slices.Min(l.BatchIndex) + 1
		for i := range amount {
			for _, p := range l.BatchIndex {
				out.BatchIndex = append(out.BatchIndex, p+i*offset)
			}
		}
	}
	return out, nil
}

// Append puts o, resized to l, behind l. Both keep their places, so items of equal place get equal noise.
func (l Latent) Append(o Latent) (Latent, error) {
	b, err := fitLatentSize(o.Samples, l.Samples, imaging.Bilinear)
	if err != nil {
		return Latent{}, err
	}
	samples, err := tensor.Concat(0, l.Samples, b)
	if err != nil {
		return Latent{}, err
	}
	return Latent{Samples: samples, NoiseMask: l.NoiseMask, BatchIndex: slices.Concat(l.places(), o.places())}, nil
}

// FixSeed gives all items the place of the first one, hence the same noise.
func (l Latent) FixSeed() Latent {
	l.BatchIndex = slices.Repeat(l.places()[:1], l.Samples.Dim(0))
	return l
}

// FreeSeed forgets places: the noise of the batch is one draw.
func (l Latent) FreeSeed() Latent {
	l.BatchIndex = nil
	return l
}

// RebatchLatents joins the items of a list and cuts them into batches of size, a new batch where height, width or channels
// change. Items count on over the whole list, so the noise of each is that of its place.
func RebatchLatents(list []Latent, size int) ([]Latent, error) {
	var out []Latent
	var run []Latent // single items of equal shape
	flush := func() error {
		for part := range slices.Chunk(run, size) {
			joined, err := joinLatents(part)
			if err != nil {
				return err
			}
			out = append(out, joined)
		}
		run = nil
		return nil
	}
	seen := 0
	for _, l := range list {
		n := l.Samples.Dim(0)
		if l.BatchIndex == nil {
			l.BatchIndex = count(seen, n)
		}
		seen += n
		if len(run) > 0 && !slices.Equal(run[0].Samples.Shape[1:], l.Samples.Shape[1:]) {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		for i := range n {
			run = append(run, l.items(i, i+1))
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return out, nil
}

// joinLatents makes one batch of single items. Where some have a mask, the others get one that is 1 everywhere.
func joinLatents(items []Latent) (Latent, error) {
	var out Latent
	var samples, masks []*tensor.Tensor
	var first *tensor.Tensor
	for _, l := range items {
		samples = append(samples, l.Samples)
		out.BatchIndex = append(out.BatchIndex, l.BatchIndex...)
		if first == nil {
			first = l.NoiseMask
		}
	}
	var err error
	if out.Samples, err = tensor.Concat(0, samples...); err != nil {
		return Latent{}, err
	}
	if first == nil {
		return out, nil
	}
	for _, l := range items {
		mask := l.NoiseMask
		if mask == nil {
			mask = tensor.Full(1, 1, 1, first.Dim(2), first.Dim(3))
		}
		if mask, err = imaging.Resize(mask, first.Dim(2), first.Dim(3), imaging.Bilinear); err != nil {
			return Latent{}, err
		}
		masks = append(masks, mask)
	}
	out.NoiseMask, err = tensor.Concat(0, masks...)
	return out, err
}

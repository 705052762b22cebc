package runtime

import (
	"math"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// cells is a rectangle in latent cells.
type cells struct{ h, w, y, x int }

// contains reports whether b lies inside a.
func (a cells) contains(b cells) bool {
	return b.y >= a.y && b.x >= a.x && b.y+b.h <= a.y+a.h && b.x+b.w <= a.x+a.w
}

// clip cuts the size at the border of a latent of height h and width w; the corner stays.
func (a cells) clip(h, w int) cells {
	a.h, a.w = min(a.h, h-a.y), min(a.w, w-a.x)
	return a
}

// entry is a Cond made ready for one run: area and mask in latent cells, its range in sigmas.
type entry struct {
	told
	area            *cells         // nil: the whole latent
	mask            *tensor.Tensor // [B,H,W] in latent cells, nil for none
	strength        float32
	maskStrength    float32
	highest, lowest float32 // sigmas between which the entry applies
	control         *Control
	controlToUncond bool
	boxes           *Boxes
	fallback        bool
}

// told is what an entry tells the network itself, apart from where and when it applies.
type told struct {
	embedding *tensor.Tensor // [1,T,D]
	shifts    []timedShift   // of embedding
	// vector is [1 or B,LabelDim], what networks with an added embedding want (pooled text and picture sizes for SDXL); nil for others.
	vector *tensor.Tensor
	// planes is [1 or B,C,h,w], the channels that inpainting and editing networks see beside the latent, in latent cells; nil for others.
	planes *tensor.Tensor
	// controlText is [1,T',D], what ControlNets read instead of the prompt; nil for the same.
	controlText *tensor.Tensor
}

// target is the latent of a run, as networks see it.
type target struct {
	latent *tensor.Tensor // [B,C,h,w], scaled to model space; zeros for an empty latent
	mask   *tensor.Tensor // [B,1 or C,h,w], 1 = repaint; nil where nothing is masked
	noise  *tensor.Tensor // as latent; nil for none
	seed   uint64
}

// prepare turns the lists of a run (positive first) into entries, as ComfyUI's process_conds does: areas and masks in cells, ranges in
// sigmas, opposite entries for areas, controls lent to the negative prompt. negative is the list of that prompt, or beyond them.
func (m Model) prepare(lists []Conditioning, negative int, t target) ([][]entry, error) {
	out := make([][]entry, len(lists))
	for i, list := range lists {
		for _, c := range list {
			e, err := newEntry(c, t.latent.Dim(2), t.latent.Dim(3), m.sampling.PercentToSigma)
			if err != nil {
				return nil, err
			}
			if e.told, err = m.tell(c, t, i == negative); err != nil {
				return nil, err
			}
			out[i] = append(out[i], e)
		}
	}
	for i := range out {
		// An entry added for an area of another list is looked at too, so the bound is read anew.
		for j := 0; j < len(out[i]); j++ {
			for k := range out {
				if k != i {
					out[k] = withOpposite(out[k], out[i][j])
				}
			}
		}
	}
	for i := 1; i < len(out); i++ {
		lendControl(out[0], out[i])
		lendBoxes(out[0], out[i])
	}
	return out, nil
}

func newEntry(c Cond, h, w int, percentToSigma func(float64) float64) (entry, error) {
	e := entry{
		strength: c.Strength, maskStrength: c.MaskStrength,
		highest: float32(math.Inf(1)), lowest: float32(math.Inf(-1)),
		control: c.Control, controlToUncond: c.ControlToUncond, boxes: c.Boxes, fallback: c.Fallback,
	}
	if err := c.Boxes.inside(h, w); err != nil {
		return entry{}, err
	}
	if c.Area != nil {
		a := c.Area.cells(h, w)
		e.area = &a
	}
	if c.Mask != nil {
		m, err := resizeMask(c.Mask, h, w)
		if err != nil {
			return entry{}, err
		}
		e.mask = m
		if c.MaskBounds {
			a := bounds(m)
			e.area = &a
		}
	}
	if c.Range != nil {
		e.highest, e.lowest = c.Range.sigmas(percentToSigma)
	}
	return e, nil
}

// tell is what a conditioning entry tells the network; the negative prompt has other defaults in some families.
func (m Model) tell(c Cond, t target, negative bool) (told, error) {
	out := told{embedding: c.Embedding, controlText: c.ControlText}
	for _, s := range c.Shifts {
		shift := timedShift{rows: s.Rows, column: s.Column, delta: s.Target}
		shift.highest, shift.lowest = s.During.sigmas(m.sampling.PercentToSigma)
		out.shifts = append(out.shifts, shift)
	}
	var err error
	if out.vector, err = m.vector(c, t, negative); err != nil {
		return told{}, err
	}
	out.planes, err = m.planes(c, t)
	return out, err
}

// sigmas are the noise levels at the ends of a range; both belong to it.
func (r Range) sigmas(percentToSigma func(float64) float64) (highest, lowest float32) {
	return float32(percentToSigma(r.Start)), float32(percentToSigma(r.End))
}

// cells is the area on a latent of height h and width w.
func (a Area) cells(h, w int) cells {
	if !a.Percentage {
		return cells{int(a.Height), int(a.Width), int(a.Y), int(a.X)}
	}
	part := func(p float64, n int) int { return int(math.RoundToEven(p * float64(n))) }
	return cells{max(1, part(a.Height, h)), max(1, part(a.Width, w)), part(a.Y, h), part(a.X, w)}
}

// resizeMask brings a mask [B,H,W] to the size of the latent.
func resizeMask(mask *tensor.Tensor, h, w int) (*tensor.Tensor, error) {
	if mask.Dim(1) == h && mask.Dim(2) == w {
		return mask, nil
	}
	planes, err := mask.Reshape(mask.Dim(0), 1, mask.Dim(1), mask.Dim(2))
	if err != nil {
		return nil, err
	}
	planes, err = imaging.Resize(planes, h, w, imaging.Bilinear)
	if err != nil {
		return nil, err
	}
	return planes.Reshape(mask.Dim(0), h, w)
}

// bounds is the box around what any mask of the batch covers, at least 8x8 cells; an empty mask gives the first 8x8.
func bounds(mask *tensor.Tensor) cells {
	h, w := mask.Dim(1), mask.Dim(2)
	top, left, bottom, right := h, w, -1, -1
	for i, v := range mask.Data {
		if v == 0 {
			continue
		}
		y, x := i/w%h, i%w
		top, bottom = min(top, y), max(bottom, y)
		left, right = min(left, x), max(right, x)
	}
	if bottom < 0 {
		return cells{8, 8, 0, 0}
	}
	return cells{max(8, bottom-top+1), max(8, right-left+1), top, left}
}

// withOpposite gives list an entry with the area of e, so that guidance compares like with like: a copy of e that tells what is told
// by the smallest entry that encloses the area. Nothing is added where that entry has the area already.
func withOpposite(list []entry, e entry) []entry {
	if e.area == nil {
		return list
	}
	var smallest *entry
	for i := range list {
		x := &list[i]
		switch {
		case x.area == nil:
			if smallest == nil {
				smallest = x
			}
		case !x.area.contains(*e.area):
		case smallest == nil || smallest.area == nil || smallest.area.h*smallest.area.w > x.area.h*x.area.w:
			smallest = x
		}
	}
	if smallest == nil || smallest.area != nil && *smallest.area == *e.area {
		return list
	}
	e.told = smallest.told
	return append(list, e)
}

// lendControl gives the controls of positive entries marked ControlToUncond to the negative ones.
func lendControl(positive, negative []entry) {
	lend(positive, negative, func(e *entry) **Control { return &e.control }, func(e entry) bool { return e.controlToUncond })
}

// lendBoxes gives the boxes of positive entries to the negative ones.
func lendBoxes(positive, negative []entry) {
	lend(positive, negative, func(e *entry) **Boxes { return &e.boxes }, func(entry) bool { return true })
}

// lend gives what positive entries have to the negative ones, in turn; nothing happens where a negative entry has its own. Entries with areas
// are left alone.
func lend[T any](positive, negative []entry, of func(*entry) **T, lent func(entry) bool) {
	var all []*T
	for _, e := range positive {
		if own := *of(&e); own != nil && e.area == nil && lent(e) {
			all = append(all, own)
		}
	}
	var free []int
	for i, e := range negative {
		if e.area != nil {
			continue
		}
		if *of(&e) != nil {
			return
		}
		free = append(free, i)
	}
	if len(free) == 0 {
		return
	}
	for i, v := range all {
		*of(&negative[free[i%len(free)]]) = v
	}
}

// borrow gives the controls and boxes of positive to the entries of its cluster average, which is the same prompt with another character.
func borrow(positive, average []entry) {
	borrowed(positive, average, func(e *entry) **Control { return &e.control })
	borrowed(positive, average, func(e *entry) **Boxes { return &e.boxes })
}

// borrowed gives what entries with areas have to those with the same area, the others' in turn. An average that has its own is left alone.
func borrowed[T any](positive, average []entry, of func(*entry) **T) {
	for _, e := range average {
		if *of(&e) != nil {
			return
		}
	}
	same := func(a, b *cells) bool { return a == b || a != nil && b != nil && *a == *b }
	for i := range average {
		var fits []*T
		for _, p := range positive {
			if own := *of(&p); own != nil && same(p.area, average[i].area) {
				fits = append(fits, own)
			}
		}
		if len(fits) > 0 {
			*of(&average[i]) = fits[i%len(fits)]
		}
	}
}

// active reports whether the entry applies at noise level sigma.
func (e entry) active(sigma float32) bool { return sigma <= e.highest && sigma >= e.lowest }

// feather is how many cells from an edge the weight of an area rises to one.
const feather = 8

// weight is how much the prediction of the entry counts in each cell: [B,C,h,w] over its area a in a latent of height
// and width (height, width). An area without mask fades at edges that are not the latent's.
func (e entry) weight(batch, channels int, a cells, height, width int) *tensor.Tensor {
	out := tensor.Full(e.strength, batch, channels, a.h, a.w)
	if e.mask != nil {
		e.applyMask(out, a)
		return out
	}
	if e.area == nil {
		return out
	}
	rows, columns := ramp(a.h, a.y != 0, a.y+a.h < height), ramp(a.w, a.x != 0, a.x+a.w < width)
	for i := range out.Data {
		// The reference multiplies by rows first.
		out.Data[i] = out.Data[i] * rows[i/a.w%a.h] * columns[i%a.w]
	}
	return out
}

func (e entry) applyMask(out *tensor.Tensor, a cells) {
	h, w := e.mask.Dim(1), e.mask.Dim(2)
	masks := min(e.mask.Dim(0), out.Dim(0))
	for b := range out.Dim(0) {
		plane := e.mask.Data[b%masks*h*w:]
		for c := range out.Dim(1) {
			to := out.Data[(b*out.Dim(1)+c)*a.h*a.w:]
			for y := range a.h {
				from := plane[(a.y+y)*w+a.x:]
				for x := range a.w {
					to[y*a.w+x] = from[x] * e.maskStrength * e.strength
				}
			}
		}
	}
}

// ramp is the weight along one side of an area of n cells, fading at its start and end where asked.
func ramp(n int, start, end bool) []float32 {
	out := slices.Repeat([]float32{1}, n)
	edge := min(feather, n/4)
	for t := range edge {
		v := float32(1 / float64(edge) * float64(t+1))
		if start {
			out[t] *= v
		}
		if end {
			out[n-1-t] *= v
		}
	}
	return out
}
